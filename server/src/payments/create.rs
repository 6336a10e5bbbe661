//! An attempt to pay an order. There is one live attempt per order: asking again gives the same.

use shared::api::orders::OrderStatus;
use shared::api::payments::{CreatePayment, PaymentStatus, PaymentView, Provider};
use shared::ids::PaymentId;
use shared::time::Timestamp;

use super::error::Error;
use super::gateway::{self, Checkout, Opening};
use super::model::Payment;
use super::{merchants, payos};
use crate::app::App;
use crate::events::model::Event;
use crate::orders;
use crate::orders::model::Order;
use crate::platform::db::{DbError, Query, Tx};
use crate::platform::http::Caller;
use crate::platform::http::attempt::Attempt;

pub async fn create(
    app: &App,
    caller: Caller,
    wanted: CreatePayment,
    attempt: Attempt,
) -> Result<PaymentView, Error> {
    let now = app.clock.now();
    let id = PaymentId::new(now, app.entropy.id10());
    let code = payos::draw_code(app);
    let public_url = app.config.public_url.clone();
    let provider = wanted.provider;
    let lent = gateway::lent(app, provider);
    // Our row is committed before the gateway hears of it: whatever it says later finds a payment.
    let (mut view, checkout) = app
        .db
        .write(move |tx| {
            let view = attempt.once(tx, now, |tx| {
                let payment = start(tx, &caller, &wanted, (id, code, &public_url, lent), now)?;
                Ok::<_, Error>(payment.view(&public_url))
            })?;
            let checkout = checkout(tx, &view)?;
            Ok((view, checkout))
        })
        .await
        .map_err(raced)?;
    if view.status == PaymentStatus::Pending {
        view.checkout_url = Some(gateway::open(app, provider, checkout).await?);
    }
    Ok(view)
}

/// Two attempts met at the unique index; the other one is live now.
fn raced(error: Error) -> Error {
    match error {
        Error::Db(error) if error.is_duplicate_of("by_live_order") => Error::Raced,
        other => other,
    }
}

fn start(
    tx: &mut Tx<'_>,
    caller: &Caller,
    wanted: &CreatePayment,
    (id, code, public_url, lent): (PaymentId, i64, &str, bool),
    now: Timestamp,
) -> Result<Payment, Error> {
    let order = tx.get::<Order>(&wanted.order_id.to_string())?;
    let order = order.filter(|order| order.user_id == caller.user);
    let mut order = order.ok_or(orders::Error::NotFound)?;
    let status = order.status_at(now);
    if status != OrderStatus::Pending {
        return Err(Error::NotPayable { status });
    }
    if let Some(live) = live_attempt(tx, &order)? {
        return same_provider(live, wanted.provider);
    }
    if !gateway::takes(wanted.provider, order.total.currency) {
        return Err(Error::OtherCurrency);
    }
    let account = merchants::taker(tx, order.event_id, wanted.provider, lent)?;
    let payment = Payment {
        id,
        order_id: order.id,
        event_id: order.event_id,
        user_id: order.user_id,
        provider: wanted.provider,
        status: PaymentStatus::Pending,
        amount: order.total,
        received: None,
        owed: 0,
        checkout_url: None,
        created_at: now,
        paid_at: None,
        closed_at: None,
        note: String::new(),
        account,
        dispute: None,
    };
    tx.insert(&payment)?;
    let title = title(tx, &order)?;
    let opening = Opening {
        code,
        hold_ends: order.expires_at,
        title: &title,
        public_url,
    };
    gateway::prepare(tx, &payment, &opening, now)?;
    order.payment_id = Some(id);
    tx.replace(&mut order)?;
    Ok(payment)
}

fn live_attempt(tx: &mut Tx<'_>, order: &Order) -> Result<Option<Payment>, DbError> {
    let query = Query::on("by_live_order").eq(order.id).limit(1);
    let live = tx.list::<Payment>(&query)?.into_iter().next();
    Ok(live.map(|payment| payment.value))
}

/// Two gateways at once could both be paid.
fn same_provider(live: Payment, wanted: Provider) -> Result<Payment, Error> {
    if live.provider == wanted {
        Ok(live)
    } else {
        Err(Error::Raced)
    }
}

fn checkout(tx: &mut Tx<'_>, view: &PaymentView) -> Result<Checkout, Error> {
    let order = tx.get::<Order>(&view.order_id.to_string())?;
    let order = order.ok_or(orders::Error::NotFound)?;
    let description = title(tx, &order)?;
    Ok(Checkout {
        payment: view.id,
        amount: view.amount,
        description,
        expires_at: order.expires_at,
    })
}

fn title(tx: &mut Tx<'_>, order: &Order) -> Result<String, DbError> {
    let event = tx.get::<Event>(&order.event_id.to_string())?;
    let title = event.map(|event| event.value.title);
    Ok(title.unwrap_or_else(|| "Tickets".to_owned()))
}
