//! What comes back from Stripe. Amounts are integers in the currency's minor unit; anything else is
//! no answer. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use shared::ids::{PaymentId, RefundId};
use shared::money::{Currency, Money};

/// Our references, where the objects carry them.
pub(super) const PAYMENT: &str = "payment_id";
pub(super) const REFUND: &str = "refund_id";

/// Stripe's own names: letters, digits and underscores.
pub(super) fn is_id(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    Open,
    Complete,
    Expired,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    Paid,
    Unpaid,
    NoPaymentRequired,
}

/// A Checkout session as Stripe tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SeenSession {
    pub id: String,
    pub status: SessionStatus,
    pub payment_status: PaymentStatus,
    pub amount_total: i64,
    pub currency: String,
    pub client_reference_id: Option<String>,
    pub payment_intent: Option<String>,
    /// Only while it is open.
    pub url: Option<String>,
}

impl SeenSession {
    pub(super) fn money(&self) -> Option<Money> {
        Some(Money::new(self.amount_total, currency(&self.currency)?))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefundState {
    Pending,
    RequiresAction,
    Succeeded,
    Failed,
    Canceled,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct SeenRefund {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    pub status: RefundState,
    #[serde(default)]
    pub failure_reason: Option<String>,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

impl SeenRefund {
    /// Whether it is the one that we asked for.
    pub(super) fn is_for(&self, refund: RefundId, amount: Money) -> bool {
        self.metadata.get(REFUND) == Some(&refund.to_string())
            && self.amount == amount.amount
            && currency(&self.currency) == Some(amount.currency)
    }
}

/// Stripe writes them in lower case.
fn currency(text: &str) -> Option<Currency> {
    text.to_ascii_uppercase().parse().ok()
}

#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub data: Vec<T>,
    #[serde(default)]
    pub has_more: bool,
}

/// Something happened over there. What it holds is as old as the event: a reason to ask.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Event {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub livemode: bool,
    /// Set for events of another account that is connected to ours.
    #[serde(default)]
    pub account: Option<String>,
    pub data: Data,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Data {
    pub object: Value,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// A payment of ours, and the session, where the event names it.
    Payment(PaymentId, Option<String>),
    Refund(RefundId),
    /// Money was taken back over our heads.
    Dispute,
    Nothing,
}

impl Event {
    pub(super) fn about(&self) -> About {
        let object = &self.data.object;
        let ours = |name: &str| object["metadata"][name].as_str();
        let payment = ours(PAYMENT).or_else(|| object["client_reference_id"].as_str());
        let payment = payment.and_then(|id| id.parse().ok());
        match self.kind.as_str() {
            kind if kind.starts_with("checkout.session.") => match payment {
                Some(payment) => {
                    let session = object["id"].as_str().filter(|id| is_id(id));
                    About::Payment(payment, session.map(str::to_owned))
                }
                None => About::Nothing,
            },
            kind if kind.starts_with("payment_intent.") => {
                payment.map_or(About::Nothing, |payment| About::Payment(payment, None))
            }
            kind if kind.starts_with("refund.") || kind == "charge.refund.updated" => {
                let refund = ours(REFUND).and_then(|id| id.parse().ok());
                refund.map_or(About::Nothing, About::Refund)
            }
            kind if kind.starts_with("charge.dispute.") => About::Dispute,
            _ => About::Nothing,
        }
    }
}
