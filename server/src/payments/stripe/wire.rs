//! What comes back from Stripe. Amounts are integers in the currency's minor unit; anything else is
//! no answer. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use shared::api::payments::DisputeStatus;
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
pub enum RefundState {
    Pending,
    RequiresAction,
    Succeeded,
    Failed,
    Canceled,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SeenRefund {
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
    /// What we asked for it as, where we did.
    pub fn ours(&self) -> Option<RefundId> {
        self.metadata.get(REFUND)?.parse().ok()
    }

    pub fn money(&self) -> Option<Money> {
        Some(Money::new(self.amount, currency(&self.currency)?))
    }

    /// Whether the money is with the payer.
    pub fn is_done(&self) -> bool {
        self.status == RefundState::Succeeded
    }

    /// Whether the money is on its way to the payer, or there.
    pub const fn is_given(&self) -> bool {
        match self.status {
            RefundState::Pending | RefundState::RequiresAction | RefundState::Succeeded => true,
            RefundState::Failed | RefundState::Canceled => false,
        }
    }

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

/// A charge, in Stripe's list of all. A payment intent's marks are its charges' too.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SeenCharge {
    pub id: String,
    pub amount: i64,
    pub amount_refunded: i64,
    pub currency: String,
    pub paid: bool,
    /// Unix seconds.
    pub created: i64,
    #[serde(default)]
    pub disputed: bool,
    pub payment_intent: Option<String>,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

impl SeenCharge {
    /// Our mark, where it carries one.
    pub fn payment(&self) -> Option<PaymentId> {
        self.metadata.get(PAYMENT)?.parse().ok()
    }

    pub fn money(&self) -> Option<Money> {
        Some(Money::new(self.amount, currency(&self.currency)?))
    }
}

/// Why a charge happened.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct SeenIntent {
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

impl SeenIntent {
    pub(super) fn payment(&self) -> Option<PaymentId> {
        self.metadata.get(PAYMENT)?.parse().ok()
    }
}

/// Whose keys these are.
#[derive(Debug, Deserialize)]
pub(super) struct Whoami {
    pub id: String,
}

/// A bank takes a payer's money back, or tries to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SeenDispute {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    pub status: DisputeState,
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeState {
    WarningNeedsResponse,
    WarningUnderReview,
    WarningClosed,
    NeedsResponse,
    UnderReview,
    Won,
    Lost,
    /// Of a version to come: the money is withheld until we know better.
    #[serde(other)]
    Unheard,
}

impl SeenDispute {
    pub fn status(&self) -> DisputeStatus {
        match self.status {
            DisputeState::WarningNeedsResponse | DisputeState::WarningUnderReview => {
                DisputeStatus::Inquiry
            }
            DisputeState::NeedsResponse | DisputeState::UnderReview | DisputeState::Unheard => {
                DisputeStatus::Open
            }
            DisputeState::WarningClosed | DisputeState::Won => DisputeStatus::Won,
            DisputeState::Lost => DisputeStatus::Lost,
        }
    }

    pub fn money(&self) -> Option<Money> {
        Some(Money::new(self.amount, currency(&self.currency)?))
    }
}

#[derive(Debug, Deserialize)]
pub struct Page<T> {
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
    /// Money went back over our heads, or a bank wants it back; and the payment, where it says so.
    Intent(String, Option<PaymentId>),
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
                refund.map_or_else(|| self.intent(payment), About::Refund)
            }
            kind if kind.starts_with("charge.dispute.") => self.intent(payment),
            "charge.refunded" => self.intent(payment),
            _ => About::Nothing,
        }
    }

    fn intent(&self, payment: Option<PaymentId>) -> About {
        let intent = self.data.object["payment_intent"].as_str();
        match intent.filter(|intent| is_id(intent)) {
            Some(intent) => About::Intent(intent.to_owned(), payment),
            None => About::Nothing,
        }
    }
}
