//! `/claimed-tickets`.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::api::error::ErrorBody;
use shared::api::page::Page;
use shared::api::tickets::{
    AnswersView, BindRequest, BlockTicket, BlockView, Bound, ClaimRequest, ClaimedTicketView,
    IssuedTicketView, LinkMedium, MediumView, ReissueRequest, Reissued, SetAnswers, TicketNote,
};
use shared::ids::{ClaimedTicketId, EventId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::draw::{Format, Tagged};
use super::{
    answers, bind, block, claim, find, media, note, paper, pre_check_in, reissue, revoke, transfer,
};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::attempt::IdempotencyKey;
use crate::platform::http::{Caller, Json, PageParams, Path, Query, as_pdf};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(claim_ticket))
        .routes(routes!(list_tickets))
        .routes(routes!(show_ticket))
        .routes(routes!(show_qr))
        .routes(routes!(print_ticket))
        .routes(routes!(revoke_ticket))
        .routes(routes!(reissue_ticket))
        .routes(routes!(bind_ticket))
        .routes(routes!(show_answers, set_answers))
        .routes(routes!(set_note))
        .routes(routes!(block_ticket, unblock_ticket))
        .routes(routes!(list_media))
        .routes(routes!(link_medium))
        .merge(pre_check_in::http::routes())
        .merge(transfer::http::routes())
}

/// Claims a paid ticket for a named attendee: its signed code is minted now.
#[utoipa::path(post, path = "/claimed-tickets/claim", tag = "tickets", request_body = ClaimRequest,
    params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = ClaimedTicketView), (status = 200, description = "Claimed before for the same attendee", body = ClaimedTicketView),
        (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn claim_ticket(
    State(app): State<AppState>,
    caller: Caller,
    key: IdempotencyKey,
    Json(request): Json<ClaimRequest>,
) -> Result<(StatusCode, Json<ClaimedTicketView>), ApiError> {
    let attempt = key.attempt("claimed-tickets/claim", caller.user, &request)?;
    let claimed = claim::claim(&app, &caller, request, attempt, app.clock.now()).await?;
    let status = if claimed.is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(claimed.view)))
}

/// Lists my tickets, the newest first.
#[utoipa::path(get, path = "/claimed-tickets", tag = "tickets", params(PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<ClaimedTicketView>)))]
async fn list_tickets(
    State(app): State<AppState>,
    caller: Caller,
    page: PageParams,
) -> Result<Json<Page<ClaimedTicketView>>, ApiError> {
    Ok(Json(
        find::list(&app, &caller, &page, app.clock.now()).await?,
    ))
}

/// Shows a ticket to its holder.
#[utoipa::path(get, path = "/claimed-tickets/{id}", tag = "tickets", params(("id" = ClaimedTicketId, Path)), security(("bearer" = [])),
    responses((status = 200, body = ClaimedTicketView), (status = 404, body = ErrorBody)))]
async fn show_ticket(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
) -> Result<Json<ClaimedTicketView>, ApiError> {
    Ok(Json(find::show(&app, &caller, id, app.clock.now()).await?))
}

#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ImageParams {
    #[serde(default)]
    format: Format,
}

/// The ticket's QR code, for its holder.
#[utoipa::path(get, path = "/claimed-tickets/qr/{id}", tag = "tickets", params(("id" = ClaimedTicketId, Path), ImageParams), security(("bearer" = [])),
    responses((status = 200, content((Vec<u8> = "image/png"), (String = "image/svg+xml"))), (status = 304, description = "Not changed"),
        (status = 404, body = ErrorBody)))]
async fn show_qr(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
    Query(wanted): Query<ImageParams>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let ticket = Tagged::of(&app, &caller, id, wanted.format, app.clock.now()).await?;
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|tag| tag.to_str().ok());
    let headers = [
        (
            header::ETAG,
            HeaderValue::from_str(&ticket.tag).map_err(ApiError::internal)?,
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, max-age=300"),
        ),
    ];
    if known.is_some_and(|known| known.contains(&ticket.tag)) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let content_type = [(header::CONTENT_TYPE, wanted.format.content_type())];
    Ok((headers, content_type, ticket.draw()?).into_response())
}

/// The ticket on a page to print, for its holder.
#[utoipa::path(get, path = "/claimed-tickets/{id}/pdf", tag = "tickets", params(("id" = ClaimedTicketId, Path)), security(("bearer" = [])),
    responses((status = 200, content((Vec<u8> = "application/pdf"))), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn print_ticket(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
) -> Result<Response, ApiError> {
    let pdf = paper::pdf(&app, &caller, id, app.clock.now()).await?;
    Ok(as_pdf("ticket.pdf", pdf))
}

/// Revokes a ticket, for its event's organizer. The gates learn of it at their next sync.
#[utoipa::path(post, path = "/claimed-tickets/{id}/revoke", tag = "tickets", params(("id" = ClaimedTicketId, Path)), security(("bearer" = [])),
    responses((status = 200, body = IssuedTicketView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn revoke_ticket(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
) -> Result<Json<IssuedTicketView>, ApiError> {
    Ok(Json(
        revoke::revoke(&app, &caller, id, app.clock.now()).await?,
    ))
}

/// Issues a ticket again, for its holder or its event's organizer: a new code, a new page, and the
/// old ones are dead. Gates learn of it at their next sync, or when they see the new code.
#[utoipa::path(post, path = "/claimed-tickets/{id}/reissue", tag = "tickets", request_body = ReissueRequest,
    params(("id" = ClaimedTicketId, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 200, body = Reissued), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn reissue_ticket(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
    key: IdempotencyKey,
    Json(request): Json<ReissueRequest>,
) -> Result<Json<Reissued>, ApiError> {
    let route = format!("claimed-tickets/{id}/reissue");
    let attempt = key.attempt(&route, caller.user, &request)?;
    let now = app.clock.now();
    Ok(Json(
        reissue::reissue(&app, &caller, id, request, attempt, now).await?,
    ))
}

/// What was answered for this ticket, and what is still open. For its holder and the organizer.
#[utoipa::path(get, path = "/claimed-tickets/{id}/answers", tag = "tickets", params(("id" = ClaimedTicketId, Path)), security(("bearer" = [])),
    responses((status = 200, body = AnswersView), (status = 404, body = ErrorBody)))]
async fn show_answers(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
) -> Result<Json<AnswersView>, ApiError> {
    Ok(Json(answers::show(&app, &caller, id).await?))
}

/// Answers questions of the event ahead of the gate, some or all: whoever has answered all is not
/// asked there. The answer to each wrong one is a field of the error, by the question's id.
#[utoipa::path(put, path = "/claimed-tickets/{id}/answers", tag = "tickets", request_body = SetAnswers,
    params(("id" = ClaimedTicketId, Path)), security(("bearer" = [])),
    responses((status = 200, body = AnswersView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn set_answers(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
    Json(wanted): Json<SetAnswers>,
) -> Result<Json<AnswersView>, ApiError> {
    let now = app.clock.now();
    Ok(Json(answers::set(&app, &caller, id, wanted, now).await?))
}

/// Puts a ticket on a wristband or card, for its event's organizer: what was shown before is dead.
#[utoipa::path(post, path = "/claimed-tickets/{id}/bind", tag = "tickets", request_body = BindRequest,
    params(("id" = ClaimedTicketId, Path)), security(("bearer" = [])),
    responses((status = 200, body = Bound), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn bind_ticket(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
    Json(request): Json<BindRequest>,
) -> Result<Json<Bound>, ApiError> {
    let now = app.clock.now();
    Ok(Json(bind::bind(&app, &caller, id, &request, now).await?))
}

/// What staff are to know when this ticket is scanned. For its event's organizer.
#[utoipa::path(put, path = "/claimed-tickets/{id}/note", tag = "tickets", request_body = TicketNote,
    params(("id" = ClaimedTicketId, Path)), security(("bearer" = [])),
    responses((status = 200, body = TicketNote), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn set_note(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
    Json(wanted): Json<TicketNote>,
) -> Result<Json<TicketNote>, ApiError> {
    let now = app.clock.now();
    Ok(Json(note::set(&app, &caller, id, wanted, now).await?))
}

/// Stops a ticket at the gates, for its event's organizer: it is not voided, only not let in, and
/// staff read why. The gates have it with their next sync.
#[utoipa::path(put, path = "/claimed-tickets/{id}/block", tag = "tickets", request_body = BlockTicket,
    params(("id" = ClaimedTicketId, Path)), security(("bearer" = [])),
    responses((status = 200, body = BlockView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn block_ticket(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
    Json(wanted): Json<BlockTicket>,
) -> Result<Json<BlockView>, ApiError> {
    let now = app.clock.now();
    Ok(Json(block::block(&app, &caller, id, wanted, now).await?))
}

/// Lets a blocked ticket go. For its event's organizer.
#[utoipa::path(delete, path = "/claimed-tickets/{id}/block", tag = "tickets",
    params(("id" = ClaimedTicketId, Path)), security(("bearer" = [])),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn unblock_ticket(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
) -> Result<StatusCode, ApiError> {
    block::unblock(&app, &caller, id, app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the event's wristbands and cards. For its organizer.
#[utoipa::path(get, path = "/events/{id}/media", tag = "tickets", params(("id" = EventId, Path), PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<MediumView>), (status = 404, body = ErrorBody)))]
async fn list_media(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    page: PageParams,
) -> Result<Json<Page<MediumView>>, ApiError> {
    Ok(Json(media::list(&app, &caller, id, &page).await?))
}

/// Says which tickets a wristband or card stands for. For the event's organizer; the gates have it
/// with their next sync.
#[utoipa::path(put, path = "/events/{id}/media/{medium}", tag = "tickets", request_body = LinkMedium,
    params(("id" = EventId, Path), ("medium" = String, Path)), security(("bearer" = [])),
    responses((status = 200, body = MediumView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn link_medium(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, medium)): Path<(EventId, String)>,
    Json(wanted): Json<LinkMedium>,
) -> Result<Json<MediumView>, ApiError> {
    let now = app.clock.now();
    Ok(Json(
        media::link(&app, &caller, id, &medium, wanted, now).await?,
    ))
}
