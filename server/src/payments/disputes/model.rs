//! A dispute as it is kept. Pure.

use serde::{Deserialize, Serialize};
use shared::api::payments::{DisputeStatus, DisputeView};
use shared::ids::{EventId, OrderId, PaymentId};
use shared::money::Money;
use shared::time::Timestamp;

use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dispute {
    /// The gateway's own name of it.
    pub id: String,
    pub payment: PaymentId,
    pub order: OrderId,
    pub event: EventId,
    pub status: DisputeStatus,
    pub amount: Money,
    pub reason: String,
    pub opened_at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

/// Whether the bank has decided.
pub(super) const fn is_over(status: DisputeStatus) -> bool {
    match status {
        DisputeStatus::Inquiry | DisputeStatus::Open => false,
        DisputeStatus::Won | DisputeStatus::Lost => true,
    }
}

impl Dispute {
    pub(super) fn view(&self) -> DisputeView {
        DisputeView {
            id: self.id.clone(),
            payment_id: self.payment,
            order_id: self.order,
            event_id: self.event,
            status: self.status,
            amount: self.amount,
            reason: self.reason.clone(),
            opened_at: self.opened_at,
            closed_at: self.closed_at,
        }
    }
}

impl Entity for Dispute {
    const COLLECTION: Collection = Collection {
        name: "disputes",
        fields: &[Field::text("event_id"), Field::int("opened_at")],
        indexes: &[Index::on("by_event", &["event_id", "opened_at"])],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.event.into(), self.opened_at.into()]
    }
}
