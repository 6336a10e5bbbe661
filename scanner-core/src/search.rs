//! Finding a ticket without its code: by the holder's name or the serial.

use serde::Serialize;
use shared::admission::EarlierUse;
use shared::log::TicketState;
use shared::trust::{TicketRow, TicketRowStatus};

use crate::admit::Scanner;
use crate::error::Error;

/// Shorter questions find nothing: two letters would list the guests.
pub const SEARCH_CHARS_MIN: usize = 4;
const SEARCH_CHARS_MAX: usize = 100;
/// Enough for a screen; a longer answer means that the question should be longer.
const HITS_MAX: usize = 50;

/// A ticket that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hit {
    pub serial: u32,
    pub generation: u8,
    /// `unclaimed`, `active`, `cancelled`, `revoked`, `blocked`, `unpaid` or `expired`.
    pub status: &'static str,
    pub class: Option<String>,
    pub seat: Option<String>,
    pub holder: Option<String>,
    /// Somebody came in on it and has not left.
    pub inside: bool,
    /// The first admission that stands.
    pub earlier: Option<EarlierUse>,
}

impl Scanner {
    /// By a part of the holder's name in any case, or by the serial with or without leading
    /// zeros. At most 50, in order of serials.
    pub fn search(&mut self, question: &str) -> Result<Vec<Hit>, Error> {
        self.refresh()?;
        let question = question.trim().to_lowercase();
        let chars = question.chars().count();
        if !(SEARCH_CHARS_MIN..=SEARCH_CHARS_MAX).contains(&chars) {
            return Ok(Vec::new());
        }
        let mut serials: Vec<u32> = Vec::new();
        if let Ok(serial) = question.parse::<u32>() {
            serials.push(serial);
        }
        serials.extend(
            self.book()
                .holders
                .iter()
                .filter(|(_, name)| name.to_lowercase().contains(&question))
                .map(|(serial, _)| serial)
                .take(HITS_MAX),
        );
        Ok(serials
            .into_iter()
            .filter_map(|serial| self.hit(serial))
            .take(HITS_MAX)
            .collect())
    }

    fn hit(&self, serial: u32) -> Option<Hit> {
        let book = self.book();
        let policy = &book.snapshot.as_ref()?.policy;
        let row: TicketRow = book.row(serial)?;
        let state = book.state.ticket(serial);
        if row.status == TicketRowStatus::Unclaimed && state.is_none() {
            return None;
        }
        let first = state.as_ref().and_then(|state| state.first_admission());
        Some(Hit {
            serial,
            generation: row.generation,
            status: status_word(row.status),
            class: policy
                .classes
                .get(usize::from(row.class))
                .map(|of| of.name.clone()),
            seat: book.seats.get(row.seat).map(str::to_owned),
            holder: book.holders.get(serial).map(str::to_owned),
            inside: state.as_ref().is_some_and(TicketState::is_inside),
            earlier: first.map(|of| EarlierUse {
                at: of.hlc.at(),
                gate: policy
                    .gates
                    .get(usize::from(of.gate))
                    .map_or_else(String::new, |gate| gate.name.clone()),
            }),
        })
    }
}

const fn status_word(status: TicketRowStatus) -> &'static str {
    match status {
        TicketRowStatus::Unclaimed => "unclaimed",
        TicketRowStatus::Active => "active",
        TicketRowStatus::Cancelled => "cancelled",
        TicketRowStatus::Revoked => "revoked",
        TicketRowStatus::Blocked => "blocked",
        TicketRowStatus::Unpaid => "unpaid",
        TicketRowStatus::Expired => "expired",
    }
}
