//! `/gate`, devices and redemptions. Sync bodies are postcard; everything else is JSON.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::admission::Verdict;
use shared::api::error::ErrorBody;
use shared::api::gate::{
    AnnulRequest, ConfirmDevice, ConflictView, CreateDevice, DeviceEnrolment, DeviceView,
    EnrolChallenge, EnrolRequest, EnrolResponse, ForceRequest, IssuingKeyView, RedemptionView,
    SetSupervisor, SupervisorView, ValidateCode, ValidationView, Way,
};
use shared::api::page::Page;
use shared::ids::{ClaimedTicketId, DeviceId, EventId, GateId};
use shared::limits::SYNC_BODY_BYTES_MAX;
use shared::trust::KeyStatus;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::validate::Place;
use super::{
    adopt, answers, confirm, conflicts, enrol, evict, fetch, fleet, invite, office, redemptions,
    rotate, scan_keys, shown, supervisors, sync, validate, watch,
};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::attempt::IdempotencyKey;
use crate::platform::http::extract::BINARY;
use crate::platform::http::{Binary, Caller, ClientIp, Json, PageParams, Path, Query};

pub fn routes() -> OpenApiRouter<AppState> {
    let binary = OpenApiRouter::new()
        .routes(routes!(sync_device))
        .routes(routes!(fetch_segments))
        .routes(routes!(fetch_scan_keys))
        .merge(watch::for_devices())
        .routes(routes!(take_answers))
        .layer(DefaultBodyLimit::max(SYNC_BODY_BYTES_MAX));
    OpenApiRouter::new()
        .routes(routes!(list_devices, invite_device))
        .routes(routes!(invite_device_again))
        .routes(routes!(show_device))
        .routes(routes!(confirm_device))
        .routes(routes!(evict_device))
        .routes(routes!(adopt_redemption))
        .routes(routes!(list_keys))
        .routes(routes!(retire_key))
        .routes(routes!(give_up_key))
        .routes(routes!(challenge_device))
        .routes(routes!(enrol_device))
        .routes(routes!(list_supervisors))
        .routes(routes!(set_supervisor, remove_supervisor))
        .routes(routes!(list_redemptions))
        .routes(routes!(list_conflicts))
        .merge(watch::routes())
        .routes(routes!(validate_ticket))
        .routes(routes!(validate_medium))
        .routes(routes!(validate_code))
        .routes(routes!(force_ticket))
        .routes(routes!(annul_ticket))
        .merge(binary)
}

/// Invites a device: a one-time code, shown once, good for ten minutes.
#[utoipa::path(post, path = "/events/{id}/devices", tag = "gate", request_body = CreateDevice,
    params(("id" = EventId, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = DeviceEnrolment), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn invite_device(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    key: IdempotencyKey,
    Json(wanted): Json<CreateDevice>,
) -> Result<(StatusCode, Json<DeviceEnrolment>), ApiError> {
    let attempt = key.attempt(&format!("events/{id}/devices"), caller.user, &wanted)?;
    let shown = invite::invite(&app, &caller, id, wanted, attempt, app.clock.now()).await?;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Lists the event's devices: who they are, how they are, how far their logs are known.
#[utoipa::path(get, path = "/events/{id}/devices", tag = "gate", params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = Page<DeviceView>), (status = 404, body = ErrorBody)))]
async fn list_devices(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Json<Page<DeviceView>>, ApiError> {
    Ok(Json(Page {
        items: fleet::list(&app, &caller, id, app.clock.now()).await?,
        next_cursor: None,
    }))
}

/// A new code for a device that has not enrolled; the code before it ends.
#[utoipa::path(post, path = "/events/{id}/devices/{deviceId}/re-invite", tag = "gate",
    params(("id" = EventId, Path), ("deviceId" = DeviceId, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 200, body = DeviceEnrolment), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn invite_device_again(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, device)): Path<(EventId, DeviceId)>,
    key: IdempotencyKey,
) -> Result<Json<DeviceEnrolment>, ApiError> {
    let now = app.clock.now();
    let route = format!("events/{id}/devices/{device}/re-invite");
    let attempt = key.attempt(&route, caller.user, &())?;
    Ok(Json(
        invite::invite_again(&app, &caller, id, device, attempt, now).await?,
    ))
}

/// One device. While it waits for its confirmation, `transcriptCode` is what its screen shows too.
#[utoipa::path(get, path = "/events/{id}/devices/{deviceId}", tag = "gate",
    params(("id" = EventId, Path), ("deviceId" = DeviceId, Path)), security(("bearer" = [])),
    responses((status = 200, body = DeviceView), (status = 404, body = ErrorBody)))]
async fn show_device(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, device)): Path<(EventId, DeviceId)>,
) -> Result<Json<DeviceView>, ApiError> {
    let now = app.clock.now();
    Ok(Json(fleet::get(&app, &caller, id, device, now).await?))
}

/// Lets a pending device in: the six digits on its screen were compared with `transcriptCode`.
#[utoipa::path(post, path = "/events/{id}/devices/{deviceId}/confirm", tag = "gate", request_body = ConfirmDevice,
    params(("id" = EventId, Path), ("deviceId" = DeviceId, Path)), security(("bearer" = [])),
    responses((status = 200, body = DeviceView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn confirm_device(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, device)): Path<(EventId, DeviceId)>,
    Json(wanted): Json<ConfirmDevice>,
) -> Result<Json<DeviceView>, ApiError> {
    let now = app.clock.now();
    let confirmed = confirm::confirm(&app, &caller, id, device, &wanted, now).await?;
    Ok(Json(confirmed))
}

/// Removes a device: its entries count up to what the server has, later ones are quarantined.
#[utoipa::path(post, path = "/events/{id}/devices/{deviceId}/evict", tag = "gate",
    params(("id" = EventId, Path), ("deviceId" = DeviceId, Path)), security(("bearer" = [])),
    responses((status = 200, body = DeviceView), (status = 404, body = ErrorBody)))]
async fn evict_device(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, device)): Path<(EventId, DeviceId)>,
) -> Result<Json<DeviceView>, ApiError> {
    let now = app.clock.now();
    Ok(Json(evict::evict(&app, &caller, id, device, now).await?))
}

/// Takes up a quarantined admission, one that the conflicts show: it counts from now on, at every
/// gate. For guests who did come in before their device was known to be lost.
#[utoipa::path(post, path = "/events/{id}/redemptions/{redemptionId}/adopt", tag = "gate",
    params(("id" = EventId, Path), ("redemptionId" = String, Path)), security(("bearer" = [])),
    responses((status = 200, body = RedemptionView), (status = 404, body = ErrorBody)))]
async fn adopt_redemption(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, redemption)): Path<(EventId, String)>,
) -> Result<Json<RedemptionView>, ApiError> {
    let now = app.clock.now();
    let adopted = adopt::adopt(&app, &caller, id, &redemption, now).await?;
    Ok(Json(adopted))
}

/// Lists who may overrule the event's gates.
#[utoipa::path(get, path = "/events/{id}/supervisors", tag = "gate", params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = Page<SupervisorView>), (status = 404, body = ErrorBody)))]
async fn list_supervisors(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Json<Page<SupervisorView>>, ApiError> {
    Ok(Json(Page {
        items: supervisors::list(&app, &caller, id).await?,
        next_cursor: None,
    }))
}

/// Lists the keys that sign the event's tickets.
#[utoipa::path(get, path = "/events/{id}/keys", tag = "gate", params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = Page<IssuingKeyView>), (status = 404, body = ErrorBody)))]
async fn list_keys(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Json<Page<IssuingKeyView>>, ApiError> {
    let items = rotate::list(&app, &caller, id, app.clock.now()).await?;
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// Sets a supervisor's name and PIN. The gates learn it with their next sync.
#[utoipa::path(put, path = "/events/{id}/supervisors/{number}", tag = "gate", request_body = SetSupervisor,
    params(("id" = EventId, Path), ("number" = u8, Path)), security(("bearer" = [])),
    responses((status = 200, body = SupervisorView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn set_supervisor(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, number)): Path<(EventId, u8)>,
    Json(wanted): Json<SetSupervisor>,
) -> Result<Json<SupervisorView>, ApiError> {
    let now = app.clock.now();
    Ok(Json(
        supervisors::set(&app, &caller, id, number, wanted, now).await?,
    ))
}

/// Removes a supervisor. Gates that have not synced since still know the PIN.
#[utoipa::path(delete, path = "/events/{id}/supervisors/{number}", tag = "gate",
    params(("id" = EventId, Path), ("number" = u8, Path)), security(("bearer" = [])),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn remove_supervisor(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, number)): Path<(EventId, u8)>,
) -> Result<StatusCode, ApiError> {
    supervisors::remove(&app, &caller, id, number, app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Retires the key that signs; the one that stands by takes over. Its tickets stay good.
#[utoipa::path(post, path = "/events/{id}/keys/{kid}/retire", tag = "gate",
    params(("id" = EventId, Path), ("kid" = u8, Path)), security(("bearer" = [])),
    responses((status = 200, body = Page<IssuingKeyView>), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn retire_key(
    State(app): State<AppState>,
    caller: Caller,
    Path(key): Path<(EventId, u8)>,
) -> Result<Json<Page<IssuingKeyView>>, ApiError> {
    let now = app.clock.now();
    let items = rotate::take_out(&app, &caller, key, KeyStatus::Retired, now).await?;
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// Gives up a key that was stolen. Tickets that were really issued stay good, nothing is printed again.
#[utoipa::path(post, path = "/events/{id}/keys/{kid}/compromise", tag = "gate",
    params(("id" = EventId, Path), ("kid" = u8, Path)), security(("bearer" = [])),
    responses((status = 200, body = Page<IssuingKeyView>), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn give_up_key(
    State(app): State<AppState>,
    caller: Caller,
    Path(key): Path<(EventId, u8)>,
) -> Result<Json<Page<IssuingKeyView>>, ApiError> {
    let now = app.clock.now();
    let items = rotate::take_out(&app, &caller, key, KeyStatus::Compromised, now).await?;
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// First step of enrolment: a nonce to sign, good for a minute.
#[utoipa::path(post, path = "/gate/enrolment/challenge", tag = "gate",
    responses((status = 200, body = EnrolChallenge), (status = 429, body = ErrorBody)))]
async fn challenge_device(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
) -> Result<Json<EnrolChallenge>, ApiError> {
    app.limiters.enrol(ip)?;
    Ok(Json(enrol::challenge(&app, app.clock.now())))
}

/// Second step: the device proves its key and presents its code. A code enrols one device once.
#[utoipa::path(post, path = "/gate/enrolment", tag = "gate", request_body = EnrolRequest,
    responses((status = 200, body = EnrolResponse), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 410, body = ErrorBody), (status = 429, body = ErrorBody)))]
async fn enrol_device(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    Json(request): Json<EnrolRequest>,
) -> Result<Json<EnrolResponse>, ApiError> {
    app.limiters.enrol(ip)?;
    Ok(Json(enrol::enrol(&app, &request, app.clock.now()).await?))
}

/// Sync of a device: a signed `SyncRequest` in, a `SyncResponse` out, both postcard.
#[utoipa::path(post, path = "/gate/sync", tag = "gate",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 413, body = ErrorBody), (status = 415, body = ErrorBody)))]
async fn sync_device(
    State(app): State<AppState>,
    Binary(body): Binary,
) -> Result<Response, ApiError> {
    let answer = sync::sync(&app, &body, app.clock.now()).await?;
    Ok(postcard(answer))
}

/// Snapshot segments by hash: a signed `SegmentsRequest` in, a `SegmentsResponse` out.
#[utoipa::path(post, path = "/gate/segments", tag = "gate",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 413, body = ErrorBody), (status = 415, body = ErrorBody)))]
async fn fetch_segments(
    State(app): State<AppState>,
    Binary(body): Binary,
) -> Result<Response, ApiError> {
    Ok(postcard(fetch::fetch(&app, &body).await?))
}

/// What opens sealed tickets, wrapped to the device that asks: a signed `ScanKeysRequest` in, a
/// `ScanKeysResponse` out.
#[utoipa::path(post, path = "/gate/scan-keys", tag = "gate",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 413, body = ErrorBody), (status = 415, body = ErrorBody)))]
async fn fetch_scan_keys(
    State(app): State<AppState>,
    Binary(body): Binary,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    Ok(postcard(scan_keys::give(&app, &body, now).await?))
}

/// What guests answered at a device: a signed `AnswersRequest` in, an `AnswersResponse` out.
#[utoipa::path(post, path = "/gate/answers", tag = "gate",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 413, body = ErrorBody), (status = 415, body = ErrorBody)))]
async fn take_answers(
    State(app): State<AppState>,
    Binary(body): Binary,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    Ok(postcard(answers::take(&app, &body, now).await?))
}

pub(super) fn postcard(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, BINARY)], body).into_response()
}

#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct TicketFilter {
    /// Only this ticket: the id of a claimed or of an issued ticket.
    #[serde(default)]
    ticket_id: Option<String>,
}

/// Lists redemptions in the order the server learnt of them.
#[utoipa::path(get, path = "/events/{id}/redemptions", tag = "gate", params(("id" = EventId, Path), PageParams, TicketFilter),
    security(("bearer" = [])), responses((status = 200, body = Page<RedemptionView>), (status = 404, body = ErrorBody)))]
async fn list_redemptions(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    Query(filter): Query<TicketFilter>,
    page: PageParams,
) -> Result<Json<Page<RedemptionView>>, ApiError> {
    let ticket = filter.ticket_id.as_deref();
    Ok(Json(
        redemptions::list(&app, &caller, id, ticket, &page).await?,
    ))
}

/// Lists tickets by which more came in than may, with all their admissions.
#[utoipa::path(get, path = "/events/{id}/conflicts", tag = "gate", params(("id" = EventId, Path), PageParams),
    security(("bearer" = [])), responses((status = 200, body = Page<ConflictView>), (status = 404, body = ErrorBody)))]
async fn list_conflicts(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    page: PageParams,
) -> Result<Json<Page<ConflictView>>, ApiError> {
    Ok(Json(conflicts::conflicts(&app, &caller, id, &page).await?))
}

#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct AtGate {
    /// The gate where the ticket would be shown; without it no gate's rules apply.
    #[serde(default)]
    gate_id: Option<GateId>,
    #[serde(default)]
    direction: Way,
    /// `false` for a gate where nobody stands: no questions are asked there.
    #[serde(default)]
    attended: Option<bool>,
}

impl From<AtGate> for Place {
    fn from(at: AtGate) -> Self {
        Self {
            gate: at.gate_id,
            direction: at.direction.into(),
            attended: at.attended.unwrap_or(true),
        }
    }
}

/// What a gate would say to this ticket now. Nothing is recorded.
#[utoipa::path(get, path = "/claimed-tickets/{id}/validate", tag = "gate", params(("id" = ClaimedTicketId, Path), AtGate),
    security(("bearer" = [])), responses((status = 200, body = ValidationView), (status = 404, body = ErrorBody)))]
async fn validate_ticket(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
    Query(at): Query<AtGate>,
) -> Result<Json<ValidationView>, ApiError> {
    let now = app.clock.now();
    Ok(Json(
        validate::validate(&app, &caller, id, at.into(), now).await?,
    ))
}

/// What a gate would say to a wristband or card now. Nothing is recorded. For the organizer.
#[utoipa::path(get, path = "/events/{id}/media/{medium}/validate", tag = "gate",
    params(("id" = EventId, Path), ("medium" = String, Path), AtGate), security(("bearer" = [])),
    responses((status = 200, body = ValidationView), (status = 404, body = ErrorBody)))]
async fn validate_medium(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, medium)): Path<(EventId, String)>,
    Query(at): Query<AtGate>,
) -> Result<Json<ValidationView>, ApiError> {
    let now = app.clock.now();
    Ok(Json(
        validate::validate_medium(&app, &caller, id, &medium, at.into(), now).await?,
    ))
}

/// What a gate would say to whatever is shown there: a scanned text, a typed code, or the id of a
/// wristband or card. Nothing is recorded; wrong typed codes are counted, and wait as they do at a
/// gate. For the organizer.
#[utoipa::path(post, path = "/events/{id}/validate", tag = "gate", request_body = ValidateCode,
    params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = ValidationView), (status = 404, body = ErrorBody)))]
async fn validate_code(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    Json(wanted): Json<ValidateCode>,
) -> Result<Json<ValidationView>, ApiError> {
    let now = app.clock.now();
    Ok(Json(
        shown::validate(&app, &caller, id, &wanted, now).await?,
    ))
}

/// Lets a ticket in against the rules, for its event's organizer. The gates learn of it with their
/// next sync. The verdict tells what spoke against it, and refuses what nobody may let in.
#[utoipa::path(post, path = "/claimed-tickets/{id}/force", tag = "gate", request_body = ForceRequest,
    params(("id" = ClaimedTicketId, Path)), security(("bearer" = [])),
    responses((status = 200, body = Verdict), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn force_ticket(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
    Json(wanted): Json<ForceRequest>,
) -> Result<Json<Verdict>, ApiError> {
    let now = app.clock.now();
    Ok(Json(
        office::force_in(&app, &caller, id, wanted.gate_id, now).await?,
    ))
}

/// Takes back one use of a ticket, for its event's organizer: the named one, or else the latest.
#[utoipa::path(post, path = "/claimed-tickets/{id}/annul", tag = "gate", request_body = AnnulRequest,
    params(("id" = ClaimedTicketId, Path)), security(("bearer" = [])),
    responses((status = 200, body = RedemptionView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn annul_ticket(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
    Json(wanted): Json<AnnulRequest>,
) -> Result<Json<RedemptionView>, ApiError> {
    let now = app.clock.now();
    let which = wanted.redemption_id.as_deref();
    Ok(Json(
        office::take_back(&app, &caller, id, which, now).await?,
    ))
}
