//! Steps 1 to 3 of a decision on whatever a reader typed: one rule for the gates and for the server.

use shared::admission::{IssuedList, Presented, Reason, present_listed};
use shared::ids::EventId;
use shared::time::Timestamp;
use shared::trust::TrustedKeys;

use super::candidates;

/// Signatures checked for one reading, whatever layouts could explain it.
const VERIFIES_MAX: usize = 3;

/// What a reading turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    pub presented: Presented,
    /// Of the first candidate whose signature is wrong, where none is right: two equal ones in a row
    /// are no misread.
    pub bad: Option<blake3::Hash>,
}

/// The first candidate that verifies, else the failure that came furthest. `keys` is the text by
/// physical key position.
pub fn read(
    (text, keys): (&str, Option<&str>),
    event: EventId,
    trusted: &TrustedKeys,
    issued: IssuedList<'_>,
    now: Timestamp,
) -> Read {
    let mut furthest = Reason::NotATicket;
    let mut verifies = 0;
    let mut bad = None;
    for candidate in candidates(text, keys) {
        match present_listed(&candidate, event, trusted, issued, now) {
            Presented::Refused(reason) => {
                if reason == Reason::BadSignature {
                    verifies += 1;
                    bad.get_or_insert_with(|| blake3::hash(candidate.as_bytes()));
                }
                if progress(reason) > progress(furthest) {
                    furthest = reason;
                }
            }
            presented @ (Presented::Ticket { .. } | Presented::Found { .. }) => {
                return Read {
                    presented,
                    bad: None,
                };
            }
        }
        if verifies == VERIFIES_MAX {
            break;
        }
    }
    Read {
        presented: Presented::Refused(furthest),
        bad,
    }
}

/// How far a text came on the way to a ticket: the most telling failure is shown.
fn progress(reason: Reason) -> u8 {
    match reason {
        Reason::Reissued => 5,
        Reason::BadSignature => 4,
        Reason::UnknownKey => 3,
        Reason::UnknownEvent => 2,
        Reason::Misread => 1,
        _ => 0,
    }
}
