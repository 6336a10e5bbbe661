//! What a gate's screen counts, and the clock on its wall.

use shared::log::UseCount;

use crate::admit::Scanner;

impl Scanner {
    /// Admissions of this device that stand, and people inside by all that is known here. Looks at
    /// every use of the event: some milliseconds for a hundred thousand. For moments when nobody
    /// waits, and not for all of them.
    pub fn count(&self) -> UseCount {
        self.book().state.count(self.identity().device)
    }

    /// Where the event is, by its IANA name; none before the first sync.
    pub fn timezone(&self) -> Option<&str> {
        let snapshot = self.book().snapshot.as_ref()?;
        Some(&snapshot.policy.timezone)
    }
}
