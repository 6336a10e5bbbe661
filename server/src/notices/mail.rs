//! Every mail there is, as a value; what each says is in [`words`](super::words). Pure.
//!
//! Invariant: a mail holds ids and words, never a secret. A link that opens an account is derived
//! when the mail is shown or sent ([`Ink`]), so that the outbox gives nothing away.

use serde::{Deserialize, Serialize};
use shared::api::notices::Topic;
use shared::ids::{EventId, OneTimeId, OrderId};

use super::ink::Ink;
use super::letter::Letter;
use super::words::gate::GateAlertsMail;
use super::words::invoice::InvoiceMail;
use super::words::{account, event, gate, invoice, offer, order};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Mail {
    /// Of a server that had no templates yet.
    Plain {
        subject: String,
        text: String,
    },
    OrderPaid {
        buyer: String,
        event: String,
        tickets: usize,
        total: String,
        order: OrderId,
        /// The buyer has no account: the mail brings the order's own link.
        #[serde(default)]
        guest: bool,
    },
    /// To guests who have lost their links.
    FoundOrders {
        orders: Vec<FoundOrder>,
    },
    /// An invoice or a credit note was issued.
    Invoice(InvoiceMail),
    VerifyAddress {
        name: String,
        token: OneTimeId,
    },
    ResetPassword {
        name: String,
        token: OneTimeId,
    },
    PasswordChanged {
        name: String,
    },
    /// A passkey came or went.
    PasskeyChanged {
        name: String,
        passkey: String,
        added: bool,
    },
    /// To the old address.
    AddressChanged {
        name: String,
    },
    Invitation {
        organization: String,
        inviter: String,
        role: String,
        token: OneTimeId,
    },
    EventNews {
        event: EventId,
        title: String,
        words: String,
    },
    EventSoon {
        event: EventId,
        title: String,
        when: String,
    },
    /// To the organizer.
    PaymentDisputed {
        name: String,
        title: String,
        amount: String,
        order: OrderId,
        /// How it stands, and what to do.
        stands: String,
    },
    EventCancelled {
        name: String,
        title: String,
        reason: String,
        /// What becomes of the reader's money or ticket.
        follows: String,
    },
    /// For some tickets of an order, or all.
    OrderRefunded {
        name: String,
        title: String,
        reason: String,
        tickets: u32,
        back: String,
        order: OrderId,
    },
    /// To whoever runs the event.
    GateAlerts(GateAlertsMail),
    TicketOffered {
        from: String,
        event: EventId,
        title: String,
        until: String,
    },
    /// To whoever offered a ticket.
    OfferAnswered {
        name: String,
        title: String,
        to: String,
        accepted: bool,
    },
    /// To whoever waited.
    StockOffered {
        name: String,
        event: EventId,
        title: String,
        tickets: u32,
        until: String,
        order: OrderId,
    },
}

/// An order of a guest, and the title of its event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoundOrder {
    pub event: String,
    pub order: OrderId,
}

impl Mail {
    /// Its template's name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Plain { .. } => "plain",
            Self::OrderPaid { .. } => "order_paid",
            Self::FoundOrders { .. } => "found_orders",
            Self::Invoice(_) => "invoice",
            Self::VerifyAddress { .. } => "verify_address",
            Self::ResetPassword { .. } => "reset_password",
            Self::PasswordChanged { .. } => "password_changed",
            Self::PasskeyChanged { .. } => "passkey_changed",
            Self::AddressChanged { .. } => "address_changed",
            Self::Invitation { .. } => "invitation",
            Self::EventNews { .. } => "event_news",
            Self::EventSoon { .. } => "event_soon",
            Self::PaymentDisputed { .. } => "payment_disputed",
            Self::EventCancelled { .. } => "event_cancelled",
            Self::OrderRefunded { .. } => "order_refunded",
            Self::GateAlerts(_) => "gate_alerts",
            Self::TicketOffered { .. } => "ticket_offered",
            Self::OfferAnswered { .. } => "offer_answered",
            Self::StockOffered { .. } => "stock_offered",
        }
    }

    /// What its reader can choose not to get; `None`: it always comes.
    pub const fn topic(&self) -> Option<Topic> {
        match self {
            Self::EventNews { .. } => Some(Topic::EventChanges),
            Self::EventSoon { .. } => Some(Topic::Reminders),
            Self::StockOffered { .. } => Some(Topic::Offers),
            Self::GateAlerts(_) => Some(Topic::GateAlerts),
            Self::Plain { .. }
            | Self::OrderPaid { .. }
            | Self::FoundOrders { .. }
            | Self::Invoice(_)
            | Self::VerifyAddress { .. }
            | Self::ResetPassword { .. }
            | Self::PasswordChanged { .. }
            | Self::PasskeyChanged { .. }
            | Self::AddressChanged { .. }
            | Self::Invitation { .. }
            | Self::PaymentDisputed { .. }
            | Self::EventCancelled { .. }
            | Self::OrderRefunded { .. }
            | Self::TicketOffered { .. }
            | Self::OfferAnswered { .. } => None,
        }
    }

    pub(super) fn letter(&self, ink: Ink<'_>) -> Letter {
        match self {
            Self::Plain { subject, text } => Letter::new(subject).quote(text),
            Self::VerifyAddress { .. }
            | Self::ResetPassword { .. }
            | Self::PasswordChanged { .. }
            | Self::PasskeyChanged { .. }
            | Self::AddressChanged { .. }
            | Self::Invitation { .. } => account::letter(self, ink),
            Self::Invoice(invoice) => invoice.letter(ink),
            Self::GateAlerts(alerts) => alerts.letter(ink),
            Self::OrderPaid { .. }
            | Self::FoundOrders { .. }
            | Self::OrderRefunded { .. }
            | Self::PaymentDisputed { .. } => order::letter(self, ink),
            Self::EventNews { .. } | Self::EventSoon { .. } | Self::EventCancelled { .. } => {
                event::letter(self, ink)
            }
            Self::TicketOffered { .. } | Self::OfferAnswered { .. } | Self::StockOffered { .. } => {
                offer::letter(self, ink)
            }
        }
    }

    /// One of each, with invented people.
    pub(super) fn samples() -> Vec<Self> {
        let rooms = [
            order::samples(),
            invoice::samples(),
            account::samples(),
            event::samples(),
            gate::samples(),
            offer::samples(),
        ];
        rooms.concat()
    }
}
