//! Who works for an organization, and as what.

use serde_json::json;
use shared::api::organizations::{MemberView, OrganizationRole, Right};
use shared::ids::{OrganizationId, UserId};

use super::Error;
use super::found::{entry, require_in, required};
use super::model::{Member, Organization};
use crate::app::App;
use crate::platform::db::{DbError, LIMIT_MAX, Query, Tx, Versioned};
use crate::platform::http::Caller;
use crate::platform::journal;

pub(super) const MEMBERS_MAX: u32 = 1_000;

const NO_MEMBER: Error = Error::NotFound("member");

fn of(organization: OrganizationId) -> Query {
    Query::on("by_organization")
        .eq(organization)
        .limit(MEMBERS_MAX)
}

pub(super) async fn list(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
) -> Result<Vec<MemberView>, Error> {
    required(&app.db, caller, id).await?;
    let members = app.db.list::<Member>(&of(id)).await?;
    Ok(members.iter().map(|member| member.view()).collect())
}

pub(super) async fn change(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    user: UserId,
    role: OrganizationRole,
) -> Result<MemberView, Error> {
    let details = json!({ "user": user, "role": role });
    let entry = entry(app, caller, "organization.role", id, details);
    let caller = *caller;
    app.db
        .write(move |tx| {
            require_in(tx, &caller, id, caller.right)?;
            let member = tx.get::<Member>(&Member::key(id, user))?;
            let mut member = member.ok_or(NO_MEMBER)?;
            if role != OrganizationRole::Owner {
                keep_an_owner(tx, &member)?;
            }
            member.role = role;
            tx.replace(&mut member)?;
            journal::record(tx, &entry)?;
            Ok(member.view())
        })
        .await
}

/// By who may change the team, or by the member who leaves.
pub(super) async fn remove(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    user: UserId,
) -> Result<(), Error> {
    let entry = entry(
        app,
        caller,
        "organization.left",
        id,
        json!({ "user": user }),
    );
    let caller = *caller;
    app.db
        .write(move |tx| {
            let right = if user == caller.user {
                Right::View
            } else {
                Right::Team
            };
            require_in(tx, &caller, id, right)?;
            let member = tx.get::<Member>(&Member::key(id, user))?;
            let member = member.ok_or(NO_MEMBER)?;
            keep_an_owner(tx, &member)?;
            tx.delete(&member)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// Whoever changes who owns an organization writes its row, whatever else they write: of two who go at
/// once, each of whom sees the other stay, one then runs again.
pub(super) fn one_at_a_time(tx: &mut Tx<'_>, organization: OrganizationId) -> Result<(), DbError> {
    match tx.get::<Organization>(&organization.to_string())? {
        Some(mut row) => tx.replace(&mut row),
        None => Ok(()),
    }
}

/// Refuses to take the last owner from people who work on.
fn keep_an_owner(tx: &mut Tx<'_>, leaving: &Versioned<Member>) -> Result<(), Error> {
    if leaving.role != OrganizationRole::Owner {
        return Ok(());
    }
    one_at_a_time(tx, leaving.organization)?;
    let members = tx.list::<Member>(&of(leaving.organization))?;
    let mut others = members.iter().filter(|member| member.user != leaving.user);
    if others.any(|member| member.role == OrganizationRole::Owner) {
        Ok(())
    } else {
        Err(Error::LastOwner)
    }
}

/// When an account ends. Whoever is alone in an organization ends that too.
pub fn leave_all(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    let query = Query::on("by_user").eq(user).limit(LIMIT_MAX);
    for member in tx.list::<Member>(&query)? {
        let is_alone = tx.count::<Member>(&of(member.organization))? == 1;
        if is_alone {
            // Somebody may be joining.
            one_at_a_time(tx, member.organization)?;
        } else {
            keep_an_owner(tx, &member)?;
        }
        tx.delete(&member)?;
    }
    Ok(())
}
