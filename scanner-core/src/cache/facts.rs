//! Who this device is, and how its syncs went.

use rusqlite::{Connection, OptionalExtension as _};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use shared::api::gate::DeviceRole;
use shared::ids::{DeviceId, EventId, GateId};
use shared::time::Timestamp;
use shared::trust::{RootPin, ScanKeyFor};

use super::open::{Cache, DATABASE};
use crate::error::Cause;

const IDENTITY: &str = "identity";
const SYNC: &str = "sync";

/// Fixed at enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) event: EventId,
    pub(crate) event_title: String,
    pub(crate) device: DeviceId,
    pub(crate) device_name: String,
    pub(crate) public_key: [u8; 32],
    pub(crate) gate: GateId,
    pub(crate) gate_name: String,
    pub(crate) role: DeviceRole,
    /// `https://host:port`, no trailing slash.
    pub(crate) server: String,
    pub(crate) pin: RootPin,
    pub(crate) transcript_code: String,
    pub(crate) enrolled_at: Timestamp,
    /// Where the database lay when its open log began: see `Cache::place`.
    pub(crate) place: String,
}

impl Identity {
    /// As secrets are wrapped to it.
    pub(crate) fn as_key_holder(&self) -> ScanKeyFor {
        ScanKeyFor {
            event: self.event,
            device: self.device,
            public_key: self.public_key,
        }
    }
}

/// What the last exchanges with the server told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SyncFacts {
    pub(crate) last_attempt: Option<Timestamp>,
    pub(crate) last_success: Option<Timestamp>,
    pub(crate) last_error: Option<String>,
    /// Server clock minus this device's clock.
    pub(crate) clock_offset_ms: Option<i64>,
    /// When that was measured, by this device's clock.
    pub(crate) clock_measured_at: Option<Timestamp>,
    /// The peers' clocks minus this device's clock, their median.
    pub(crate) peers_offset_ms: Option<i64>,
    pub(crate) peers_measured_at: Option<Timestamp>,
    /// The server said that this device was evicted, on a way where nobody can speak in its name.
    pub(crate) evicted: bool,
    /// Somebody who answered in the server's place, or it, said so: a word that closes nothing.
    pub(crate) called_evicted: bool,
    /// The server said that the organizer must still confirm this device.
    pub(crate) unconfirmed: bool,
}

impl SyncFacts {
    /// What others' clocks say of this device's: the server's, or the peers' where none was heard.
    pub(crate) fn clock_offset(&self) -> Option<i64> {
        self.clock_offset_ms.or(self.peers_offset_ms)
    }
}

impl Cache {
    pub(crate) fn identity(&self) -> Result<Option<Identity>, Cause> {
        read(&self.conn, IDENTITY)
    }
    pub(crate) fn sync_facts(&self) -> Result<SyncFacts, Cause> {
        Ok(read(&self.conn, SYNC)?.unwrap_or_default())
    }
    pub(crate) fn store_sync_facts(&mut self, facts: &SyncFacts) -> Result<(), Cause> {
        self.write(|tx| write(tx, SYNC, facts))
    }

    /// Other than `store_sync_facts` this leaves what a sync of another process writes alone.
    pub(crate) fn store_peers_offset(
        &mut self,
        offset_ms: i64,
        at: Timestamp,
    ) -> Result<(), Cause> {
        self.write(|tx| {
            let mut facts: SyncFacts = read(tx, SYNC)?.unwrap_or_default();
            facts.peers_offset_ms = Some(offset_ms);
            facts.peers_measured_at = Some(at);
            write(tx, SYNC, &facts)
        })
    }

    /// Names this very database file, so that a copy or a restored backup is noticed: it gets a
    /// log of its own before it appends, and no sequence number is used twice.
    pub(crate) fn place(&self) -> Result<String, Cause> {
        let path = self.dir().join(DATABASE);
        let meta = std::fs::metadata(&path).map_err(Cause::file("cannot read", &path))?;
        let born = meta
            .created()
            .ok()
            .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
            .map_or(0, |since| since.as_nanos());
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(&meta);
        #[cfg(not(unix))]
        let number = 0;
        Ok(format!("{number}:{born}"))
    }
}

pub(super) fn store_identity(conn: &Connection, identity: &Identity) -> Result<(), Cause> {
    write(conn, IDENTITY, identity)
}

pub(super) fn read<T: DeserializeOwned>(
    conn: &Connection,
    name: &'static str,
) -> Result<Option<T>, Cause> {
    let body: Option<String> = conn
        .query_row("SELECT body FROM facts WHERE name = ?1", [name], |row| {
            row.get(0)
        })
        .optional()?;
    body.map(|body| serde_json::from_str(&body))
        .transpose()
        .map_err(|_| Cause::Inconsistent {
            table: "facts",
            row: name.to_owned(),
            what: "not the JSON that was written",
        })
}

pub(super) fn write<T: Serialize + ?Sized>(
    conn: &Connection,
    name: &'static str,
    value: &T,
) -> Result<(), Cause> {
    let body = serde_json::to_string(value).map_err(|_| Cause::Inconsistent {
        table: "facts",
        row: name.to_owned(),
        what: "not JSON",
    })?;
    conn.execute(
        "INSERT INTO facts (name, body) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET body = excluded.body",
        (name, body),
    )?;
    Ok(())
}
