//! `/events` and what hangs below it.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::api::error::ErrorBody;
use shared::api::events::{
    CreateEvent, CreateGate, CreateTicketClass, EventView, GateView, TicketClassView, UpdateEvent,
};
use shared::api::organizations::{MoveEvent, Right};
use shared::api::page::Page;
use shared::api::selling::{PriceMoveView, UpdateTicketClass};
use shared::ids::{ClassId, EventId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view::{class_view, gate_view};
use super::{add_class, add_gate, classes_of, gates_of, offers_of, visible_event};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::attempt::IdempotencyKey;
use crate::platform::http::{Caller, Json, MaybeCaller, PageParams, Path, Query};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, edit))
        .routes(routes!(give))
        .routes(routes!(publish))
        .routes(routes!(approve))
        .routes(routes!(list_classes, create_class))
        .routes(routes!(edit_class))
        .routes(routes!(price_trail))
        .routes(routes!(list_gates, create_gate))
        .merge(super::check_in::http::routes())
        .merge(super::blueprint::http::routes())
        .merge(super::versions::http::routes())
        .merge(super::archive::http::routes())
}

#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// `true`: my own events, drafts too.
    #[serde(default)]
    mine: bool,
}

/// Lists published events that are not over, or all of my own.
#[utoipa::path(get, path = "/events", tag = "events", params(PageParams, Filter), security((), ("bearer" = [])),
    responses((status = 200, body = Page<EventView>), (status = 401, body = ErrorBody)))]
async fn list(
    State(app): State<AppState>,
    MaybeCaller(caller): MaybeCaller,
    Query(filter): Query<Filter>,
    page: PageParams,
) -> Result<Json<Page<EventView>>, ApiError> {
    let mine = match (filter.mine, &caller) {
        (false, _) => None,
        (true, Some(caller)) if caller.scopes.has(Right::View) => Some(caller),
        (true, Some(_)) => return Err(ApiError::forbidden("This API key is not for that.")),
        (true, None) => {
            return Err(ApiError::unauthorized(
                "unauthenticated",
                "Log in to see your events.",
            ));
        }
    };
    Ok(Json(super::list(&app, mine, &page).await?))
}

/// Makes a draft; the caller becomes an organizer.
#[utoipa::path(post, path = "/events", tag = "events", request_body = CreateEvent,
    params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = EventView, headers(("ETag" = String))), (status = 400, body = ErrorBody)))]
async fn create(
    State(app): State<AppState>,
    caller: Caller,
    key: IdempotencyKey,
    Json(wanted): Json<CreateEvent>,
) -> Result<Response, ApiError> {
    let attempt = key.attempt("events", caller.user, &wanted)?;
    let event = super::create(&app, caller, wanted, attempt).await?;
    Ok((StatusCode::CREATED, tagged(&event)).into_response())
}

/// Shows one event. Drafts exist only for their organizer.
#[utoipa::path(get, path = "/events/{id}", tag = "events", params(("id" = EventId, Path)), security((), ("bearer" = [])),
    responses((status = 200, body = EventView, headers(("ETag" = String))), (status = 404, body = ErrorBody)))]
async fn show(
    State(app): State<AppState>,
    MaybeCaller(caller): MaybeCaller,
    Path(id): Path<EventId>,
) -> Result<Response, ApiError> {
    Ok(tagged(&super::show(&app, caller.as_ref(), id).await?))
}

/// Changes the fields that are named. `If-Match` with the `ETag` refuses to overwrite what you
/// have not seen.
#[utoipa::path(patch, path = "/events/{id}", tag = "events", request_body = UpdateEvent,
    params(("id" = EventId, Path), ("If-Match" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 200, body = EventView, headers(("ETag" = String))), (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody), (status = 412, body = ErrorBody)))]
async fn edit(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    headers: HeaderMap,
    Json(changes): Json<UpdateEvent>,
) -> Result<Response, ApiError> {
    let seen = if_match(&headers);
    Ok(tagged(&super::edit(&app, caller, id, changes, seen).await?))
}

/// Gives the event to an organization. Needs the right to change the team of its present owner, and to
/// make events for the next.
#[utoipa::path(put, path = "/events/{id}/organization", tag = "events", request_body = MoveEvent,
    params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = EventView, headers(("ETag" = String))), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn give(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    Json(to): Json<MoveEvent>,
) -> Result<Response, ApiError> {
    Ok(tagged(&super::give(&app, caller, id, to).await?))
}

/// Publishes a draft that has what it needs, or submits it for approval.
#[utoipa::path(post, path = "/events/{id}/publish", tag = "events", params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = EventView, headers(("ETag" = String))), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn publish(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Response, ApiError> {
    Ok(tagged(&super::publish(&app, caller, id).await?))
}

/// Approves a submitted event: with `If-Match`, exactly the version that was looked at. Administrators only.
#[utoipa::path(post, path = "/events/{id}/approve", tag = "events",
    params(("id" = EventId, Path), ("If-Match" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 200, body = EventView, headers(("ETag" = String))), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody), (status = 412, body = ErrorBody)))]
async fn approve(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let seen = if_match(&headers);
    Ok(tagged(&super::approve(&app, caller, id, seen).await?))
}

/// Lists the event's ticket classes.
#[utoipa::path(get, path = "/events/{id}/ticket-classes", tag = "events", params(("id" = EventId, Path)), security((), ("bearer" = [])),
    responses((status = 200, body = Page<TicketClassView>), (status = 404, body = ErrorBody)))]
async fn list_classes(
    State(app): State<AppState>,
    MaybeCaller(caller): MaybeCaller,
    Path(id): Path<EventId>,
) -> Result<Json<Page<TicketClassView>>, ApiError> {
    let event = visible_event(&app.db, caller.as_ref(), id).await?;
    let classes = classes_of(&app.db, id).await?;
    let offers = offers_of(&app.db, classes, app.clock.now()).await?;
    let items = offers.iter().map(|offer| class_view(&event, offer));
    Ok(whole(items.collect()))
}

/// Adds a ticket class.
#[utoipa::path(post, path = "/events/{id}/ticket-classes", tag = "events", request_body = CreateTicketClass,
    params(("id" = EventId, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = TicketClassView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn create_class(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    key: IdempotencyKey,
    Json(wanted): Json<CreateTicketClass>,
) -> Result<(StatusCode, Json<TicketClassView>), ApiError> {
    let attempt = key.attempt(&format!("events/{id}/ticket-classes"), caller.user, &wanted)?;
    let class = add_class(&app, caller, id, wanted, attempt).await?;
    Ok((StatusCode::CREATED, Json(class)))
}

/// Changes how a ticket class is sold. What buyers hold already stays as it was held.
#[utoipa::path(patch, path = "/events/{id}/ticket-classes/{classId}", tag = "events", request_body = UpdateTicketClass,
    params(("id" = EventId, Path), ("classId" = ClassId, Path)), security(("bearer" = [])),
    responses((status = 200, body = TicketClassView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn edit_class(
    State(app): State<AppState>,
    caller: Caller,
    Path((event, class)): Path<(EventId, ClassId)>,
    Json(changes): Json<UpdateTicketClass>,
) -> Result<Json<TicketClassView>, ApiError> {
    Ok(Json(
        super::edit_class(&app, caller, event, class, changes).await?,
    ))
}

/// Lists what a class' price was, newest first: every edit, and every other price that was held.
#[utoipa::path(get, path = "/events/{id}/ticket-classes/{classId}/prices", tag = "events",
    params(("id" = EventId, Path), ("classId" = ClassId, Path), PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<PriceMoveView>), (status = 404, body = ErrorBody)))]
async fn price_trail(
    State(app): State<AppState>,
    caller: Caller,
    Path((event, class)): Path<(EventId, ClassId)>,
    page: PageParams,
) -> Result<Json<Page<PriceMoveView>>, ApiError> {
    Ok(Json(
        super::price_trail(&app, &caller, event, class, &page).await?,
    ))
}

/// Lists the event's gates.
#[utoipa::path(get, path = "/events/{id}/gates", tag = "events", params(("id" = EventId, Path)), security((), ("bearer" = [])),
    responses((status = 200, body = Page<GateView>), (status = 404, body = ErrorBody)))]
async fn list_gates(
    State(app): State<AppState>,
    MaybeCaller(caller): MaybeCaller,
    Path(id): Path<EventId>,
) -> Result<Json<Page<GateView>>, ApiError> {
    let event = visible_event(&app.db, caller.as_ref(), id).await?;
    let gates = gates_of(&app.db, id).await?;
    let items = gates.iter().map(|gate| gate_view(&event, gate));
    Ok(whole(items.collect()))
}

/// Adds a gate.
#[utoipa::path(post, path = "/events/{id}/gates", tag = "events", request_body = CreateGate,
    params(("id" = EventId, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = GateView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn create_gate(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    key: IdempotencyKey,
    Json(wanted): Json<CreateGate>,
) -> Result<(StatusCode, Json<GateView>), ApiError> {
    let attempt = key.attempt(&format!("events/{id}/gates"), caller.user, &wanted)?;
    let gate = add_gate(&app, caller, id, wanted, attempt).await?;
    Ok((StatusCode::CREATED, Json(gate)))
}

/// A short list is one page.
fn whole<T>(items: Vec<T>) -> Json<Page<T>> {
    Json(Page {
        items,
        next_cursor: None,
    })
}

pub(crate) fn tagged(event: &EventView) -> Response {
    with_tag(event.revision, Json(event).into_response())
}

pub(crate) fn with_tag(revision: u64, mut response: Response) -> Response {
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{revision}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The revisions in `If-Match`. `*` and no header ask for nothing; a tag that is not ours matches
/// no revision.
pub(crate) fn if_match(headers: &HeaderMap) -> Option<Vec<u64>> {
    let value = headers.get(header::IF_MATCH)?;
    let Ok(text) = value.to_str() else {
        return Some(Vec::new());
    };
    if text.trim() == "*" {
        return None;
    }
    let tags = text.split(',').map(|tag| tag.trim().trim_matches('"'));
    Some(tags.filter_map(|tag| tag.parse().ok()).collect())
}
