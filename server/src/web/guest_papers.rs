//! What a guest's order has on paper: its receipt, invoices and credit notes, behind the order's link.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::html;
use shared::api::invoices::InvoiceKind;
use shared::api::orders::OrderStatus;
use shared::api::page::Page;
use shared::ids::{InvoiceId, OrderId};

use super::{headers, layout, missing_page};
use crate::app::{App, AppState};
use crate::error::ApiError;
use crate::platform::http::{Access, Caller, PageParams, Path, as_pdf};
use crate::{invoices, orders};

/// A guest has one order.
const ONE: PageParams = PageParams {
    limit: 1,
    cursor: None,
};

pub(super) async fn show(
    State(app): State<AppState>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let Some((caller, order)) = opened(&app, &token).await? else {
        return Ok(headers::missing(missing_page::page_of("link")));
    };
    let order = orders::show(&app, &caller, order).await?;
    let Page { items, .. } = invoices::of_order(&app, &caller, order.id).await?;
    let is_paid = match order.status {
        OrderStatus::Paid | OrderStatus::Refunded | OrderStatus::PartiallyRefunded => true,
        OrderStatus::Pending | OrderStatus::Cancelled | OrderStatus::Expired => false,
    };
    let content = html! {
        h1 { "On paper" }
        @if !is_paid { p { "There is nothing to print before the order is paid." } }
        @for invoice in &items {
            @let what = match invoice.kind {
                InvoiceKind::Invoice => "Invoice",
                InvoiceKind::CreditNote => "Credit note",
            };
            div.card {
                h2 { (what) " " (invoice.number) }
                p { (invoice.total) }
                p { a href={ "/guest/" (token) "/papers/" (invoice.id) } { "Print it" } }
            }
        }
        @if is_paid {
            div.card {
                h2 { "Receipt" }
                p { a href={ "/guest/" (token) "/papers/receipt" } { "Print it" } }
            }
        }
        p { a href={ "/guest/" (token) } { "Back to the order" } }
    };
    let page = layout::page("On paper", &content);
    Ok(headers::private(StatusCode::OK, page))
}

pub(super) async fn print(
    State(app): State<AppState>,
    Path((token, paper)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let missing = || headers::missing(missing_page::page_of("link")).into_response();
    let Some((caller, order)) = opened(&app, &token).await? else {
        return Ok(missing());
    };
    if paper == "receipt" {
        let pdf = orders::receipt(&app, &caller, order).await?;
        return Ok(as_pdf("receipt.pdf", pdf));
    }
    let Ok(invoice) = paper.parse::<InvoiceId>() else {
        return Ok(missing());
    };
    match invoices::pdf(&app, &caller, invoice).await {
        Ok(pdf) => Ok(as_pdf("invoice.pdf", pdf)),
        Err(invoices::Error::NotFound(_)) => Ok(missing()),
        Err(error) => Err(error.into()),
    }
}

/// Whom the link stands for, and the order; `None` when it opens nothing any more.
async fn opened(app: &App, token: &str) -> Result<Option<(Caller, OrderId)>, ApiError> {
    let caller = match orders::guest_caller(app, token, Some(Access::Public)).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return Ok(None),
        Err(error) if error.status() == StatusCode::UNAUTHORIZED => return Ok(None),
        Err(error) => return Err(error),
    };
    let mine = orders::list(app, &caller, &ONE).await?.items;
    Ok(mine.first().map(|order| (caller, order.id)))
}
