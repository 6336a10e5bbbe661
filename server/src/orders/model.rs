//! An order, its prices and its one table of moves. Pure.

use serde::{Deserialize, Serialize};
use shared::api::orders::{Buyer, OrderLine, OrderStatus, OrderView, PayLaterView};
use shared::api::payments::DisputeStatus;
use shared::api::tickets::{IssuedTicketView, TicketStatus};
use shared::ids::{ClassId, EventId, OrderId, PaymentId, TicketId, UserId};
use shared::money::Money;
use shared::time::Timestamp;

use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

/// First wait for a gateway that does not say whether money came.
const OVERDUE_SECS: i64 = 5;
const OVERDUE_SECS_MAX: i64 = 3600;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub id: OrderId,
    pub event_id: EventId,
    pub user_id: UserId,
    pub status: OrderStatus,
    pub buyer: Buyer,
    pub lines: Vec<Line>,
    /// The seats asked for; empty where none were.
    pub seats: Vec<String>,
    pub total: Money,
    /// The tickets that it holds, or held last.
    pub tickets: Vec<TicketId>,
    pub expires_at: Timestamp,
    /// The latest attempt to pay.
    pub payment_id: Option<PaymentId>,
    pub created_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    /// When it was cancelled, expired or refunded.
    pub closed_at: Option<Timestamp>,
    /// Why, in the words of whoever cancelled or refunded it.
    pub note: String,
    /// The organizer lets it be paid later: its tickets can be claimed before.
    #[serde(default)]
    pub later: Option<Later>,
    /// Its lines contain their tax.
    #[serde(default)]
    pub tax_included: bool,
    /// At what rate, in hundredths of a percent; none of orders that were made before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_share: Option<u32>,
    /// The voucher it used.
    #[serde(default)]
    pub voucher: Option<String>,
    /// What the payer's bank makes of its payment.
    #[serde(default)]
    pub dispute: Option<DisputeStatus>,
    /// Those of its tickets whose price went back, and how much that is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returned: Vec<TicketId>,
    #[serde(default)]
    pub refunded: i64,
    /// Bought without an account: the address in the form that accounts are compared by. Then
    /// `user_id` is of this order alone.
    #[serde(default)]
    pub guest: Option<String>,
    /// Its tickets are claimed, as soon as it is paid, for whom it has named.
    #[serde(default)]
    pub named: bool,
    /// Its hold ended, and its gateway does not say whether money came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue: Option<Overdue>,
}

/// How often it was asked in vain, and when to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overdue {
    pub tries: u32,
    pub look_at: Timestamp,
}

impl Overdue {
    /// Each try doubles the wait. Others are due meanwhile.
    pub fn after(before: Option<Self>, now: Timestamp) -> Self {
        let tries = before.map_or(0, |before| before.tries);
        let wait = OVERDUE_SECS << tries.min(16);
        Self {
            tries: tries.saturating_add(1),
            look_at: now.plus_secs(wait.min(OVERDUE_SECS_MAX)),
        }
    }
}

/// On what terms an order that is not paid for enters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Later {
    /// Enters as if it were paid for; others pay at the door, where a list takes such tickets.
    pub valid_if_pending: bool,
    /// Nobody enters before the organizer has said yes.
    pub needs_approval: bool,
}

/// So many of a class, at the price of that moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub class_id: ClassId,
    pub name: String,
    pub quantity: u32,
    pub unit_price: Money,
    /// In minor units of the total's currency, for the whole line.
    #[serde(default)]
    pub discount: i64,
    #[serde(default)]
    pub fee: i64,
    #[serde(default)]
    pub tax: i64,
    pub total: Money,
}

impl Order {
    /// Moves through the one table.
    pub fn apply(&mut self, step: Step, now: Timestamp) -> Result<(), IllegalMove> {
        let from = self.status;
        self.status = after(from, step).ok_or(IllegalMove { from, step })?;
        match step {
            Step::Pay => {
                self.paid_at = Some(now);
                self.closed_at = None;
            }
            Step::Cancel | Step::Expire | Step::Refund => self.closed_at = Some(now),
            Step::RefundPart | Step::Regain => {}
        }
        Ok(())
    }

    /// Those of its tickets whose price did not go back yet.
    pub fn unreturned(&self) -> Vec<TicketId> {
        let left = self.tickets.iter().copied();
        left.filter(|ticket| !self.returned.contains(ticket))
            .collect()
    }

    /// What the stored status and the clock mean together.
    pub fn status_at(&self, now: Timestamp) -> OrderStatus {
        if self.status == OrderStatus::Pending && now >= self.expires_at {
            OrderStatus::Expired
        } else {
            self.status
        }
    }

    /// Whether its tickets are still its own.
    pub fn has_tickets(&self, now: Timestamp) -> bool {
        match self.status_at(now) {
            OrderStatus::Pending
            | OrderStatus::Paid
            | OrderStatus::Refunded
            | OrderStatus::PartiallyRefunded => true,
            OrderStatus::Cancelled | OrderStatus::Expired => false,
        }
    }

    /// Whether a ticket of this order that is in this state can be claimed.
    pub fn lends(&self, ticket: TicketStatus, now: Timestamp) -> bool {
        match ticket {
            TicketStatus::Paid => true,
            TicketStatus::Held => {
                self.later.is_some() && self.status_at(now) == OrderStatus::Pending
            }
            TicketStatus::Available
            | TicketStatus::Claimed
            | TicketStatus::Validated
            | TicketStatus::Cancelled
            | TicketStatus::Expired => false,
        }
    }

    pub fn view(&self, tickets: Vec<IssuedTicketView>, now: Timestamp) -> OrderView {
        OrderView {
            id: self.id,
            event_id: self.event_id,
            user_id: self.user_id,
            status: self.status_at(now),
            buyer: self.buyer.clone(),
            lines: self.lines.iter().map(line_view).collect(),
            total: self.total,
            tax_included: self.tax_included,
            expires_at: self.expires_at,
            tickets,
            payment_id: self.payment_id,
            refunded: (self.refunded > 0).then(|| Money::new(self.refunded, self.total.currency)),
            created_at: self.created_at,
            paid_at: self.paid_at,
            pay_later: self.later.map(|later| PayLaterView {
                valid_if_pending: later.valid_if_pending,
                needs_approval: later.needs_approval,
            }),
            dispute: self.dispute,
        }
    }
}

fn line_view(line: &Line) -> OrderLine {
    let money = |amount| Money::new(amount, line.total.currency);
    OrderLine {
        class_id: line.class_id,
        name: line.name.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price,
        discount: money(line.discount),
        fee: money(line.fee),
        tax: money(line.tax),
        total: line.total,
    }
}

impl Entity for Order {
    const COLLECTION: Collection = Collection {
        name: "orders",
        fields: &[
            Field::text("user_id"),
            Field::int("due_at").nullable(),
            Field::text("voucher").nullable(),
            Field::text("guest").nullable(),
            Field::int("look_at").nullable(),
        ],
        indexes: &[
            Index::on("by_user", &["user_id"]),
            Index::on("by_look", &["look_at"]),
            Index::on("by_voucher", &["voucher", "due_at"]),
            Index::on("by_guest", &["guest"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        let due = (self.status == OrderStatus::Pending).then_some(self.expires_at);
        let voucher = self
            .voucher
            .as_deref()
            .filter(|_| self.status.uses_limits());
        vec![
            self.user_id.into(),
            due.into(),
            voucher.into(),
            self.guest.as_deref().into(),
            due.map(|due| self.overdue.map_or(due, |of| of.look_at))
                .into(),
        ]
    }
}

/// What happens to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Pay,
    Cancel,
    Expire,
    Refund,
    RefundPart,
    /// A bank gave back all that had gone of its price.
    Regain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{step:?} is not possible when {from:?}")]
pub struct IllegalMove {
    pub from: OrderStatus,
    pub step: Step,
}

/// Every legal move (O1). What is not here is a 409.
const MOVES: [(OrderStatus, Step, OrderStatus); 9] = [
    (OrderStatus::Pending, Step::Pay, OrderStatus::Paid),
    (OrderStatus::Pending, Step::Cancel, OrderStatus::Cancelled),
    (OrderStatus::Pending, Step::Expire, OrderStatus::Expired),
    // Money came late and there was stock (P3).
    (OrderStatus::Expired, Step::Pay, OrderStatus::Paid),
    (OrderStatus::Paid, Step::Refund, OrderStatus::Refunded),
    (
        OrderStatus::Paid,
        Step::RefundPart,
        OrderStatus::PartiallyRefunded,
    ),
    (
        OrderStatus::PartiallyRefunded,
        Step::RefundPart,
        OrderStatus::PartiallyRefunded,
    ),
    (
        OrderStatus::PartiallyRefunded,
        Step::Refund,
        OrderStatus::Refunded,
    ),
    (
        OrderStatus::PartiallyRefunded,
        Step::Regain,
        OrderStatus::Paid,
    ),
];

/// Where the step leads, if it is legal.
pub fn after(from: OrderStatus, step: Step) -> Option<OrderStatus> {
    MOVES
        .iter()
        .find(|(at, by, _)| *at == from && *by == step)
        .map(|(_, _, to)| *to)
}
