//! `/webhooks`.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::error::ErrorBody;
use shared::api::hooks::{CreateHook, HookCreated, HookMessageView, HookView};
use shared::api::page::Page;
use shared::ids::{HookId, HookMessageId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{find, register};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, Json, PageParams, Path};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_hooks, create_hook))
        .routes(routes!(remove_hook))
        .routes(routes!(ping_hook))
        .routes(routes!(hook_log))
        .routes(routes!(replay_message))
}

/// Tells my address what happens at one of my events, or at all of them. The secret that signs is
/// in this answer and nowhere else.
#[utoipa::path(post, path = "/webhooks", tag = "webhooks", request_body = CreateHook, security(("bearer" = [])),
    responses((status = 201, body = HookCreated), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn create_hook(
    State(app): State<AppState>,
    caller: Caller,
    Json(wanted): Json<CreateHook>,
) -> Result<(StatusCode, Json<HookCreated>), ApiError> {
    let now = app.clock.now();
    let created = register::create(&app, &caller, wanted, now).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// Lists my webhooks, without their secrets.
#[utoipa::path(get, path = "/webhooks", tag = "webhooks", params(PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<HookView>)))]
async fn list_hooks(
    State(app): State<AppState>,
    caller: Caller,
    page: PageParams,
) -> Result<Json<Page<HookView>>, ApiError> {
    Ok(Json(find::list(&app, &caller, &page).await?))
}

/// Removes a webhook: nothing more is sent.
#[utoipa::path(delete, path = "/webhooks/{id}", tag = "webhooks", params(("id" = HookId, Path)), security(("bearer" = [])),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn remove_hook(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<HookId>,
) -> Result<StatusCode, ApiError> {
    register::remove(&app, &caller, id, app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a ping, to try the address.
#[utoipa::path(post, path = "/webhooks/{id}/ping", tag = "webhooks", params(("id" = HookId, Path)), security(("bearer" = [])),
    responses((status = 202, body = HookMessageView), (status = 404, body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody)))]
async fn ping_hook(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<HookId>,
) -> Result<(StatusCode, Json<HookMessageView>), ApiError> {
    app.limiters.hook(&caller.user.to_string())?;
    let message = register::ping(&app, &caller, id, app.clock.now()).await?;
    Ok((StatusCode::ACCEPTED, Json(message)))
}

/// What was sent, what the address answered, and when it is tried next. The latest first.
#[utoipa::path(get, path = "/webhooks/{id}/messages", tag = "webhooks", params(("id" = HookId, Path), PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<HookMessageView>), (status = 404, body = ErrorBody)))]
async fn hook_log(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<HookId>,
    page: PageParams,
) -> Result<Json<Page<HookMessageView>>, ApiError> {
    Ok(Json(find::log(&app, &caller, id, &page).await?))
}

/// Sends a message again, with the same id and body.
#[utoipa::path(post, path = "/webhooks/{id}/messages/{messageId}/replay", tag = "webhooks",
    params(("id" = HookId, Path), ("messageId" = HookMessageId, Path)), security(("bearer" = [])),
    responses((status = 202, body = HookMessageView), (status = 404, body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody)))]
async fn replay_message(
    State(app): State<AppState>,
    caller: Caller,
    Path(ids): Path<(HookId, HookMessageId)>,
) -> Result<(StatusCode, Json<HookMessageView>), ApiError> {
    app.limiters.hook(&caller.user.to_string())?;
    let message = register::replay(&app, &caller, ids, app.clock.now()).await?;
    Ok((StatusCode::ACCEPTED, Json(message)))
}
