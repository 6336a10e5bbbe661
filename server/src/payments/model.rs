//! A payment and its one table of moves, and the webhook inbox. Pure.

use serde::{Deserialize, Serialize};
use shared::api::payments::{DisputeStatus, PaymentStatus, PaymentView, Provider};
use shared::ids::{EventId, MerchantId, OrderId, PaymentId, UserId};
use shared::money::Money;
use shared::time::Timestamp;

use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

/// One attempt to pay an order through one gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    pub id: PaymentId,
    pub order_id: OrderId,
    pub event_id: EventId,
    pub user_id: UserId,
    pub provider: Provider,
    pub status: PaymentStatus,
    /// What was asked for.
    pub amount: Money,
    /// All that arrived.
    pub received: Option<Money>,
    /// What of it is owed to the payer or was given back, in the same currency.
    #[serde(default)]
    pub owed: i64,
    /// Where the payer goes, once the gateway has told; the demo gateway's is known before.
    #[serde(default)]
    pub checkout_url: Option<String>,
    pub created_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    /// When it was given up, or the money was back with its owner.
    pub closed_at: Option<Timestamp>,
    /// Why the money goes back.
    pub note: String,
    /// The organization's own account that takes it; `None`: the server's. Decided when it is started,
    /// and for good: refunds go where the money came from.
    #[serde(default)]
    pub account: Option<MerchantId>,
    /// What the payer's bank makes of it.
    #[serde(default)]
    pub dispute: Option<DisputeStatus>,
}

impl Payment {
    /// Moves through the one table.
    pub fn apply(&mut self, step: Step, now: Timestamp) -> Result<(), IllegalMove> {
        let from = self.status;
        self.status = after(from, step).ok_or(IllegalMove { from, step })?;
        match step {
            Step::Pay => {
                self.paid_at = Some(now);
                self.closed_at = None;
            }
            Step::GiveUp | Step::PayBack => self.closed_at = Some(now),
            Step::Owe | Step::Bounce => self.paid_at = self.paid_at.or(Some(now)),
        }
        Ok(())
    }

    /// Whether money for it would be news.
    pub fn awaits_money(&self) -> bool {
        match self.status {
            PaymentStatus::Pending | PaymentStatus::Cancelled => true,
            PaymentStatus::Paid | PaymentStatus::RefundDue | PaymentStatus::Refunded => false,
        }
    }

    /// What arrived and neither is owed nor was given back.
    pub fn kept(&self) -> i64 {
        let received = self.received.map_or(0, |money| money.amount);
        received.saturating_sub(self.owed)
    }

    pub fn view(&self, public_url: &str) -> PaymentView {
        let checkout_url = match self.provider {
            Provider::Demo => Some(format!("{public_url}/pay/demo/{}", self.id)),
            Provider::Payos | Provider::Stripe => self.checkout_url.clone(),
        };
        PaymentView {
            id: self.id,
            order_id: self.order_id,
            provider: self.provider,
            status: self.status,
            amount: self.amount,
            checkout_url,
            created_at: self.created_at,
            paid_at: self.paid_at,
            account: self.account,
            dispute: self.dispute,
        }
    }

    /// Whether the bank withholds the money until it has decided.
    pub const fn is_contested(&self) -> bool {
        matches!(self.dispute, Some(DisputeStatus::Open))
    }
}

/// The state as it is indexed.
pub const fn state_key(status: PaymentStatus) -> &'static str {
    match status {
        PaymentStatus::Pending => "pending",
        PaymentStatus::Paid => "paid",
        PaymentStatus::Cancelled => "cancelled",
        PaymentStatus::RefundDue => "refund_due",
        PaymentStatus::Refunded => "refunded",
    }
}

impl Entity for Payment {
    const COLLECTION: Collection = Collection {
        name: "payments",
        fields: &[
            Field::text("order_id"),
            Field::text("live_order").nullable(),
            Field::text("event_id").nullable(),
            Field::text("account").nullable(),
            Field::text("state").nullable(),
        ],
        indexes: &[
            Index::on("by_order", &["order_id"]),
            Index::unique("by_live_order", &["live_order"]),
            // Ids sort by time.
            Index::on("by_event", &["event_id"]),
            Index::on("by_account", &["account", "state", "event_id"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        let live = match self.status {
            PaymentStatus::Pending | PaymentStatus::Paid => Some(self.order_id),
            PaymentStatus::Cancelled | PaymentStatus::RefundDue | PaymentStatus::Refunded => None,
        };
        // Only of organizations' own accounts: the server's are asked for by nobody.
        let state = self.account.map(|_| state_key(self.status));
        vec![
            self.order_id.into(),
            live.into(),
            self.event_id.into(),
            self.account.into(),
            state.into(),
        ]
    }
}

/// What happens to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Money arrived and bought its tickets.
    Pay,
    /// Declined, expired or cancelled, without money.
    GiveUp,
    /// The money must go back.
    Owe,
    /// The gateway gave it back.
    PayBack,
    /// What was given back did not arrive.
    Bounce,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{step:?} is not possible when {from:?}")]
pub struct IllegalMove {
    pub from: PaymentStatus,
    pub step: Step,
}

/// Every legal move.
const MOVES: [(PaymentStatus, Step, PaymentStatus); 8] = [
    (PaymentStatus::Pending, Step::Pay, PaymentStatus::Paid),
    (
        PaymentStatus::Pending,
        Step::GiveUp,
        PaymentStatus::Cancelled,
    ),
    (PaymentStatus::Pending, Step::Owe, PaymentStatus::RefundDue),
    // Given up, but the money came after all (P3).
    (PaymentStatus::Cancelled, Step::Pay, PaymentStatus::Paid),
    (
        PaymentStatus::Cancelled,
        Step::Owe,
        PaymentStatus::RefundDue,
    ),
    (PaymentStatus::Paid, Step::Owe, PaymentStatus::RefundDue),
    (
        PaymentStatus::RefundDue,
        Step::PayBack,
        PaymentStatus::Refunded,
    ),
    (
        PaymentStatus::Refunded,
        Step::Bounce,
        PaymentStatus::RefundDue,
    ),
];

/// Where the step leads, if it is legal.
pub fn after(from: PaymentStatus, step: Step) -> Option<PaymentStatus> {
    MOVES
        .iter()
        .find(|(at, by, _)| *at == from && *by == step)
        .map(|(_, _, to)| *to)
}

/// A webhook delivery that was accepted. Its key makes every later copy a no-op; what one account
/// signs takes no key of another's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    pub provider: Provider,
    /// The gateway's own id of the delivery.
    pub delivery: String,
    pub payment: PaymentId,
    /// What it did.
    pub outcome: Outcome,
    /// As it came, for whoever must look into it.
    pub body: String,
    pub received_at: Timestamp,
}

impl Delivery {
    pub fn key(provider: Provider, delivery: &str) -> String {
        format!("{}:{delivery}", provider_key(provider))
    }
}

impl Entity for Delivery {
    const COLLECTION: Collection = Collection {
        name: "payment_inbox",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        Self::key(self.provider, &self.delivery)
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// The provider as it is spelled on the wire.
pub const fn provider_key(provider: Provider) -> &'static str {
    match provider {
        Provider::Demo => "demo",
        Provider::Payos => "payos",
        Provider::Stripe => "stripe",
    }
}

/// What a message about a payment did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The order is PAID.
    Fulfilled,
    /// The money is noted and goes back.
    RefundDue,
    /// A part came; the rest may.
    Waiting,
    /// The attempt is over without money.
    GivenUp,
    /// Nothing new.
    Known,
    /// No such payment; not ours to answer for.
    Unknown,
}
