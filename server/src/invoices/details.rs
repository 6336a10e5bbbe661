//! Whom an order's invoice is made out to: said at checkout or later, until the invoice is issued.

use shared::api::invoices::InvoiceDetails;
use shared::api::orders::OrderStatus;
use shared::ids::OrderId;
use shared::limits::TITLE_CHARS_MAX;

use super::countries::is_country;
use super::error::Error;
use super::find::PER_ORDER_MAX;
use super::identity::{NO_COUNTRY, TAX_NUMBER_CHARS_MAX, address};
use super::issue::mail_of;
use super::model::{Billing, Invoice};
use crate::app::App;
use crate::notices;
use crate::orders::visible_order;
use crate::platform::db::{Db, DbError, Query, Tx};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;

/// As they are stored; names what is wrong under `prefix`.
pub(crate) fn checked_details(
    prefix: &str,
    details: &InvoiceDetails,
    fields: &mut Fields,
) -> InvoiceDetails {
    let company = format!("{prefix}company");
    let tax_number = format!("{prefix}taxNumber");
    let country = details.country.trim().to_owned();
    if !country.is_empty() && !is_country(&country) {
        fields.wrong(format!("{prefix}country"), NO_COUNTRY);
    }
    InvoiceDetails {
        company: fields.line(company, &details.company, 0, TITLE_CHARS_MAX),
        address: address(&format!("{prefix}address"), &details.address, 0, fields),
        country,
        tax_number: fields.line(tax_number, &details.tax_number, 0, TAX_NUMBER_CHARS_MAX),
    }
}

/// In the commit that places the order.
pub fn note_details(
    tx: &mut Tx<'_>,
    order: OrderId,
    details: &InvoiceDetails,
) -> Result<(), DbError> {
    let row = Billing {
        details: Some(details.clone()),
        ..Billing::new(order)
    };
    tx.insert(&row).map(drop)
}

pub(super) async fn show(
    app: &App,
    caller: &Caller,
    order: OrderId,
) -> Result<InvoiceDetails, Error> {
    visible_order(app, caller, order).await?;
    Ok(details_of(&app.db, order).await?.unwrap_or_default())
}

pub(super) async fn set(
    app: &App,
    caller: &Caller,
    order: OrderId,
    wanted: InvoiceDetails,
) -> Result<InvoiceDetails, Error> {
    let stored = visible_order(app, caller, order).await?;
    match stored.status_at(app.clock.now()) {
        OrderStatus::Pending | OrderStatus::Paid | OrderStatus::PartiallyRefunded => {}
        OrderStatus::Cancelled | OrderStatus::Expired | OrderStatus::Refunded => {
            return Err(Error::NothingSold);
        }
    }
    let mut fields = Fields::default();
    let details = checked_details("", &wanted, &mut fields);
    let details = fields.done(details)?;
    app.db
        .write(move |tx| {
            match tx.get::<Billing>(&order.to_string())? {
                Some(billing) if billing.invoice.is_some() => return Err(Error::Issued),
                Some(mut billing) => {
                    billing.details = Some(details.clone());
                    tx.replace(&mut billing)?;
                }
                None => note_details(tx, order, &details)?,
            }
            Ok(details.clone())
        })
        .await
}

pub async fn details_of(db: &Db, order: OrderId) -> Result<Option<InvoiceDetails>, DbError> {
    let billing = db.get::<Billing>(&order.to_string()).await?;
    Ok(billing.and_then(|billing| billing.value.details))
}

/// The buyer's data is erased: what was said, and the mails about documents. What is issued is the
/// seller's to keep (ADR 0076).
pub fn forget_details(tx: &mut Tx<'_>, order: &str) -> Result<(), DbError> {
    let issued = Query::on("by_order").eq(order).limit(PER_ORDER_MAX);
    let issued = tx.list::<Invoice>(&issued)?;
    let mails: Vec<String> = issued.iter().map(|of| mail_of(of.id)).collect();
    notices::erase_named(tx, &mails)?;
    match tx.get::<Billing>(order)? {
        Some(mut billing) if billing.details.is_some() => {
            billing.details = None;
            tx.replace(&mut billing)
        }
        _ => Ok(()),
    }
}
