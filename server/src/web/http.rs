//! Routes of the pages, at the root.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use shared::ids::PaymentId;

use super::ahead::Refused;
use super::ticket_page::{Shown, unknown};
use super::{
    account_page, assets, enrol_page, event_page, front_page, guest_page, guest_papers,
    guest_payment, headers, live_page, missing_page, passkey_page, payment_page, unsubscribe_page,
};
use crate::app::AppState;
use crate::error::ApiError;
use crate::notices;
use crate::payments::{self, model::Payment};
use crate::platform::fields::Invalid;
use crate::platform::http::{Form, Json, Path};
use crate::tickets::pre_check_in::check_in_by_link;
use crate::tickets::{self, ActivationRequest};

pub fn pages() -> Router<AppState> {
    Router::new()
        .route("/", get(front))
        .route("/events/{id}", get(event))
        .route("/events/{id}/live", get(live))
        .route("/enrol", get(async || headers::public(enrol_page::page())))
        .route("/pay/{id}", get(payment))
        .route(
            "/guest/{token}",
            get(guest_page::show).post(guest_page::claim),
        )
        .route("/guest/{token}/papers", get(guest_papers::show))
        .route("/guest/{token}/papers/{paper}", get(guest_papers::print))
        .route(
            "/guest/{token}/pay",
            get(guest_payment::back_to_order).post(guest_payment::pay),
        )
        .route(
            "/account/verify/{token}",
            get(account_page::ask_verify).post(account_page::verify),
        )
        .route(
            "/account/join/{token}",
            get(account_page::ask_join).post(account_page::join),
        )
        .route(
            "/account/reset/{token}",
            get(account_page::ask_reset).post(account_page::reset),
        )
        .route("/account/passkeys", get(passkey_page::show))
        .route(
            "/unsubscribe/{token}",
            get(may_unsubscribe).post(unsubscribe),
        )
        .route("/t/sw.js", get(service_worker))
        .route("/t/{secret}", get(ticket).post(check_in_ahead))
        .route("/t/{secret}/state", get(ticket_state))
        .route("/t/{secret}/chain", get(chain).post(activate))
        .route("/assets/page.css", get(style))
        .route("/assets/live.css", get(live_style))
        .route("/assets/live.js", get(live_script))
        .route("/assets/ticket.js", get(script))
        .route("/assets/passkeys.js", get(passkeys_script))
        .route("/assets/qr.js", get(qr_script))
        .route("/assets/turning.js", get(turning_script))
}

async fn front(State(app): State<AppState>) -> Result<Response, ApiError> {
    Ok(headers::public(front_page::page(&app).await?))
}

async fn event(State(app): State<AppState>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let page = event_page::page(&app, &id).await?;
    Ok(page.map_or_else(
        || headers::missing(missing_page::page_of("event")),
        headers::public,
    ))
}

/// Whoever holds the link paid, or was to: it says nothing of the buyer.
async fn payment(
    State(app): State<AppState>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let payment = match id.parse::<PaymentId>() {
        Ok(id) => app.db.get::<Payment>(&id.to_string()).await?,
        Err(_) => None,
    };
    if let Some(payment) = &payment {
        payments::remind(&app, payment).await?;
    }
    Ok(payment.map_or_else(
        || headers::missing(missing_page::page_of("payment")),
        |payment| headers::private(StatusCode::OK, payment_page::page(&payment)),
    ))
}

/// A look changes nothing: mail scanners look at every link.
async fn may_unsubscribe(State(app): State<AppState>, Path(token): Path<String>) -> Response {
    notices::unsubscribes_from(&app, &token).map_or_else(
        || headers::missing(missing_page::page_of("link")),
        |topic| headers::private(StatusCode::OK, unsubscribe_page::ask(topic)),
    )
}

/// The page's button, and the one click of RFC 8058 (whose body says nothing that we need).
async fn unsubscribe(
    State(app): State<AppState>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let topic = notices::unsubscribe(&app, &token).await?;
    Ok(topic.map_or_else(
        || headers::missing(missing_page::page_of("link")),
        |topic| headers::private(StatusCode::OK, unsubscribe_page::done(topic)),
    ))
}

/// The organizer's screen. It says nothing by itself: its script logs in.
async fn live(Path(id): Path<String>) -> Response {
    live_page::page(&id).map_or_else(
        || headers::missing(missing_page::page_of("event")),
        |page| headers::private(StatusCode::OK, page),
    )
}

async fn ticket(
    State(app): State<AppState>,
    Path(secret): Path<String>,
) -> Result<Response, ApiError> {
    let Some(shown) = Shown::find(&app, &secret).await? else {
        return Ok(headers::private(StatusCode::NOT_FOUND, unknown()));
    };
    let page = shown.page(&app, None, app.clock.now()).await?;
    Ok(headers::private(StatusCode::OK, page))
}

/// The form of the ticket's page. Whatever came of it, the page tells.
async fn check_in_ahead(
    State(app): State<AppState>,
    Path(secret): Path<String>,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    match check_in_by_link(&app, &secret, form.clone(), now).await {
        Err(tickets::Error::Invalid(Invalid(wrong))) => {
            let Some(shown) = Shown::find(&app, &secret).await? else {
                return Ok(headers::private(StatusCode::NOT_FOUND, unknown()));
            };
            let refused = Refused::new(form, wrong);
            let page = shown.page(&app, Some(&refused), now).await?;
            Ok(headers::private(StatusCode::BAD_REQUEST, page))
        }
        Err(tickets::Error::NotFound) => Ok(headers::private(StatusCode::NOT_FOUND, unknown())),
        Ok(_) | Err(tickets::Error::PreCheckIn(_)) => {
            Ok(Redirect::to(&format!("/t/{secret}")).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn ticket_state(
    State(app): State<AppState>,
    Path(secret): Path<String>,
) -> Result<Response, ApiError> {
    let shown = Shown::find(&app, &secret).await?;
    let shown = shown.ok_or_else(|| ApiError::not_found("ticket"))?;
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((headers, Json(shown.state(app.clock.now()))).into_response())
}

/// What the phone needs to activate a ticket whose code turns.
async fn chain(
    State(app): State<AppState>,
    Path(secret): Path<String>,
) -> Result<Response, ApiError> {
    let shown = Shown::find(&app, &secret).await?;
    let offer = match shown {
        Some(shown) => shown.chain(app.clock.now())?,
        None => None,
    };
    let offer = offer.ok_or_else(|| ApiError::not_found("ticket"))?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(offer)).into_response())
}

async fn activate(
    State(app): State<AppState>,
    Path(secret): Path<String>,
    Json(request): Json<ActivationRequest>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    let activated = tickets::activate(&app, &secret, &request, now).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(activated)).into_response())
}

async fn service_worker(request: HeaderMap) -> Response {
    assets::SERVICE_WORKER_JS.answer(&request)
}

async fn style(request: HeaderMap) -> Response {
    assets::PAGE_CSS.answer(&request)
}

async fn live_style(request: HeaderMap) -> Response {
    assets::LIVE_CSS.answer(&request)
}

async fn live_script(request: HeaderMap) -> Response {
    assets::LIVE_JS.answer(&request)
}

async fn passkeys_script(request: HeaderMap) -> Response {
    assets::PASSKEYS_JS.answer(&request)
}

async fn qr_script(request: HeaderMap) -> Response {
    assets::QR_JS.answer(&request)
}

async fn turning_script(request: HeaderMap) -> Response {
    assets::TURNING_JS.answer(&request)
}

async fn script(request: HeaderMap) -> Response {
    assets::TICKET_JS.answer(&request)
}
