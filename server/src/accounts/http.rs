//! The routes of accounts.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::accounts::{
    LoginRequest, LoginResponse, LogoutRequest, RefreshRequest, RegisterRequest, UserView,
};
use shared::api::error::ErrorBody;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::login::login;
use super::model::User;
use super::refresh::refresh;
use super::register::register;
use super::session::{Which, logout};
use super::{credentials, tokens::TokenError};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, ClientIp, Json, MaybeCaller};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(post_register))
        .routes(routes!(post_login))
        .routes(routes!(post_refresh))
        .routes(routes!(post_logout))
        .routes(routes!(get_me))
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
        (status = 401, description = "`bad_credentials`", body = ErrorBody),
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

/// The caller's own account.
#[utoipa::path(get, path = "/auth/me", tag = "accounts", operation_id = "me",
    security(("bearer" = [])),
    responses(
        (status = 200, body = UserView),
        (status = 401, body = ErrorBody),
    ))]
async fn get_me(State(app): State<AppState>, caller: Caller) -> Result<Json<UserView>, ApiError> {
    let user = app.db.get::<User>(&caller.user.to_string()).await?;
    // A token can outlive its account by minutes.
    let user = user.ok_or(TokenError::Invalid)?;
    Ok(Json(user.view()))
}
