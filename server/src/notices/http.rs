//! The outbox and the templates, for administrators; news, for who sells tickets.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::error::ErrorBody;
use shared::api::notices::{Announce, AnnouncementView, MailPreview, NoticeView, TemplateView};
use shared::api::page::Page;
use shared::ids::EventId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::holders::{self, Announcement};
use super::ink::Ink;
use super::mail::Mail;
use super::model::{Notice, Status};
use crate::app::{App, AppState};
use crate::error::ApiError;
use crate::events;
use crate::platform::db::Query;
use crate::platform::http::{Caller, Json, PageParams, Path};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_notices))
        .routes(routes!(list_templates))
        .routes(routes!(preview_template))
        .routes(routes!(list_announcements, post_announcement))
}

/// Lists the mails of the outbox, newest first. Administrators only.
///
/// Where no mail server is configured this is how mails are read, links and all. Where one is, links
/// that open an account are left out: they are for their readers.
#[utoipa::path(get, path = "/notices", tag = "notices", params(PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<NoticeView>), (status = 403, body = ErrorBody)))]
async fn list_notices(
    State(app): State<AppState>,
    caller: Caller,
    page: PageParams,
) -> Result<Json<Page<NoticeView>>, ApiError> {
    caller.require_admin()?;
    let query = Query::on("by_time").descending();
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<Notice>(&query).await?;
    let items = found.items.iter().map(|notice| view(&app, notice));
    Ok(Json(Page {
        items: items.collect(),
        next_cursor: found.next,
    }))
}

/// Lists the kinds of mail there are. Administrators only.
#[utoipa::path(get, path = "/notices/templates", tag = "notices", security(("bearer" = [])),
    responses((status = 200, body = Page<TemplateView>), (status = 403, body = ErrorBody)))]
async fn list_templates(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<Page<TemplateView>>, ApiError> {
    caller.require_admin()?;
    let items = Mail::samples().into_iter().map(|mail| TemplateView {
        name: mail.name().to_owned(),
        topic: mail.topic(),
        subject: mail.letter(without_links(&app)).render(None).subject,
    });
    Ok(Json(Page {
        items: items.collect(),
        next_cursor: None,
    }))
}

/// Shows a kind of mail with invented people. Administrators only.
#[utoipa::path(get, path = "/notices/templates/{name}/preview", tag = "notices",
    params(("name" = String, Path)), security(("bearer" = [])),
    responses((status = 200, body = MailPreview), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn preview_template(
    State(app): State<AppState>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<MailPreview>, ApiError> {
    caller.require_admin()?;
    let mail = Mail::samples().into_iter().find(|mail| mail.name() == name);
    let mail = mail.ok_or_else(|| ApiError::not_found("template"))?;
    let stop = format!("{}/unsubscribe/…", app.config.public_url);
    let stop = mail.topic().map(|_| stop.as_str());
    let letter = mail.letter(without_links(&app)).render(stop);
    Ok(Json(MailPreview {
        subject: letter.subject,
        text: letter.text,
        html: letter.html,
    }))
}

/// Lists what everybody who has a ticket for the event was told, newest first.
#[utoipa::path(get, path = "/events/{id}/announcements", tag = "notices",
    params(("id" = EventId, Path), PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<AnnouncementView>), (status = 404, body = ErrorBody)))]
async fn list_announcements(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    page: PageParams,
) -> Result<Json<Page<AnnouncementView>>, ApiError> {
    events::owned_event(&app.db, &caller, id).await?;
    let query = Query::on("by_event").eq(id).descending();
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<Announcement>(&query).await?;
    let items = found.items.iter().map(|said| announcement_view(&app, said));
    Ok(Json(Page {
        items: items.collect(),
        next_cursor: found.next,
    }))
}

/// Tells everybody who has a ticket for the event, by mail, once each.
#[utoipa::path(post, path = "/events/{id}/announcements", tag = "notices", request_body = Announce,
    params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 202, body = AnnouncementView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn post_announcement(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    Json(wanted): Json<Announce>,
) -> Result<(StatusCode, Json<AnnouncementView>), ApiError> {
    let said = holders::news(&app, &caller, id, &wanted.words).await?;
    Ok((StatusCode::ACCEPTED, Json(announcement_view(&app, &said))))
}

fn announcement_view(app: &App, said: &Announcement) -> AnnouncementView {
    let letter = said.mail.letter(without_links(app)).render(None);
    AnnouncementView {
        id: said.id.clone(),
        subject: letter.subject,
        text: letter.text,
        at: said.at,
    }
}

fn without_links(app: &App) -> Ink<'_> {
    Ink {
        public_url: &app.config.public_url,
        vault: None,
    }
}

fn view(app: &App, notice: &Notice) -> NoticeView {
    let ink = Ink {
        vault: app.mail.is_none().then_some(&app.vault),
        ..without_links(app)
    };
    let letter = notice.mail.letter(ink).render(None);
    NoticeView {
        id: notice.id.clone(),
        recipient: notice.recipient.clone(),
        template: notice.mail.name().to_owned(),
        subject: letter.subject,
        text: letter.text,
        status: notice.status.view(),
        tries: notice.tries,
        why: match &notice.status {
            Status::Refused { why, .. } => Some(why.clone()),
            Status::Kept | Status::Waiting | Status::Sent { .. } | Status::Unwanted { .. } => None,
        },
        created_at: notice.created_at,
    }
}
