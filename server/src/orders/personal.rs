//! What orders say about a person: told to that person, and taken out when asked (A7).
//!
//! Invariant: amounts, dates and ids stay as they were; the books are the same before and after.

use serde_json::{Value, json};
use shared::api::orders::{Buyer, OrderStatus};
use shared::ids::UserId;
use shared::time::Timestamp;

use super::form::OrderForm;
use super::model::Order;
use crate::invoices;
use crate::notices;
use crate::platform::db::{Db, DbError, Query, Tx};

/// Orders in one transaction: the writer is shared.
const BATCH: u32 = 100;
/// Mails that are called after an order.
const MAILS: [&str; 3] = ["order_paid", "event_cancelled", "stock_offered"];

fn of(user: UserId) -> Query {
    Query::on("by_user").eq(user).limit(BATCH)
}

/// Stands in the place of a person.
pub fn erased_buyer() -> Buyer {
    Buyer {
        email: "erased@invalid".to_owned(),
        name: "Erased".to_owned(),
    }
}

/// All orders of a person, as that person may read them.
pub async fn export(db: &Db, user: UserId, now: Timestamp) -> Result<Vec<Value>, DbError> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let page = db.page::<Order>(&of(user).after(cursor.as_deref())).await?;
        for order in &page.items {
            let form = db.get::<OrderForm>(&order.id.to_string()).await?;
            let form = form.map(|form| form.value);
            let details = invoices::details_of(db, order.id).await?;
            all.push(
                json!({ "id": order.id, "eventId": order.event_id, "status": order.status_at(now),
                "buyer": order.buyer, "total": order.total, "seats": order.seats,
                "createdAt": order.created_at, "paidAt": order.paid_at, "note": order.note,
                "answers": form.as_ref().map(|form| &form.given),
                "attendees": form.as_ref().map(|form| &form.tickets), "invoiceDetails": details }),
            );
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(all),
        }
    }
}

/// Whether money for one of the user's orders may be on its way: its mail needs an address.
pub fn has_open(tx: &mut Tx<'_>, user: UserId, now: Timestamp) -> Result<bool, DbError> {
    // The newest first: what is open is young.
    let orders = tx.list::<Order>(&of(user).descending())?;
    let mut orders = orders.iter();
    Ok(orders.any(|order| order.status_at(now) == OrderStatus::Pending))
}

/// Takes the person out of all their orders. Idempotent.
pub async fn erase(db: &Db, user: UserId) -> Result<(), DbError> {
    let mut cursor: Option<String> = None;
    loop {
        let page = db.page::<Order>(&of(user).after(cursor.as_deref())).await?;
        let ids: Vec<_> = page
            .items
            .iter()
            .map(|order| order.id.to_string())
            .collect();
        db.write(move |tx| {
            for id in &ids {
                if let Some(form) = tx.get::<OrderForm>(id)? {
                    tx.delete(&form)?;
                }
                // They name the person too, and an address that was never confirmed did not take
                // them along.
                let mails = MAILS.map(|about| format!("{about}:{id}"));
                notices::erase_named(tx, &mails)?;
                invoices::forget_details(tx, id)?;
                if let Some(mut order) = tx.get::<Order>(id)?
                    && order.buyer != erased_buyer()
                {
                    order.buyer = erased_buyer();
                    order.note.clear();
                    tx.replace(&mut order)?;
                }
            }
            Ok::<_, DbError>(())
        })
        .await?;
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}
