//! Founding an organization, naming it, and who is what in it.

use serde_json::json;
use shared::api::organizations::{NameOrganization, OrganizationRole, OrganizationView, Right};
use shared::ids::{JournalId, OrganizationId, UserId};
use shared::limits::NAME_CHARS_MAX;

use super::Error;
use super::members::MEMBERS_MAX;
use super::model::{Member, Organization};
use crate::accounts;
use crate::accounts::model::User;
use crate::app::App;
use crate::platform::db::{Db, DbError, Query, Tx, Versioned};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

/// More than anybody works for.
const PER_USER_MAX: u32 = 50;

/// What the user is in the organization, if anything.
pub async fn role_of(
    db: &Db,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<OrganizationRole>, DbError> {
    let member = db.get::<Member>(&Member::key(organization, user)).await?;
    Ok(member.map(|member| member.role))
}

/// [`role_of`] inside a transaction.
pub fn role_in(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<OrganizationRole>, DbError> {
    let member = tx.get::<Member>(&Member::key(organization, user))?;
    Ok(member.map(|member| member.role))
}

/// One of its owners.
pub fn owner_in(tx: &mut Tx<'_>, organization: OrganizationId) -> Result<Option<UserId>, DbError> {
    let members = Query::on("by_organization").eq(organization);
    let members = tx.list::<Member>(&members.limit(MEMBERS_MAX))?;
    let mut owners = members
        .iter()
        .filter(|member| member.role == OrganizationRole::Owner);
    Ok(owners.next().map(|owner| owner.user))
}

/// Whether the caller may do in the organization what the route needs; 404 if not.
pub fn require_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    organization: OrganizationId,
    right: Right,
) -> Result<Versioned<Organization>, Error> {
    const NONE: Error = Error::NotFound("organization");
    let found = tx.get::<Organization>(&organization.to_string())?;
    let role = role_in(tx, organization, caller.user)?;
    let may =
        caller.is_admin() || caller.scopes.has(right) && role.is_some_and(|role| role.may(right));
    let found = found.filter(|_| may).ok_or(NONE)?;
    journal::about(tx, "organization", organization);
    Ok(found)
}

/// [`require_in`] for reading, and before a gateway is asked.
pub async fn required(
    db: &Db,
    caller: &Caller,
    organization: OrganizationId,
) -> Result<OrganizationView, Error> {
    const NONE: Error = Error::NotFound("organization");
    let found = db.get::<Organization>(&organization.to_string()).await?;
    let role = role_of(db, organization, caller.user).await?;
    let right = caller.right;
    let may =
        caller.is_admin() || caller.scopes.has(right) && role.is_some_and(|role| role.may(right));
    let found = found.filter(|_| may).ok_or(NONE)?;
    Ok(found.view(role))
}

fn checked(wanted: &NameOrganization) -> Result<String, Error> {
    let mut fields = Fields::default();
    let name = fields.line("name", &wanted.name, 1, NAME_CHARS_MAX);
    Ok(fields.done(name)?)
}

/// The caller becomes its owner, and an organizer.
pub(super) async fn found(
    app: &App,
    caller: &Caller,
    wanted: &NameOrganization,
) -> Result<OrganizationView, Error> {
    let now = app.clock.now();
    let organization = Organization {
        id: OrganizationId::new(now, app.entropy.id10()),
        name: checked(wanted)?,
        created_at: now,
    };
    let user = caller.user;
    let entry = entry(
        app,
        caller,
        "organization.founded",
        organization.id,
        json!({}),
    );
    app.db
        .write(move |tx| {
            let stored = tx.get::<User>(&user.to_string())?;
            let stored = stored.ok_or(Error::NotFound("user"))?;
            let mine = Query::on("by_user").eq(user);
            if tx.count::<Member>(&mine)? >= u64::from(PER_USER_MAX) {
                return Err(Error::TooMany("organizations that you work for"));
            }
            accounts::grant_organizer(tx, user, now)?;
            tx.insert(&organization)?;
            tx.insert(&Member {
                organization: organization.id,
                user,
                username: stored.username.clone(),
                role: OrganizationRole::Owner,
                since: now,
            })?;
            journal::record(tx, &entry)?;
            Ok(organization.view(Some(OrganizationRole::Owner)))
        })
        .await
}

pub(super) async fn rename(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    wanted: &NameOrganization,
) -> Result<OrganizationView, Error> {
    let name = checked(wanted)?;
    let caller = *caller;
    app.db
        .write(move |tx| {
            let mut organization = require_in(tx, &caller, id, caller.right)?;
            organization.name.clone_from(&name);
            tx.replace(&mut organization)?;
            Ok(organization.view(role_in(tx, id, caller.user)?))
        })
        .await
}

/// Those that the caller works for.
pub(super) async fn mine(app: &App, caller: &Caller) -> Result<Vec<OrganizationView>, DbError> {
    let query = Query::on("by_user").eq(caller.user).limit(PER_USER_MAX);
    let mut all = Vec::new();
    for member in app.db.list::<Member>(&query).await? {
        let id = member.organization.to_string();
        let found = app.db.get::<Organization>(&id).await?;
        all.extend(found.map(|found| found.view(Some(member.role))));
    }
    Ok(all)
}

pub(super) fn entry(
    app: &App,
    caller: &Caller,
    action: &'static str,
    organization: OrganizationId,
    details: serde_json::Value,
) -> journal::Entry {
    let now = app.clock.now();
    journal::Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        Actor::User(caller.user),
        action,
        journal::subject("organization", organization),
        details,
    )
}
