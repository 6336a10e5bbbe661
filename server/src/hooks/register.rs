//! Making, trying, replaying and removing hooks.

use serde_json::json;
use shared::api::hooks::{CreateHook, HookCreated, HookKind, HookMessageView};
use shared::ids::{HookId, HookMessageId, JournalId, UserId};
use shared::time::Timestamp;

use super::deliver::{next_try, put, waiting};
use super::model::{Hook, HookMessage, NEEDS, scope};
use super::{Error, address, find, sign};
use crate::app::App;
use crate::events::{owned_event_in, user_may_in};
use crate::platform::db::{DbError, LIMIT_MAX, Query, Tx};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

/// Hooks of one event, or of all events of an organizer.
const HOOKS_MAX: u64 = 10;

pub(super) async fn create(
    app: &App,
    caller: &Caller,
    wanted: CreateHook,
    now: Timestamp,
) -> Result<HookCreated, Error> {
    let mut fields = Fields::default();
    let url = address::check(&wanted.url, app.config.hooks.to_private_addresses);
    let url = url.unwrap_or_else(|why| {
        fields.wrong("url", why);
        String::new()
    });
    if wanted.kinds.is_empty() || wanted.kinds.len() > 10 {
        fields.wrong("kinds", "name at least one");
    }
    fields.done(())?;
    let secret = app.vault.draw_key();
    let mut hook = Hook {
        id: HookId::new(now, app.entropy.id10()),
        owner: caller.user,
        event: wanted.event_id,
        url,
        kinds: wanted.kinds,
        secret: crate::platform::vault::Wrapped::from_text(String::new()),
        created_at: now,
    };
    hook.secret = app.vault.wrap(&hook.context(), &*secret)?;
    let line = JournalId::new(now, app.entropy.id10());
    let caller = *caller;
    let user = caller.user;
    let view = hook.view();
    app.db
        .write(move |tx| {
            let event = match hook.event {
                Some(event) => Some(owned_event_in(tx, &caller, event)?),
                None => None,
            };
            let query = Query::on("by_scope").eq(scope(hook.event, hook.owner));
            let mut others = 0;
            for other in tx.list::<Hook>(&query.limit(LIMIT_MAX))? {
                // Those whose makers left take no place.
                let counts = match &event {
                    Some(event) => user_may_in(tx, other.owner, event, NEEDS)?,
                    None => true,
                };
                others += u64::from(counts);
            }
            if others >= HOOKS_MAX {
                return Err(Error::TooMany { max: HOOKS_MAX });
            }
            tx.insert(&hook)?;
            let entry = journal::Entry::new(
                line,
                now,
                Actor::User(user),
                "hook.created",
                journal::subject("hook", hook.id),
                json!({ "eventId": hook.event, "kinds": hook.kinds }),
            );
            Ok(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(HookCreated {
        hook: view,
        secret: sign::shown(&*secret),
    })
}

/// When an account ends.
pub fn remove_all(tx: &mut Tx<'_>, user: UserId) -> Result<(), DbError> {
    let query = Query::on("by_owner").eq(user).limit(LIMIT_MAX);
    for hook in tx.list::<Hook>(&query)? {
        tx.delete(&hook)?;
    }
    Ok(())
}

/// Its messages stay in the log until they are forgotten with it: nobody can read them any more.
pub(super) async fn remove(
    app: &App,
    caller: &Caller,
    id: HookId,
    now: Timestamp,
) -> Result<(), Error> {
    find::own(app, caller, id).await?;
    let line = JournalId::new(now, app.entropy.id10());
    let user = caller.user;
    app.db
        .write(move |tx| {
            let Some(hook) = tx.get::<Hook>(&id.to_string())? else {
                return Ok(());
            };
            tx.delete(&hook)?;
            let entry = journal::Entry::new(
                line,
                now,
                Actor::User(user),
                "hook.removed",
                journal::subject("hook", id),
                json!({}),
            );
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// Sends a ping, to try the address.
pub(super) async fn ping(
    app: &App,
    caller: &Caller,
    id: HookId,
    now: Timestamp,
) -> Result<HookMessageView, Error> {
    let hook = find::own(app, caller, id).await?;
    let body =
        json!({ "type": HookKind::Ping, "timestamp": now, "data": { "eventId": hook.event } });
    let message = HookMessageId::new(now, app.entropy.id10());
    let message = waiting(message, id, HookKind::Ping, &body.to_string(), now);
    let view = message.view();
    app.db
        .write(move |tx| Ok::<_, Error>(put(tx, &message, now)?))
        .await?;
    Ok(view)
}

/// Sends a message again: the same id and body, so that a receiver that has it drops it.
pub(super) async fn replay(
    app: &App,
    caller: &Caller,
    (hook, message): (HookId, HookMessageId),
    now: Timestamp,
) -> Result<HookMessageView, Error> {
    find::own(app, caller, hook).await?;
    app.db
        .write(move |tx| {
            let found = tx.get::<HookMessage>(&message.to_string())?;
            let found = found.filter(|message| message.hook == hook);
            let mut found = found.ok_or(Error::NoMessage)?;
            found.replay(now);
            tx.replace(&mut found)?;
            next_try(tx, &found, now, now)?;
            Ok(found.view())
        })
        .await
}
