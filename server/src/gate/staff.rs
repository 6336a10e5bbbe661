//! Gate staff of an event (A6, V10): people who may watch its gates and nothing else.

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::api::gate::{AddStaff, StaffView};
use shared::ids::{EventId, JournalId, UserId};
use shared::time::Timestamp;

use super::Error;
use crate::accounts;
use crate::app::App;
use crate::events::{self, model::Event};
use crate::platform::db::{
    Collection, Db, DbError, Entity, Field, Index, IndexValue, LIMIT_MAX, Query, Tx, Versioned,
};
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

/// More people than any venue has.
const STAFF_MAX: u64 = 1_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateStaff {
    event: EventId,
    user: UserId,
    username: String,
    added_at: Timestamp,
}

impl Entity for GateStaff {
    const COLLECTION: Collection = Collection {
        name: "gate_staff",
        fields: &[
            Field::text("event_id"),
            // Nullable for servers of before, which do not fill it.
            Field::text("user_id").nullable(),
        ],
        indexes: &[
            Index::on("by_event", &["event_id"]),
            Index::on("by_user", &["user_id"]),
        ],
    };
    fn id(&self) -> String {
        Self::key(self.event, self.user)
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.event.into(), self.user.into()]
    }
}

impl GateStaff {
    fn key(event: EventId, user: UserId) -> String {
        format!("{event}:{user}")
    }
    fn view(&self) -> StaffView {
        StaffView {
            user_id: self.user,
            username: self.username.clone(),
            added_at: self.added_at,
        }
    }
}

/// The event, if the caller may watch its gates: its organizer, its staff, administrators.
pub(super) async fn watched_event(
    db: &Db,
    caller: &Caller,
    id: EventId,
) -> Result<Versioned<Event>, Error> {
    let key = GateStaff::key(id, caller.user);
    if db.get::<GateStaff>(&key).await?.is_some() {
        return super::event(db, id).await;
    }
    Ok(events::owned_event(db, caller, id).await?)
}

/// Idempotent.
pub(super) async fn add(
    app: &App,
    caller: &Caller,
    event: EventId,
    wanted: &AddStaff,
    now: Timestamp,
) -> Result<StaffView, Error> {
    let event = events::owned_event(&app.db, caller, event).await?.id;
    let user = accounts::find_named(app, &wanted.username).await?;
    let user = user.ok_or(Error::Field(
        "username",
        "is nobody's, or an address that is not confirmed",
    ))?;
    if app
        .db
        .count::<GateStaff>(&Query::on("by_event").eq(event))
        .await?
        >= STAFF_MAX
    {
        return Err(Error::Field(
            "username",
            "is one too many: the event has 1,000 already",
        ));
    }
    let staff = GateStaff {
        event,
        user: user.id,
        username: user.username,
        added_at: now,
    };
    let entry = entry(app, caller, "event.staff_added", &staff, now);
    let stored = app.db.write(move |tx| -> Result<GateStaff, DbError> {
        if let Some(known) = tx.get::<GateStaff>(&staff.id())? {
            return Ok(known.into_inner());
        }
        tx.insert(&staff)?;
        journal::record(tx, &entry)?;
        Ok(staff.clone())
    });
    Ok(stored.await?.view())
}

pub(super) async fn list(
    app: &App,
    caller: &Caller,
    event: EventId,
) -> Result<Vec<StaffView>, Error> {
    let event = events::owned_event(&app.db, caller, event).await?.id;
    let limit = u32::try_from(STAFF_MAX).unwrap_or(u32::MAX);
    let query = Query::on("by_event").eq(event).limit(limit);
    let staff = app.db.list::<GateStaff>(&query).await?;
    Ok(staff.iter().map(|staff| staff.view()).collect())
}

pub(super) async fn remove(
    app: &App,
    caller: &Caller,
    event: EventId,
    user: UserId,
    now: Timestamp,
) -> Result<(), Error> {
    let event = events::owned_event(&app.db, caller, event).await?.id;
    let key = GateStaff::key(event, user);
    let known = app.db.get::<GateStaff>(&key).await?;
    let known = known.ok_or(Error::NotFound("member of the staff"))?;
    let entry = entry(app, caller, "event.staff_removed", &known, now);
    app.db
        .write(move |tx| -> Result<(), DbError> {
            if let Some(known) = tx.get::<GateStaff>(&key)? {
                tx.delete(&known)?;
                journal::record(tx, &entry)?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// An account that ends is of no staff any more (A7).
pub fn leave_staff(tx: &mut Tx<'_>, user: UserId) -> Result<(), DbError> {
    let query = Query::on("by_user").eq(user).limit(LIMIT_MAX);
    for staff in tx.list::<GateStaff>(&query)? {
        tx.delete(&staff)?;
    }
    Ok(())
}

fn entry(
    app: &App,
    caller: &Caller,
    action: &'static str,
    staff: &GateStaff,
    now: Timestamp,
) -> journal::Entry {
    journal::Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        Actor::User(caller.user),
        action,
        journal::subject("event", staff.event),
        json!({ "user": staff.user }),
    )
}
