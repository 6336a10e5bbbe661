//! `/organizations`.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::error::ErrorBody;
use shared::api::events::EventView;
use shared::api::organizations::{
    ChangeMember, InvitationView, Invite, JoinRequest, MemberView, NameOrganization,
    OrganizationView,
};
use shared::api::page::Page;
use shared::ids::{OneTimeId, OrganizationId, UserId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::found::required;
use super::{found, invite, members};
use crate::app::AppState;
use crate::error::ApiError;
use crate::events;
use crate::platform::http::{Caller, ClientIp, Json, PageParams, Path};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_organizations, post_organization))
        .routes(routes!(post_join))
        .routes(routes!(get_organization, patch_organization))
        .routes(routes!(list_events))
        .routes(routes!(list_members))
        .routes(routes!(put_member, delete_member))
        .routes(routes!(list_invitations, post_invitation))
        .routes(routes!(delete_invitation))
}

/// Lists the organizations that the caller works for.
#[utoipa::path(get, path = "/organizations", tag = "organizations", security(("bearer" = [])),
    responses((status = 200, body = Page<OrganizationView>)))]
async fn list_organizations(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<Page<OrganizationView>>, ApiError> {
    Ok(whole(found::mine(&app, &caller).await?))
}

/// Founds an organization; the caller is its owner.
#[utoipa::path(post, path = "/organizations", tag = "organizations", security(("bearer" = [])),
    request_body = NameOrganization,
    responses((status = 201, body = OrganizationView), (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn post_organization(
    State(app): State<AppState>,
    caller: Caller,
    Json(wanted): Json<NameOrganization>,
) -> Result<(StatusCode, Json<OrganizationView>), ApiError> {
    let founded = found::found(&app, &caller, &wanted).await?;
    Ok((StatusCode::CREATED, Json(founded)))
}

/// Accepts an invitation, with the token of the mailed link: the account that has confirmed the address
/// which it was mailed to joins.
#[utoipa::path(post, path = "/organizations/join", tag = "organizations", request_body = JoinRequest,
    responses((status = 200, body = OrganizationView),
        (status = 400, description = "`bad_link`: unknown, spent or too old", body = ErrorBody),
        (status = 409, description = "`no_account`: nobody has this address; `email_unverified`: its account has not confirmed it", body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody)))]
async fn post_join(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    Json(request): Json<JoinRequest>,
) -> Result<Json<OrganizationView>, ApiError> {
    app.limiters.register(ip)?;
    Ok(Json(invite::join(&app, &request.token).await?))
}

/// Shows an organization to its people.
#[utoipa::path(get, path = "/organizations/{id}", tag = "organizations", params(("id" = OrganizationId, Path)),
    security(("bearer" = [])), responses((status = 200, body = OrganizationView), (status = 404, body = ErrorBody)))]
async fn get_organization(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
) -> Result<Json<OrganizationView>, ApiError> {
    Ok(Json(required(&app.db, &caller, id).await?))
}

/// Gives an organization another name.
#[utoipa::path(patch, path = "/organizations/{id}", tag = "organizations", params(("id" = OrganizationId, Path)),
    security(("bearer" = [])), request_body = NameOrganization,
    responses((status = 200, body = OrganizationView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn patch_organization(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
    Json(wanted): Json<NameOrganization>,
) -> Result<Json<OrganizationView>, ApiError> {
    Ok(Json(found::rename(&app, &caller, id, &wanted).await?))
}

/// Lists the organization's events, drafts too.
#[utoipa::path(get, path = "/organizations/{id}/events", tag = "organizations",
    params(("id" = OrganizationId, Path), PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<EventView>), (status = 404, body = ErrorBody)))]
async fn list_events(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
    page: PageParams,
) -> Result<Json<Page<EventView>>, ApiError> {
    required(&app.db, &caller, id).await?;
    Ok(Json(events::list_of(&app, id, &page).await?))
}

/// Lists the people who work for the organization.
#[utoipa::path(get, path = "/organizations/{id}/members", tag = "organizations", params(("id" = OrganizationId, Path)),
    security(("bearer" = [])), responses((status = 200, body = Page<MemberView>), (status = 404, body = ErrorBody)))]
async fn list_members(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
) -> Result<Json<Page<MemberView>>, ApiError> {
    Ok(whole(members::list(&app, &caller, id).await?))
}

/// Gives a member another role.
#[utoipa::path(put, path = "/organizations/{id}/members/{userId}", tag = "organizations",
    params(("id" = OrganizationId, Path), ("userId" = UserId, Path)), security(("bearer" = [])),
    request_body = ChangeMember,
    responses((status = 200, body = MemberView), (status = 404, body = ErrorBody),
        (status = 409, description = "`last_owner`", body = ErrorBody)))]
async fn put_member(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, user)): Path<(OrganizationId, UserId)>,
    Json(wanted): Json<ChangeMember>,
) -> Result<Json<MemberView>, ApiError> {
    let changed = members::change(&app, &caller, id, user, wanted.role).await?;
    Ok(Json(changed))
}

/// Removes a member. Whoever is one may leave.
#[utoipa::path(delete, path = "/organizations/{id}/members/{userId}", tag = "organizations",
    params(("id" = OrganizationId, Path), ("userId" = UserId, Path)), security(("bearer" = [])),
    responses((status = 204, description = "removed"), (status = 404, body = ErrorBody),
        (status = 409, description = "`last_owner`", body = ErrorBody)))]
async fn delete_member(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, user)): Path<(OrganizationId, UserId)>,
) -> Result<StatusCode, ApiError> {
    members::remove(&app, &caller, id, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists who is invited and has not answered.
#[utoipa::path(get, path = "/organizations/{id}/invitations", tag = "organizations", params(("id" = OrganizationId, Path)),
    security(("bearer" = [])), responses((status = 200, body = Page<InvitationView>), (status = 404, body = ErrorBody)))]
async fn list_invitations(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
) -> Result<Json<Page<InvitationView>>, ApiError> {
    Ok(whole(invite::open(&app, &caller, id).await?))
}

/// Invites somebody by mail.
#[utoipa::path(post, path = "/organizations/{id}/invitations", tag = "organizations", params(("id" = OrganizationId, Path)),
    security(("bearer" = [])), request_body = Invite,
    responses((status = 201, body = InvitationView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "`too_many` are open", body = ErrorBody),
        (status = 429, description = "`rate_limited`", body = ErrorBody)))]
async fn post_invitation(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    caller: Caller,
    Path(id): Path<OrganizationId>,
    Json(wanted): Json<Invite>,
) -> Result<(StatusCode, Json<InvitationView>), ApiError> {
    app.limiters.mail(ip)?;
    let invited = invite::invite(&app, &caller, id, wanted).await?;
    Ok((StatusCode::CREATED, Json(invited)))
}

/// Withdraws an invitation; its link opens nothing any more.
#[utoipa::path(delete, path = "/organizations/{id}/invitations/{invitationId}", tag = "organizations",
    params(("id" = OrganizationId, Path), ("invitationId" = OneTimeId, Path)), security(("bearer" = [])),
    responses((status = 204, description = "withdrawn"), (status = 404, body = ErrorBody)))]
async fn delete_invitation(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, invitation)): Path<(OrganizationId, OneTimeId)>,
) -> Result<StatusCode, ApiError> {
    invite::withdraw(&app, &caller, id, invitation).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A short list is one page.
fn whole<T>(items: Vec<T>) -> Json<Page<T>> {
    Json(Page {
        items,
        next_cursor: None,
    })
}
