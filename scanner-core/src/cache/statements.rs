//! The signed statements, verified again each time they are read.

use rusqlite::{Connection, OptionalExtension as _};
use shared::ids::EventId;
use shared::sync::StatementSet;
use shared::time::Timestamp;
use shared::trust::{
    Authority, Expected, Keyring, Manifest, Opened, Root, RootPin, Roster, Signed, StatementKind,
    TrustError, TrustedKeys, open,
};

use super::open::Cache;
use super::seen::Seen;
use crate::error::Cause;

/// In use, or being fetched.
const SLOT_ACTIVE: i64 = 0;
const SLOT_PENDING: i64 = 1;

/// What was adopted once does not expire while it is held: freshness is judged by the verdict.
const NO_EXPIRY: Timestamp = Timestamp::from_millis(i64::MIN);

/// Everything this device trusts, and what it refuses to go below.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    pub(crate) root: Opened<Root>,
    pub(crate) keyring: Option<Opened<Keyring>>,
    pub(crate) keys: Option<TrustedKeys>,
    pub(crate) roster: Option<Opened<Roster>>,
    pub(crate) snapshot: Option<Opened<Manifest>>,
    /// Verified, but its segments are not all here.
    pub(crate) pending: Option<Opened<Manifest>>,
    pub(crate) seen: Seen,
    /// The database holds older versions than this device once had: it was put back from a copy.
    pub(crate) rolled_back: bool,
}

impl Cache {
    /// Reads and verifies. The chain of trust starts at the pin, never at what is stored.
    pub(crate) fn trust(&self, event: EventId, pin: RootPin) -> Result<Trust, Cause> {
        let root = self.root(event, pin)?;
        let read = |kind, slot| -> Result<Option<Signed>, Cause> {
            Ok(self.statements(kind, slot)?.pop())
        };
        let keyring: Option<Opened<Keyring>> = reopen(
            read(StatementKind::Keyring, SLOT_ACTIVE)?,
            StatementKind::Keyring,
            &root.body.keyring,
            event,
        )?;
        let roster = reopen(
            read(StatementKind::Roster, SLOT_ACTIVE)?,
            StatementKind::Roster,
            &root.body.roster,
            event,
        )?;
        let manifest = |slot| {
            reopen(
                read(StatementKind::Snapshot, slot)?,
                StatementKind::Snapshot,
                &root.body.snapshot,
                event,
            )
        };
        let keys = keyring
            .as_ref()
            .map(|keyring| TrustedKeys::load(&keyring.body))
            .transpose()?;
        let mut trust = Trust {
            keys,
            keyring,
            roster,
            snapshot: manifest(SLOT_ACTIVE)?,
            pending: manifest(SLOT_PENDING)?,
            root,
            seen: Seen::load(self.dir())?,
            rolled_back: false,
        };
        trust.compare_with_seen();
        Ok(trust)
    }

    /// Stored versions in use, by kind; 0 for none. Cheap: tells whether `trust` would differ.
    pub(crate) fn statement_versions(&self) -> Result<[u64; 4], Cause> {
        let mut select = self
            .conn
            .prepare_cached("SELECT kind, version FROM statements WHERE slot = ?1")?;
        let mut rows = select.query([SLOT_ACTIVE])?;
        let mut versions = [0; 4];
        while let Some(row) = rows.next()? {
            let kind: u8 = row.get(0)?;
            let version: i64 = row.get(1)?;
            if let Some(slot) = versions.get_mut(usize::from(kind)) {
                *slot = version.cast_unsigned().max(*slot);
            }
        }
        Ok(versions)
    }

    /// What `trust` has that is newer than `held`. Of roots the direct successor: each is trusted
    /// through the one before.
    pub(crate) fn newer(&self, trust: &Trust, held: [u64; 4]) -> Result<StatementSet, Cause> {
        let newer = |kind, slot, version: Option<u64>, held: u64| match version {
            Some(version) if version > held => self.statement(kind, slot, version),
            _ => Ok(None),
        };
        let (pending, active) = (&trust.pending, &trust.snapshot);
        let slot = if pending.is_some() {
            SLOT_PENDING
        } else {
            SLOT_ACTIVE
        };
        let snapshot = pending
            .as_ref()
            .or(active.as_ref())
            .map(|of| of.header.version);
        let keyring = trust.keyring.as_ref().map(|of| of.header.version);
        let roster = trust.roster.as_ref().map(|of| of.header.version);
        Ok(StatementSet {
            root: self.statement(StatementKind::Root, SLOT_ACTIVE, held[0].saturating_add(1))?,
            keyring: newer(StatementKind::Keyring, SLOT_ACTIVE, keyring, held[1])?,
            roster: newer(StatementKind::Roster, SLOT_ACTIVE, roster, held[2])?,
            snapshot: newer(StatementKind::Snapshot, slot, snapshot, held[3])?,
        })
    }

    fn statement(
        &self,
        kind: StatementKind,
        slot: i64,
        version: u64,
    ) -> Result<Option<Signed>, Cause> {
        let mut select = self.conn.prepare_cached(
            "SELECT wire FROM statements WHERE kind = ?1 AND slot = ?2 AND version = ?3",
        )?;
        let wire: Option<Vec<u8>> = select
            .query_row((kind as u8, slot, version.cast_signed()), |row| row.get(0))
            .optional()?;
        Ok(wire.as_deref().map(Signed::from_wire).transpose()?)
    }

    /// What is trusted and in use, for whoever starts from the pin: all roots, each trusted through
    /// the one before, then what stands under the last; the snapshot comes last.
    pub(crate) fn statements_in_use(&self) -> Result<Vec<Signed>, Cause> {
        let mut found = Vec::new();
        for kind in [
            StatementKind::Root,
            StatementKind::Roster,
            StatementKind::Keyring,
            StatementKind::Snapshot,
        ] {
            found.extend(self.statements(kind, SLOT_ACTIVE)?);
        }
        Ok(found)
    }

    /// Tells one pending snapshot from another; `None` when none is waited for. Cheap.
    pub(crate) fn pending_snapshot(&self) -> Result<Option<[u8; 32]>, Cause> {
        let mut select = self
            .conn
            .prepare_cached("SELECT wire FROM statements WHERE kind = ?1 AND slot = ?2")?;
        let kind = StatementKind::Snapshot as u8;
        let hash = select.query_row((kind, SLOT_PENDING), |row| {
            Ok(*blake3::hash(row.get_ref(0)?.as_blob()?).as_bytes())
        });
        Ok(hash.optional()?)
    }

    fn root(&self, event: EventId, pin: RootPin) -> Result<Opened<Root>, Cause> {
        let mut versions = self
            .statements(StatementKind::Root, SLOT_ACTIVE)?
            .into_iter();
        let first = versions
            .next()
            .ok_or_else(|| Cause::Damaged("the root statement is missing".to_owned()))?;
        let mut root = Root::open_pinned(&first, event, pin, NO_EXPIRY)?;
        for next in versions {
            root = Root::succeed(&root, &next, NO_EXPIRY)?;
        }
        Ok(root)
    }

    /// All stored versions, ascending.
    fn statements(&self, kind: StatementKind, slot: i64) -> Result<Vec<Signed>, Cause> {
        let mut select = self
            .conn
            .prepare_cached("SELECT version, wire FROM statements WHERE kind = ?1 AND slot = ?2")?;
        let mut rows = select.query((kind as u8, slot))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            // Versions are u64 and stored bit for bit: sorting is ours to do.
            let version: i64 = row.get(0)?;
            let signed =
                Signed::from_wire(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)
                    .map_err(|_| Cause::Inconsistent {
                        table: "statements",
                        row: format!("{kind:?} {version}"),
                        what: "not the statement that was stored",
                    })?;
            found.push((version.cast_unsigned(), signed));
        }
        found.sort_by_key(|(version, _)| *version);
        Ok(found.into_iter().map(|(_, signed)| signed).collect())
    }
}

impl Trust {
    /// Versions of (root, keyring, roster, snapshot) held; 0 for none. A snapshot still being
    /// fetched counts: it need not be sent again.
    pub(crate) fn held(&self) -> [u64; 4] {
        fn version<T>(opened: Option<&Opened<T>>) -> u64 {
            opened.map_or(0, |opened| opened.header.version)
        }
        [
            self.root.header.version,
            version(self.keyring.as_ref()),
            version(self.roster.as_ref()),
            version(self.pending.as_ref()).max(version(self.snapshot.as_ref())),
        ]
    }

    fn compare_with_seen(&mut self) {
        let mut stored = Seen::default();
        note(&mut stored, Some(&self.root));
        note(&mut stored, self.keyring.as_ref());
        note(&mut stored, self.roster.as_ref());
        note(&mut stored, self.snapshot.as_ref());
        note(&mut stored, self.pending.as_ref());
        for kind in [
            StatementKind::Root,
            StatementKind::Keyring,
            StatementKind::Roster,
            StatementKind::Snapshot,
        ] {
            let held = stored.get(kind);
            let outside = self.seen.get(kind);
            self.rolled_back |=
                outside.map(|(version, _)| version) > held.map(|(version, _)| version);
            if let Some((version, hash)) = held {
                // A crash between the commit and the file leaves the file behind: harmless.
                self.seen.raise(kind, version, hash);
            }
        }
    }
}

fn note<T>(seen: &mut Seen, opened: Option<&Opened<T>>) {
    if let Some(opened) = opened {
        seen.raise(opened.header.kind, opened.header.version, opened.hash);
    }
}

/// `None` also when the keys were replaced by a newer root: then the statement has to come anew.
fn reopen<T: serde::Serialize + serde::de::DeserializeOwned>(
    signed: Option<Signed>,
    kind: StatementKind,
    authority: &Authority,
    event: EventId,
) -> Result<Option<Opened<T>>, Cause> {
    let Some(signed) = signed else {
        return Ok(None);
    };
    let expected = Expected {
        kind,
        event,
        now: NO_EXPIRY,
        seen: None,
    };
    match open(&signed, authority, &expected) {
        Ok(opened) => Ok(Some(opened)),
        Err(TrustError::Threshold { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Replaces what is in the slot; roots are added beside the older ones.
pub(super) fn store(
    conn: &Connection,
    kind: StatementKind,
    pending: bool,
    version: u64,
    signed: &Signed,
) -> Result<(), Cause> {
    let slot = if pending { SLOT_PENDING } else { SLOT_ACTIVE };
    if kind != StatementKind::Root {
        clear(conn, kind, pending)?;
    }
    conn.execute(
        "INSERT INTO statements (kind, slot, version, wire) VALUES (?1, ?2, ?3, ?4)",
        (kind as u8, slot, version.cast_signed(), signed.to_wire()),
    )?;
    Ok(())
}

pub(super) fn clear(conn: &Connection, kind: StatementKind, pending: bool) -> Result<(), Cause> {
    let slot = if pending { SLOT_PENDING } else { SLOT_ACTIVE };
    conn.execute(
        "DELETE FROM statements WHERE kind = ?1 AND slot = ?2",
        (kind as u8, slot),
    )?;
    Ok(())
}

/// The newest version in a slot.
pub(super) fn version(
    conn: &Connection,
    kind: StatementKind,
    pending: bool,
) -> Result<Option<u64>, Cause> {
    let slot = if pending { SLOT_PENDING } else { SLOT_ACTIVE };
    let mut select =
        conn.prepare_cached("SELECT version FROM statements WHERE kind = ?1 AND slot = ?2")?;
    let versions = select
        .query_map((kind as u8, slot), |row| row.get(0))?
        .collect::<Result<Vec<i64>, _>>()?;
    // Versions are u64 and stored bit for bit: the engine would order them as signed.
    Ok(versions.into_iter().map(i64::cast_unsigned).max())
}

/// The pending snapshot becomes the one in use.
pub(super) fn promote_pending(conn: &Connection) -> Result<(), Cause> {
    clear(conn, StatementKind::Snapshot, false)?;
    conn.execute(
        "UPDATE statements SET slot = ?1 WHERE kind = ?2 AND slot = ?3",
        (SLOT_ACTIVE, StatementKind::Snapshot as u8, SLOT_PENDING),
    )?;
    Ok(())
}
