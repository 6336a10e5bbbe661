//! Changing an event's issuing keys: retired in good order, or given up because one was stolen.
//!
//! Invariants: the set of keys, the keyring that tells of it and the journal share a commit, so no
//! gate hears of a key that is not stored; no ticket is printed again: those of a retired key are
//! good as before, those of a stolen one while the snapshot lists them.

use data_encoding::HEXLOWER;
use serde_json::json;
use shared::api::gate::{IssuingKeyStatus, IssuingKeyView};
use shared::ids::{EventId, JournalId};
use shared::time::Timestamp;
use shared::trust::{KeyStatus, Keyring, StatementKind};

use super::issuing::{self, Slot};
use super::keys::{EventKeys, WrappedKeys};
use super::model::StoredStatement;
use super::statements::{self, RACES_MAX};
use super::{Error, keys};
use crate::app::App;
use crate::events::{self, model::Event};
use crate::platform::db::{DbError, Tx, Versioned};
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

/// The event's issuing keys, for its organizer.
pub(super) async fn list(
    app: &App,
    caller: &Caller,
    event: EventId,
    now: Timestamp,
) -> Result<Vec<IssuingKeyView>, Error> {
    let event = events::owned_event(&app.db, caller, event).await?;
    shown(app, &event, now).await
}

/// By the event's organizer. Idempotent.
pub(super) async fn take_out(
    app: &App,
    caller: &Caller,
    (event, kid): (EventId, u8),
    to: KeyStatus,
    now: Timestamp,
) -> Result<Vec<IssuingKeyView>, Error> {
    let event = events::owned_event(&app.db, caller, event).await?;
    change(app, &event, kid, to, &Actor::User(caller.user), now).await
}

/// At the server's command line.
pub async fn by_operator(
    app: &App,
    event: EventId,
    change_to: Option<(u8, KeyStatus)>,
    now: Timestamp,
) -> Result<Vec<IssuingKeyView>, Error> {
    let event = super::event(&app.db, event).await?;
    match change_to {
        None => shown(app, &event, now).await,
        Some((kid, to)) => change(app, &event, kid, to, &Actor::Operator, now).await,
    }
}

async fn shown(app: &App, event: &Event, now: Timestamp) -> Result<Vec<IssuingKeyView>, Error> {
    let keys = keys::current(app, event.id, now).await?;
    Ok(view(&keys, event, now))
}

async fn change(
    app: &App,
    event: &Event,
    kid: u8,
    to: KeyStatus,
    actor: &Actor,
    now: Timestamp,
) -> Result<Vec<IssuingKeyView>, Error> {
    for _ in 0..RACES_MAX {
        let trust = statements::ensure(app, event, now).await?;
        let mut stored = keys::stored(app, event.id, now).await?;
        let mut slots = stored.slots();
        let serial_last = event.serial_next.saturating_sub(1);
        if !issuing::take_out(&mut slots, kid, to, serial_last, now)? {
            return shown(app, event, now).await;
        }
        // The 256th key has none behind it and serves all the same.
        if let Ok(Some(kid)) = issuing::missing_standby(&slots) {
            slots.push(Slot {
                kid,
                status: KeyStatus::Standby,
                serial_last: None,
                changed_at: now,
                seed: Some(stored.draw_issuing(app, kid)?),
            });
        }
        stored.set_slots(slots);
        let fresh = EventKeys::unwrap(&app.vault, &stored)?;
        let keyring = statements::next_keyring(Some(&trust.keyring), event, &fresh, now)?;
        let entry = journal::Entry::new(
            JournalId::new(now, app.entropy.id10()),
            now,
            actor.clone(),
            match to {
                KeyStatus::Compromised => "key.compromised",
                KeyStatus::Active | KeyStatus::Standby | KeyStatus::Retired => "key.retired",
            },
            journal::subject("event", event.id),
            json!({ "kid": kid, "keyring": keyring.version }),
        );
        let done = app
            .db
            .write(move |tx| store(tx, &stored, &keyring, &entry))
            .await;
        match done {
            Ok(()) => return shown(app, event, now).await,
            Err(error) if error.is_race() => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Contended)
}

fn store(
    tx: &mut Tx<'_>,
    stored: &Versioned<WrappedKeys>,
    keyring: &StoredStatement,
    entry: &journal::Entry,
) -> Result<(), Error> {
    let newest = statements::latest_version(tx, keyring.event, StatementKind::Keyring)?;
    if newest + 1 != keyring.version {
        return Err(DbError::Conflict {
            collection: "gate_statements",
        }
        .into());
    }
    tx.replace(&mut stored.clone())?;
    tx.insert(keyring)?;
    journal::record(tx, entry)?;
    Ok(())
}

fn view(keys: &EventKeys, event: &Event, now: Timestamp) -> Vec<IssuingKeyView> {
    let Keyring { keys: ring } = statements::keyring_of(event, keys, now);
    ring.iter()
        .zip(keys.ring())
        .map(|(entry, (slot, _))| IssuingKeyView {
            kid: entry.kid,
            status: match entry.status {
                KeyStatus::Active => IssuingKeyStatus::Active,
                KeyStatus::Standby => IssuingKeyStatus::Standby,
                KeyStatus::Retired => IssuingKeyStatus::Retired,
                KeyStatus::Compromised => IssuingKeyStatus::Compromised,
            },
            public_key: HEXLOWER.encode(&entry.public_key),
            serial_first: entry.serial_first,
            serial_last: entry.serial_last,
            changed_at: slot.changed_at,
        })
        .collect()
}
