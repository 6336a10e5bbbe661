//! The routes of the second factor.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::accounts::{ConfirmTotp, EndTotp, PasswordRequest, RecoveryCodes, TotpEnrolment};
use shared::api::error::ErrorBody;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::enrol;
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, ClientIp, Json};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(post_totp))
        .routes(routes!(post_confirm))
        .routes(routes!(post_end))
}

/// Begin with a second factor: the secret for an authenticator app. Nothing changes at login yet.
#[utoipa::path(post, path = "/auth/totp", tag = "accounts", operation_id = "beginTotp",
    security(("bearer" = [])), request_body = PasswordRequest,
    responses((status = 200, body = TotpEnrolment),
        (status = 409, description = "`second_factor_on` already", body = ErrorBody),
        (status = 422, description = "`wrong_password`", body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody)))]
async fn post_totp(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    caller: Caller,
    Json(request): Json<PasswordRequest>,
) -> Result<Json<TotpEnrolment>, ApiError> {
    app.limiters.login(ip, &caller.user.to_string())?;
    Ok(Json(enrol::begin(&app, &caller, request.password).await?))
}

/// Switch it on with a first code. The recovery codes are shown now and never again.
#[utoipa::path(post, path = "/auth/totp/confirm", tag = "accounts", operation_id = "confirmTotp",
    security(("bearer" = [])), request_body = ConfirmTotp,
    responses((status = 200, body = RecoveryCodes),
        (status = 409, description = "`second_factor_on` already", body = ErrorBody),
        (status = 422, description = "`bad_code`", body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody)))]
async fn post_confirm(
    State(app): State<AppState>,
    caller: Caller,
    Json(request): Json<ConfirmTotp>,
) -> Result<Json<RecoveryCodes>, ApiError> {
    app.limiters.second_factor(&caller.user.to_string())?;
    Ok(Json(enrol::confirm(&app, &caller, &request.code).await?))
}

/// Switch it off, with the password and a code.
#[utoipa::path(post, path = "/auth/totp/end", tag = "accounts", operation_id = "endTotp",
    security(("bearer" = [])), request_body = EndTotp,
    responses((status = 204, description = "off"),
        (status = 422, description = "`wrong_password`, `bad_code`", body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody)))]
async fn post_end(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    caller: Caller,
    Json(request): Json<EndTotp>,
) -> Result<StatusCode, ApiError> {
    app.limiters.login(ip, &caller.user.to_string())?;
    app.limiters.second_factor(&caller.user.to_string())?;
    enrol::end(&app, &caller, request.password, &request.code).await?;
    Ok(StatusCode::NO_CONTENT)
}
