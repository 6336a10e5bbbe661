//! An order's receipt on paper (P8): who bought what of whom, what was paid, and what went back.

use shared::api::orders::OrderStatus;
use shared::ids::OrderId;
use shared::money::Money;

use super::error::Error;
use super::find::visible_order;
use super::model::{IllegalMove, Line, Order, Step};
use crate::accounts::model::User;
use crate::app::App;
use crate::events::model::Event;
use crate::payments::ledger::Refund;
use crate::platform::db::Query;
use crate::platform::http::Caller;
use crate::platform::paper::{At, Page};
use crate::web::times;

/// A4, upright, in millimetres.
const WIDTH: f32 = 210.0;
const HEIGHT: f32 = 297.0;
const LEFT: f32 = 20.0;
const RIGHT: f32 = 140.0;
/// Sums that went back; each payment has few.
const SUMS_MAX: u32 = 20;

/// For whoever may see the order, once it was paid.
pub(crate) async fn receipt(app: &App, caller: &Caller, id: OrderId) -> Result<Vec<u8>, Error> {
    let order = visible_order(app, caller, id).await?;
    match order.status {
        OrderStatus::Paid | OrderStatus::Refunded | OrderStatus::PartiallyRefunded => {}
        from @ (OrderStatus::Pending | OrderStatus::Cancelled | OrderStatus::Expired) => {
            let step = Step::Refund;
            return Err(IllegalMove { from, step }.into());
        }
    }
    let event = app.db.get::<Event>(&order.event_id.to_string()).await?;
    let event = event.ok_or(Error::NotFound)?;
    let seller = app.db.get::<User>(&event.organizer_id.to_string()).await?;
    let seller = seller.map_or_else(String::new, |seller| seller.value.username);
    let mut sums = Vec::new();
    if let Some(payment) = order.payment_id {
        let query = Query::on("by_payment").eq(payment).limit(SUMS_MAX);
        let found = app.db.list::<Refund>(&query).await?;
        sums.extend(found.into_iter().map(|row| row.value));
    }
    Ok(page(&order, &event, &seller, &sums).pdf()?)
}

fn page(order: &Order, event: &Event, seller: &str, sums: &[Refund]) -> Page {
    let mut page = Page::new(&format!("Receipt {}", order.id), WIDTH, HEIGHT);
    let at = |y: f32| At { x: LEFT, y };
    let right = |y: f32| At { x: RIGHT, y };
    page.text(at(30.0), 22.0, "Receipt");
    page.text(at(38.0), 10.0, &format!("Number {}", order.id));
    let paid = order.paid_at.unwrap_or(order.created_at);
    let paid = times::long(paid, &event.timezone);
    page.text(at(44.0), 10.0, &format!("Paid {paid}"));
    let mut y = 56.0;
    for (name, value) in [
        ("Sold by", seller),
        ("Sold to", order.buyer.name.as_str()),
        ("", order.buyer.email.as_str()),
        ("For", event.title.as_str()),
        ("", &times::span(event.start, event.end, &event.timezone)),
    ] {
        if !value.is_empty() {
            page.text(at(y), 10.0, name);
            y = page.paragraph(At { x: 45.0, y }, 10.0, 70, value) + 1.0;
        }
    }
    y += 6.0;
    page.rule(at(y), WIDTH - 2.0 * LEFT);
    for line in &order.lines {
        y += 7.0;
        page.text(right(y), 10.0, &line.total.to_string());
        let what = words(line, order.tax_included);
        y = page.paragraph(at(y), 10.0, 60, &what) - 4.0;
    }
    y += 6.0;
    page.rule(at(y), WIDTH - 2.0 * LEFT);
    y += 8.0;
    page.text(at(y), 12.0, "Total");
    page.text(right(y), 12.0, &order.total.to_string());
    for sum in sums {
        y += 7.0;
        let stands = match sum.closed_at {
            Some(at) => format!("Given back {}", times::long(at, &event.timezone)),
            None => "Owed to you".to_owned(),
        };
        page.text(at(y), 10.0, &stands);
        page.text(right(y), 10.0, &format!("-{}", sum.amount));
    }
    page
}

/// How a line comes to its total, in words.
fn words(line: &Line, tax_included: bool) -> String {
    let mut words = format!("{} × {} at {}", line.quantity, line.name, line.unit_price);
    let tax = if tax_included {
        "with tax of"
    } else {
        "plus tax of"
    };
    for (what, amount) in [
        ("less", line.discount),
        ("plus fees of", line.fee),
        (tax, line.tax),
    ] {
        if amount > 0 {
            let amount = Money::new(amount, line.total.currency).to_string();
            words = format!("{words}, {what} {amount}");
        }
    }
    words
}
