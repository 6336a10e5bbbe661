//! What is owed to payers: one row a sum, from the commit that decides it to the one that knows the
//! money is back (P3, P5).

use serde::{Deserialize, Serialize};
use shared::api::payments::{Elsewhere, Provider, RefundStatus, RefundView};
use shared::ids::{EventId, OrderId, PaymentId, RefundId, UserId};
use shared::money::Money;
use shared::time::Timestamp;

use super::gateway;
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    pub id: RefundId,
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub event_id: EventId,
    pub provider: Provider,
    pub status: RefundStatus,
    pub amount: Money,
    pub why: String,
    pub created_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    /// The bank's reference, where somebody transferred it by hand.
    pub proof: Option<String>,
    pub closed_by: Option<UserId>,
    /// The gateway was asked and did not refuse; whether it heard is another matter.
    #[serde(default)]
    pub sent: bool,
    /// Idempotency keys whose answers are failures for good.
    #[serde(default)]
    pub spent_keys: u32,
    /// The gateway's own name of it.
    #[serde(default)]
    pub gateway_id: Option<String>,
    /// Why the gateway did not give it back after all: it is for somebody to transfer.
    #[serde(default)]
    pub failure: Option<String>,
    /// Given back without us.
    #[serde(default)]
    pub elsewhere: Option<Elsewhere>,
    /// The payer's bank disputes the payment: whoever gave it back now might give it back twice.
    #[serde(default)]
    pub contested: bool,
}

impl Refund {
    /// Whether somebody has to transfer it.
    pub const fn is_by_hand(&self) -> bool {
        !self.contested && (!gateway::gives_back(self.provider) || self.failure.is_some())
    }

    pub fn view(&self) -> RefundView {
        RefundView {
            id: self.id,
            payment_id: self.payment_id,
            order_id: self.order_id,
            event_id: self.event_id,
            provider: self.provider,
            status: self.status,
            amount: self.amount,
            why: self.why.clone(),
            by_hand: self.is_by_hand(),
            created_at: self.created_at,
            closed_at: self.closed_at,
            proof: self.proof.clone(),
            closed_by: self.closed_by,
            failure: self.failure.clone(),
            elsewhere: self.elsewhere,
            contested: self.contested,
        }
    }
}

impl Entity for Refund {
    const COLLECTION: Collection = Collection {
        name: "refunds",
        fields: &[
            Field::text("payment_id"),
            Field::text("event_id"),
            Field::int("due_since").nullable(),
        ],
        indexes: &[
            Index::on("by_payment", &["payment_id"]),
            Index::on("by_due", &["event_id", "due_since"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        let due = (self.status == RefundStatus::Due).then_some(self.created_at);
        vec![self.payment_id.into(), self.event_id.into(), due.into()]
    }
}
