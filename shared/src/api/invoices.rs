//! Invoices and credit notes (P8): who sells, who buys, and what was written.

use serde::{Deserialize, Serialize};

use crate::ids::{EventId, InvoiceId, OrderId};
use crate::money::Money;
use crate::time::Timestamp;

/// What the invoices of a seller say of the seller, and how they are numbered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SellerIdentity {
    /// As it is registered.
    pub legal_name: String,
    pub address: Vec<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// As the seller's tax office writes it; empty where there is none.
    #[serde(default)]
    pub tax_number: String,
    /// For questions about invoices.
    pub email: String,
    /// Before year and number: letters A to Z, digits and hyphens.
    pub prefix: String,
    /// At the end of each invoice.
    #[serde(default)]
    pub footer: String,
    /// IANA name: the dates of invoices and the years of their numbers are of this zone.
    pub timezone: String,
    /// Each paid order gets its invoice by itself; else whoever may asks for one.
    #[serde(default)]
    pub automatic: bool,
}

/// Whom an invoice is made out to. What is empty is left out.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvoiceDetails {
    #[serde(default)]
    pub company: String,
    #[serde(default)]
    pub address: Vec<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default)]
    pub country: String,
    #[serde(default)]
    pub tax_number: String,
}

super::accounts::redacted_debug!(InvoiceDetails {});

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum InvoiceKind {
    Invoice,
    /// Takes back an invoice, or a part of it.
    CreditNote,
}

/// As it was issued: nothing of it changes later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvoiceView {
    pub id: InvoiceId,
    /// Prefix, year and place in the seller's sequence: `ACME-2026-000001`.
    pub number: String,
    pub kind: InvoiceKind,
    pub order_id: OrderId,
    pub event_id: EventId,
    pub event_title: String,
    pub issued_at: Timestamp,
    /// The invoice that a credit note takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_id: Option<InvoiceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_number: Option<String>,
    /// Why a credit note was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub seller: InvoiceParty,
    pub buyer: InvoiceParty,
    pub lines: Vec<InvoiceLine>,
    /// By rate; the sums are exactly those of the lines.
    pub taxes: Vec<InvoiceTax>,
    pub net: Money,
    pub tax: Money,
    /// Of an invoice, what the order cost; of a credit note, what went back. Never negative.
    pub total: Money,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvoiceParty {
    pub name: String,
    /// Of a company's invoice, who bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    pub address: Vec<String>,
    pub country: String,
    pub tax_number: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvoiceLine {
    pub text: String,
    /// 0 where the line is no number of tickets.
    pub quantity: u32,
    /// As the order was held; absent from lines that are a part of a price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Money>,
    pub discount: Money,
    pub fee: Money,
    pub net: Money,
    pub tax: Money,
    pub total: Money,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvoiceTax {
    /// In hundredths of a percent; absent where the order was made before rates were kept.
    pub share: Option<u32>,
    pub net: Money,
    pub tax: Money,
    pub total: Money,
}
