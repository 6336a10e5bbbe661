//! What is stored: sellers, where their numbers stand, what an order asks for, and documents. Pure.

use serde::{Deserialize, Serialize};
use shared::api::invoices::{
    InvoiceDetails, InvoiceKind, InvoiceLine, InvoiceParty, InvoiceTax, InvoiceView, SellerIdentity,
};
use shared::ids::{EventId, InvoiceId, OrderId, OrganizationId, TicketId, UserId};
use shared::money::Money;
use shared::time::Timestamp;

use super::lines::{Line, Sums, sums};
use crate::events::model::Event;
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};
use crate::platform::journal;

/// Whose invoices they are: an organization, or a person who holds events without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SellerId {
    Organization(OrganizationId),
    User(UserId),
}

impl SellerId {
    pub(super) fn of(event: &Event) -> Self {
        match event.organization_id {
            Some(organization) => Self::Organization(organization),
            None => Self::User(event.organizer_id),
        }
    }

    /// Its key in storage, and its name in the journal.
    pub(super) fn key(self) -> String {
        match self {
            Self::Organization(id) => journal::subject("organization", id),
            Self::User(id) => journal::subject("user", id),
        }
    }
}

/// A seller's identity as it is now; documents hold what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seller {
    pub id: SellerId,
    pub identity: SellerIdentity,
    pub updated_at: Timestamp,
}

impl Entity for Seller {
    const COLLECTION: Collection = Collection {
        name: "sellers",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.id.key()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// The last number that a seller gave, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    pub seller: SellerId,
    pub year: i16,
    pub last: u32,
    pub last_at: Timestamp,
}

impl Entity for Sequence {
    const COLLECTION: Collection = Collection {
        name: "invoice_sequences",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.seller.key()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// What is to be written for an order, and how far that is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Billing {
    pub order: OrderId,
    #[serde(default)]
    pub details: Option<InvoiceDetails>,
    /// The one that stands.
    #[serde(default)]
    pub invoice: Option<InvoiceId>,
    /// What credit notes have taken back of it, in minor units.
    #[serde(default)]
    pub credited: i64,
    /// The tickets that they name.
    #[serde(default)]
    pub returned: Vec<TicketId>,
}

impl Billing {
    pub(super) const fn new(order: OrderId) -> Self {
        Self {
            order,
            details: None,
            invoice: None,
            credited: 0,
            returned: Vec::new(),
        }
    }
}

impl Entity for Billing {
    const COLLECTION: Collection = Collection {
        name: "billings",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.order.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// An invoice or a credit note, with all that it shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invoice {
    pub id: InvoiceId,
    pub kind: Kind,
    pub seller: SellerId,
    pub year: i16,
    pub serial: u32,
    pub number: String,
    pub issued_at: Timestamp,
    pub order_id: OrderId,
    pub event_id: EventId,
    pub event: Occasion,
    pub from: SellerIdentity,
    pub to: Recipient,
    pub paid_at: Option<Timestamp>,
    pub tax_included: bool,
    /// In hundredths of a percent: an order has one rate.
    pub tax_share: Option<u32>,
    pub lines: Vec<Line>,
    pub total: Money,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Kind {
    Invoice,
    CreditNote {
        of: InvoiceId,
        number: String,
        of_date: Timestamp,
        reason: String,
    },
}

/// What was sold, in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Occasion {
    pub title: String,
    pub start: Timestamp,
    pub end: Timestamp,
    pub timezone: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipient {
    pub name: String,
    pub details: InvoiceDetails,
}

/// Places of one year.
const PLACES: i64 = 10_000_000_000;

impl Invoice {
    /// Year and number as one number, in the order in which they were given.
    pub(super) fn place(&self) -> i64 {
        i64::from(self.year) * PLACES + i64::from(self.serial)
    }

    pub(super) const fn kind(&self) -> InvoiceKind {
        match self.kind {
            Kind::Invoice => InvoiceKind::Invoice,
            Kind::CreditNote { .. } => InvoiceKind::CreditNote,
        }
    }

    pub(super) fn sums(&self) -> Sums {
        sums(&self.lines)
    }

    pub(super) fn money(&self, amount: i64) -> Money {
        Money::new(amount, self.total.currency)
    }

    pub(super) fn view(&self) -> InvoiceView {
        let (invoice_id, invoice_number, reason) = match &self.kind {
            Kind::Invoice => (None, None, None),
            Kind::CreditNote {
                of, number, reason, ..
            } => (Some(*of), Some(number.clone()), Some(reason.clone())),
        };
        let sums = self.sums();
        InvoiceView {
            id: self.id,
            number: self.number.clone(),
            kind: self.kind(),
            order_id: self.order_id,
            event_id: self.event_id,
            event_title: self.event.title.clone(),
            issued_at: self.issued_at,
            invoice_id,
            invoice_number,
            reason,
            seller: InvoiceParty {
                name: self.from.legal_name.clone(),
                person: None,
                address: self.from.address.clone(),
                country: self.from.country.clone(),
                tax_number: self.from.tax_number.clone(),
            },
            buyer: self.to.view(),
            lines: self.lines.iter().map(|line| self.line(line)).collect(),
            taxes: vec![InvoiceTax {
                share: self.tax_share,
                net: self.money(sums.net),
                tax: self.money(sums.tax),
                total: self.total,
            }],
            net: self.money(sums.net),
            tax: self.money(sums.tax),
            total: self.total,
        }
    }

    fn line(&self, line: &Line) -> InvoiceLine {
        InvoiceLine {
            text: line.text.clone(),
            quantity: line.quantity,
            unit_price: line.unit.map(|unit| self.money(unit)),
            discount: self.money(line.discount),
            fee: self.money(line.fee),
            net: self.money(line.net),
            tax: self.money(line.tax),
            total: self.money(line.gross()),
        }
    }
}

impl Recipient {
    /// A company's name stands first, and who bought below it.
    pub(super) fn view(&self) -> InvoiceParty {
        let details = &self.details;
        let (name, person) = if details.company.is_empty() {
            (self.name.clone(), None)
        } else {
            (details.company.clone(), Some(self.name.clone()))
        };
        InvoiceParty {
            name,
            person,
            address: details.address.clone(),
            country: details.country.clone(),
            tax_number: details.tax_number.clone(),
        }
    }
}

impl Entity for Invoice {
    const COLLECTION: Collection = Collection {
        name: "invoices",
        fields: &[
            Field::text("order_id"),
            Field::text("event_id"),
            Field::text("seller"),
            Field::int("issued_at"),
            Field::int("place"),
        ],
        indexes: &[
            Index::on("by_order", &["order_id", "issued_at"]),
            Index::on("by_event", &["event_id", "issued_at"]),
            Index::on("by_seller", &["seller", "issued_at"]),
            Index::unique("by_place", &["seller", "place"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![
            self.order_id.into(),
            self.event_id.into(),
            self.seller.key().into(),
            self.issued_at.into(),
            self.place().into(),
        ]
    }
}
