//! Invoices over REST: of sellers, of events, of orders.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use shared::api::error::ErrorBody;
use shared::api::invoices::{InvoiceDetails, InvoiceView, SellerIdentity};
use shared::api::page::Page;
use shared::ids::{EventId, InvoiceId, OrderId, OrganizationId};
use shared::time::Timestamp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::csv::Span;
use super::model::SellerId;
use super::{csv, details, find, identity, issue};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, Json, PageParams, Path, Query, as_pdf};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(my_identity, set_my_identity))
        .routes(routes!(my_invoices))
        .routes(routes!(my_table))
        .routes(routes!(organization_identity, set_organization_identity))
        .routes(routes!(organization_invoices))
        .routes(routes!(organization_table))
        .routes(routes!(event_invoices))
        .routes(routes!(event_table))
        .routes(routes!(show_details, set_details))
        .routes(routes!(issue_invoice))
        .routes(routes!(correct_invoice))
        .routes(routes!(order_invoices))
        .routes(routes!(show_invoice))
        .routes(routes!(print_invoice))
}

/// Which of them, by when they were issued.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SpanParams {
    /// From then on.
    from: Option<Timestamp>,
    /// Before that.
    until: Option<Timestamp>,
}

impl SpanParams {
    const fn span(self) -> Span {
        Span {
            from: self.from,
            until: self.until,
        }
    }
}

/// Who I am on the invoices of events that I hold without an organization.
#[utoipa::path(get, path = "/auth/me/invoicing", tag = "invoices", security(("bearer" = [])),
    responses((status = 200, body = SellerIdentity), (status = 404, description = "not set", body = ErrorBody)))]
async fn my_identity(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<SellerIdentity>, ApiError> {
    let seller = SellerId::User(caller.user);
    Ok(Json(identity::show(&app, &caller, seller).await?))
}

/// Says who I am on the invoices of events that I hold without an organization. What is issued stays as
/// it is.
#[utoipa::path(put, path = "/auth/me/invoicing", tag = "invoices", request_body = SellerIdentity, security(("bearer" = [])),
    responses((status = 200, body = SellerIdentity), (status = 400, body = ErrorBody)))]
async fn set_my_identity(
    State(app): State<AppState>,
    caller: Caller,
    Json(wanted): Json<SellerIdentity>,
) -> Result<Json<SellerIdentity>, ApiError> {
    let seller = SellerId::User(caller.user);
    Ok(Json(identity::set(&app, &caller, seller, wanted).await?))
}

/// Lists invoices and credit notes of events that I held without an organization, latest first.
#[utoipa::path(get, path = "/auth/me/invoices", tag = "invoices", params(PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<InvoiceView>)))]
async fn my_invoices(
    State(app): State<AppState>,
    caller: Caller,
    page: PageParams,
) -> Result<Json<Page<InvoiceView>>, ApiError> {
    let seller = SellerId::User(caller.user);
    let found = find::of_seller(&app, &caller, seller, &page).await?;
    Ok(Json(found))
}

/// The same as a table for spreadsheets, oldest first.
#[utoipa::path(get, path = "/auth/me/invoices/csv", tag = "invoices", params(SpanParams), security(("bearer" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn my_table(
    State(app): State<AppState>,
    caller: Caller,
    Query(span): Query<SpanParams>,
) -> Result<Response, ApiError> {
    let seller = SellerId::User(caller.user);
    let table = csv::of_seller(&app, &caller, seller, span.span()).await?;
    Ok(as_table(table))
}

/// Who an organization is on its invoices.
#[utoipa::path(get, path = "/organizations/{id}/invoicing", tag = "invoices", params(("id" = OrganizationId, Path)), security(("bearer" = [])),
    responses((status = 200, body = SellerIdentity), (status = 404, description = "not set, too", body = ErrorBody)))]
async fn organization_identity(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
) -> Result<Json<SellerIdentity>, ApiError> {
    let seller = SellerId::Organization(id);
    Ok(Json(identity::show(&app, &caller, seller).await?))
}

/// Says who an organization is on its invoices: without, its orders have receipts only. What is issued
/// stays as it is.
#[utoipa::path(put, path = "/organizations/{id}/invoicing", tag = "invoices", params(("id" = OrganizationId, Path)),
    request_body = SellerIdentity, security(("bearer" = [])),
    responses((status = 200, body = SellerIdentity), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn set_organization_identity(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
    Json(wanted): Json<SellerIdentity>,
) -> Result<Json<SellerIdentity>, ApiError> {
    let seller = SellerId::Organization(id);
    Ok(Json(identity::set(&app, &caller, seller, wanted).await?))
}

/// Lists an organization's invoices and credit notes, latest first.
#[utoipa::path(get, path = "/organizations/{id}/invoices", tag = "invoices", params(("id" = OrganizationId, Path), PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<InvoiceView>), (status = 404, body = ErrorBody)))]
async fn organization_invoices(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
    page: PageParams,
) -> Result<Json<Page<InvoiceView>>, ApiError> {
    let seller = SellerId::Organization(id);
    let found = find::of_seller(&app, &caller, seller, &page).await?;
    Ok(Json(found))
}

/// The same as a table for spreadsheets, oldest first: one line a document, credit notes negative.
#[utoipa::path(get, path = "/organizations/{id}/invoices/csv", tag = "invoices", params(("id" = OrganizationId, Path), SpanParams), security(("bearer" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 404, body = ErrorBody)))]
async fn organization_table(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
    Query(span): Query<SpanParams>,
) -> Result<Response, ApiError> {
    let seller = SellerId::Organization(id);
    let table = csv::of_seller(&app, &caller, seller, span.span()).await?;
    Ok(as_table(table))
}

/// Lists the invoices and credit notes of an event's orders, latest first.
#[utoipa::path(get, path = "/events/{id}/invoices", tag = "invoices", params(("id" = EventId, Path), PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<InvoiceView>), (status = 404, body = ErrorBody)))]
async fn event_invoices(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    page: PageParams,
) -> Result<Json<Page<InvoiceView>>, ApiError> {
    Ok(Json(find::of_event(&app, &caller, id, &page).await?))
}

/// The same as a table for spreadsheets, oldest first.
#[utoipa::path(get, path = "/events/{id}/invoices/csv", tag = "invoices", params(("id" = EventId, Path), SpanParams), security(("bearer" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 404, body = ErrorBody)))]
async fn event_table(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    Query(span): Query<SpanParams>,
) -> Result<Response, ApiError> {
    let table = csv::of_event(&app, &caller, id, span.span()).await?;
    Ok(as_table(table))
}

/// Whom an order's invoice is made out to, besides the buyer's name. For its buyer and the organizer.
#[utoipa::path(get, path = "/orders/{id}/invoice-details", tag = "invoices", params(("id" = OrderId, Path)), security(("bearer" = [])),
    responses((status = 200, body = InvoiceDetails), (status = 404, body = ErrorBody)))]
async fn show_details(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<InvoiceDetails>, ApiError> {
    Ok(Json(details::show(&app, &caller, id).await?))
}

/// Says whom an order's invoice is made out to, until it is issued (`invoice_issued`).
#[utoipa::path(put, path = "/orders/{id}/invoice-details", tag = "invoices", request_body = InvoiceDetails,
    params(("id" = OrderId, Path)), security(("bearer" = [])),
    responses((status = 200, body = InvoiceDetails), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
async fn set_details(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrderId>,
    Json(wanted): Json<InvoiceDetails>,
) -> Result<Json<InvoiceDetails>, ApiError> {
    Ok(Json(details::set(&app, &caller, id, wanted).await?))
}

/// Issues the invoice of a paid order; again it gives the same. Codes of 409: `no_invoicing_identity`
/// where the seller writes none, `not_paid`, `nothing_sold`.
#[utoipa::path(post, path = "/orders/{id}/invoice", tag = "invoices", params(("id" = OrderId, Path)), security(("bearer" = [])),
    responses((status = 200, body = InvoiceView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn issue_invoice(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<InvoiceView>, ApiError> {
    Ok(Json(issue::issue(&app, &caller, id).await?))
}

/// Takes an order's invoice back by a credit note, and issues a new one that is made out to somebody
/// else. Organizers and administrators.
#[utoipa::path(post, path = "/orders/{id}/invoice/correct", tag = "invoices", request_body = InvoiceDetails,
    params(("id" = OrderId, Path)), security(("bearer" = [])),
    responses((status = 200, body = InvoiceView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn correct_invoice(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrderId>,
    Json(wanted): Json<InvoiceDetails>,
) -> Result<Json<InvoiceView>, ApiError> {
    Ok(Json(issue::correct(&app, &caller, id, wanted).await?))
}

/// Lists an order's invoices and credit notes in the order of their dates. For its buyer and the
/// organizer.
#[utoipa::path(get, path = "/orders/{id}/invoices", tag = "invoices", params(("id" = OrderId, Path)), security(("bearer" = [])),
    responses((status = 200, body = Page<InvoiceView>), (status = 404, body = ErrorBody)))]
async fn order_invoices(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<Page<InvoiceView>>, ApiError> {
    Ok(Json(find::of_order(&app, &caller, id).await?))
}

/// Shows an invoice or a credit note to its buyer, its seller and the event's organizer.
#[utoipa::path(get, path = "/invoices/{id}", tag = "invoices", params(("id" = InvoiceId, Path)), security(("bearer" = [])),
    responses((status = 200, body = InvoiceView), (status = 404, body = ErrorBody)))]
async fn show_invoice(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InvoiceId>,
) -> Result<Json<InvoiceView>, ApiError> {
    Ok(Json(find::show(&app, &caller, id).await?))
}

/// The same as pages to print.
#[utoipa::path(get, path = "/invoices/{id}/pdf", tag = "invoices", params(("id" = InvoiceId, Path)), security(("bearer" = [])),
    responses((status = 200, content((Vec<u8> = "application/pdf"))), (status = 404, body = ErrorBody)))]
async fn print_invoice(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InvoiceId>,
) -> Result<Response, ApiError> {
    let pdf = find::pdf(&app, &caller, id).await?;
    Ok(as_pdf("invoice.pdf", pdf))
}

fn as_table(lines: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"invoices.csv\"",
        ),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, lines).into_response()
}
