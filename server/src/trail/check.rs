//! Verifying the journal where it lies.

use shared::journal::{Expected, Line, Report, Verifier};

use super::export::{Sink, write};
use crate::platform::db::{Db, DbError};

/// Checks every entry and seal of a database. It reads only.
pub async fn check(
    db: &Db,
    key: Option<String>,
    expected: Option<Expected>,
) -> Result<Report, DbError> {
    let mut reader = Reader(Verifier::new(key, expected));
    write(db, &mut reader).await?;
    Ok(reader.0.finish())
}

struct Reader(Verifier);

impl Sink for Reader {
    async fn take(&mut self, line: Line) -> bool {
        match line {
            Line::Journal(_) => {}
            Line::Entry(entry) => self.0.entry(*entry),
            Line::Seal(seal) => self.0.seal(&seal),
        }
        true
    }
}
