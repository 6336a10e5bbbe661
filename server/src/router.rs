//! All routes on one page, and who may call each.
//!
//! Every slice has `pub fn routes() -> OpenApiRouter<AppState>`, mounted under `/api/v1`; slices
//! with pages for people have `pub fn pages() -> Router<AppState>`, mounted at the root.
//! Invariants: every operation of the API description has exactly one row in [`ACCESS`], and the
//! other way round; a test walks the table over HTTP (A6).

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::IntoResponse as _;
use axum::routing::get;
use shared::limits;
use utoipa::OpenApi as _;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{guard, probes};
use crate::{
    accounts, cancellation, description, events, gate, hooks, inventory, operations, orders,
    payments, tickets, venues, web,
};

const API: &str = "/api/v1";
const OPENAPI_PATH: &str = "/api/v1/openapi.json";

/// The routes of all slices. One line each.
fn slices() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(accounts::routes())
        .merge(events::http::routes())
        .merge(venues::http::routes())
        .merge(inventory::http::routes())
        .merge(orders::http::routes())
        .merge(payments::http::routes())
        .merge(tickets::http::routes())
        .merge(gate::http::routes())
        .merge(cancellation::http::routes())
        .merge(operations::http::routes())
        .merge(hooks::http::routes())
}

/// Pages for people, at the root.
fn pages() -> Router<AppState> {
    Router::new()
        .merge(payments::demo::pages())
        .merge(web::http::pages())
}

/// Who may call a route. Ownership of what the path names comes on top: a stranger to an event
/// gets 404 from it, and an administrator passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Public,
    /// Anyone who is logged in.
    User,
    /// Logged in, and owner of the event that the path or body names; 404 for strangers.
    Owner,
    /// Administrators; 403 for others.
    Admin,
    /// A gate device or gateway that proves itself by a signature in the request.
    Signed,
}

/// The table. Paths are below `/api/v1`.
pub const ACCESS: &[(Method, &str, Access)] = &[
    // accounts
    (Method::POST, "/auth/register", Access::Public),
    (Method::POST, "/auth/login", Access::Public),
    (Method::POST, "/auth/refresh", Access::Public),
    (Method::POST, "/auth/logout", Access::Public),
    (Method::GET, "/auth/me", Access::User),
    // events
    (Method::GET, "/events", Access::Public),
    (Method::POST, "/events", Access::User),
    (Method::GET, "/events/{id}", Access::Public),
    (Method::PATCH, "/events/{id}", Access::Owner),
    (Method::POST, "/events/{id}/publish", Access::Owner),
    (Method::POST, "/events/{id}/approve", Access::Admin),
    (Method::GET, "/events/{id}/ticket-classes", Access::Public),
    (Method::POST, "/events/{id}/ticket-classes", Access::Owner),
    (Method::GET, "/events/{id}/gates", Access::Public),
    (Method::POST, "/events/{id}/gates", Access::Owner),
    (Method::GET, "/events/{id}/check-in", Access::Owner),
    (Method::PUT, "/events/{id}/check-in", Access::Owner),
    // cancellation
    (Method::POST, "/events/{id}/cancel", Access::Owner),
    (Method::GET, "/events/{id}/cancellation", Access::Owner),
    // operations
    (Method::GET, "/jobs", Access::Admin),
    (Method::GET, "/jobs/counts", Access::Admin),
    (Method::GET, "/jobs/{id}", Access::Admin),
    (Method::POST, "/jobs/{id}/retry", Access::Admin),
    // webhooks of organizers
    (Method::GET, "/webhooks", Access::User),
    (Method::POST, "/webhooks", Access::User),
    (Method::DELETE, "/webhooks/{id}", Access::User),
    (Method::POST, "/webhooks/{id}/ping", Access::User),
    (Method::GET, "/webhooks/{id}/messages", Access::User),
    (
        Method::POST,
        "/webhooks/{id}/messages/{messageId}/replay",
        Access::User,
    ),
    // venues
    (Method::GET, "/venues", Access::User),
    (Method::POST, "/venues", Access::User),
    (Method::GET, "/venues/{id}", Access::Public),
    (Method::PATCH, "/venues/{id}", Access::Owner),
    (Method::GET, "/venues/{id}/seating", Access::Public),
    (Method::PUT, "/venues/{id}/seating", Access::Owner),
    (Method::GET, "/events/{id}/seating", Access::Public),
    (Method::PUT, "/events/{id}/seating", Access::Owner),
    // inventory
    (Method::GET, "/events/{id}/seats", Access::Public),
    (Method::POST, "/issued-tickets/batch", Access::Owner),
    (Method::GET, "/issued-tickets", Access::Public),
    (Method::GET, "/issued-tickets/{id}", Access::Public),
    (
        Method::GET,
        "/issued-tickets/stats/{eventId}",
        Access::Public,
    ),
    // orders
    (Method::GET, "/orders", Access::User),
    (Method::POST, "/orders", Access::User),
    (Method::GET, "/orders/{id}", Access::User),
    (Method::POST, "/orders/{id}/cancel", Access::User),
    (Method::POST, "/orders/{id}/refund", Access::Owner),
    (Method::GET, "/orders/{id}/receipt", Access::User),
    (Method::POST, "/orders/{id}/pay-later", Access::Owner),
    (Method::POST, "/orders/{id}/settle", Access::Owner),
    // payments
    (Method::POST, "/payments", Access::User),
    (Method::GET, "/payments/{id}", Access::User),
    (Method::POST, "/payments/webhook/demo", Access::Signed),
    (Method::POST, "/payments/webhook/payos", Access::Signed),
    (Method::POST, "/payments/webhook", Access::Signed),
    (Method::POST, "/payments/webhook/stripe", Access::Signed),
    (Method::POST, "/payments/payos/webhook", Access::Admin),
    (Method::GET, "/events/{id}/refunds", Access::Owner),
    (Method::POST, "/refunds/{id}/confirm", Access::User),
    (Method::POST, "/payments/demo/{id}/pay", Access::Public),
    (Method::POST, "/payments/demo/{id}/decline", Access::Public),
    // tickets
    (Method::POST, "/claimed-tickets/claim", Access::User),
    (Method::GET, "/claimed-tickets", Access::User),
    (Method::GET, "/claimed-tickets/{id}", Access::User),
    (Method::GET, "/claimed-tickets/qr/{id}", Access::User),
    (Method::GET, "/claimed-tickets/{id}/pdf", Access::User),
    (Method::POST, "/claimed-tickets/{id}/revoke", Access::Owner),
    (Method::POST, "/claimed-tickets/{id}/reissue", Access::User),
    (Method::POST, "/claimed-tickets/{id}/bind", Access::Owner),
    (Method::GET, "/claimed-tickets/{id}/answers", Access::User),
    (Method::PUT, "/claimed-tickets/{id}/answers", Access::User),
    (
        Method::GET,
        "/claimed-tickets/{id}/pre-check-in",
        Access::User,
    ),
    (
        Method::POST,
        "/claimed-tickets/{id}/pre-check-in",
        Access::User,
    ),
    (Method::GET, "/events/{id}/pre-check-ins", Access::Owner),
    (Method::PUT, "/claimed-tickets/{id}/note", Access::Owner),
    (Method::PUT, "/claimed-tickets/{id}/block", Access::Owner),
    (Method::DELETE, "/claimed-tickets/{id}/block", Access::Owner),
    (Method::GET, "/transfers", Access::User),
    (Method::GET, "/claimed-tickets/{id}/transfers", Access::User),
    (
        Method::POST,
        "/claimed-tickets/{id}/transfers",
        Access::User,
    ),
    (Method::POST, "/transfers/{id}/accept", Access::User),
    (Method::POST, "/transfers/{id}/decline", Access::User),
    (Method::POST, "/transfers/{id}/withdraw", Access::User),
    (Method::GET, "/events/{id}/transfer-rules", Access::Owner),
    (Method::PUT, "/events/{id}/transfer-rules", Access::Owner),
    (Method::GET, "/events/{id}/media", Access::Owner),
    (Method::PUT, "/events/{id}/media/{medium}", Access::Owner),
    // gate
    (Method::POST, "/events/{id}/devices", Access::Owner),
    (Method::GET, "/events/{id}/devices", Access::Owner),
    (
        Method::POST,
        "/events/{id}/devices/{deviceId}/re-invite",
        Access::Owner,
    ),
    (
        Method::GET,
        "/events/{id}/devices/{deviceId}",
        Access::Owner,
    ),
    (
        Method::POST,
        "/events/{id}/devices/{deviceId}/confirm",
        Access::Owner,
    ),
    (
        Method::POST,
        "/events/{id}/devices/{deviceId}/evict",
        Access::Owner,
    ),
    (Method::GET, "/events/{id}/keys", Access::Owner),
    (
        Method::POST,
        "/events/{id}/keys/{kid}/retire",
        Access::Owner,
    ),
    (
        Method::POST,
        "/events/{id}/keys/{kid}/compromise",
        Access::Owner,
    ),
    (Method::POST, "/gate/enrolment/challenge", Access::Public),
    (Method::POST, "/gate/enrolment", Access::Public),
    (Method::POST, "/gate/sync", Access::Signed),
    (Method::POST, "/gate/segments", Access::Signed),
    (Method::POST, "/gate/scan-keys", Access::Signed),
    (Method::POST, "/gate/answers", Access::Signed),
    (Method::GET, "/events/{id}/supervisors", Access::Owner),
    (
        Method::PUT,
        "/events/{id}/supervisors/{number}",
        Access::Owner,
    ),
    (
        Method::DELETE,
        "/events/{id}/supervisors/{number}",
        Access::Owner,
    ),
    (Method::GET, "/events/{id}/redemptions", Access::Owner),
    (
        Method::POST,
        "/events/{id}/redemptions/{redemptionId}/adopt",
        Access::Owner,
    ),
    (Method::GET, "/events/{id}/conflicts", Access::Owner),
    (Method::GET, "/events/{id}/gate/live", Access::Owner),
    (Method::GET, "/events/{id}/staff", Access::Owner),
    (Method::POST, "/events/{id}/staff", Access::Owner),
    (Method::DELETE, "/events/{id}/staff/{userId}", Access::Owner),
    (Method::GET, "/events/{id}/audit", Access::Owner),
    (Method::GET, "/claimed-tickets/{id}/validate", Access::User),
    (Method::POST, "/events/{id}/validate", Access::Owner),
    (
        Method::GET,
        "/events/{id}/media/{medium}/validate",
        Access::Owner,
    ),
    (Method::POST, "/claimed-tickets/{id}/force", Access::Owner),
    (Method::POST, "/claimed-tickets/{id}/annul", Access::Owner),
];

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
        .merge(api)
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
