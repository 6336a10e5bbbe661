//! The books against what gateways say (P8).

use serde::{Deserialize, Serialize};

use crate::api::payments::{PaymentStatus, Provider};
use crate::ids::{EventId, MerchantId, OrderId, OrganizationId, PaymentId, ReconciliationId};
use crate::money::{Currency, Money};
use crate::time::Timestamp;

/// Which payments are compared: those that were started in this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartReconciliation {
    pub from: Timestamp,
    /// Not included.
    pub to: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ReconciliationStatus {
    Running,
    Done,
    /// There is more than one report holds: ask for a shorter time.
    TooMuch,
}

/// What two books say differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FindingKind {
    /// The gateway holds money that the books know nothing of.
    PaidThereNotHere,
    /// The same, and the attempt was over when the money came.
    LateMoneyKept,
    /// The books have money that the gateway never saw.
    PaidHereNotThere,
    AmountDiffers,
    /// Given back there, and not in the ledger.
    RefundThereNotHere,
    /// Back by the ledger, and not given back there.
    RefundHereNotThere,
    /// The payer's bank takes the money back, and the books do not say so.
    DisputeNotBooked,
    /// The gateway has a charge with our mark, for a payment that is not here.
    UnknownPayment,
    /// A signed notice told of a transfer to a link that is not ours.
    TransferWithoutOrder,
    /// The gateway did not say, though it was asked more than once.
    NotAnswered,
}

/// One disagreement and what to do about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    pub kind: FindingKind,
    /// By how much the gateway has more in its hands than the books say; below zero: less.
    pub amount: i64,
    /// The gateway's own name of the charge, link, refund, dispute or transfer.
    pub gateway_id: Option<String>,
    pub what_to_do: String,
}

/// Money of one payment, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sums {
    /// By the books: all that arrived = sold + waiting + due + back.
    pub received: i64,
    /// The price of what stands.
    pub sold: i64,
    /// Parts of prices: the rest may come.
    pub waiting: i64,
    /// Owed to payers.
    pub due: i64,
    /// Given back, by whomever.
    pub back: i64,
    /// Of it, through the gateway.
    pub back_through_gateway: i64,
    /// By the gateway: all that arrived there.
    pub charged: i64,
    /// By the gateway: what it gave back, with lost disputes.
    pub returned: i64,
}

/// All payments of one gateway in one currency. The gateway has `charged - returned` in its hands, the
/// books say `received - backThroughGateway`; the difference is the sum of the findings' amounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Totals {
    pub provider: Provider,
    pub currency: Currency,
    pub payments: u64,
    pub findings: u64,
    pub differs_by: i64,
    pub sums: Sums,
}

/// A comparison, under way or done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReconciliationView {
    pub id: ReconciliationId,
    pub event_id: Option<EventId>,
    pub organization_id: Option<OrganizationId>,
    pub from: Timestamp,
    pub to: Timestamp,
    pub status: ReconciliationStatus,
    /// Payments that were compared so far.
    pub compared: u64,
    pub findings: u64,
    /// Charges at the gateway's account that do not carry our mark: other business of its owner.
    pub other_business: u64,
    pub totals: Vec<Totals>,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

/// A payment in a report, or what a gateway has that is no payment here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReconciledPayment {
    pub payment_id: Option<PaymentId>,
    pub order_id: Option<OrderId>,
    pub event_id: Option<EventId>,
    pub provider: Provider,
    /// The organizer's own account; `null`: the server's.
    pub account: Option<MerchantId>,
    pub status: Option<PaymentStatus>,
    pub price: Option<Money>,
    pub currency: Currency,
    pub sums: Sums,
    pub findings: Vec<Finding>,
}
