//! The one decision function.

use crate::ids::EventId;
use crate::log::TicketState;
use crate::ticket::{Payload, Token};
use crate::time::Timestamp;
use crate::trust::{Policy, TicketRow, TrustedKeys};

use super::verdict::{Reason, Verdict};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    In,
    Out,
}

/// What the text turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// Verified for this event.
    Ticket { payload: Payload, token: Token },
    /// Not: `not_a_ticket`, `misread`, `unknown_event`, `unknown_key` or `bad_signature`.
    Refused(Reason),
}

/// Steps 1 to 3: text decodes, event and key known, signature holds. `text` is already stripped of
/// what scanners add.
pub fn present(_text: &str, _event: EventId, _keys: &TrustedKeys, _now: Timestamp) -> Presented {
    unimplemented!()
}

/// What is known of the ticket here and now.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// `None` when the snapshot has no row for the serial.
    pub row: Option<&'a TicketRow>,
    pub state: Option<&'a TicketState>,
    pub seat: Option<&'a str>,
    pub holder: Option<&'a str>,
}

/// Where and how the ticket is shown.
#[derive(Clone, Copy, Debug)]
pub struct GateContext {
    /// Index into the policy's gates; `None` on the server without a gate.
    pub gate: Option<u16>,
    pub direction: Direction,
    /// When the snapshot was made.
    pub snapshot_created: Timestamp,
    /// This device was evicted, as far as it knows.
    pub evicted: bool,
}

/// Steps 4 to 9 and the explanation. Pure and total.
pub fn decide(
    _presented: &Presented,
    _facts: &Facts<'_>,
    _policy: &Policy,
    _gate: &GateContext,
    _now: Timestamp,
) -> Verdict {
    unimplemented!()
}
