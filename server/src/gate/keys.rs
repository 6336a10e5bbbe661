//! An event's keys: made at first need, stored wrapped, held in memory while in use.
//!
//! Invariants: one set of keys per event for ever, whoever asks first (the first commit wins and
//! the others read it); seeds leave the vault only into this module, into memory that is wiped on
//! drop; each role has a key of its own; nothing here is `Clone`, `Serialize` or shown by `Debug`.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use shared::ids::EventId;
use shared::time::Timestamp;
use zeroize::Zeroizing;

use super::Error;
use crate::platform::db::{Collection, Db, DbError, Entity, IndexValue, Tx};
use crate::platform::entropy::Entropy;
use crate::platform::vault::{Vault, Wrapped};

/// Events whose keys stay in memory; past it the cache starts again.
const CACHED_EVENTS_MAX: usize = 256;

/// What a key may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRole {
    Root,
    Keyring,
    Roster,
    Snapshot,
    /// Tickets, under kid 0.
    Issuing0,
    /// Tickets, under kid 1: published ahead, unused until kid 0 is retired.
    Issuing1,
    /// No signing key: seeds typed codes and page links.
    Secrets,
}

const ROLES: [KeyRole; 7] = [
    KeyRole::Root,
    KeyRole::Keyring,
    KeyRole::Roster,
    KeyRole::Snapshot,
    KeyRole::Issuing0,
    KeyRole::Issuing1,
    KeyRole::Secrets,
];

impl KeyRole {
    /// Binds a wrapped seed to its place: it unwraps nowhere else.
    fn context(self, event: EventId) -> String {
        let role = match self {
            Self::Root => "root",
            Self::Keyring => "keyring",
            Self::Roster => "roster",
            Self::Snapshot => "snapshot",
            Self::Issuing0 => "issuing-0",
            Self::Issuing1 => "issuing-1",
            Self::Secrets => "secrets",
        };
        format!("gate/{event}/{role}")
    }
}

/// The stored form: seeds wrapped.
#[derive(Clone, Serialize, Deserialize)]
pub struct WrappedKeys {
    event: EventId,
    seeds: Vec<(KeyRole, Wrapped)>,
    created_at: Timestamp,
}

impl Entity for WrappedKeys {
    const COLLECTION: Collection = Collection {
        name: "gate_keys",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.event.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// The keys of one event, ready to sign.
pub struct EventKeys {
    pub(super) root: SigningKey,
    pub(super) keyring: SigningKey,
    pub(super) roster: SigningKey,
    pub(super) snapshot: SigningKey,
    issuing: [SigningKey; 2],
    secret: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for EventKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventKeys").finish_non_exhaustive()
    }
}

impl EventKeys {
    /// The kid that signs new tickets.
    pub const ACTIVE_KID: u8 = 0;

    /// The key under a kid, for signing and for rendering a ticket again.
    pub fn issuing(&self, kid: u8) -> Option<&SigningKey> {
        self.issuing.get(usize::from(kid))
    }
    pub(super) fn issuing_public(&self) -> [VerifyingKey; 2] {
        [
            self.issuing[0].verifying_key(),
            self.issuing[1].verifying_key(),
        ]
    }
    /// Keys the functions that derive typed codes and page links.
    pub fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    fn draw(entropy: &dyn Entropy) -> Vec<(KeyRole, Zeroizing<[u8; 32]>)> {
        let seed = |role| {
            let mut seed = Zeroizing::new([0; 32]);
            entropy.fill(seed.as_mut());
            (role, seed)
        };
        ROLES.into_iter().map(seed).collect()
    }

    fn unwrap(vault: &Vault, stored: &WrappedKeys) -> Result<Self, Error> {
        let seed = |role: KeyRole| -> Result<Zeroizing<[u8; 32]>, Error> {
            let (_, wrapped) = stored
                .seeds
                .iter()
                .find(|(at, _)| *at == role)
                .ok_or(Error::Inconsistent("an event key is missing"))?;
            let bytes = vault.unwrap(&role.context(stored.event), wrapped)?;
            let bytes: &[u8; 32] = bytes
                .as_slice()
                .try_into()
                .map_err(|_| Error::Inconsistent("an event key has the wrong length"))?;
            Ok(Zeroizing::new(*bytes))
        };
        let key = |role| seed(role).map(|seed| SigningKey::from_bytes(&seed));
        Ok(Self {
            root: key(KeyRole::Root)?,
            keyring: key(KeyRole::Keyring)?,
            roster: key(KeyRole::Roster)?,
            snapshot: key(KeyRole::Snapshot)?,
            issuing: [key(KeyRole::Issuing0)?, key(KeyRole::Issuing1)?],
            secret: seed(KeyRole::Secrets)?,
        })
    }
}

/// Keys in memory, by event.
#[derive(Default)]
pub struct KeyCache(Mutex<HashMap<EventId, Arc<EventKeys>>>);

impl KeyCache {
    fn get(&self, event: EventId) -> Option<Arc<EventKeys>> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(&event).cloned()
    }
    fn put(&self, event: EventId, keys: Arc<EventKeys>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= CACHED_EVENTS_MAX {
            all.clear();
        }
        all.insert(event, keys);
    }
}

/// The event's keys, made now if nobody needed them before.
pub async fn for_event(
    app: &crate::app::App,
    event: EventId,
    now: Timestamp,
) -> Result<Arc<EventKeys>, Error> {
    if let Some(keys) = app.gate.keys.get(event) {
        return Ok(keys);
    }
    let stored = match app.db.get::<WrappedKeys>(&event.to_string()).await? {
        Some(stored) => stored.into_inner(),
        None => make(&app.db, &app.vault, app.entropy.as_ref(), event, now).await?,
    };
    let keys = Arc::new(EventKeys::unwrap(&app.vault, &stored)?);
    app.gate.keys.put(event, Arc::clone(&keys));
    Ok(keys)
}

/// Draws and stores a set of keys, unless somebody else just did: then theirs are the keys.
async fn make(
    db: &Db,
    vault: &Vault,
    entropy: &dyn Entropy,
    event: EventId,
    now: Timestamp,
) -> Result<WrappedKeys, Error> {
    let mut seeds = Vec::with_capacity(ROLES.len());
    for (role, seed) in EventKeys::draw(entropy) {
        seeds.push((role, vault.wrap(&role.context(event), seed.as_ref())?));
    }
    let drawn = WrappedKeys {
        event,
        seeds,
        created_at: now,
    };
    let id = drawn.id();
    let insert = move |tx: &mut Tx<'_>| -> Result<WrappedKeys, DbError> {
        if let Some(first) = tx.get::<WrappedKeys>(&drawn.id())? {
            return Ok(first.into_inner());
        }
        Ok(tx.insert(&drawn)?.into_inner())
    };
    match db.write(insert).await {
        Err(DbError::Duplicate { .. }) => {
            let first = db.get::<WrappedKeys>(&id).await?;
            let first = first.ok_or(Error::Inconsistent("event keys that come and go"))?;
            Ok(first.into_inner())
        }
        result => Ok(result?),
    }
}
