//! What a gate needs of a ticket whose token is not in hand: the terms that its token would tell,
//! and the index of its typed code.
//!
//! Invariant: an opened segment of codes has one form: terms in order, each once and each used; the
//! last row says something; a row without terms has no index either.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::statement::TrustError;
use crate::ids::EventId;
use crate::limits::SEGMENT_TICKETS;
use crate::sync::strict::bounded;
use crate::ticket::{CodeIndex, Flags, Payload, event_hint, layout::WINDOW_UNITS_MAX};

use super::segment::TicketRow;

/// A row names its terms by one byte; 0 says that nothing is known.
const TERMS_MAX: usize = 255;
const ROW_LEN: usize = 9;
const ROWS_MAX: usize = SEGMENT_TICKETS as usize;
const NO_INDEX: CodeIndex = CodeIndex([0; 8]);

/// What a token says and a ticket row does not. Many tickets share the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TicketTerms {
    pub zones: u16,
    /// As in the token.
    pub not_before: u16,
    pub not_after: u16,
    /// The token's flags.
    pub flags: u8,
}

impl TicketTerms {
    pub fn of(payload: &Payload) -> Self {
        Self {
            zones: payload.zones,
            not_before: payload.not_before,
            not_after: payload.not_after,
            flags: payload.flags.bits(),
        }
    }

    /// What the token of this ticket would say, but for the key that signed it. `None` where no
    /// ticket is.
    pub fn payload(&self, event: EventId, serial: u32, row: &TicketRow) -> Option<Payload> {
        let flags = Flags::from_bits(self.flags).ok()?;
        (row.generation != 0).then(|| Payload {
            kid: 0,
            serial,
            generation: row.generation,
            class: row.class,
            zones: self.zones,
            not_before: self.not_before,
            not_after: self.not_after,
            flags,
            seat: flags.contains(Flags::SEAT).then_some(row.seat),
            hint: event_hint(event),
        })
    }

    pub(super) fn is_sound(self) -> bool {
        Flags::from_bits(self.flags).is_ok()
            && self.not_after > self.not_before
            && self.not_after - self.not_before <= WINDOW_UNITS_MAX
    }
}

/// One ticket of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRow {
    pub terms: TicketTerms,
    /// `None` until the server has computed it.
    pub index: Option<CodeIndex>,
}

/// A segment's content: `SEGMENT_TICKETS` serials, 9 bytes each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codes {
    #[serde(deserialize_with = "bounded::<TERMS_MAX, _, _>")]
    terms: Vec<TicketTerms>,
    /// Concatenated: number of the terms, index.
    rows: Vec<u8>,
}

impl Codes {
    /// Rows by place. Terms beyond the 255th of a segment find no room: such a ticket is still
    /// scanned like any other.
    pub fn of(rows: &[Option<CodeRow>]) -> Self {
        let known = rows.iter().flatten().map(|row| row.terms);
        let terms: Vec<TicketTerms> = known
            .collect::<BTreeSet<_>>()
            .into_iter()
            .take(TERMS_MAX)
            .collect();
        let mut bytes = Vec::with_capacity(rows.len() * ROW_LEN);
        for row in rows {
            let placed = row.and_then(|row| {
                let at = terms.binary_search(&row.terms).ok()?;
                Some((u8::try_from(at + 1).ok()?, row.index.unwrap_or(NO_INDEX)))
            });
            let (number, index) = placed.unwrap_or((0, NO_INDEX));
            bytes.push(number);
            bytes.extend_from_slice(&index.0);
        }
        while bytes.ends_with(&[0; ROW_LEN]) {
            bytes.truncate(bytes.len() - ROW_LEN);
        }
        Self { terms, rows: bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn rows(&self) -> impl Iterator<Item = Option<CodeRow>> {
        let (rows, _) = self.rows.as_chunks::<ROW_LEN>();
        rows.iter().map(|row| self.read(row))
    }

    pub fn get(&self, place: usize) -> Option<CodeRow> {
        let (rows, _) = self.rows.as_chunks::<ROW_LEN>();
        self.read(rows.get(place)?)
    }

    /// The places whose ticket has this index. Looks at all of them, whatever it finds.
    pub fn find(&self, index: CodeIndex) -> impl Iterator<Item = usize> {
        let (rows, _) = self.rows.as_chunks::<ROW_LEN>();
        let is_it = move |row: &[u8; ROW_LEN]| index != NO_INDEX && row[1..] == index.0;
        let places = rows.iter().enumerate();
        places.filter_map(move |(at, row)| is_it(row).then_some(at))
    }

    fn read(&self, row: &[u8; ROW_LEN]) -> Option<CodeRow> {
        let [number, index @ ..] = *row;
        let terms = *self.terms.get(usize::from(number).checked_sub(1)?)?;
        let index = Some(CodeIndex(index)).filter(|index| *index != NO_INDEX);
        Some(CodeRow { terms, index })
    }

    pub(super) fn check(&self) -> Result<(), TrustError> {
        let (rows, rest) = self.rows.as_chunks::<ROW_LEN>();
        if !rest.is_empty() {
            return Err(TrustError::Malformed("half a code row"));
        }
        if rows.len() > ROWS_MAX || self.terms.len() > TERMS_MAX {
            return Err(TrustError::Malformed("too many rows"));
        }
        if !self.terms.iter().all(|terms| terms.is_sound()) {
            return Err(TrustError::Malformed("terms that no ticket has"));
        }
        let all: Vec<Option<CodeRow>> = self.rows().collect();
        if Self::of(&all) != *self {
            return Err(TrustError::Malformed("codes in another form"));
        }
        Ok(())
    }
}
