//! Checking in ahead, before the venue (V7): the holder confirms to come and answers what a gate would
//! ask, within the window that the organizer sets. At the gate the scan is then one step.
//!
//! Invariants: it is no admission, nothing is used up by it and no gate waits for it; it is of the
//! attendee, so a re-issue for another one ends it, with the answers, and a new code for the same
//! one does not; of a void ticket there is none, so that the counts are exact.
//!
//! What a gate needs of it is the one bit that all is answered (`answers`).

mod check_in;
mod error;
mod find;
pub(super) mod http;
mod model;

pub use check_in::{check_in_by_link, forget};
pub use error::Refusal;
pub use find::offer;
pub use model::PreCheckIn;
