//! The routes of passkeys.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::accounts::{LoginResponse, PasswordRequest};
use shared::api::error::ErrorBody;
use shared::api::page::Page;
use shared::api::passkeys::{
    BeginPasskey, FinishPasskey, PasskeyLogin, PasskeyQuestion, PasskeyView, RenamePasskey,
};
use shared::ids::PasskeyId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{add, enter, tend};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, ClientIp, Json, Path};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_passkeys, post_passkey))
        .routes(routes!(post_finish))
        .routes(routes!(patch_passkey))
        .routes(routes!(post_remove))
        .routes(routes!(post_login))
        .routes(routes!(post_login_finish))
}

/// Lists the caller's passkeys.
#[utoipa::path(get, path = "/auth/passkeys", tag = "accounts", operation_id = "listPasskeys",
    security(("bearer" = [])), responses((status = 200, body = Page<PasskeyView>)))]
async fn list_passkeys(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<Page<PasskeyView>>, ApiError> {
    let items = tend::list(&app.db, caller.user).await?;
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// Begin to add a passkey: what to ask the browser for.
#[utoipa::path(post, path = "/auth/passkeys", tag = "accounts", operation_id = "beginPasskey",
    security(("bearer" = [])), request_body = BeginPasskey,
    responses((status = 200, body = PasskeyQuestion),
        (status = 409, description = "`passkeys_need_a_name`: the server has none; `too_many_passkeys`", body = ErrorBody),
        (status = 422, description = "`wrong_password`; `code_wanted`, `bad_code`: of the second factor", body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody)))]
async fn post_passkey(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    caller: Caller,
    Json(request): Json<BeginPasskey>,
) -> Result<Json<PasskeyQuestion>, ApiError> {
    app.limiters.login(ip, &caller.user.to_string())?;
    Ok(Json(add::begin(&app, &caller, request).await?))
}

/// Add the passkey that the browser made. A ceremony has one answer, within five minutes.
#[utoipa::path(post, path = "/auth/passkeys/finish", tag = "accounts", operation_id = "finishPasskey",
    security(("bearer" = [])), request_body = FinishPasskey,
    responses((status = 201, body = PasskeyView),
        (status = 400, description = "`validation` of the name", body = ErrorBody),
        (status = 409, description = "`passkey_known`, `too_many_passkeys`, `passkeys_need_a_name`", body = ErrorBody),
        (status = 422, description = "`bad_passkey`", body = ErrorBody)))]
async fn post_finish(
    State(app): State<AppState>,
    caller: Caller,
    Json(request): Json<FinishPasskey>,
) -> Result<(StatusCode, Json<PasskeyView>), ApiError> {
    let added = add::finish(&app, &caller, request).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// Give a passkey another name.
#[utoipa::path(patch, path = "/auth/passkeys/{id}", tag = "accounts", operation_id = "renamePasskey",
    params(("id" = PasskeyId, Path)), security(("bearer" = [])), request_body = RenamePasskey,
    responses((status = 200, body = PasskeyView),
        (status = 400, description = "`validation` of the name", body = ErrorBody),
        (status = 404, description = "no such passkey of the caller", body = ErrorBody)))]
async fn patch_passkey(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<PasskeyId>,
    Json(request): Json<RenamePasskey>,
) -> Result<Json<PasskeyView>, ApiError> {
    Ok(Json(tend::rename(&app, &caller, id, &request.name).await?))
}

/// Take a passkey away, with the password. Ends the logins that were begun with it, but this one.
#[utoipa::path(post, path = "/auth/passkeys/{id}/remove", tag = "accounts", operation_id = "removePasskey",
    params(("id" = PasskeyId, Path)), security(("bearer" = [])), request_body = PasswordRequest,
    responses((status = 204, description = "removed, or was gone"),
        (status = 422, description = "`wrong_password`", body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody)))]
async fn post_remove(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    caller: Caller,
    Path(id): Path<PasskeyId>,
    Json(request): Json<PasswordRequest>,
) -> Result<StatusCode, ApiError> {
    app.limiters.login(ip, &caller.user.to_string())?;
    tend::remove(&app, &caller, id, request.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begin to log in with a passkey: what to ask the browser for. No name is needed.
#[utoipa::path(post, path = "/auth/login/passkey", tag = "accounts", operation_id = "beginPasskeyLogin",
    responses((status = 200, body = PasskeyQuestion),
        (status = 409, description = "`passkeys_need_a_name`: the server has none", body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody)))]
async fn post_login(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
) -> Result<Json<PasskeyQuestion>, ApiError> {
    app.limiters.passkey(ip)?;
    Ok(Json(enter::begin(&app).await?))
}

/// Log in with what the browser gave. Neither password nor second factor is asked for.
#[utoipa::path(post, path = "/auth/login/passkey/finish", tag = "accounts", operation_id = "finishPasskeyLogin",
    request_body = PasskeyLogin,
    responses((status = 200, body = LoginResponse),
        (status = 401, description = "`bad_passkey`, whatever the reason", body = ErrorBody),
        (status = 409, description = "`passkeys_need_a_name`: the server has none", body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody)))]
async fn post_login_finish(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    Json(request): Json<PasskeyLogin>,
) -> Result<Json<LoginResponse>, ApiError> {
    app.limiters.passkey(ip)?;
    Ok(Json(enter::finish(&app, request).await?))
}
