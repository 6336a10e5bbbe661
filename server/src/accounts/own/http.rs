//! The routes of one's own account.

use axum::extract::State;
use shared::api::accounts::{
    ChangeEmailRequest, EraseRequest, ErasureView, PersonalData, UpdateProfile, UserView,
};
use shared::api::error::ErrorBody;
use shared::api::notices::Preferences;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{address, erase, export, profile, wants};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, ClientIp, Json};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_me, patch_me))
        .routes(routes!(put_email))
        .routes(routes!(get_preferences, put_preferences))
        .routes(routes!(get_export))
        .routes(routes!(post_erase))
}

/// The caller's own account.
#[utoipa::path(get, path = "/auth/me", tag = "accounts", operation_id = "me", security(("bearer" = [])),
    responses((status = 200, body = UserView), (status = 401, body = ErrorBody)))]
async fn get_me(State(app): State<AppState>, caller: Caller) -> Result<Json<UserView>, ApiError> {
    Ok(Json(profile::show(&app, &caller).await?))
}

/// Change what is named.
#[utoipa::path(patch, path = "/auth/me", tag = "accounts", operation_id = "updateMe", security(("bearer" = [])),
    request_body = UpdateProfile,
    responses((status = 200, body = UserView), (status = 400, body = ErrorBody),
        (status = 409, description = "`taken`: the name", body = ErrorBody)))]
async fn patch_me(
    State(app): State<AppState>,
    caller: Caller,
    Json(wanted): Json<UpdateProfile>,
) -> Result<Json<UserView>, ApiError> {
    Ok(Json(profile::update(&app, &caller, wanted).await?))
}

/// Move to another e-mail address, which then is to be confirmed.
#[utoipa::path(put, path = "/auth/me/email", tag = "accounts", operation_id = "changeEmail", security(("bearer" = [])),
    request_body = ChangeEmailRequest,
    responses((status = 200, body = UserView), (status = 400, body = ErrorBody),
        (status = 409, description = "`taken`: the address", body = ErrorBody),
        (status = 422, description = "`wrong_password`", body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody)))]
async fn put_email(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    caller: Caller,
    Json(wanted): Json<ChangeEmailRequest>,
) -> Result<Json<UserView>, ApiError> {
    app.limiters.login(ip, &caller.user.to_string())?;
    Ok(Json(address::change(&app, &caller, wanted).await?))
}

/// Which mails come.
#[utoipa::path(get, path = "/auth/me/preferences", tag = "accounts", operation_id = "preferences",
    security(("bearer" = [])), responses((status = 200, body = Preferences)))]
async fn get_preferences(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<Preferences>, ApiError> {
    Ok(Json(wants::show(&app, &caller).await?))
}

/// Choose which mails come. Those about orders and the account itself always do. What is chosen holds
/// once the address is confirmed.
#[utoipa::path(put, path = "/auth/me/preferences", tag = "accounts", operation_id = "setPreferences",
    security(("bearer" = [])), request_body = Preferences,
    responses((status = 200, body = Preferences), (status = 400, body = ErrorBody)))]
async fn put_preferences(
    State(app): State<AppState>,
    caller: Caller,
    Json(wanted): Json<Preferences>,
) -> Result<Json<Preferences>, ApiError> {
    wants::choose(&app, &caller, wanted).await?;
    Ok(Json(wanted))
}

/// All that is stored about the caller.
#[utoipa::path(get, path = "/auth/me/export", tag = "accounts", operation_id = "exportMe",
    security(("bearer" = [])), responses((status = 200, body = PersonalData)))]
async fn get_export(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<PersonalData>, ApiError> {
    Ok(Json(export::export(&app, &caller).await?))
}

/// Erase the account. Orders stay as amounts and dates; names on tickets of events that are to come
/// go a day after the last of them.
#[utoipa::path(post, path = "/auth/me/erase", tag = "accounts", operation_id = "eraseMe",
    security(("bearer" = [])), request_body = EraseRequest,
    responses((status = 200, body = ErasureView), (status = 400, body = ErrorBody),
        (status = 409, description = "`orders_open`: an order may still be paid; `last_owner` of an organization", body = ErrorBody),
        (status = 422, description = "`wrong_password`", body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody)))]
async fn post_erase(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    caller: Caller,
    Json(request): Json<EraseRequest>,
) -> Result<Json<ErasureView>, ApiError> {
    app.limiters.login(ip, &caller.user.to_string())?;
    let view = erase::erase(&app, &caller, request.password).await?;
    Ok(Json(view))
}
