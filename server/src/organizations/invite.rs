//! Inviting people by mail, and accepting.

use serde_json::json;
use shared::api::organizations::{InvitationView, Invite, OrganizationView};
use shared::ids::{JournalId, OneTimeId, OrganizationId};

use super::Error;
use super::found::{entry, require_in, required};
use super::members::{MEMBERS_MAX, one_at_a_time};
use super::model::{Invitation, Member, Organization};
use crate::accounts::model::User;
use crate::accounts::{self, address_key};
use crate::app::App;
use crate::notices::{Mail, Opens, Outgoing};
use crate::platform::db::Query;
use crate::platform::fields::Invalid;
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

const LIVES_SECS: i64 = 7 * 86_400;
/// Open at a time, so that nobody makes us write to the whole world.
const INVITATIONS_MAX: u32 = 100;

pub(super) async fn invite(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    wanted: Invite,
) -> Result<InvitationView, Error> {
    let email =
        address_key(&wanted.email).map_err(|why| Error::Invalid(Invalid::field("email", why)))?;
    let organization = required(&app.db, caller, id).await?;
    let inviter = accounts::name_of(&app.db, caller.user).await?;
    let now = app.clock.now();
    let invitation = Invitation {
        id: OneTimeId::new(now, app.entropy.id10()),
        organization: id,
        email,
        role: wanted.role,
        expires_at: now.plus_secs(LIVES_SECS),
    };
    let mail = Mail::Invitation {
        organization: organization.name,
        inviter: inviter.unwrap_or_else(|| "An administrator".to_owned()),
        role: format!("{:?}", wanted.role),
        token: invitation.id,
    };
    let about = format!("invitation:{}", invitation.id);
    let mail = Outgoing::new(app, about, &invitation.email, mail, now);
    let details = json!({ "invitation": invitation.id, "role": wanted.role });
    let entry = entry(app, caller, "organization.invited", id, details);
    let caller = *caller;
    app.db
        .write(move |tx| {
            require_in(tx, &caller, id, caller.right)?;
            let open = Query::on("by_organization").eq(id);
            if tx.count::<Invitation>(&open)? >= u64::from(INVITATIONS_MAX) {
                return Err(Error::TooMany("open invitations"));
            }
            tx.insert(&invitation)?;
            mail.post(tx)?;
            journal::record(tx, &entry)?;
            Ok(invitation.view())
        })
        .await
}

pub(super) async fn open(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
) -> Result<Vec<InvitationView>, Error> {
    required(&app.db, caller, id).await?;
    let now = app.clock.now();
    let query = Query::on("by_organization").eq(id).limit(INVITATIONS_MAX);
    let open = app.db.list::<Invitation>(&query).await?;
    let open = open.iter().filter(|invitation| invitation.expires_at > now);
    Ok(open.map(|invitation| invitation.view()).collect())
}

/// Idempotent: what is gone is withdrawn.
pub(super) async fn withdraw(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    invitation: OneTimeId,
) -> Result<(), Error> {
    let caller = *caller;
    app.db
        .write(move |tx| {
            require_in(tx, &caller, id, caller.right)?;
            let stored = tx.get::<Invitation>(&invitation.to_string())?;
            match stored.filter(|stored| stored.organization == id) {
                Some(stored) => Ok(tx.delete(&stored)?),
                None => Ok(()),
            }
        })
        .await
}

/// What a mailed link would do.
#[derive(Clone, Debug)]
pub struct Asked {
    pub organization: String,
    /// Who would join, if anybody has the address.
    pub account: Option<Joining>,
}

#[derive(Clone, Debug)]
pub struct Joining {
    pub username: String,
    /// The address was shown to be the account's: only such a one joins.
    pub is_confirmed: bool,
}

/// Changes nothing.
pub async fn asked(app: &App, token: &str) -> Result<Asked, Error> {
    let id = read(app, token)?;
    let found = app.db.get::<Invitation>(&id.to_string()).await?;
    let found = found.filter(|invitation| invitation.expires_at > app.clock.now());
    let invitation = found.ok_or(Error::BadLink)?;
    let organization = invitation.organization.to_string();
    let organization = app.db.get::<Organization>(&organization).await?;
    let users = app.db.list::<User>(&with(&invitation.email)).await?;
    Ok(Asked {
        organization: organization.ok_or(Error::BadLink)?.value.name,
        account: users.into_iter().next().map(|user| Joining {
            username: user.username.clone(),
            is_confirmed: user.verified_at.is_some(),
        }),
    })
}

fn read(app: &App, token: &str) -> Result<OneTimeId, Error> {
    let id = app.vault.read_token(Opens::Join.purpose(), token);
    let id = id.and_then(|bytes| bytes.try_into().ok());
    Ok(OneTimeId::from_bytes(id.ok_or(Error::BadLink)?))
}

fn with(email: &str) -> Query {
    Query::on("by_email").eq(email).limit(1)
}

/// Whoever opens the mailed link reads the mailbox: the account that has shown the same joins.
/// Anybody can register with the address, so an account that has not does not, and this click,
/// which comes from the mailbox' reader and not from the account, confirms nothing for it.
pub async fn join(app: &App, token: &str) -> Result<OrganizationView, Error> {
    let id = read(app, token)?;
    let now = app.clock.now();
    let journal_id = JournalId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| {
            let invitation = tx.get::<Invitation>(&id.to_string())?;
            let invitation = invitation
                .filter(|invitation| invitation.expires_at > now)
                .ok_or(Error::BadLink)?;
            let user = tx.list::<User>(&with(&invitation.email))?;
            let user = user.into_iter().next().ok_or(Error::NoAccount)?;
            if user.verified_at.is_none() {
                let username = user.username.clone();
                return Err(Error::Unconfirmed { username });
            }
            let organization = invitation.organization;
            let found = tx.get::<Organization>(&organization.to_string())?;
            let found = found.ok_or(Error::BadLink)?;
            let count = tx.count::<Member>(&Query::on("by_organization").eq(organization))?;
            if count >= u64::from(MEMBERS_MAX) {
                return Err(Error::TooMany("members"));
            }
            let key = Member::key(organization, user.id);
            // An invitation takes no right away.
            let role = if let Some(member) = tx.get::<Member>(&key)? {
                member.role
            } else {
                tx.insert(&Member {
                    organization,
                    user: user.id,
                    username: user.username.clone(),
                    role: invitation.role,
                    since: now,
                })?;
                // Its last owner may be leaving.
                one_at_a_time(tx, organization)?;
                invitation.role
            };
            tx.delete(&invitation)?;
            accounts::grant_organizer(tx, user.id, now)?;
            let entry = journal::Entry::new(
                journal_id,
                now,
                Actor::User(user.id),
                "organization.joined",
                journal::subject("organization", organization),
                json!({ "user": user.id, "role": role }),
            );
            journal::record(tx, &entry)?;
            Ok(found.view(Some(role)))
        })
        .await
}
