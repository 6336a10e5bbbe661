//! The routes of accounts.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::accounts::{
    ChangePasswordRequest, ForgotRequest, LoginRequest, LoginResponse, LogoutRequest,
    RefreshRequest, RegisterRequest, ResetRequest, UserView, VerifyRequest,
};
use shared::api::error::ErrorBody;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::login::login;
use super::refresh::refresh;
use super::register::register;
use super::session::{Which, logout, logout_everywhere};
use super::{credentials, password, verify};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, ClientIp, Json, MaybeCaller};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(post_register))
        .routes(routes!(post_login))
        .routes(routes!(post_refresh))
        .routes(routes!(post_logout))
        .routes(routes!(post_logout_everywhere))
        .routes(routes!(post_verify))
        .routes(routes!(post_resend))
        .routes(routes!(post_forgot))
        .routes(routes!(post_reset))
        .routes(routes!(post_change))
        .merge(super::own::http::routes())
        .merge(super::keys::http::routes())
        .merge(super::second_factor::http::routes())
        .merge(super::passkeys::http::routes())
}

/// Make an account.
#[utoipa::path(post, path = "/auth/register", tag = "accounts", operation_id = "register",
    request_body = RegisterRequest,
    responses(
        (status = 201, body = UserView),
        (status = 400, description = "`validation`: per field", body = ErrorBody),
        (status = 409, description = "`taken`: name or e-mail", body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody),
    ))]
async fn post_register(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    Json(request): Json<RegisterRequest>,
) -> Result<(StatusCode, Json<UserView>), ApiError> {
    app.limiters.register(ip)?;
    let user = register(&app, request).await?;
    Ok((StatusCode::CREATED, Json(user)))
}

/// Log in, by user name or e-mail address.
#[utoipa::path(post, path = "/auth/login", tag = "accounts", operation_id = "login",
    request_body = LoginRequest,
    responses(
        (status = 200, body = LoginResponse),
        (status = 401, description = "`bad_credentials`; `code_wanted`, `bad_code`: of the second factor", body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody),
    ))]
async fn post_login(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    Json(request): Json<LoginRequest>,
) -> Result<Json<LoginResponse>, ApiError> {
    app.limiters
        .login(ip, &credentials::key(&request.username))?;
    Ok(Json(login(&app, request).await?))
}

/// Trade a refresh token, once, for a new pair of tokens.
///
/// A token that comes a second time ends its whole session.
#[utoipa::path(post, path = "/auth/refresh", tag = "accounts", operation_id = "refresh",
    request_body = RefreshRequest,
    responses(
        (status = 200, body = LoginResponse),
        (status = 401, description = "`bad_refresh_token`", body = ErrorBody),
    ))]
async fn post_refresh(
    State(app): State<AppState>,
    Json(request): Json<RefreshRequest>,
) -> Result<Json<LoginResponse>, ApiError> {
    Ok(Json(refresh(&app, &request.refresh_token).await?))
}

/// End a session: the one of the refresh token in the body, else the caller's own.
///
/// The refresh token is proof enough: logging out works when the access token has run out.
#[utoipa::path(post, path = "/auth/logout", tag = "accounts", operation_id = "logout",
    security((), ("bearer" = [])),
    request_body(content = Option<LogoutRequest>),
    responses(
        (status = 204, description = "ended, or was over already"),
        (status = 400, description = "neither a refresh token nor an access token", body = ErrorBody),
        (status = 401, description = "no refresh token, and an access token that is not valid", body = ErrorBody),
    ))]
async fn post_logout(
    State(app): State<AppState>,
    // A bad access token is no matter when a refresh token came too.
    caller: Result<MaybeCaller, ApiError>,
    body: Option<Json<LogoutRequest>>,
) -> Result<StatusCode, ApiError> {
    let which = match body.and_then(|Json(body)| body.refresh_token) {
        Some(token) => Which::ByRefreshToken(token),
        None => match caller?.0 {
            Some(caller) => Which::Of(caller.session),
            None => {
                return Err(ApiError::field(
                    "refreshToken",
                    "must be here, or an access token in the Authorization header",
                ));
            }
        },
    };
    logout(&app, which).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all of the caller's sessions, this one too.
#[utoipa::path(post, path = "/auth/logout/all", tag = "accounts", operation_id = "logoutEverywhere",
    security(("bearer" = [])),
    responses((status = 204, description = "ended; access tokens run out within minutes")))]
async fn post_logout_everywhere(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<StatusCode, ApiError> {
    logout_everywhere(&app, caller.user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Confirm an e-mail address, with the token of the mailed link.
#[utoipa::path(post, path = "/auth/verify-email", tag = "accounts", operation_id = "verifyEmail",
    request_body = VerifyRequest,
    responses(
        (status = 204, description = "confirmed"),
        (status = 400, description = "`bad_link`: unknown, spent or too old", body = ErrorBody),
    ))]
async fn post_verify(
    State(app): State<AppState>,
    Json(request): Json<VerifyRequest>,
) -> Result<StatusCode, ApiError> {
    verify::verify(&app, &request.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mail the link again, if the address is not confirmed yet.
#[utoipa::path(post, path = "/auth/verify-email/resend", tag = "accounts", operation_id = "resendVerification",
    security(("bearer" = [])),
    responses(
        (status = 202, description = "at most five an hour; earlier links stay good"),
        (status = 429, description = "`rate_limited`", body = ErrorBody),
    ))]
async fn post_resend(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    caller: Caller,
) -> Result<StatusCode, ApiError> {
    app.limiters.mail(ip)?;
    verify::resend(&app, &caller).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Ask for a link to set a new password. The answer is the same for every address.
#[utoipa::path(post, path = "/auth/password/forgot", tag = "accounts", operation_id = "forgotPassword",
    request_body = ForgotRequest,
    responses(
        (status = 202, description = "mailed, if an account has this address"),
        (status = 400, description = "`validation`: not an address", body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody),
    ))]
async fn post_forgot(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    Json(request): Json<ForgotRequest>,
) -> Result<StatusCode, ApiError> {
    app.limiters.mail(ip)?;
    password::forgot(&app, &request.email).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Set a new password, with the token of the mailed link. Ends every login.
#[utoipa::path(post, path = "/auth/password/reset", tag = "accounts", operation_id = "resetPassword",
    request_body = ResetRequest,
    responses(
        (status = 204, description = "set"),
        (status = 400, description = "`bad_link`, or `validation` of the password", body = ErrorBody),
    ))]
async fn post_reset(
    State(app): State<AppState>,
    Json(request): Json<ResetRequest>,
) -> Result<StatusCode, ApiError> {
    password::reset(&app, &request.token, request.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set a new password, knowing the old one. Ends every other login.
#[utoipa::path(post, path = "/auth/password/change", tag = "accounts", operation_id = "changePassword",
    security(("bearer" = [])), request_body = ChangePasswordRequest,
    responses(
        (status = 204, description = "set"),
        (status = 400, description = "`validation` of the new password", body = ErrorBody),
        (status = 422, description = "`wrong_password`", body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody),
    ))]
async fn post_change(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    caller: Caller,
    Json(request): Json<ChangePasswordRequest>,
) -> Result<StatusCode, ApiError> {
    // Whoever has a stolen token guesses no faster here than at login.
    app.limiters.login(ip, &caller.user.to_string())?;
    password::change(&app, &caller, request.password, request.new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}
