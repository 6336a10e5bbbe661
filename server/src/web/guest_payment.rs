//! How a guest's page gets its order paid (O3, P2): for how long the tickets are held, what stands
//! after that, and a button for each gateway that takes the money.
//!
//! The page's policy lets forms go to us alone, and browsers hold redirects of a form to that too: a
//! press is answered with a page of ours that leads on.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use shared::api::orders::{OrderStatus, OrderView};
use shared::api::payments::{CreatePayment, PaymentView, Provider};
use shared::money::Money;
use shared::time::Timestamp;

use super::{guest_page, headers, layout, missing_page, times};
use crate::app::{App, AppState};
use crate::error::ApiError;
use crate::events::model::Event;
use crate::payments;
use crate::platform::http::attempt::Attempt;
use crate::platform::http::{Caller, Form, Path};

/// Above this many minutes the clock alone says it.
const COUNTED_MINUTES_MAX: i64 = 90;

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Chosen {
    provider: Provider,
}

/// The button: starts the payment or goes on with it, and leads to its gateway.
pub(super) async fn pay(
    State(app): State<AppState>,
    Path(token): Path<String>,
    Form(chosen): Form<Chosen>,
) -> Result<Response, ApiError> {
    let Some(caller) = guest_page::caller(&app, &token).await? else {
        return Ok(headers::missing(missing_page::page_of("link")));
    };
    let order = guest_page::order_of(&app, &caller).await?;
    let wanted = CreatePayment {
        order_id: order.id,
        provider: chosen.provider,
    };
    // There is one live attempt per order, so a second press goes on with the first.
    let started = payments::create(&app, caller, wanted, Attempt::default()).await;
    match started {
        Ok(payment) => Ok(payment.checkout_url.as_ref().map_or_else(
            || back(&token),
            |url| headers::private(StatusCode::OK, leading_on(&payment, url)),
        )),
        // It is not to be paid any more, or is being paid: the page says how it stands.
        Err(payments::Error::NotPayable { .. } | payments::Error::Raced) => Ok(back(&token)),
        Err(
            error @ (payments::Error::Gateway(_)
            | payments::Error::ProviderUnavailable
            | payments::Error::OtherCurrency),
        ) => {
            let error = ApiError::from(error);
            let why = format!("{} Nothing was charged.", error.body().message);
            let page = guest_page::page(&app, &caller, Some(&why)).await?;
            Ok(headers::private(error.status(), page))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whoever loads the button's address again wants the order.
pub(super) async fn back_to_order(Path(token): Path<String>) -> Response {
    back(&token)
}

fn back(token: &str) -> Response {
    Redirect::to(&format!("/guest/{token}")).into_response()
}

fn leading_on(payment: &PaymentView, url: &str) -> Markup {
    let head = html! { meta http-equiv="refresh" content={ "0; url=" (url) }; };
    let content = html! {
        h1 { "On to your payment" }
        p role="status" { "You pay " (payment.amount) " " (by(payment.provider)) "." }
        p { a href=(url) { "Go on, if this page does not by itself" } }
    };
    layout::framed("On to your payment", None, &head, &content)
}

/// Seconds after which the page stands for something else, for a page that nobody types into.
pub(super) fn changes_in(order: &OrderView, now: Timestamp) -> Option<i64> {
    let waits = order.status == OrderStatus::Pending && order.pay_later.is_none();
    let left = order.expires_at.as_secs() - now.as_secs();
    (waits && left <= COUNTED_MINUTES_MAX * 60).then_some(left + 1)
}

/// Nothing for an order that does not wait for money.
pub(super) async fn part(
    app: &App,
    caller: &Caller,
    order: &OrderView,
    (event, link): (Option<&Event>, &str),
) -> Result<Markup, ApiError> {
    if order.status != OrderStatus::Pending {
        return Ok(html! {});
    }
    let ways = payments::ways(app, caller, order.id).await?;
    let zone = event.map_or("UTC", |event| event.timezone.as_str());
    let now = app.clock.now();
    Ok(html! {
        div.card {
            h2 { "Payment" }
            (held(order, now, zone))
            @for way in &ways { (button(*way, order.total, link)) }
            @if ways.is_empty() {
                p { "It cannot be paid here: ask the organizer how." }
            }
            @if let Some(payment) = order.payment_id {
                p.quiet { a href={ "/pay/" (payment) } { "How your last payment stands" } }
            }
            p.quiet { "Keep the address of this page: it leads back to your order." }
        }
    })
}

fn held(order: &OrderView, now: Timestamp, zone: &str) -> Markup {
    let until = times::short(order.expires_at, now, zone);
    let minutes = (order.expires_at.as_secs() - now.as_secs() + 59) / 60;
    html! {
        @if order.pay_later.is_some() {
            p { "You may pay until " strong { (until) } " (" (times::city(zone)) ")." }
            p.quiet { "After that the order ends and its tickets open no gate." }
        } @else {
            p {
                "Your tickets are held for you until " strong { (until) } " (" (times::city(zone)) ")"
                @match minutes {
                    1 => ": for one more minute.",
                    2..=COUNTED_MINUTES_MAX => { ": for " (minutes) " more minutes." }
                    _ => ".",
                }
            }
            p.quiet {
                "After that others can have them. Money that comes later buys them while there are any, "
                "or goes back to you."
            }
        }
    }
}

fn button(way: Provider, total: Money, link: &str) -> Markup {
    html! {
        form.ask method="post" action={ (link) "/pay" } {
            input type="hidden" name="provider" value=(payments::model::provider_key(way));
            button type="submit" { "Pay " (total) " " (by(way)) }
        }
    }
}

const fn by(way: Provider) -> &'static str {
    match way {
        Provider::Stripe => "by card",
        Provider::Payos => "by bank transfer",
        Provider::Demo => "with play money",
    }
}
