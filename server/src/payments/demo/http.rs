//! The gateway's API and its page.

use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use shared::api::error::ErrorBody;
use shared::ids::PaymentId;
use shared::money::Money;
use shared::time::Timestamp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::Error;
use super::model::Link;
use super::{page, refuse_in_production};
use crate::app::{App, AppState};
use crate::error::ApiError;
use crate::platform::http::{Form, Json, Path};

pub(in crate::payments) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(pay))
        .routes(routes!(decline))
}

/// The payer's page, at the root.
pub fn pages() -> axum::Router<AppState> {
    axum::Router::new().route("/pay/demo/{id}", get(show).post(press))
}

/// A payment link as its payer sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct LinkView {
    id: PaymentId,
    /// `OPEN`, `PAID`, `DECLINED`, `EXPIRED`, `CLOSED` or `REFUNDED`.
    status: &'static str,
    amount: Money,
    paid_at: Option<Timestamp>,
}

fn view(app: &App, link: &Link) -> LinkView {
    LinkView {
        id: link.id,
        status: link.status_at(app.clock.now()).key(),
        amount: link.amount,
        paid_at: link.paid_at,
    }
}

/// Pays a demo payment, as its page does. Again is the same payment. Not in production.
#[utoipa::path(post, path = "/payments/demo/{id}/pay", tag = "payments", params(("id" = PaymentId, Path)),
    responses((status = 200, body = LinkView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn pay(
    State(app): State<AppState>,
    Path(id): Path<PaymentId>,
) -> Result<Json<LinkView>, ApiError> {
    let link = super::pay(&app, id).await?;
    Ok(Json(view(&app, &link)))
}

/// Declines a demo payment, as a bank might. Not in production.
#[utoipa::path(post, path = "/payments/demo/{id}/decline", tag = "payments", params(("id" = PaymentId, Path)),
    responses((status = 200, body = LinkView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn decline(
    State(app): State<AppState>,
    Path(id): Path<PaymentId>,
) -> Result<Json<LinkView>, ApiError> {
    let link = super::decline(&app, id).await?;
    Ok(Json(view(&app, &link)))
}

async fn show(
    State(app): State<AppState>,
    Path(id): Path<PaymentId>,
) -> Result<Response, ApiError> {
    refuse_in_production(&app)?;
    let link = app.db.get::<Link>(&id.to_string()).await?;
    let link = link.ok_or(Error::NotFound)?;
    let csp = page::content_security_policy();
    let headers = [
        (header::CONTENT_SECURITY_POLICY, csp.as_str()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((
        headers,
        Html(page::page(&link, app.clock.now()).into_string()),
    )
        .into_response())
}

/// The page's buttons.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Press {
    Pay,
    Decline,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Pressed {
    action: Press,
}

async fn press(
    State(app): State<AppState>,
    Path(id): Path<PaymentId>,
    Form(pressed): Form<Pressed>,
) -> Result<Redirect, ApiError> {
    let done = match pressed.action {
        Press::Pay => super::pay(&app, id).await,
        Press::Decline => super::decline(&app, id).await,
    };
    match done {
        // The page says what the link has become.
        Ok(_) | Err(Error::Closed(_)) => Ok(Redirect::to(&format!("/pay/demo/{id}"))),
        Err(error) => Err(error.into()),
    }
}
