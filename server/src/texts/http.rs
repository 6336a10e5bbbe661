//! `/auth/me/phone`.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::error::ErrorBody;
use shared::api::texts::{ConfirmPhone, GivePhone, PhoneView, TextPreferences};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::phone;
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, ClientIp, Json};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show_phone, give_phone, take_phone_back))
        .routes(routes!(confirm_phone))
        .routes(routes!(prefer_texts))
}

/// The caller's phone number, if there is one.
#[utoipa::path(get, path = "/auth/me/phone", tag = "accounts", security(("bearer" = [])),
    responses((status = 200, body = PhoneView), (status = 404, body = ErrorBody)))]
async fn show_phone(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<PhoneView>, ApiError> {
    Ok(Json(phone::show(&app, &caller).await?))
}

/// Gives a phone number; a code goes to it. Until that is typed nothing else does.
#[utoipa::path(put, path = "/auth/me/phone", tag = "accounts", request_body = GivePhone, security(("bearer" = [])),
    responses((status = 202, body = PhoneView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "`no_texts`: this server sends none", body = ErrorBody), (status = 429, body = ErrorBody)))]
async fn give_phone(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    caller: Caller,
    Json(wanted): Json<GivePhone>,
) -> Result<(StatusCode, Json<PhoneView>), ApiError> {
    app.limiters.mail(ip)?;
    let view = phone::give(&app, &caller, &wanted.number).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// Confirms the number with the code.
#[utoipa::path(post, path = "/auth/me/phone/confirm", tag = "accounts", request_body = ConfirmPhone, security(("bearer" = [])),
    responses((status = 200, body = PhoneView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, description = "`wrong_code`", body = ErrorBody)))]
async fn confirm_phone(
    State(app): State<AppState>,
    caller: Caller,
    Json(typed): Json<ConfirmPhone>,
) -> Result<Json<PhoneView>, ApiError> {
    Ok(Json(phone::confirm(&app, &caller, &typed.code).await?))
}

/// Which texts come.
#[utoipa::path(put, path = "/auth/me/phone/preferences", tag = "accounts", request_body = TextPreferences, security(("bearer" = [])),
    responses((status = 200, body = PhoneView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn prefer_texts(
    State(app): State<AppState>,
    caller: Caller,
    Json(wants): Json<TextPreferences>,
) -> Result<Json<PhoneView>, ApiError> {
    Ok(Json(phone::prefer(&app, &caller, wants).await?))
}

/// Takes the number back. No text comes any more.
#[utoipa::path(delete, path = "/auth/me/phone", tag = "accounts", security(("bearer" = [])),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn take_phone_back(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<StatusCode, ApiError> {
    phone::take_back(&app, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
