//! Where the link to a guest's order leads (O3): how it stands, its tickets, and a form that puts a
//! name on each.
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

use super::{headers, layout, missing_page};
use crate::app::{App, AppState};
use crate::error::ApiError;
use crate::events::model::Event;
use crate::orders;
use crate::platform::fields::Invalid;
use crate::platform::http::attempt::Attempt;
use crate::platform::http::{Access, Caller, Form, PageParams, Path};
use crate::tickets;

/// An order has fewer tickets than this.
const ALL: u32 = 100;

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
async fn caller(app: &App, token: &str) -> Result<Option<Caller>, ApiError> {
    match orders::guest_caller(app, token, Some(Access::Public)).await {
        Err(error) if error.status() == StatusCode::UNAUTHORIZED => Ok(None),
        other => other,
    }
}

async fn page(app: &App, caller: &Caller, wrong: Option<&str>) -> Result<Markup, ApiError> {
    let all = PageParams {
        limit: ALL,
        cursor: None,
    };
    let order = orders::list(app, caller, &all).await?.items.into_iter();
    let order = order.last().ok_or_else(|| ApiError::not_found("order"))?;
    let claimed = tickets::list(app, caller, &all, app.clock.now()).await?;
    let event = app.db.get::<Event>(&order.event_id.to_string()).await?;
    let title = event.map_or_else(|| "Your order".to_owned(), |event| event.value.title);
    let content = html! {
        h1 { (title) }
        p role="status" { (words(&order)) }
        @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
        div.card {
            dl {
                @for line in &order.lines { dt { (line.quantity) " × " (line.name) } dd { (line.total) } }
                dt { "Total" } dd { (order.total) }
                @if let Some(back) = order.refunded { dt { "Back to you" } dd { (back) } }
            }
        }
        @for (at, ticket) in order.tickets.iter().enumerate() {
            (one(&order, ticket, claimed.items.iter().find(|of| of.ticket_id == ticket.id), at + 1))
        }
    };
    Ok(layout::page("Your order", &content))
}

fn one(
    order: &OrderView,
    ticket: &IssuedTicketView,
    claimed: Option<&ClaimedTicketView>,
    number: usize,
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
                form.ask method="post" {
                    input type="hidden" name="ticket" value=(ticket.id);
                    label for=(name) { "Name of who will come" }
                    input id=(name) name="name" autocomplete="name" maxlength=(NAME_CHARS_MAX) required;
                    label for=(email) { "E-mail address" }
                    input id=(email) name="email" type="email" maxlength=(EMAIL_CHARS_MAX)
                        value=(order.buyer.email) required;
                    button type="submit" { "Get the ticket" }
                }
            }
        }
    }
}

fn words(order: &OrderView) -> &'static str {
    match order.status {
        OrderStatus::Pending if order.pay_later.is_some() => "You may pay later.",
        OrderStatus::Pending => "Not paid yet: your tickets are held for you for a while.",
        OrderStatus::Paid => "Paid. Thank you!",
        OrderStatus::Cancelled => "This order was cancelled.",
        OrderStatus::Expired => "This order was not paid in time.",
        OrderStatus::Refunded => "Your money goes back to you.",
        OrderStatus::PartiallyRefunded => "Paid; a part of the money goes back to you.",
    }
}
