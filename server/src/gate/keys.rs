//! An event's keys: made at first need, stored wrapped, held in memory while in use.
//!
//! Invariants: one set of keys per event, whoever asks first (the first commit wins and the others
//! read it), to which only issuing keys are ever added; seeds leave the vault only into this module,
//! into memory that is wiped on drop; each role has a key of its own; nothing here is `Clone`,
//! `Serialize` or shown by `Debug`.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use shared::ids::EventId;
use shared::ticket::ScanKey;
use shared::time::Timestamp;
use zeroize::Zeroizing;

use super::Error;
use super::issuing::{self, Slot};
use crate::app::App;
use crate::platform::db::{Collection, DbError, Entity, IndexValue, Tx, Versioned};
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
    /// Tickets, under kid 0. Keys of later kids are not among the roles: see [`Slot`].
    Issuing0,
    /// Tickets, under kid 1.
    Issuing1,
    /// No signing key: seeds typed codes, page links and scan keys.
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
    pub(super) event: EventId,
    seeds: Vec<(KeyRole, Wrapped)>,
    created_at: Timestamp,
    /// Empty until the first change of an issuing key.
    #[serde(default)]
    issuing: Vec<Slot>,
    /// The scan key that seals new tickets; the older ones open what they sealed.
    #[serde(default)]
    scan: u8,
}

impl WrappedKeys {
    /// The issuing keys, by kid.
    pub(super) fn slots(&self) -> Vec<Slot> {
        if self.issuing.is_empty() {
            return issuing::first(self.created_at);
        }
        self.issuing.clone()
    }

    pub(super) fn set_slots(&mut self, slots: Vec<Slot>) {
        self.issuing = slots;
    }

    /// After a device was lost: what is sealed from now on it cannot read.
    pub(super) fn next_scan_key(&mut self) {
        self.scan = self.scan.saturating_add(1);
    }

    /// A fresh seed for an issuing key that stands by.
    pub(super) fn draw_issuing(&self, app: &App, kid: u8) -> Result<Wrapped, Error> {
        let seed = app.vault.draw_key();
        Ok(app.vault.wrap(&context_of(self.event, kid), &seed[..])?)
    }
}

/// As the roles of the first two kids have it.
fn context_of(event: EventId, kid: u8) -> String {
    format!("gate/{event}/issuing-{kid}")
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
    issuing: Vec<(Slot, SigningKey)>,
    secret: Zeroizing<[u8; 32]>,
    scan: u8,
    /// Of the stored set that these were read from.
    rev: u64,
}

impl fmt::Debug for EventKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventKeys").finish_non_exhaustive()
    }
}

impl EventKeys {
    /// The kid that signs new tickets.
    pub fn active_kid(&self) -> Result<u8, Error> {
        let slots = self.issuing.iter().map(|(slot, _)| slot);
        issuing::active(slots).ok_or(Error::Inconsistent("no issuing key is active"))
    }

    /// The key under a kid, for signing and for rendering a ticket again.
    pub fn issuing(&self, kid: u8) -> Option<&SigningKey> {
        let found = self.issuing.iter().find(|(slot, _)| slot.kid == kid);
        found.map(|(_, key)| key)
    }

    /// What the keyring tells of.
    pub(super) fn ring(&self) -> impl Iterator<Item = (&Slot, VerifyingKey)> {
        self.issuing
            .iter()
            .map(|(slot, key)| (slot, key.verifying_key()))
    }

    /// Keys the functions that derive typed codes and page links.
    pub fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// Names the key that seals new tickets.
    pub fn scan_id(&self) -> u8 {
        self.scan
    }
    /// Opens sealed tickets (T10). It is not stored: the event's secret gives it.
    pub fn scan_key(&self, id: u8) -> ScanKey {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        hasher.update(b"TKT1.scan\0").update(&[id]);
        ScanKey::new(id, Zeroizing::new(*hasher.finalize().as_bytes()))
    }

    fn draw(entropy: &dyn Entropy) -> Vec<(KeyRole, Zeroizing<[u8; 32]>)> {
        let seed = |role| {
            let mut seed = Zeroizing::new([0; 32]);
            entropy.fill(seed.as_mut());
            (role, seed)
        };
        ROLES.into_iter().map(seed).collect()
    }

    pub(super) fn unwrap(vault: &Vault, stored: &Versioned<WrappedKeys>) -> Result<Self, Error> {
        let opened = |context: &str, wrapped: &Wrapped| -> Result<Zeroizing<[u8; 32]>, Error> {
            let bytes = vault.unwrap(context, wrapped)?;
            let bytes: &[u8; 32] = bytes
                .as_slice()
                .try_into()
                .map_err(|_| Error::Inconsistent("an event key has the wrong length"))?;
            Ok(Zeroizing::new(*bytes))
        };
        let seed = |role: KeyRole| -> Result<Zeroizing<[u8; 32]>, Error> {
            let (_, wrapped) = stored
                .seeds
                .iter()
                .find(|(at, _)| *at == role)
                .ok_or(Error::Inconsistent("an event key is missing"))?;
            opened(&role.context(stored.event), wrapped)
        };
        let key = |role| seed(role).map(|seed| SigningKey::from_bytes(&seed));
        let issuing = |slot: Slot| -> Result<(Slot, SigningKey), Error> {
            let seed = match (&slot.seed, slot.kid) {
                (Some(wrapped), kid) => opened(&context_of(stored.event, kid), wrapped)?,
                (None, 0) => seed(KeyRole::Issuing0)?,
                (None, 1) => seed(KeyRole::Issuing1)?,
                (None, _) => return Err(Error::Inconsistent("an issuing key is missing")),
            };
            Ok((slot, SigningKey::from_bytes(&seed)))
        };
        Ok(Self {
            root: key(KeyRole::Root)?,
            keyring: key(KeyRole::Keyring)?,
            roster: key(KeyRole::Roster)?,
            snapshot: key(KeyRole::Snapshot)?,
            issuing: stored
                .slots()
                .into_iter()
                .map(issuing)
                .collect::<Result<_, _>>()?,
            secret: seed(KeyRole::Secrets)?,
            scan: stored.scan,
            rev: stored.rev,
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

/// The event's keys, made now if nobody needed them before. Another process may have changed an
/// issuing key meanwhile: who signs something new asks [`current`].
pub async fn for_event(app: &App, event: EventId, now: Timestamp) -> Result<Arc<EventKeys>, Error> {
    match app.gate.keys.get(event) {
        Some(keys) => Ok(keys),
        None => current(app, event, now).await,
    }
}

/// The event's keys, this one among them: a ticket may be of a key that another process added.
pub async fn holding(
    app: &App,
    event: EventId,
    kid: u8,
    now: Timestamp,
) -> Result<Arc<EventKeys>, Error> {
    match app.gate.keys.get(event) {
        Some(keys) if keys.issuing(kid).is_some() => Ok(keys),
        Some(_) | None => current(app, event, now).await,
    }
}

/// The event's keys as they are stored now.
pub async fn current(app: &App, event: EventId, now: Timestamp) -> Result<Arc<EventKeys>, Error> {
    let stored = stored(app, event, now).await?;
    if let Some(keys) = app.gate.keys.get(event).filter(|of| of.rev == stored.rev) {
        return Ok(keys);
    }
    let keys = Arc::new(EventKeys::unwrap(&app.vault, &stored)?);
    app.gate.keys.put(event, Arc::clone(&keys));
    Ok(keys)
}

pub(super) async fn stored(
    app: &App,
    event: EventId,
    now: Timestamp,
) -> Result<Versioned<WrappedKeys>, Error> {
    match app.db.get::<WrappedKeys>(&event.to_string()).await? {
        Some(stored) => Ok(stored),
        None => make(app, event, now).await,
    }
}

/// Draws and stores a set of keys, unless somebody else just did: then theirs are the keys.
async fn make(app: &App, event: EventId, now: Timestamp) -> Result<Versioned<WrappedKeys>, Error> {
    let mut seeds = Vec::with_capacity(ROLES.len());
    for (role, seed) in EventKeys::draw(app.entropy.as_ref()) {
        seeds.push((role, app.vault.wrap(&role.context(event), seed.as_ref())?));
    }
    let drawn = WrappedKeys {
        event,
        seeds,
        created_at: now,
        issuing: Vec::new(),
        scan: 0,
    };
    let id = drawn.id();
    let insert = move |tx: &mut Tx<'_>| -> Result<Versioned<WrappedKeys>, DbError> {
        if let Some(first) = tx.get::<WrappedKeys>(&drawn.id())? {
            return Ok(first);
        }
        tx.insert(&drawn)
    };
    match app.db.write(insert).await {
        Err(DbError::Duplicate { .. }) => {
            let first = app.db.get::<WrappedKeys>(&id).await?;
            first.ok_or(Error::Inconsistent("event keys that come and go"))
        }
        result => Ok(result?),
    }
}
