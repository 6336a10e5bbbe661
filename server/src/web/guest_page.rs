//! Where the link to a guest's order leads (O3): how it stands, how it is paid, its tickets, and a form
//! that puts a name on each.
//!
//! A look changes nothing, because mail scanners look at every link.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use shared::api::orders::{OrderStatus, OrderView};
use shared::api::tickets::{
    Attendee, ClaimRequest, ClaimedTicketView, IssuedTicketView, TicketStatus,
};
use shared::ids::TicketId;
use shared::limits::{EMAIL_CHARS_MAX, NAME_CHARS_MAX};

use super::{guest_payment, headers, layout, missing_page};
use crate::app::{App, AppState};
use crate::error::ApiError;
use crate::events::model::Event;
use crate::orders;
use crate::platform::fields::Invalid;
use crate::platform::http::attempt::Attempt;
use crate::platform::http::{Access, Caller, Form, PageParams, Path};
use crate::tickets;

/// An order has fewer tickets than this.
const ALL: PageParams = PageParams {
    limit: 100,
    cursor: None,
};

#[derive(Deserialize)]
pub(super) struct Named {
    ticket: TicketId,
    name: String,
    email: String,
}

pub(super) async fn show(
    State(app): State<AppState>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    match caller(&app, &token).await? {
        Some(caller) => Ok(headers::private(
            StatusCode::OK,
            page(&app, &caller, None).await?,
        )),
        None => Ok(headers::missing(missing_page::page_of("link"))),
    }
}

/// The form: puts a name on a ticket.
pub(super) async fn claim(
    State(app): State<AppState>,
    Path(token): Path<String>,
    Form(named): Form<Named>,
) -> Result<Response, ApiError> {
    let Some(caller) = caller(&app, &token).await? else {
        return Ok(headers::missing(missing_page::page_of("link")));
    };
    let request = ClaimRequest {
        ticket_id: named.ticket,
        attendee: Some(Attendee {
            name: named.name,
            email: named.email,
        }),
        add_on_to: None,
    };
    let now = app.clock.now();
    match tickets::claim(&app, &caller, request, Attempt::default(), now).await {
        Ok(_) => Ok(Redirect::to(&format!("/guest/{token}")).into_response()),
        Err(tickets::Error::Invalid(Invalid(wrong))) => {
            let why = wrong.into_iter().next().map(|(field, why)| {
                let field = field.rsplit('.').next().unwrap_or_default().to_owned();
                format!("The {field} {why}.")
            });
            let page = page(&app, &caller, why.as_deref()).await?;
            Ok(headers::private(StatusCode::BAD_REQUEST, page))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whom the link stands for; `None` when it opens nothing any more.
pub(super) async fn caller(app: &App, token: &str) -> Result<Option<Caller>, ApiError> {
    match orders::guest_caller(app, token, Some(Access::Public)).await {
        Err(error) if error.status() == StatusCode::UNAUTHORIZED => Ok(None),
        other => other,
    }
}

/// The one order that a guest has.
pub(super) async fn order_of(app: &App, caller: &Caller) -> Result<OrderView, ApiError> {
    let mine = orders::list(app, caller, &ALL).await?.items.into_iter();
    mine.last().ok_or_else(|| ApiError::not_found("order"))
}

pub(super) async fn page(
    app: &App,
    caller: &Caller,
    wrong: Option<&str>,
) -> Result<Markup, ApiError> {
    let order = order_of(app, caller).await?;
    let now = app.clock.now();
    let claimed = tickets::list(app, caller, &ALL, now).await?;
    let event = app.db.get::<Event>(&order.event_id.to_string()).await?;
    let event = event.as_deref();
    // What a form of this page posts to, whichever address it was sent from.
    let link = format!("/guest/{}", orders::guest_token(&app.vault, order.id));
    let payment = guest_payment::part(app, caller, &order, (event, &link)).await?;
    let head = html! {
        @if let Some(secs) = guest_payment::changes_in(&order, now) {
            meta http-equiv="refresh" content={ (secs) "; url=" (link) };
        }
    };
    let content = html! {
        h1 { (event.map_or("Your order", |event| &event.title)) }
        p role="status" { (words(&order)) }
        @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
        @if order.status == OrderStatus::Expired {
            p { a href={ "/events/" (order.event_id) } { "What can still be had" } }
        }
        div.card {
            dl {
                @for line in &order.lines { dt { (line.quantity) " × " (line.name) } dd { (line.total) } }
                dt { "Total" } dd { (order.total) }
                @if let Some(back) = order.refunded { dt { "Back to you" } dd { (back) } }
            }
        }
        (payment)
        @if order.paid_at.is_some() { p { a href={ (link) "/papers" } { "Receipt and invoice" } } }
        @for (at, ticket) in order.tickets.iter().enumerate() {
            (one(&order, ticket, claimed.items.iter().find(|of| of.ticket_id == ticket.id), (at + 1, &link)))
        }
    };
    Ok(layout::framed("Your order", None, &head, &content))
}

fn one(
    order: &OrderView,
    ticket: &IssuedTicketView,
    claimed: Option<&ClaimedTicketView>,
    (number, link): (usize, &str),
) -> Markup {
    let lends = match ticket.status {
        TicketStatus::Paid => true,
        TicketStatus::Held => order.pay_later.is_some(),
        TicketStatus::Available
        | TicketStatus::Claimed
        | TicketStatus::Validated
        | TicketStatus::Cancelled
        | TicketStatus::Expired => false,
    };
    let name = format!("name-{number}");
    let email = format!("email-{number}");
    html! {
        div.card {
            h2 { "Ticket " (number) @if let Some(seat) = &ticket.seat { ", " (seat) } }
            @if ticket.status == TicketStatus::Cancelled {
                p.quiet { "Cancelled: it opens no gate." }
            } @else if let Some(claimed) = claimed {
                p { (claimed.attendee.name) ": " a href=(claimed.page_url) { "the ticket" } }
            } @else if lends {
                form.ask method="post" action=(link) {
                    input type="hidden" name="ticket" value=(ticket.id);
                    label for=(name) { "Name of who will come" }
                    input id=(name) name="name" autocomplete="name" maxlength=(NAME_CHARS_MAX) required;
                    label for=(email) { "E-mail address" }
                    input id=(email) name="email" type="email" maxlength=(EMAIL_CHARS_MAX)
                        value=(order.buyer.email) required;
                    button type="submit" { "Get the ticket" }
                }
            } @else if ticket.status == TicketStatus::Held {
                p.quiet { "You get it when the order is paid." }
            }
        }
    }
}

fn words(order: &OrderView) -> &'static str {
    match order.status {
        OrderStatus::Pending if order.pay_later.is_some() => "You may pay later.",
        OrderStatus::Pending => "Not paid yet.",
        OrderStatus::Paid => "Paid. Thank you!",
        OrderStatus::Cancelled => "This order was cancelled.",
        OrderStatus::Expired => {
            "This order was not paid in time: others can have its tickets now. If money of yours still arrives, it buys them while there are any, or goes back to you."
        }
        OrderStatus::Refunded => "Your money goes back to you.",
        OrderStatus::PartiallyRefunded => "Paid; a part of the money goes back to you.",
    }
}
