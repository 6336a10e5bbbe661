//! Orders with holds that expire (O1, O2, I6).

use serde::{Deserialize, Serialize};

use super::invoices::InvoiceDetails;
use super::payments::DisputeStatus;
use super::tickets::{AnswerView, Attendee, IssuedTicketView, TicketStatus};
use crate::admission::Answer;
use crate::ids::{ClaimedTicketId, ClassId, EventId, OrderId, PaymentId, TicketId, UserId};
use crate::money::Money;
use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OrderStatus {
    Pending,
    Paid,
    Cancelled,
    Expired,
    Refunded,
    PartiallyRefunded,
}

impl OrderStatus {
    /// Whether such an order counts against limits: of a person, of a code.
    pub fn uses_limits(self) -> bool {
        match self {
            Self::Pending | Self::Paid | Self::PartiallyRefunded => true,
            Self::Cancelled | Self::Expired | Self::Refunded => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderItem {
    pub class_id: ClassId,
    pub quantity: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Buyer {
    pub email: String,
    pub name: String,
}

/// Exactly one of `items` and `seats`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateOrder {
    pub event_id: EventId,
    #[serde(default)]
    pub items: Vec<OrderItem>,
    /// Seat labels of the event.
    #[serde(default)]
    pub seats: Vec<String>,
    pub buyer: Buyer,
    /// What the buyer was shown; another total is refused with the new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_total: Option<Money>,
    /// A voucher, discount or access code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Answers to what is asked of the whole order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// Who comes, and their answers: none, or one for each ticket, in the order of `items` and of
    /// `seats`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attendees: Vec<OrderAttendee>,
    /// Whom an invoice is made out to, where that is not the buyer's name alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_details: Option<InvoiceDetails>,
}

/// Of one ticket of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderAttendee {
    /// Whom it will be claimed for, unless the claim says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attendee: Option<Attendee>,
    /// Answers to what is asked of each ticket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
}

super::accounts::redacted_debug!(CreateOrder {
    event_id,
    items,
    seats
});

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderLine {
    pub class_id: ClassId,
    pub name: String,
    pub quantity: u32,
    /// Price of one, frozen when the stock was held.
    pub unit_price: Money,
    /// Off the whole line.
    pub discount: Money,
    /// On top of the price.
    pub fee: Money,
    /// In the total, or added to price and fee: see `taxIncluded`.
    pub tax: Money,
    /// Of the line: the order's total is exactly the sum of these.
    pub total: Money,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderView {
    pub id: OrderId,
    pub event_id: EventId,
    pub user_id: UserId,
    pub status: OrderStatus,
    pub buyer: Buyer,
    pub lines: Vec<OrderLine>,
    pub total: Money,
    /// Prices and fees contain the tax.
    #[serde(default)]
    pub tax_included: bool,
    /// Until when the stock is held.
    pub expires_at: Timestamp,
    pub tickets: Vec<IssuedTicketView>,
    pub payment_id: Option<PaymentId>,
    /// What of the total went back, or is on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunded: Option<Money>,
    pub created_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    /// It may be paid later, and its tickets claimed before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay_later: Option<PayLaterView>,
    /// Where the payer's bank took the money back, or tries to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispute: Option<DisputeStatus>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PayLaterView {
    pub valid_if_pending: bool,
    pub needs_approval: bool,
}

/// Lets an order be paid later, for example at the door.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PayLater {
    /// When it ends without a payment; absent means the event's end.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Enters as if it were paid for. Others pay at the door, at the gates of a list that takes
    /// such tickets.
    #[serde(default)]
    pub valid_if_pending: bool,
    /// Nobody enters before this is taken back by another call.
    #[serde(default)]
    pub needs_approval: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefundRequest {
    #[serde(default)]
    pub reason: String,
    /// Those of the order's tickets; all that are left, where none are named. A part of a price
    /// that does not divide is as exact as its total.
    #[serde(default)]
    pub tickets: Vec<TicketId>,
    /// Whether others may buy the places, while the event is to come.
    #[serde(default = "yes")]
    pub restock: bool,
}

impl Default for RefundRequest {
    fn default() -> Self {
        Self {
            reason: String::new(),
            tickets: Vec::new(),
            restock: true,
        }
    }
}

const fn yes() -> bool {
    true
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CancelRequest {
    #[serde(default)]
    pub reason: String,
}

/// An order of somebody without an account, and what opens it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuestOrder {
    pub order: OrderView,
    /// A bearer token for this order, its payments and its tickets, and for nothing else. It comes
    /// again in the mail that says that the order is paid.
    pub guest_token: String,
}

super::accounts::redacted_debug!(GuestOrder { order });

/// Asks for the links to a guest's orders, by mail.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FindOrders {
    pub email: String,
    /// Absent means those of all events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
}

super::accounts::redacted_debug!(FindOrders { event_id });

/// So many orders are the account's own now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdoptedOrders {
    pub orders: u32,
}

/// Answers names and questions later; what is left out stays as it is.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetOrderAnswers {
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// Of tickets that are not claimed yet; a claimed one answers by itself.
    #[serde(default)]
    pub attendees: Vec<SetAttendee>,
}

super::accounts::redacted_debug!(SetOrderAnswers {});

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetAttendee {
    pub ticket_id: TicketId,
    #[serde(default)]
    pub attendee: Option<Attendee>,
    #[serde(default)]
    pub answers: Vec<Answer>,
}

/// All that was answered for an order, in the wording in which it was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderAnswersView {
    pub order_id: OrderId,
    pub status: OrderStatus,
    pub buyer: Buyer,
    /// Of the whole order.
    pub answers: Vec<AnswerView>,
    pub tickets: Vec<TicketAnswersView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketAnswersView {
    pub ticket_id: TicketId,
    pub class_id: ClassId,
    pub class_name: String,
    pub seat: Option<String>,
    pub status: TicketStatus,
    /// Once it is claimed.
    pub claimed_id: Option<ClaimedTicketId>,
    /// Whom it is for, as far as that was said.
    pub attendee: Option<Attendee>,
    pub answers: Vec<AnswerView>,
}
