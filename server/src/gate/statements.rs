//! The event's signed statements: the chain of versions of root, keyring, roster, snapshot and
//! checkpoint.
//!
//! Invariants: versions are dense and each names the hash of the one before; two writers of one
//! version collide in the unique index, and the loser reads again; what devices hold never expires
//! while they could still renew it.

use ed25519_dalek::SigningKey;
use serde::{Serialize, de::DeserializeOwned};
use shared::ids::EventId;
use shared::limits::SERIAL_MAX;
use shared::time::Timestamp;
use shared::trust::{
    Authority, Expected, Header, Keyring, KeyringEntry, Opened, Root, Signed, Statement,
    StatementKind, TrustedKeys, open, seal,
};

use super::issuing::Slot;
use super::keys::EventKeys;
use super::model::{StoredStatement, kind_name};
use super::{Error, roster};
use crate::app::App;
use crate::events::model::Event;
use crate::platform::db::{Db, DbError, Query, Tx};

const DAY_SECS: i64 = 86_400;
const ROOT_DAYS: i64 = 365;
/// A root this close to its end is signed again.
const ROOT_RENEW_DAYS: i64 = 60;
/// Everything else lives until the event's end and a week.
const AFTER_EVENT_DAYS: i64 = 7;
/// Serials that the keys of the smallest event may sign.
const SERIALS_MIN: u32 = 4096;
/// Others that get in between before a writer gives up.
pub(super) const RACES_MAX: usize = 16;

/// What an action that others get in between starts over by.
#[derive(Default)]
pub(super) struct Races(usize);

impl Races {
    /// Start over after this error; or it is another one, or one race too many.
    pub(super) fn lost(&mut self, error: Error) -> Result<(), Error> {
        if !error.is_race() {
            return Err(error);
        }
        self.0 += 1;
        if self.0 < RACES_MAX {
            Ok(())
        } else {
            Err(Error::Contended)
        }
    }
}

/// The newest statement of a kind.
pub(super) async fn latest(
    db: &Db,
    event: EventId,
    kind: StatementKind,
) -> Result<Option<StoredStatement>, DbError> {
    let query = newest(event, kind);
    let found = db.list::<StoredStatement>(&query).await?;
    Ok(found
        .into_iter()
        .next()
        .map(crate::platform::db::Versioned::into_inner))
}

/// One version of a statement.
pub(super) async fn version(
    db: &Db,
    event: EventId,
    kind: StatementKind,
    version: u64,
) -> Result<Option<StoredStatement>, DbError> {
    let found = db
        .get::<StoredStatement>(&StoredStatement::key(event, kind, version))
        .await?;
    Ok(found.map(crate::platform::db::Versioned::into_inner))
}

/// The version of the newest, inside a transaction.
pub(super) fn latest_version(
    tx: &mut Tx<'_>,
    event: EventId,
    kind: StatementKind,
) -> Result<u64, DbError> {
    Ok(latest_in(tx, event, kind)?.map_or(0, |statement| statement.version))
}

/// The newest, inside a transaction.
pub(super) fn latest_in(
    tx: &mut Tx<'_>,
    event: EventId,
    kind: StatementKind,
) -> Result<Option<StoredStatement>, DbError> {
    let found = tx.list::<StoredStatement>(&newest(event, kind))?;
    Ok(found
        .into_iter()
        .next()
        .map(crate::platform::db::Versioned::into_inner))
}

fn newest(event: EventId, kind: StatementKind) -> Query {
    Query::on("by_version")
        .eq(event)
        .eq(kind_name(kind))
        .descending()
        .limit(1)
}

/// Signs the version after `previous`.
pub(super) fn next<T: Serialize>(
    previous: Option<&StoredStatement>,
    kind: StatementKind,
    event: EventId,
    times: (Timestamp, Timestamp),
    body: T,
    key: &SigningKey,
) -> Result<StoredStatement, Error> {
    next_by(previous, kind, event, times, body, &[key])
}

/// The same, where several must sign.
pub(super) fn next_by<T: Serialize>(
    previous: Option<&StoredStatement>,
    kind: StatementKind,
    event: EventId,
    (created, expires): (Timestamp, Timestamp),
    body: T,
    keys: &[&SigningKey],
) -> Result<StoredStatement, Error> {
    let header = Header {
        kind,
        event,
        version: previous.map_or(0, |statement| statement.version) + 1,
        created,
        expires,
        previous: previous.map(|statement| statement.hash),
    };
    let statement = Statement {
        header: header.clone(),
        body,
    };
    let signed = seal(&statement, keys)?;
    Ok(StoredStatement::new(&header, &signed))
}

/// Reads one of our own statements, with every check that a device makes but the expiry.
pub(super) fn read<T: Serialize + DeserializeOwned>(
    stored: &StoredStatement,
    key: &SigningKey,
) -> Result<Opened<T>, Error> {
    let expected = Expected {
        kind: stored.kind,
        event: stored.event,
        now: stored.created,
        seen: None,
    };
    Ok(open(&stored.signed()?, &authority(key), &expected)?)
}

fn authority(key: &SigningKey) -> Authority {
    Authority {
        keys: vec![key.verifying_key().to_bytes()],
        threshold: 1,
    }
}

/// Until when statements about an event hold.
pub(super) fn expiry(event: &Event, now: Timestamp) -> Timestamp {
    event.end.max(now).plus_secs(AFTER_EVENT_DAYS * DAY_SECS)
}

/// Whether a statement should be signed again because its time runs out or the event moved.
pub(super) fn is_short(statement: &StoredStatement, event: &Event, now: Timestamp) -> bool {
    let wanted = expiry(event, now);
    statement.expires.plus_secs(DAY_SECS) < wanted
}

/// Removes the version that is `kept` older than `version`, if it is still there.
pub(super) fn prune(
    tx: &mut Tx<'_>,
    event: EventId,
    kind: StatementKind,
    version: u64,
    kept: u64,
) -> Result<(), DbError> {
    let Some(old) = version.checked_sub(kept) else {
        return Ok(());
    };
    if let Some(stored) = tx.get::<StoredStatement>(&StoredStatement::key(event, kind, old))? {
        tx.delete(&stored)?;
    }
    Ok(())
}

/// What signs and verifies for one event.
pub struct Trust {
    pub keys: std::sync::Arc<EventKeys>,
    pub root: StoredStatement,
    pub keyring: StoredStatement,
    pub roster: StoredStatement,
}

impl Trust {
    /// The issuing keys as verification uses them.
    pub fn trusted_keys(&self) -> Result<TrustedKeys, Error> {
        let keyring = read::<Keyring>(&self.keyring, &self.keys.keyring)?;
        Ok(TrustedKeys::load(&keyring.body)?)
    }
    pub fn signed_root(&self) -> Result<Signed, Error> {
        Ok(self.root.signed()?)
    }
}

/// Root, keyring and roster of the event, made or renewed if need be.
pub(super) async fn ensure(app: &App, event: &Event, now: Timestamp) -> Result<Trust, Error> {
    for _ in 0..RACES_MAX {
        let keys = super::keys::current(app, event.id, now).await?;
        let root = latest(&app.db, event.id, StatementKind::Root).await?;
        let keyring = latest(&app.db, event.id, StatementKind::Keyring).await?;
        let roster = latest(&app.db, event.id, StatementKind::Roster).await?;
        let mut fresh = Vec::new();
        if root
            .as_ref()
            .is_none_or(|root| root.expires < now.plus_secs(ROOT_RENEW_DAYS * DAY_SECS))
        {
            fresh.push(next_root(root.as_ref(), event, &keys, now)?);
        }
        let is_stale = match &keyring {
            Some(stored) => is_short(stored, event, now) || !tells_of(stored, event, &keys)?,
            None => true,
        };
        if is_stale {
            fresh.push(next_keyring(keyring.as_ref(), event, &keys, now)?);
        }
        if roster
            .as_ref()
            .is_none_or(|roster| is_short(roster, event, now))
        {
            let devices = roster::devices(&app.db, event.id).await?;
            fresh.push(roster::next(roster.as_ref(), event, &devices, &keys, now)?);
        }
        match (root, keyring, roster) {
            (Some(root), Some(keyring), Some(roster)) if fresh.is_empty() => {
                return Ok(Trust {
                    keys,
                    root,
                    keyring,
                    roster,
                });
            }
            _ => match append(&app.db, fresh).await {
                Ok(()) => {}
                Err(error) if error.is_race() => {}
                Err(error) => return Err(error),
            },
        }
    }
    Err(Error::Contended)
}

/// Stores new versions; losing a race is no error here, the caller reads again.
async fn append(db: &Db, fresh: Vec<StoredStatement>) -> Result<(), Error> {
    db.write(move |tx| -> Result<(), DbError> {
        for statement in &fresh {
            if latest_version(tx, statement.event, statement.kind)? + 1 == statement.version {
                tx.insert(statement)?;
            }
        }
        Ok(())
    })
    .await?;
    Ok(())
}

fn next_root(
    previous: Option<&StoredStatement>,
    event: &Event,
    keys: &EventKeys,
    now: Timestamp,
) -> Result<StoredStatement, Error> {
    let root = Root {
        root: authority(&keys.root),
        keyring: authority(&keys.keyring),
        roster: authority(&keys.roster),
        snapshot: authority(&keys.snapshot),
    };
    let until = expiry(event, now.plus_secs(ROOT_DAYS * DAY_SECS));
    next(
        previous,
        StatementKind::Root,
        event.id,
        (now, until),
        root,
        &keys.root,
    )
}

/// The keyring is what the keys and the stock of today make it.
fn tells_of(stored: &StoredStatement, event: &Event, keys: &EventKeys) -> Result<bool, Error> {
    let body = read::<Keyring>(stored, &keys.keyring)?.body;
    Ok(body == keyring_of(event, keys, stored.expires))
}

pub(super) fn next_keyring(
    previous: Option<&StoredStatement>,
    event: &Event,
    keys: &EventKeys,
    now: Timestamp,
) -> Result<StoredStatement, Error> {
    let until = expiry(event, now);
    next(
        previous,
        StatementKind::Keyring,
        event.id,
        (now, until),
        keyring_of(event, keys, until),
        &keys.keyring,
    )
}

/// What a keyring says that holds until then.
pub(super) fn keyring_of(event: &Event, keys: &EventKeys, until: Timestamp) -> Keyring {
    let entry = |(slot, public): (&Slot, ed25519_dalek::VerifyingKey)| KeyringEntry {
        kid: slot.kid,
        public_key: public.to_bytes(),
        serial_first: 0,
        serial_last: slot.serial_last.unwrap_or_else(|| serial_bound(event)),
        not_before: event.epoch,
        not_after: until,
        status: slot.status,
    };
    Keyring {
        keys: keys.ring().map(entry).collect(),
    }
}

/// What a stolen key could invent before it is found out is bounded by the stock. Twice the stock
/// and more, so that gates without news take the tickets of stock that was added meanwhile.
fn serial_bound(event: &Event) -> u32 {
    let room = event.serial_next.saturating_mul(2).max(SERIALS_MIN);
    let bound = room.checked_next_power_of_two();
    bound.map_or(SERIAL_MAX, |bound| (bound - 1).min(SERIAL_MAX))
}
