//! The routes of API keys. A key cannot make or end keys.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::accounts::{ApiKeyView, CreateApiKey, FreshApiKey};
use shared::api::error::ErrorBody;
use shared::api::page::Page;
use shared::ids::ApiKeyId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::make;
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, Json, Path};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_keys, post_key))
        .routes(routes!(delete_key))
}

/// Lists the caller's API keys; the keys themselves are not shown again.
#[utoipa::path(get, path = "/auth/keys", tag = "accounts", operation_id = "listApiKeys",
    security(("bearer" = [])), responses((status = 200, body = Page<ApiKeyView>)))]
async fn list_keys(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<Page<ApiKeyView>>, ApiError> {
    let items = make::list(&app, &caller).await?;
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// Makes an API key, which is shown now and never again. Send it as a bearer token.
#[utoipa::path(post, path = "/auth/keys", tag = "accounts", operation_id = "createApiKey",
    security(("bearer" = [])), request_body = CreateApiKey,
    responses((status = 201, body = FreshApiKey), (status = 400, body = ErrorBody),
        (status = 409, description = "`too_many_keys`", body = ErrorBody)))]
async fn post_key(
    State(app): State<AppState>,
    caller: Caller,
    Json(wanted): Json<CreateApiKey>,
) -> Result<(StatusCode, Json<FreshApiKey>), ApiError> {
    let made = make::make(&app, &caller, wanted).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Revokes an API key, from the next request on.
#[utoipa::path(delete, path = "/auth/keys/{id}", tag = "accounts", operation_id = "revokeApiKey",
    params(("id" = ApiKeyId, Path)), security(("bearer" = [])),
    responses((status = 204, description = "revoked, or was gone")))]
async fn delete_key(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ApiKeyId>,
) -> Result<StatusCode, ApiError> {
    make::revoke(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
