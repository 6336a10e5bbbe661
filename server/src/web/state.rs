//! How a ticket stands, in words for its holder. Pure.

use serde::Serialize;
use shared::api::orders::OrderStatus;
use shared::api::tickets::TicketStatus;
use shared::log::{TicketState, Use};
use shared::ticket::layout::window_time;
use shared::time::Timestamp;

use super::times;
use crate::events::model::{Event, Gate};
use crate::tickets::ClaimedTicket;

/// What the page shows and `…/state` gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageState {
    /// For the page's look: `ready`, `early`, `used`, `over` or `cancelled`.
    pub(super) state: &'static str,
    pub(super) headline: &'static str,
    pub(super) detail: String,
}

/// What is known of the ticket.
pub(super) struct Known<'a> {
    pub(super) ticket: &'a ClaimedTicket,
    pub(super) stock: TicketStatus,
    /// Of the order that bought it.
    pub(super) order: Option<OrderStatus>,
    pub(super) uses: &'a TicketState,
    pub(super) event: &'a Event,
    pub(super) gates: &'a [Gate],
}

impl Known<'_> {
    pub(super) fn state(&self, now: Timestamp) -> PageState {
        let (state, headline, detail) = match self.stock {
            _ if self.ticket.revoked_at.is_some() => {
                cancelled("The organizer revoked this ticket.")
            }
            TicketStatus::Cancelled | TicketStatus::Available | TicketStatus::Held => {
                cancelled(match self.order {
                    Some(OrderStatus::Refunded | OrderStatus::PartiallyRefunded) => {
                        "This ticket was cancelled and refunded."
                    }
                    Some(
                        OrderStatus::Pending
                        | OrderStatus::Paid
                        | OrderStatus::Cancelled
                        | OrderStatus::Expired,
                    )
                    | None => "This ticket was cancelled.",
                })
            }
            TicketStatus::Expired => over("This ticket has expired.".to_owned()),
            TicketStatus::Paid | TicketStatus::Claimed | TicketStatus::Validated => {
                match self.uses.first_admission() {
                    Some(first) => ("used", "Used", self.used(first, now)),
                    None => self.unused(now),
                }
            }
        };
        PageState {
            state,
            headline,
            detail,
        }
    }

    fn used(&self, first: &Use, now: Timestamp) -> String {
        let at = times::short(first.hlc.at(), now, &self.event.timezone);
        match self.gates.iter().find(|gate| gate.index == first.gate) {
            Some(gate) => format!("Used at {at} at {}.", gate.name),
            None => format!("Used at {at}."),
        }
    }

    fn unused(&self, now: Timestamp) -> (&'static str, &'static str, String) {
        let zone = &self.event.timezone;
        let from = window_time(self.event.epoch, self.ticket.not_before);
        let until = window_time(self.event.epoch, self.ticket.not_after);
        if now > until {
            over(format!(
                "Entry ended at {}.",
                times::short(until, now, zone)
            ))
        } else if now < from {
            let opens = times::long(from, zone);
            ("early", "Ready", format!("Entry opens on {opens}."))
        } else {
            let detail = "Show this code at the entrance.".to_owned();
            ("ready", "Ready", detail)
        }
    }
}

fn cancelled(detail: &str) -> (&'static str, &'static str, String) {
    ("cancelled", "Cancelled", detail.to_owned())
}

fn over(detail: String) -> (&'static str, &'static str, String) {
    ("over", "Over", detail)
}
