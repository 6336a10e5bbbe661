//! All routes on one page, and who may call each.
//!
//! Every slice has `pub fn routes() -> OpenApiRouter<AppState>`, mounted under `/api/v1`; slices
//! with pages for people have `pub fn pages() -> Router<AppState>`, mounted at the root.
//! Invariants: every operation of the API description has exactly one row in [`ACCESS`], and the
//! other way round; a test walks the table over HTTP (A6).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use shared::api::organizations::Right;
use shared::limits;
use utoipa::OpenApi as _;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Access, guard, probes};
use crate::platform::journal::{self, Act};
use crate::{
    accounts, cancellation, description, events, gate, hooks, inventory, invoices, notices,
    operations, orders, organizations, payments, series, texts, tickets, trail, venues, vouchers,
    waitlist, web,
};

const API: &str = "/api/v1";
const OPENAPI_PATH: &str = "/api/v1/openapi.json";

/// The routes of all slices. One line each.
fn slices() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(accounts::routes())
        .merge(organizations::http::routes())
        .merge(events::http::routes())
        .merge(series::http::routes())
        .merge(venues::http::routes())
        .merge(inventory::http::routes())
        .merge(vouchers::http::routes())
        .merge(waitlist::http::routes())
        .merge(orders::http::routes())
        .merge(payments::http::routes())
        .merge(invoices::http::routes())
        .merge(tickets::http::routes())
        .merge(gate::http::routes())
        .merge(cancellation::http::routes())
        .merge(operations::http::routes())
        .merge(trail::http::routes())
        .merge(hooks::http::routes())
        .merge(notices::routes())
        .merge(texts::http::routes())
}

/// Pages for people, at the root.
fn pages() -> Router<AppState> {
    Router::new()
        .merge(payments::demo::pages())
        .merge(web::http::pages())
}

/// The table, one row a line. Paths are below `/api/v1`.
#[rustfmt::skip]
pub const ACCESS: &[(Method, &str, Access)] = &[
    // accounts
    (Method::POST, "/auth/register", Access::Public),
    (Method::POST, "/auth/login", Access::Public),
    (Method::POST, "/auth/refresh", Access::Public),
    (Method::POST, "/auth/logout", Access::Public),
    (Method::POST, "/auth/logout/all", Access::Person),
    (Method::POST, "/auth/verify-email", Access::Public),
    (Method::POST, "/auth/verify-email/resend", Access::Person),
    (Method::POST, "/auth/password/forgot", Access::Public),
    (Method::POST, "/auth/password/reset", Access::Public),
    (Method::POST, "/auth/password/change", Access::Person),
    (Method::GET, "/auth/me", Access::Person),
    (Method::PATCH, "/auth/me", Access::Person),
    (Method::PUT, "/auth/me/email", Access::Person),
    (Method::GET, "/auth/me/preferences", Access::Person),
    (Method::PUT, "/auth/me/preferences", Access::Person),
    (Method::GET, "/auth/me/phone", Access::Person),
    (Method::PUT, "/auth/me/phone", Access::Person),
    (Method::DELETE, "/auth/me/phone", Access::Person),
    (Method::POST, "/auth/me/phone/confirm", Access::Person),
    (Method::PUT, "/auth/me/phone/preferences", Access::Person),
    (Method::GET, "/auth/me/export", Access::Person),
    (Method::POST, "/auth/me/erase", Access::Person),
    (Method::GET, "/auth/keys", Access::Person),
    (Method::POST, "/auth/keys", Access::Person),
    (Method::DELETE, "/auth/keys/{id}", Access::Person),
    (Method::POST, "/auth/totp", Access::Person),
    (Method::POST, "/auth/totp/confirm", Access::Person),
    (Method::POST, "/auth/totp/end", Access::Person),
    (Method::GET, "/auth/passkeys", Access::Person),
    (Method::POST, "/auth/passkeys", Access::Person),
    (Method::POST, "/auth/passkeys/finish", Access::Person),
    (Method::PATCH, "/auth/passkeys/{id}", Access::Person),
    (Method::POST, "/auth/passkeys/{id}/remove", Access::Person),
    (Method::POST, "/auth/login/passkey", Access::Public),
    (Method::POST, "/auth/login/passkey/finish", Access::Public),
    // organizations
    (Method::GET, "/organizations", Access::User(Right::View)),
    (Method::POST, "/organizations", Access::Person),
    (Method::POST, "/organizations/join", Access::Public),
    (Method::GET, "/organizations/{id}", Access::Owner(Right::View)),
    (Method::PATCH, "/organizations/{id}", Access::Owner(Right::Team)),
    (Method::GET, "/organizations/{id}/events", Access::Owner(Right::View)),
    (Method::GET, "/organizations/{id}/members", Access::Owner(Right::View)),
    (Method::PUT, "/organizations/{id}/members/{userId}", Access::Owner(Right::Team)),
    (Method::DELETE, "/organizations/{id}/members/{userId}", Access::Owner(Right::Team)),
    (Method::GET, "/organizations/{id}/invitations", Access::Owner(Right::Team)),
    (Method::POST, "/organizations/{id}/invitations", Access::Owner(Right::Team)),
    (Method::DELETE, "/organizations/{id}/invitations/{invitationId}", Access::Owner(Right::Team)),
    // events
    (Method::GET, "/events", Access::Public),
    (Method::POST, "/events", Access::User(Right::Events)),
    (Method::GET, "/events/{id}", Access::Public),
    (Method::PATCH, "/events/{id}", Access::Owner(Right::Events)),
    (Method::PUT, "/events/{id}/organization", Access::Owner(Right::Team)),
    (Method::POST, "/events/{id}/publish", Access::Owner(Right::Events)),
    (Method::POST, "/events/{id}/approve", Access::Admin),
    (Method::GET, "/events/{id}/ticket-classes", Access::Public),
    (Method::POST, "/events/{id}/ticket-classes", Access::Owner(Right::Events)),
    (Method::GET, "/events/{id}/gates", Access::Public),
    (Method::POST, "/events/{id}/gates", Access::Owner(Right::Events)),
    (Method::POST, "/events/{id}/clone", Access::Owner(Right::Events)),
    (Method::GET, "/events/{id}/versions", Access::Owner(Right::View)),
    (Method::GET, "/events/{id}/versions/{version}", Access::Owner(Right::View)),
    (Method::GET, "/events/{id}/versions/{version}/diff", Access::Owner(Right::View)),
    (Method::POST, "/events/{id}/versions/{version}/restore", Access::Owner(Right::Events)),
    (Method::DELETE, "/events/{id}", Access::Owner(Right::Events)),
    (Method::POST, "/events/{id}/unarchive", Access::Owner(Right::Events)),
    (Method::DELETE, "/events/{id}/ticket-classes/{classId}", Access::Owner(Right::Events)),
    (Method::POST, "/events/{id}/ticket-classes/{classId}/unarchive", Access::Owner(Right::Events)),
    (Method::DELETE, "/events/{id}/gates/{gateId}", Access::Owner(Right::Events)),
    (Method::POST, "/events/{id}/gates/{gateId}/unarchive", Access::Owner(Right::Events)),
    (Method::DELETE, "/events/{id}/check-in/lists/{name}", Access::Owner(Right::Events)),
    (Method::DELETE, "/venues/{id}", Access::User(Right::Events)),
    (Method::POST, "/venues/{id}/unarchive", Access::User(Right::Events)),
    (Method::GET, "/series", Access::User(Right::View)),
    (Method::POST, "/series", Access::User(Right::Events)),
    (Method::GET, "/series/{id}", Access::User(Right::View)),
    (Method::POST, "/series/{id}/dates", Access::User(Right::Events)),
    (Method::PATCH, "/series/{id}/events", Access::User(Right::Events)),
    (Method::PATCH, "/series/{id}/ticket-classes", Access::User(Right::Events)),
    (Method::POST, "/series/{id}/publish", Access::User(Right::Events)),
    (Method::GET, "/events/{id}/check-in", Access::Owner(Right::View)),
    (Method::PUT, "/events/{id}/check-in", Access::Owner(Right::Events)),
    // inventory
    (Method::POST, "/issued-tickets/batch", Access::Owner(Right::Events)),
    (Method::GET, "/issued-tickets", Access::Public),
    (Method::GET, "/issued-tickets/{id}", Access::Public),
    (Method::GET, "/issued-tickets/stats/{eventId}", Access::Public),
    // venues, selling, cancellation, jobs, webhooks, transfers
    (Method::PATCH, "/events/{id}/ticket-classes/{classId}", Access::Owner(Right::Events)),
    (Method::GET, "/events/{id}/ticket-classes/{classId}/prices", Access::Owner(Right::Events)),
    (Method::GET, "/venues", Access::User(Right::Events)),
    (Method::POST, "/venues", Access::User(Right::Events)),
    (Method::GET, "/venues/{id}", Access::Public),
    (Method::PATCH, "/venues/{id}", Access::User(Right::Events)),
    (Method::GET, "/venues/{id}/seating", Access::Public),
    (Method::PUT, "/venues/{id}/seating", Access::User(Right::Events)),
    (Method::GET, "/events/{id}/seating", Access::Public),
    (Method::PUT, "/events/{id}/seating", Access::Owner(Right::Events)),
    (Method::POST, "/events/{id}/cancel", Access::Owner(Right::Team)),
    (Method::GET, "/events/{id}/cancellation", Access::Owner(Right::View)),
    (Method::GET, "/jobs", Access::Admin),
    (Method::GET, "/jobs/counts", Access::Admin),
    (Method::GET, "/jobs/breakers", Access::Admin),
    (Method::GET, "/jobs/{id}", Access::Admin),
    (Method::POST, "/jobs/{id}/retry", Access::Admin),
    (Method::GET, "/journal", Access::Admin),
    (Method::GET, "/journal/head", Access::Admin),
    (Method::GET, "/journal/export", Access::Admin),
    (Method::GET, "/events/{id}/journal", Access::Owner(Right::Team)),
    (Method::GET, "/organizations/{id}/journal", Access::Owner(Right::Team)),
    (Method::GET, "/webhooks", Access::User(Right::Events)),
    (Method::POST, "/webhooks", Access::User(Right::Events)),
    (Method::DELETE, "/webhooks/{id}", Access::User(Right::Events)),
    (Method::POST, "/webhooks/{id}/ping", Access::User(Right::Events)),
    (Method::GET, "/webhooks/{id}/messages", Access::User(Right::Events)),
    (Method::POST, "/webhooks/{id}/messages/{messageId}/replay", Access::User(Right::Events)),
    (Method::GET, "/events/{id}/seats", Access::Public),
    (Method::GET, "/events/{id}/pools", Access::Owner(Right::Events)),
    (Method::POST, "/events/{id}/pools", Access::Owner(Right::Events)),
    (Method::PATCH, "/events/{id}/pools/{poolId}", Access::Owner(Right::Events)),
    (Method::GET, "/issued-tickets/batches/{batchId}", Access::Owner(Right::Events)),
    (Method::GET, "/events/{id}/vouchers", Access::Owner(Right::Events)),
    (Method::POST, "/events/{id}/vouchers", Access::Owner(Right::Events)),
    (Method::DELETE, "/events/{id}/vouchers/{voucherId}", Access::Owner(Right::Events)),
    (Method::POST, "/events/{id}/waitlist/join", Access::User(Right::Attend)),
    (Method::GET, "/events/{id}/waitlist", Access::Owner(Right::Sales)),
    (Method::GET, "/waitlist", Access::User(Right::Attend)),
    (Method::DELETE, "/waitlist/{waitId}", Access::User(Right::Attend)),
    (Method::GET, "/orders/{id}/receipt", Access::Buyer(Right::Sales)),
    (Method::POST, "/payments/webhook/stripe", Access::Signed),
    (Method::GET, "/claimed-tickets/{id}/pdf", Access::Buyer(Right::Attend)),
    (Method::GET, "/transfers", Access::User(Right::Attend)),
    (Method::GET, "/claimed-tickets/{id}/transfers", Access::User(Right::Sales)),
    (Method::POST, "/claimed-tickets/{id}/transfers", Access::User(Right::Attend)),
    (Method::POST, "/transfers/{id}/accept", Access::User(Right::Attend)),
    (Method::POST, "/transfers/{id}/decline", Access::User(Right::Attend)),
    (Method::POST, "/transfers/{id}/withdraw", Access::User(Right::Attend)),
    (Method::GET, "/events/{id}/transfer-rules", Access::Owner(Right::Events)),
    (Method::PUT, "/events/{id}/transfer-rules", Access::Owner(Right::Events)),
    // orders
    (Method::GET, "/orders", Access::Buyer(Right::Attend)),
    (Method::POST, "/orders", Access::User(Right::Attend)),
    (Method::GET, "/orders/{id}", Access::Buyer(Right::Sales)),
    (Method::POST, "/orders/{id}/cancel", Access::Buyer(Right::Attend)),
    (Method::POST, "/orders/{id}/refund", Access::Owner(Right::Money)),
    (Method::POST, "/orders/{id}/pay-later", Access::Owner(Right::Sales)),
    (Method::POST, "/orders/{id}/settle", Access::Owner(Right::Sales)),
    // orders of guests
    (Method::POST, "/guest/orders", Access::Public),
    (Method::POST, "/guest/orders/find", Access::Public),
    (Method::POST, "/guest/orders/adopt", Access::Person),
    // questions of the organizer
    (Method::GET, "/events/{id}/questions", Access::Public),
    (Method::GET, "/orders/{id}/answers", Access::Buyer(Right::Sales)),
    (Method::PUT, "/orders/{id}/answers", Access::Buyer(Right::Sales)),
    (Method::GET, "/events/{id}/answers", Access::Owner(Right::Sales)),
    (Method::GET, "/events/{id}/answers/csv", Access::Owner(Right::Sales)),
    // payments
    (Method::POST, "/payments", Access::Buyer(Right::Attend)),
    (Method::GET, "/payments/{id}", Access::Buyer(Right::Sales)),
    (Method::POST, "/payments/webhook/demo", Access::Signed),
    (Method::POST, "/payments/webhook/payos", Access::Signed),
    (Method::POST, "/payments/webhook", Access::Signed),
    (Method::POST, "/payments/payos/webhook", Access::Admin),
    (Method::GET, "/events/{id}/refunds", Access::Owner(Right::Money)),
    (Method::POST, "/refunds/{id}/confirm", Access::Owner(Right::Money)),
    (Method::POST, "/payments/{id}/look", Access::Owner(Right::Money)),
    (Method::GET, "/events/{id}/disputes", Access::Owner(Right::Money)),
    (Method::POST, "/events/{id}/disputes/{disputeId}/revoke", Access::Owner(Right::Money)),
    (Method::GET, "/events/{id}/reconciliations", Access::Owner(Right::Money)),
    (Method::POST, "/events/{id}/reconciliations", Access::Owner(Right::Money)),
    (Method::GET, "/organizations/{id}/reconciliations", Access::Owner(Right::Money)),
    (Method::POST, "/organizations/{id}/reconciliations", Access::Owner(Right::Money)),
    (Method::GET, "/reconciliations", Access::Admin),
    (Method::POST, "/reconciliations", Access::Admin),
    (Method::GET, "/reconciliations/{id}", Access::Owner(Right::Money)),
    (Method::GET, "/reconciliations/{id}/lines", Access::Owner(Right::Money)),
    (Method::GET, "/reconciliations/{id}/csv", Access::Owner(Right::Money)),
    (Method::GET, "/organizations/{id}/payment-accounts", Access::Owner(Right::Money)),
    (Method::PUT, "/organizations/{id}/payment-accounts/stripe", Access::Owner(Right::Team)),
    (Method::PUT, "/organizations/{id}/payment-accounts/payos", Access::Owner(Right::Team)),
    (Method::POST, "/organizations/{id}/payment-accounts/payos/webhook", Access::Owner(Right::Team)),
    (Method::DELETE, "/organizations/{id}/payment-accounts/stripe", Access::Owner(Right::Team)),
    (Method::DELETE, "/organizations/{id}/payment-accounts/payos", Access::Owner(Right::Team)),
    (Method::POST, "/payments/webhook/stripe/{organizationId}", Access::Signed),
    (Method::POST, "/payments/webhook/payos/{organizationId}", Access::Signed),
    (Method::POST, "/payments/demo/{id}/pay", Access::Public),
    (Method::POST, "/payments/demo/{id}/decline", Access::Public),
    // invoices
    (Method::GET, "/auth/me/invoicing", Access::Person),
    (Method::PUT, "/auth/me/invoicing", Access::Person),
    (Method::GET, "/auth/me/invoices", Access::Person),
    (Method::GET, "/auth/me/invoices/csv", Access::Person),
    (Method::GET, "/organizations/{id}/invoicing", Access::Owner(Right::Money)),
    (Method::PUT, "/organizations/{id}/invoicing", Access::Owner(Right::Money)),
    (Method::GET, "/organizations/{id}/invoices", Access::Owner(Right::Money)),
    (Method::GET, "/organizations/{id}/invoices/csv", Access::Owner(Right::Money)),
    (Method::GET, "/events/{id}/invoices", Access::Owner(Right::Money)),
    (Method::GET, "/events/{id}/invoices/csv", Access::Owner(Right::Money)),
    (Method::GET, "/orders/{id}/invoice-details", Access::Buyer(Right::Money)),
    (Method::PUT, "/orders/{id}/invoice-details", Access::Buyer(Right::Money)),
    (Method::POST, "/orders/{id}/invoice", Access::Buyer(Right::Money)),
    (Method::POST, "/orders/{id}/invoice/correct", Access::Owner(Right::Money)),
    (Method::GET, "/orders/{id}/invoices", Access::Buyer(Right::Money)),
    (Method::GET, "/invoices/{id}", Access::Buyer(Right::Money)),
    (Method::GET, "/invoices/{id}/pdf", Access::Buyer(Right::Money)),
    // tickets
    (Method::POST, "/claimed-tickets/claim", Access::Buyer(Right::Attend)),
    (Method::GET, "/claimed-tickets", Access::Buyer(Right::Attend)),
    (Method::GET, "/claimed-tickets/{id}", Access::Buyer(Right::Attend)),
    (Method::GET, "/claimed-tickets/qr/{id}", Access::Buyer(Right::Attend)),
    (Method::POST, "/claimed-tickets/{id}/revoke", Access::Owner(Right::Sales)),
    (Method::POST, "/claimed-tickets/{id}/reissue", Access::Buyer(Right::Sales)),
    (Method::POST, "/claimed-tickets/{id}/bind", Access::Owner(Right::Sales)),
    (Method::GET, "/claimed-tickets/{id}/answers", Access::Buyer(Right::Sales)),
    (Method::PUT, "/claimed-tickets/{id}/answers", Access::Buyer(Right::Sales)),
    (Method::GET, "/claimed-tickets/{id}/pre-check-in", Access::Buyer(Right::Attend)),
    (Method::POST, "/claimed-tickets/{id}/pre-check-in", Access::Buyer(Right::Attend)),
    (Method::GET, "/events/{id}/pre-check-ins", Access::Owner(Right::Sales)),
    (Method::PUT, "/claimed-tickets/{id}/note", Access::Owner(Right::Sales)),
    (Method::PUT, "/claimed-tickets/{id}/block", Access::Owner(Right::Sales)),
    (Method::DELETE, "/claimed-tickets/{id}/block", Access::Owner(Right::Sales)),
    (Method::GET, "/events/{id}/media", Access::Owner(Right::Sales)),
    (Method::PUT, "/events/{id}/media/{medium}", Access::Owner(Right::Sales)),
    // gate
    (Method::POST, "/events/{id}/devices", Access::Owner(Right::Gates)),
    (Method::GET, "/events/{id}/devices", Access::Owner(Right::Gates)),
    (Method::POST, "/events/{id}/devices/{deviceId}/re-invite", Access::Owner(Right::Gates)),
    (Method::GET, "/events/{id}/devices/{deviceId}", Access::Owner(Right::Gates)),
    (Method::POST, "/events/{id}/devices/{deviceId}/confirm", Access::Owner(Right::Gates)),
    (Method::POST, "/events/{id}/devices/{deviceId}/evict", Access::Owner(Right::Gates)),
    (Method::GET, "/events/{id}/keys", Access::Owner(Right::Gates)),
    (Method::POST, "/events/{id}/keys/{kid}/retire", Access::Owner(Right::Gates)),
    (Method::POST, "/events/{id}/keys/{kid}/compromise", Access::Owner(Right::Gates)),
    (Method::POST, "/gate/enrolment/challenge", Access::Public),
    (Method::POST, "/gate/enrolment", Access::Public),
    (Method::POST, "/gate/sync", Access::Signed),
    (Method::POST, "/gate/segments", Access::Signed),
    (Method::POST, "/gate/scan-keys", Access::Signed),
    (Method::POST, "/gate/answers", Access::Signed),
    (Method::POST, "/gate/checkpoint", Access::Signed),
    (Method::GET, "/events/{id}/gate/checkpoint", Access::Owner(Right::Gates)),
    (Method::POST, "/events/{id}/gate/checkpoint", Access::Owner(Right::Gates)),
    (Method::GET, "/events/{id}/supervisors", Access::Owner(Right::Gates)),
    (Method::PUT, "/events/{id}/supervisors/{number}", Access::Owner(Right::Gates)),
    (Method::DELETE, "/events/{id}/supervisors/{number}", Access::Owner(Right::Gates)),
    (Method::GET, "/events/{id}/redemptions", Access::Owner(Right::Watch)),
    (Method::POST, "/events/{id}/redemptions/{redemptionId}/adopt", Access::Owner(Right::Gates)),
    (Method::GET, "/events/{id}/conflicts", Access::Owner(Right::Watch)),
    (Method::GET, "/events/{id}/gate/live", Access::Owner(Right::Watch)),
    (Method::GET, "/events/{id}/staff", Access::Owner(Right::Gates)),
    (Method::POST, "/events/{id}/staff", Access::Owner(Right::Gates)),
    (Method::DELETE, "/events/{id}/staff/{userId}", Access::Owner(Right::Gates)),
    (Method::GET, "/events/{id}/audit", Access::Owner(Right::Gates)),
    (Method::GET, "/claimed-tickets/{id}/validate", Access::User(Right::Watch)),
    (Method::POST, "/events/{id}/validate", Access::Owner(Right::Watch)),
    (Method::GET, "/events/{id}/media/{medium}/validate", Access::Owner(Right::Watch)),
    (Method::POST, "/claimed-tickets/{id}/force", Access::Owner(Right::Gates)),
    (Method::POST, "/claimed-tickets/{id}/annul", Access::Owner(Right::Gates)),
    // notices
    (Method::GET, "/events/{id}/announcements", Access::Owner(Right::Sales)),
    (Method::POST, "/events/{id}/announcements", Access::Owner(Right::Sales)),
    (Method::GET, "/notices", Access::Admin),
    (Method::GET, "/notices/templates", Access::Admin),
    (Method::GET, "/notices/templates/{name}/preview", Access::Admin),
];

type Rows = HashMap<&'static str, Vec<(&'static Method, Access)>>;
static BY_PATH: LazyLock<Rows> = LazyLock::new(|| {
    let mut rows = Rows::new();
    for (method, path, access) in ACCESS {
        rows.entry(*path).or_default().push((method, *access));
    }
    rows
});

/// Tells the extractors of callers what the table says about the route: the one place where it is
/// asked, before any handler.
/// Privileged requests run as acts: what they change is in the journal (N9).
async fn tell_access(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let path = path
        .as_ref()
        .and_then(|path| path.as_str().strip_prefix(API));
    let rows = path.and_then(|path| BY_PATH.get(path));
    let row = rows.and_then(|rows| rows.iter().find(|(method, _)| *method == request.method()));
    let (Some(path), Some((method, access))) = (path, row) else {
        return next.run(request).await;
    };
    request.extensions_mut().insert(*access);
    if !leaves_trace(method, *access) {
        return next.run(request).await;
    }
    let key = app.vault.derive("journal/digests");
    let (clock, entropy) = (Arc::clone(&app.clock), Arc::clone(&app.entropy));
    let act = Act::new(format!("{method} {path}"), clock, entropy, key);
    journal::acting(act, next.run(request)).await
}

/// Whether a request by this row is an act. Reading changes nothing.
pub(crate) fn leaves_trace(method: &Method, access: Access) -> bool {
    !method.is_safe() && access.is_privileged()
}

/// The whole server.
pub fn build(app: AppState) -> Router {
    let (api, mut description) = described().split_for_parts();
    description::complete(&mut description);
    let description = axum::body::Bytes::from(to_json(&description));
    let openapi = move || async move {
        (
            [(header::CONTENT_TYPE, "application/json")],
            description.clone(),
        )
            .into_response()
    };
    let docs = utoipa_swagger_ui::Config::from(OPENAPI_PATH).validator_url("none");
    Router::new()
        .merge(api.route_layer(axum::middleware::from_fn_with_state(
            app.clone(),
            tell_access,
        )))
        .route(OPENAPI_PATH, get(openapi))
        .merge(SwaggerUi::new("/docs").config(docs))
        .merge(pages())
        .merge(probes::routes())
        .fallback(async |uri: Uri, request: HeaderMap| web::missing(&uri, &request))
        .method_not_allowed_fallback(async || {
            ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This route does not know that method.",
            )
        })
        .layer(DefaultBodyLimit::max(limits::JSON_BODY_BYTES_MAX))
        .layer(axum::middleware::from_fn_with_state(
            app.clone(),
            guard::guard,
        ))
        .with_state(app)
}

/// The API description (`OpenAPI` 3.1), pretty JSON, as in `docs/openapi.json`.
pub fn openapi_json() -> String {
    let mut described = described().into_openapi();
    description::complete(&mut described);
    to_json(&described)
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Gatehouse",
        description = "Events, tickets, and gates that work without a network. \
                       Errors always have the shape of `ErrorBody`."
    ),
    components(schemas(shared::api::error::ErrorBody, shared::api::live::LiveChange))
)]
struct Description;

fn described() -> OpenApiRouter<AppState> {
    let mut description = Description::openapi();
    description
        .components
        .get_or_insert_default()
        .add_security_scheme(
            "bearer",
            SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
        );
    OpenApiRouter::with_openapi(description).nest(API, slices())
}

fn to_json(description: &utoipa::openapi::OpenApi) -> String {
    let mut json = description
        .to_pretty_json()
        .expect("a description made of text always serialises");
    json.push('\n');
    json
}
