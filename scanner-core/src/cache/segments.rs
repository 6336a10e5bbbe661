//! Snapshot segments by content: fetching them twice, in any order or half of them, is harmless.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _};
use shared::trust::{Manifest, Segment, SegmentRef};

use super::open::Cache;
use crate::error::Cause;

impl Cache {
    /// The references whose bytes are not here yet, each hash once.
    pub(crate) fn missing_segments(&self, manifest: &Manifest) -> Result<Vec<SegmentRef>, Cause> {
        missing(&self.conn, manifest)
    }

    /// Stores segments that the caller has checked against the manifest.
    pub(crate) fn store_segments(&mut self, segments: &[([u8; 32], Vec<u8>)]) -> Result<(), Cause> {
        self.write(|tx| {
            let mut insert =
                tx.prepare_cached("INSERT OR IGNORE INTO segments (hash, wire) VALUES (?1, ?2)")?;
            for (hash, wire) in segments {
                insert.execute((&hash[..], wire))?;
            }
            Ok(())
        })
    }

    /// A stored segment as it came over the wire.
    pub(crate) fn segment_wire(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, Cause> {
        let mut select = self
            .conn
            .prepare_cached("SELECT wire FROM segments WHERE hash = ?1")?;
        Ok(select.query_row([&hash[..]], |row| row.get(0)).optional()?)
    }

    /// Opens one stored segment: hash and form are checked again, the disk may have changed it.
    pub(crate) fn segment(&self, reference: &SegmentRef) -> Result<Segment, Cause> {
        let mut select = self
            .conn
            .prepare_cached("SELECT wire FROM segments WHERE hash = ?1")?;
        let opened = select
            .query_row([&reference.hash[..]], |row| {
                Ok(Segment::open(reference, row.get_ref(0)?.as_blob()?))
            })
            .optional()?;
        let inconsistent = |what| Cause::Inconsistent {
            table: "segments",
            row: format!("{:?} {}", reference.kind, reference.index),
            what,
        };
        opened
            .ok_or_else(|| inconsistent("missing"))?
            .map_err(|_| inconsistent("damaged"))
    }
}

/// See [`Cache::missing_segments`].
pub(super) fn missing(conn: &Connection, manifest: &Manifest) -> Result<Vec<SegmentRef>, Cause> {
    let mut have = conn.prepare_cached("SELECT 1 FROM segments WHERE hash = ?1")?;
    let mut asked = BTreeSet::new();
    let mut missing = Vec::new();
    for reference in &manifest.segments {
        if !have.exists([&reference.hash[..]])? && asked.insert(reference.hash) {
            missing.push(*reference);
        }
    }
    Ok(missing)
}
