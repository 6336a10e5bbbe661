//! Snapshots between peers: one device gets one from the server, the others from each other.

use std::collections::BTreeMap;

use shared::sync::StatementSet;
use shared::time::Timestamp;
use shared::trust::{Expected, Header, Signed, Statement, StatementKind, open, seal};

use crate::disk::{Crash, Disk};
use crate::world::World;

/// Pieces of one snapshot: more than are asked for at once.
const CHUNKS_MAX: usize = 60;

/// Here a manifest is only the hashes of its pieces.
type Pieces = Vec<[u8; 32]>;
pub(crate) type Chunks = BTreeMap<[u8; 32], Vec<u8>>;

/// What a disk knows of snapshots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshots {
    pub(crate) newest: Option<Signed>,
    wanted: Pieces,
    pub(crate) chunks: Chunks,
}

impl Snapshots {
    pub(crate) fn missing(&self, limit: usize) -> Pieces {
        let missing = self
            .wanted
            .iter()
            .filter(|of| !self.chunks.contains_key(*of));
        missing.take(limit).copied().collect()
    }
}

impl Disk {
    /// Why it was not adopted, if so.
    pub(crate) fn adopt_snapshot(&mut self, signed: Signed) -> Result<Option<String>, Crash> {
        let version = self.data.trust.held[3];
        let known = self.data.snapshots.newest.as_ref();
        let expected = Expected {
            kind: StatementKind::Snapshot,
            event: self.rules.event,
            now: Timestamp::from_millis(0),
            seen: known.map(|of| (version, of.hash())),
        };
        let opened = match open::<Pieces>(&signed, &self.rules.authority, &expected) {
            Ok(opened) => opened,
            Err(error) => return Ok(Some(error.to_string())),
        };
        if opened.header.version > version {
            self.write().map_err(|_| Crash)?;
            self.data.snapshots.newest = Some(signed);
            self.data.snapshots.wanted = opened.body;
            self.data.trust.held[3] = opened.header.version;
        }
        Ok(None)
    }

    /// Whether any of them was wanted and is what it says.
    pub(crate) fn keep_pieces(&mut self, chunks: Vec<([u8; 32], Vec<u8>)>) -> Result<bool, Crash> {
        let missing = self.data.snapshots.missing(usize::MAX);
        let good: Vec<_> = chunks
            .into_iter()
            .filter(|(hash, bytes)| {
                missing.contains(hash) && blake3::hash(bytes).as_bytes() == hash
            })
            .collect();
        if good.is_empty() {
            return Ok(false);
        }
        self.write().map_err(|_| Crash)?;
        self.data.snapshots.chunks.extend(good);
        Ok(true)
    }
}

impl World {
    /// The organizer makes another snapshot, and one device has all of it.
    pub(crate) fn new_snapshot(&mut self, at: usize) {
        if self.devices[at].node.is_none() || self.devices[at].rotten {
            return;
        }
        let count = 1 + self.random.below(CHUNKS_MAX);
        let chunks: Chunks = (0..count)
            .map(|_| {
                let bytes = self.random.bytes::<48>().to_vec();
                (*blake3::hash(&bytes).as_bytes(), bytes)
            })
            .collect();
        self.snapshot_version += 1;
        let statement = Statement {
            header: Header {
                kind: StatementKind::Snapshot,
                event: self.event,
                version: self.snapshot_version,
                created: Timestamp::from_millis(0),
                expires: Timestamp::from_millis(i64::MAX),
                previous: self.snapshot.as_ref().map(|(signed, _)| signed.hash()),
            },
            body: chunks.keys().copied().collect::<Pieces>(),
        };
        let signed = seal(&statement, &[&self.authority]).expect("a good snapshot");
        self.snapshot = Some((signed, chunks));
        self.give_snapshot(at);
    }

    /// The newest one reaches a device from the server.
    pub(crate) fn give_snapshot(&mut self, at: usize) {
        let Some((signed, chunks)) = self.snapshot.clone() else {
            return;
        };
        self.devices[at].disk.data.snapshots.chunks.extend(chunks);
        let set = StatementSet {
            snapshot: Some(signed),
            ..StatementSet::default()
        };
        self.input(at, scanner_core::gossip::Input::Statements(set));
    }

    /// Everybody who counts has all of the newest.
    pub(crate) fn snapshot_is_everywhere(&self, at: usize) -> bool {
        let data = &self.devices[at].disk.data;
        data.trust.held[3] == self.snapshot_version && data.snapshots.missing(1).is_empty()
    }
}
