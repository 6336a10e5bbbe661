//! What the snapshot tells of a ticket whose token is not in hand.

use shared::limits::SEGMENT_TICKETS;
use shared::ticket::{CodeIndex, Payload};
use shared::trust::{CodeRow, TicketRowStatus};

use super::book::Book;

impl Book {
    /// The tickets whose typed code has this index: one, but for a rare accident. Takes as long
    /// whatever it finds.
    pub(crate) fn with_code(&self, index: CodeIndex) -> Vec<u32> {
        let segments = self.codes.iter();
        segments
            .flat_map(|(segment, codes)| {
                let first = segment * SEGMENT_TICKETS;
                let places = codes.find(index);
                places.filter_map(move |at| first.checked_add(u32::try_from(at).ok()?))
            })
            .collect()
    }

    /// What the token of a claimed ticket would say, as far as the snapshot tells.
    pub(crate) fn payload(&self, serial: u32) -> Option<Payload> {
        let row = self.row(serial)?;
        if row.status == TicketRowStatus::Unclaimed {
            return None;
        }
        self.code_row(serial)?
            .terms
            .payload(self.event?, serial, &row)
    }

    pub(super) fn code_row(&self, serial: u32) -> Option<CodeRow> {
        let codes = self.codes.get(&(serial / SEGMENT_TICKETS))?;
        codes.get((serial % SEGMENT_TICKETS) as usize)
    }
}
