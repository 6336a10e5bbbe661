//! An offer and what became of it; pure.

use serde::{Deserialize, Serialize};
use shared::api::transfers::{TransferRules, TransferStatus, TransferView};
use shared::ids::{ClaimedTicketId, EventId, TransferId, UserId};
use shared::time::Timestamp;

use super::Refusal;
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    pub id: TransferId,
    pub ticket: ClaimedTicketId,
    pub event: EventId,
    pub event_title: String,
    pub from: UserId,
    /// The attendee before, and where to tell them.
    pub from_name: String,
    pub from_email: String,
    pub from_generation: u8,
    /// As typed.
    pub to_email: String,
    /// In the form that accounts are compared by.
    pub to_key: String,
    /// Who accepted or declined.
    pub to: Option<UserId>,
    pub to_name: Option<String>,
    pub to_generation: Option<u8>,
    /// As stored; one whose time is over stays `Offered` until somebody looks.
    pub status: TransferStatus,
    pub offered_at: Timestamp,
    pub expires_at: Timestamp,
    pub settled_at: Option<Timestamp>,
}

impl Transfer {
    /// What the stored status and the clock mean together.
    pub fn status_at(&self, now: Timestamp) -> TransferStatus {
        if self.status == TransferStatus::Offered && now >= self.expires_at {
            TransferStatus::Expired
        } else {
            self.status
        }
    }

    /// Refuses what is settled.
    pub fn check_open(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.status_at(now) {
            TransferStatus::Offered => Ok(()),
            status @ (TransferStatus::Accepted
            | TransferStatus::Declined
            | TransferStatus::Withdrawn
            | TransferStatus::Expired) => Err(Refusal::Settled(status)),
        }
    }

    pub fn settle(&mut self, status: TransferStatus, now: Timestamp) {
        self.status = status;
        self.settled_at = Some(now);
    }

    /// `sees_address`: for both sides and the organizer.
    pub fn view(&self, sees_address: bool, now: Timestamp) -> TransferView {
        TransferView {
            id: self.id,
            ticket_id: self.ticket,
            event_id: self.event,
            event_title: self.event_title.clone(),
            status: self.status_at(now),
            from_name: self.from_name.clone(),
            to_name: self.to_name.clone(),
            to_email: sees_address.then(|| self.to_email.clone()),
            from_generation: self.from_generation,
            to_generation: self.to_generation,
            offered_at: self.offered_at,
            expires_at: self.expires_at,
            settled_at: self.settled_at,
        }
    }
}

impl Entity for Transfer {
    const COLLECTION: Collection = Collection {
        name: "transfers",
        fields: &[
            Field::text("ticket"),
            Field::int("offered_at"),
            Field::text("to_key"),
            Field::text("open_ticket").nullable(),
            // Nullable for servers of before, which do not fill them.
            Field::text("from_user").nullable(),
            Field::text("to_user").nullable(),
        ],
        indexes: &[
            Index::on("by_ticket", &["ticket", "offered_at"]),
            Index::on("by_recipient", &["to_key", "offered_at"]),
            Index::unique("by_open_ticket", &["open_ticket"]),
            Index::on("by_sender", &["from_user"]),
            Index::on("by_taker", &["to_user"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        let is_open = self.status == TransferStatus::Offered;
        vec![
            self.ticket.into(),
            self.offered_at.into(),
            self.to_key.as_str().into(),
            is_open.then_some(self.ticket).into(),
            self.from.into(),
            self.to.into(),
        ]
    }
}

/// An event's rules; where there are none, holders may.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventTransferRules {
    pub event: EventId,
    pub rules: TransferRules,
}

pub(super) const UNRULED: TransferRules = TransferRules {
    allowed: true,
    per_ticket_max: None,
};

impl Entity for EventTransferRules {
    const COLLECTION: Collection = Collection {
        name: "transfer_rules",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.event.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}
