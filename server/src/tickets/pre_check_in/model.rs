//! Who checked in ahead, and who may. Pure.

use serde::{Deserialize, Serialize};
use shared::api::pre_check_in::{Barred, PreCheckInState, PreCheckInWindow};
use shared::api::tickets::TicketStatus;
use shared::ids::EventId;
use shared::time::Timestamp;

use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};
use crate::tickets::ClaimedTicket;

/// There while the ticket is checked in ahead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreCheckIn {
    pub event: EventId,
    pub serial: u32,
    pub at: Timestamp,
}

impl PreCheckIn {
    pub fn key(event: EventId, serial: u32) -> String {
        format!("{event}:{serial}")
    }
}

impl Entity for PreCheckIn {
    const COLLECTION: Collection = Collection {
        name: "pre_check_ins",
        fields: &[Field::text("event_id")],
        indexes: &[Index::on("by_event", &["event_id"])],
    };
    fn id(&self) -> String {
        Self::key(self.event, self.serial)
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.event.into()]
    }
}

pub(super) fn state(window: Option<PreCheckInWindow>, now: Timestamp) -> PreCheckInState {
    match window {
        None => PreCheckInState::Off,
        Some(window) if now < window.opens_at => PreCheckInState::Early,
        Some(window) if now < window.closes_at => PreCheckInState::Open,
        Some(_) => PreCheckInState::Closed,
    }
}

/// Why nobody would come in by the ticket, or nobody else. Where a gate lets in somebody who has not
/// paid, they may check in too.
pub(super) fn barred(ticket: &ClaimedTicket, stock: TicketStatus) -> Option<Barred> {
    if ticket.revoked_at.is_some() {
        return Some(Barred::Revoked);
    }
    match stock {
        TicketStatus::Available | TicketStatus::Held | TicketStatus::Cancelled => {
            Some(Barred::Cancelled)
        }
        TicketStatus::Expired => Some(Barred::Expired),
        TicketStatus::Validated => Some(Barred::AlreadyUsed),
        TicketStatus::Paid | TicketStatus::Claimed => {
            if ticket.blocked.is_some() {
                return Some(Barred::Blocked);
            }
            let owes = ticket.pending.filter(|terms| !terms.valid_if_pending);
            owes.map(|_| Barred::Unpaid)
        }
    }
}
