//! What only some tickets have: a note for staff, the ticket that they were added to, and the
//! wristbands and cards that stand for them.
//!
//! Invariant: an opened segment of extras is ascending by serial, and each says something; who can
//! be let in without a code of its own has its terms here.

use serde::{Deserialize, Serialize};

use super::codes::TicketTerms;
use super::statement::TrustError;
use crate::limits::{SEGMENT_TICKETS, SERIAL_MAX};
use crate::sync::strict::bounded;
use crate::ticket::MediumId;
use crate::time::Timestamp;

/// "Wheelchair: open the side door." A segment full of extras still fits its bytes.
pub const NOTE_CHARS_MAX: usize = 48;
/// Wristbands and cards of one ticket.
pub const MEDIA_MAX: usize = 4;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extra {
    /// Shown to staff when the ticket is.
    pub note: String,
    /// Serial of the ticket that this one was added to.
    pub added_to: Option<u32>,
    #[serde(deserialize_with = "bounded::<MEDIA_MAX, _, _>")]
    pub media: Vec<MediumLink>,
    /// Of a ticket that is let in by another, or by a medium.
    pub terms: Option<TicketTerms>,
}

/// A wristband or card that stands for the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediumLink {
    pub id: MediumId,
    /// Lost and blocked, when it is not.
    pub active: bool,
    pub until: Option<Timestamp>,
}

impl Extra {
    /// Nothing to say: such a ticket is not listed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn check(&self, serial: u32) -> Result<(), TrustError> {
        if self.is_empty() {
            return Err(TrustError::Malformed("an extra that says nothing"));
        }
        if self.note.chars().count() > NOTE_CHARS_MAX {
            return Err(TrustError::Malformed("note too long"));
        }
        if self.media.len() > MEDIA_MAX {
            return Err(TrustError::Malformed("too many media"));
        }
        let to = self.added_to;
        if to.is_some_and(|to| to > SERIAL_MAX || to == serial) {
            return Err(TrustError::Malformed("added to no ticket"));
        }
        let found = to.is_some() || !self.media.is_empty();
        if found != self.terms.is_some() || !self.terms.is_none_or(TicketTerms::is_sound) {
            return Err(TrustError::Malformed("terms that no ticket has"));
        }
        Ok(())
    }
}

/// The extras' part of `Segment::check`.
pub(super) fn check(extras: &[(u32, Extra)], index: u32) -> Result<(), TrustError> {
    // Ascending serials of one segment are at most `SEGMENT_TICKETS` in number.
    if !extras.windows(2).all(|pair| pair[0].0 < pair[1].0) {
        return Err(TrustError::Malformed("extras out of order"));
    }
    for (serial, extra) in extras {
        if serial / SEGMENT_TICKETS != index {
            return Err(TrustError::Malformed("extra outside the segment"));
        }
        extra.check(*serial)?;
    }
    Ok(())
}
