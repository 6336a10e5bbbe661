//! Issuing an order's invoice, and correcting it. Number, document, mail and journal are one commit.

use serde_json::json;
use shared::api::invoices::{InvoiceDetails, InvoiceView, SellerIdentity};
use shared::api::orders::OrderStatus;
use shared::ids::{InvoiceId, JobId, JournalId, OrderId};
use shared::money::Money;
use shared::time::Timestamp;

use super::credit::{close, credit};
use super::details::checked_details;
use super::error::Error;
use super::identity::identity_in;
use super::jobs::ISSUE;
use super::lines::{lines_of, sums};
use super::model::{Billing, Invoice, Kind, Occasion, Recipient, Seller, SellerId};
use super::number::draw;
use crate::app::App;
use crate::events::model::Event;
use crate::events::{self, event_in, owned_event_in};
use crate::notices::{self, InvoiceMail, Mail};
use crate::orders::model::Order;
use crate::orders::{self, erased_buyer, visible_order};
use crate::platform::db::{DbError, Tx, Versioned};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;
use crate::platform::jobs::{self, NewJob};
use crate::platform::journal::{self, Actor};

/// Drawn before the commit; what is not needed is not used.
#[derive(Clone, Debug)]
pub(super) struct Draws {
    pub(super) invoice: InvoiceId,
    /// Of what went back before there was an invoice.
    pub(super) credit: InvoiceId,
    /// Takes the corrected one back.
    pub(super) closing: InvoiceId,
    pub(super) journal: [JournalId; 3],
    pub(super) actor: Actor,
}

impl Draws {
    pub(super) fn new(app: &App, actor: Actor, now: Timestamp) -> Self {
        let id = || InvoiceId::new(now, app.entropy.id10());
        Self {
            invoice: id(),
            credit: id(),
            closing: id(),
            journal: [0; 3].map(|_| JournalId::new(now, app.entropy.id10())),
            actor,
        }
    }
}

/// Plans it where the seller's invoices come by themselves, after the commit that took the money.
pub fn issue_later(
    tx: &mut Tx<'_>,
    order: &Order,
    job: JobId,
    now: Timestamp,
) -> Result<(), DbError> {
    let Some(event) = tx.get::<Event>(&order.event_id.to_string())? else {
        return Ok(());
    };
    let seller = tx.get::<Seller>(&SellerId::of(&event).key())?;
    if order.total.amount <= 0 || !seller.is_some_and(|seller| seller.identity.automatic) {
        return Ok(());
    }
    let job = NewJob::new(job, ISSUE, json!({ "orderId": order.id }), now);
    jobs::enqueue(tx, job.dedupe(format!("{ISSUE}:{}", order.id)))
}

/// On request. Again it gives the one that stands.
pub(super) async fn issue(
    app: &App,
    caller: &Caller,
    order: OrderId,
) -> Result<InvoiceView, Error> {
    visible_order(app, caller, order).await?;
    let issued = issue_for(app, order, Actor::User(caller.user)).await?;
    Ok(issued.view())
}

pub(super) async fn issue_for(app: &App, order: OrderId, actor: Actor) -> Result<Invoice, Error> {
    let now = app.clock.now();
    let draws = Draws::new(app, actor, now);
    app.db
        .write(move |tx| {
            let mut order = order_in(tx, order)?;
            let mut billing = billing_in(tx, order.id)?;
            if let Some(standing) = billing.invoice {
                return invoice_in(tx, standing);
            }
            write_invoice(tx, &mut order, &mut billing, &draws, now)
        })
        .await
}

/// The old one is taken back by a credit note, and a new one is made out to `details`.
pub(super) async fn correct(
    app: &App,
    caller: &Caller,
    order: OrderId,
    details: InvoiceDetails,
) -> Result<InvoiceView, Error> {
    let now = app.clock.now();
    let draws = Draws::new(app, Actor::User(caller.user), now);
    // Strangers get 404 here, the buyer 403 below.
    visible_order(app, caller, order).await?;
    let mut fields = Fields::default();
    let details = checked_details("", &details, &mut fields);
    let details = fields.done(details)?;
    let caller = *caller;
    app.db
        .write(move |tx| {
            let mut order = order_in(tx, order)?;
            match owned_event_in(tx, &caller, order.event_id) {
                Ok(_) => {}
                Err(events::Error::NotFound) => return Err(orders::Error::Forbidden.into()),
                Err(error) => return Err(error.into()),
            }
            let mut billing = billing_in(tx, order.id)?;
            let old = invoice_in(tx, billing.invoice.ok_or(Error::NotIssued)?)?;
            // Nothing that is still to be credited is lost: it goes with the old one.
            close(tx, &order, &mut billing, &old, &draws, now)?;
            billing.details = Some(details.clone());
            Ok(write_invoice(tx, &mut order, &mut billing, &draws, now)?.view())
        })
        .await
}

/// Writes the order's invoice, and a credit note at once over what went back before.
pub(super) fn write_invoice(
    tx: &mut Tx<'_>,
    order: &mut Versioned<Order>,
    billing: &mut Versioned<Billing>,
    draws: &Draws,
    now: Timestamp,
) -> Result<Invoice, Error> {
    sold(order)?;
    let event = event_in(tx, order.event_id)?;
    let seller = SellerId::of(&event);
    let identity = identity_in(tx, seller)?.ok_or(Error::NoIdentity)?;
    let invoice = document(tx, order, billing, &event, (seller, &identity), draws, now)?;
    billing.invoice = Some(invoice.id);
    billing.credited = 0;
    billing.returned.clear();
    let credited = credit(tx, order, billing, &invoice, draws.credit, now)?;
    if let Some(credited) = credited {
        note(tx, &credited, draws.journal[2], &draws.actor, now)?;
    }
    tx.replace(billing)?;
    // Unchanged: a refund that does not see this invoice may not commit beside it.
    tx.replace(order)?;
    note(tx, &invoice, draws.journal[0], &draws.actor, now)?;
    Ok(invoice)
}

fn document(
    tx: &mut Tx<'_>,
    order: &Order,
    billing: &Billing,
    event: &Event,
    (seller, identity): (SellerId, &SellerIdentity),
    draws: &Draws,
    now: Timestamp,
) -> Result<Invoice, Error> {
    let lines = lines_of(&order.lines);
    let drawn = draw(tx, seller, identity, now)?;
    let sums = sums(&lines);
    let invoice = Invoice {
        id: draws.invoice,
        kind: Kind::Invoice,
        seller,
        year: drawn.year,
        serial: drawn.serial,
        number: drawn.number,
        issued_at: drawn.at,
        order_id: order.id,
        event_id: order.event_id,
        event: Occasion {
            title: event.title.clone(),
            start: event.start,
            end: event.end,
            timezone: event.timezone.clone(),
        },
        from: identity.clone(),
        to: Recipient {
            name: order.buyer.name.clone(),
            details: billing.details.clone().unwrap_or_default(),
        },
        paid_at: order.paid_at,
        tax_included: order.tax_included,
        tax_share: order.tax_share,
        total: Money::new(sums.net.saturating_add(sums.tax), order.total.currency),
        lines,
    };
    tx.insert(&invoice)?;
    tell(tx, order, &invoice, now)?;
    Ok(invoice)
}

/// Whether there is something to write an invoice about.
fn sold(order: &Order) -> Result<(), Error> {
    match order.status {
        OrderStatus::Pending | OrderStatus::Cancelled | OrderStatus::Expired => Err(Error::NotPaid),
        OrderStatus::Refunded => Err(Error::NothingSold),
        OrderStatus::Paid | OrderStatus::PartiallyRefunded => {
            if order.refunded >= order.total.amount {
                return Err(Error::NothingSold);
            }
            Ok(())
        }
    }
}

/// The buyer hears of each document.
pub(super) fn tell(
    tx: &mut Tx<'_>,
    order: &Order,
    document: &Invoice,
    now: Timestamp,
) -> Result<(), DbError> {
    if order.buyer == erased_buyer() {
        return Ok(());
    }
    let mail = Mail::Invoice(InvoiceMail {
        name: order.buyer.name.clone(),
        title: document.event.title.clone(),
        number: document.number.clone(),
        is_credit: matches!(document.kind, Kind::CreditNote { .. }),
        total: document.total.to_string(),
        seller: document.from.legal_name.clone(),
        order: order.id,
        guest: order.guest.is_some(),
    });
    notices::tell(tx, mail_of(document.id), &order.buyer.email, mail, now)
}

/// What the mail about a document is called.
pub(super) fn mail_of(document: InvoiceId) -> String {
    format!("invoice:{document}")
}

pub(super) fn note(
    tx: &mut Tx<'_>,
    document: &Invoice,
    id: JournalId,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), DbError> {
    let action = match document.kind {
        Kind::Invoice => "invoice.issued",
        Kind::CreditNote { .. } => "invoice.credited",
    };
    let details =
        json!({ "invoice": document.id, "number": document.number, "money": document.total });
    let subject = journal::subject("order", document.order_id);
    let entry = journal::Entry::new(id, now, actor.clone(), action, subject, details);
    journal::record(tx, &entry)
}

pub(super) fn order_in(tx: &mut Tx<'_>, id: OrderId) -> Result<Versioned<Order>, Error> {
    let order = tx.get::<Order>(&id.to_string())?;
    order.ok_or(Error::NotFound("order"))
}

pub(super) fn invoice_in(tx: &mut Tx<'_>, id: InvoiceId) -> Result<Invoice, Error> {
    let found = tx.get::<Invoice>(&id.to_string())?;
    Ok(found.ok_or(Error::NotFound("invoice"))?.into_inner())
}

fn billing_in(tx: &mut Tx<'_>, order: OrderId) -> Result<Versioned<Billing>, DbError> {
    match tx.get::<Billing>(&order.to_string())? {
        Some(billing) => Ok(billing),
        None => tx.insert(&Billing::new(order)),
    }
}
