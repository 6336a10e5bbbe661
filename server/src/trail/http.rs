//! `/journal`, for administrators, and the journals of events and organizations.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::json;
use shared::api::error::ErrorBody;
use shared::api::journal::JournalHeadView;
use shared::api::page::Page;
use shared::ids::{EventId, JournalId, OrganizationId};
use shared::journal::Line;
use tokio::sync::mpsc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::export::Sink;
use super::find::TrailFilter;
use super::{export, find};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, Json, PageParams, Path, Query};
use crate::platform::journal::{self, Actor, Entry};
use crate::{events, organizations};

/// Lines on their way to a slow reader.
const QUEUE: usize = 64;
const JSON_LINES: &str = "application/jsonl; charset=utf-8";

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_journal))
        .routes(routes!(show_head))
        .routes(routes!(export_journal))
        .routes(routes!(list_of_event))
        .routes(routes!(list_of_organization))
}

/// Lists the journal, newest first: who did what. One filter finds the entries, the others sift a page
/// of them: it may be short and still have a next one.
#[utoipa::path(get, path = "/journal", tag = "operations", params(PageParams, TrailFilter), security(("bearer" = [])),
    responses((status = 200, body = Page<Entry>), (status = 403, body = ErrorBody)))]
async fn list_journal(
    State(app): State<AppState>,
    caller: Caller,
    Query(filter): Query<TrailFilter>,
    page: PageParams,
) -> Result<Json<Page<Entry>>, ApiError> {
    caller.require_admin()?;
    Ok(Json(find::list(&app, None, &filter, &page).await?))
}

/// The last seal. Keep it elsewhere: `server journal verify --expect` then shows whether the journal was
/// cut or written anew.
#[utoipa::path(get, path = "/journal/head", tag = "operations", security(("bearer" = [])),
    responses((status = 200, body = JournalHeadView), (status = 403, body = ErrorBody)))]
async fn show_head(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<JournalHeadView>, ApiError> {
    caller.require_admin()?;
    Ok(Json(find::head(&app).await?))
}

/// The whole journal as JSON lines, for `server journal verify`. Leaves an entry.
#[utoipa::path(get, path = "/journal/export", tag = "operations", security(("bearer" = [])),
    responses((status = 200, body = String, content_type = "application/jsonl"), (status = 403, body = ErrorBody)))]
async fn export_journal(State(app): State<AppState>, caller: Caller) -> Result<Response, ApiError> {
    caller.require_admin()?;
    let now = app.clock.now();
    let id = JournalId::new(now, app.entropy.id10());
    let (actor, subject) = (
        Actor::User(caller.user),
        journal::subject("user", caller.user),
    );
    let entry = Entry::new(id, now, actor, "journal.exported", subject, json!({}));
    app.db.write(move |tx| journal::record(tx, &entry)).await?;
    let (to, from) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        if let Err(error) = export::write(&app.db, &mut Channel(to.clone())).await {
            tracing::error!(%error, "an export of the journal broke off");
            // The reader may have gone.
            to.send(Err(std::io::Error::other("the export broke off")))
                .await
                .ok();
        }
    });
    let lines = stream::unfold(from, async |mut from: mpsc::Receiver<_>| {
        Some((from.recv().await?, from))
    });
    let headers = [(header::CONTENT_TYPE, JSON_LINES)];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// Lists who did what with an event, newest first.
#[utoipa::path(get, path = "/events/{id}/journal", tag = "events", params(("id" = EventId, Path), PageParams, TrailFilter),
    security(("bearer" = [])), responses((status = 200, body = Page<Entry>), (status = 404, body = ErrorBody)))]
async fn list_of_event(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    Query(filter): Query<TrailFilter>,
    page: PageParams,
) -> Result<Json<Page<Entry>>, ApiError> {
    events::owned_event(&app.db, &caller, id).await?;
    let scope = journal::subject("event", id);
    Ok(Json(find::list(&app, Some(scope), &filter, &page).await?))
}

/// Lists who did what with an organization and its people, newest first. What was done with its events
/// is in their own journals.
#[utoipa::path(get, path = "/organizations/{id}/journal", tag = "organizations",
    params(("id" = OrganizationId, Path), PageParams, TrailFilter), security(("bearer" = [])),
    responses((status = 200, body = Page<Entry>), (status = 404, body = ErrorBody)))]
async fn list_of_organization(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
    Query(filter): Query<TrailFilter>,
    page: PageParams,
) -> Result<Json<Page<Entry>>, ApiError> {
    organizations::required(&app.db, &caller, id).await?;
    let scope = journal::subject("organization", id);
    Ok(Json(find::list(&app, Some(scope), &filter, &page).await?))
}

struct Channel(mpsc::Sender<Result<Bytes, std::io::Error>>);

impl Sink for Channel {
    async fn take(&mut self, line: Line) -> bool {
        let text = serde_json::to_vec(&line).map(|mut text| {
            text.push(b'\n');
            Bytes::from(text)
        });
        self.0.send(text.map_err(Into::into)).await.is_ok()
    }
}
