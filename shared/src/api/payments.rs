//! Payments (P2, P4, P7).

use serde::{Deserialize, Serialize};

use crate::ids::{EventId, MerchantId, OrderId, PaymentId, RefundId, UserId};
use crate::money::Money;
use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Provider {
    Demo,
    Payos,
    Stripe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PaymentStatus {
    Pending,
    Paid,
    Cancelled,
    /// Money arrived that no stock can answer: it goes back.
    RefundDue,
    Refunded,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatePayment {
    pub order_id: OrderId,
    pub provider: Provider,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentView {
    pub id: PaymentId,
    pub order_id: OrderId,
    pub provider: Provider,
    pub status: PaymentStatus,
    pub amount: Money,
    /// Where the payer goes; `null` while the gateway has not opened it.
    pub checkout_url: Option<String>,
    pub created_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    /// The organizer's own account that it goes to; `null`: the server's.
    #[serde(default)]
    pub account: Option<MerchantId>,
    /// Where the payer's bank took it back, or tries to.
    #[serde(default)]
    pub dispute: Option<DisputeStatus>,
}

/// How far a bank is that takes a payer's money back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DisputeStatus {
    /// The bank only asks; the money is still there.
    Inquiry,
    /// The money is withheld until the bank has decided.
    Open,
    /// The money stays with the shop.
    Won,
    /// The money is gone.
    Lost,
}

/// A payer's bank takes money back, or tries to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DisputeView {
    /// The gateway's own name of it.
    pub id: String,
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub event_id: EventId,
    pub status: DisputeStatus,
    pub amount: Money,
    /// The bank's reason, in the gateway's words: `fraudulent`, `product_not_received`, …
    pub reason: String,
    pub opened_at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RefundStatus {
    /// The money is with the shop and belongs to the payer.
    Due,
    /// The payer has it back.
    Back,
}

/// A sum that is owed to a payer, or was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefundView {
    pub id: RefundId,
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub event_id: EventId,
    pub provider: Provider,
    pub status: RefundStatus,
    pub amount: Money,
    pub why: String,
    /// The gateway gives nothing back: somebody has to transfer it, and say so here.
    pub by_hand: bool,
    pub created_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    /// Of the transfer, where it was made by hand.
    pub proof: Option<String>,
    pub closed_by: Option<UserId>,
    /// Why the gateway did not give it back, where it was asked to.
    pub failure: Option<String>,
    /// Where it was given back without us: in the gateway's dashboard, or by the payer's bank.
    #[serde(default)]
    pub elsewhere: Option<Elsewhere>,
    /// The payer's bank disputes the payment: nothing is given back before it has decided.
    #[serde(default)]
    pub contested: bool,
}

/// Who gave a sum back, where it was not this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Elsewhere {
    /// Somebody, in the gateway's own dashboard.
    Dashboard,
    /// The payer's bank, by a dispute that was lost.
    Dispute,
}

/// The money was transferred by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmRefund {
    /// The bank's reference of the transfer.
    pub proof: String,
}
