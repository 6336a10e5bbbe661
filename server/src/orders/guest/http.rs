//! `/guest/orders`.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::error::ErrorBody;
use shared::api::orders::{AdoptedOrders, CreateOrder, FindOrders, GuestOrder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::find;
use crate::accounts::model::User;
use crate::app::AppState;
use crate::error::ApiError;
use crate::orders::error::Error;
use crate::platform::http::attempt::IdempotencyKey;
use crate::platform::http::{Caller, ClientIp, Json};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(place_as_guest))
        .routes(routes!(find_orders))
        .routes(routes!(adopt_orders))
}

/// Places an order without an account. `guestToken` is a bearer token for this order, its payments
/// and its tickets. An `Idempotency-Key` must have 16 characters or more here: who knows it gets the
/// answer. Codes of 409 as for `POST /orders`, and `no_guests`.
#[utoipa::path(post, path = "/guest/orders", tag = "orders", request_body = CreateOrder,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = GuestOrder), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody), (status = 429, body = ErrorBody)))]
async fn place_as_guest(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    key: IdempotencyKey,
    Json(wanted): Json<CreateOrder>,
) -> Result<(StatusCode, Json<GuestOrder>), ApiError> {
    app.limiters.guest(ip)?;
    if wanted.code.is_some() {
        // Guessing is slowed down, right or wrong; here an address is all that tells guessers apart.
        app.limiters.code(ip, "guest")?;
    }
    let attempt = key.guest_attempt("guest/orders", &wanted)?;
    let placed = super::place(&app, wanted, attempt).await?;
    Ok((StatusCode::CREATED, Json(placed)))
}

/// Mails the links to a guest's orders to the address that they were made with. The answer is the same
/// whether or not there are any; one mail in a quarter of an hour.
#[utoipa::path(post, path = "/guest/orders/find", tag = "orders", request_body = FindOrders,
    responses((status = 202, description = "Mailed, if there are any"), (status = 400, body = ErrorBody),
        (status = 429, body = ErrorBody)))]
async fn find_orders(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    Json(wanted): Json<FindOrders>,
) -> Result<StatusCode, ApiError> {
    app.limiters.mail(ip)?;
    find::find(&app, wanted).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Makes the orders that were placed as a guest with my confirmed address my own. A confirmation does
/// so by itself; this is for orders that came later. Their tokens end.
#[utoipa::path(post, path = "/guest/orders/adopt", tag = "orders", security(("bearer" = [])),
    responses((status = 200, body = AdoptedOrders), (status = 409, description = "`email_unverified`", body = ErrorBody)))]
async fn adopt_orders(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<AdoptedOrders>, ApiError> {
    let user = app.db.get::<User>(&caller.user.to_string()).await?;
    if user.is_none_or(|user| user.verified_at.is_none()) {
        return Err(Error::Unconfirmed.into());
    }
    let orders = super::adopt(&app, caller.user).await?;
    Ok(Json(AdoptedOrders { orders }))
}
