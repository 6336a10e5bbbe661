//! Carries out a plan: each call is one or a few transactions, and all of them may be repeated.

use std::collections::BTreeSet;

use rusqlite::Connection;
use shared::trust::{Manifest, StatementKind};

use super::open::Cache;
use super::{merge, statements};
use crate::error::Cause;
use crate::sync::proto::{APPLY_ENTRIES_MAX, Extension, Plan};

/// What changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) statements: usize,
    pub(crate) entries: usize,
}

impl Cache {
    pub(crate) fn apply(&mut self, plan: &Plan) -> Result<Applied, Cause> {
        let mut applied = Applied::default();
        if plan.has_news() {
            self.write(|tx| {
                adopt(tx, plan)?;
                acknowledge(tx, plan)
            })?;
            applied.statements = plan.adopt.len();
        }
        if !plan.adopt.is_empty() {
            self.raise_seen(plan)?;
        }
        self.bring_in_own(plan.extend.iter().map(|of| of.genesis.log_id()))?;
        // Bounded transactions: a scan waits for the one under way, never for all of them.
        let mut rest = &plan.extend[..];
        while !rest.is_empty() {
            let mut entries = 0;
            let fits = rest
                .iter()
                .take_while(|extension| {
                    entries += extension.entries.len();
                    entries <= APPLY_ENTRIES_MAX
                })
                .count()
                .max(1);
            let (now, later) = rest.split_at(fits);
            applied.entries += self.write(|tx| extend(tx, now))?;
            rest = later;
        }
        Ok(applied)
    }

    /// All segments of the pending snapshot are here: switches to it, and drops what no snapshot
    /// in use needs, in one commit.
    pub(crate) fn switch_snapshot(&mut self, manifest: &Manifest) -> Result<(), Cause> {
        self.write(|tx| {
            if statements::promote_pending(tx)? == 0 {
                return Ok(());
            }
            let needed: BTreeSet<&[u8]> = manifest.segments.iter().map(|of| &of.hash[..]).collect();
            let mut select = tx.prepare_cached("SELECT hash FROM segments")?;
            let stored = select
                .query_map([], |row| row.get(0))?
                .collect::<Result<Vec<Vec<u8>>, _>>()?;
            let mut delete = tx.prepare_cached("DELETE FROM segments WHERE hash = ?1")?;
            for hash in stored.iter().filter(|hash| !needed.contains(&hash[..])) {
                delete.execute([hash])?;
            }
            Ok(())
        })
    }

    /// After the commit: the file may lag behind the database, never run ahead of it.
    fn raise_seen(&self, plan: &Plan) -> Result<(), Cause> {
        let mut seen = super::Seen::load(self.dir())?;
        for kind in &plan.forget {
            seen.forget(*kind);
        }
        for adopted in &plan.adopt {
            seen.raise(adopted.kind, adopted.version, adopted.hash);
        }
        seen.store(self.dir())
    }
}

fn adopt(tx: &Connection, plan: &Plan) -> Result<(), Cause> {
    for kind in &plan.forget {
        statements::clear(tx, *kind, false)?;
        statements::clear(tx, *kind, true)?;
    }
    for adopted in &plan.adopt {
        // A snapshot is in use only once all of it is here.
        let pending = adopted.kind == StatementKind::Snapshot;
        statements::store(tx, adopted.kind, pending, adopted.version, &adopted.signed)?;
    }
    Ok(())
}

fn acknowledge(tx: &Connection, plan: &Plan) -> Result<(), Cause> {
    for acked in &plan.acked {
        tx.execute(
            "UPDATE logs SET acked = ?2, refused = NULL WHERE log = ?1",
            (&acked.log.0[..], acked.next_seq),
        )?;
    }
    for log in &plan.close {
        tx.execute("UPDATE logs SET closed = 1 WHERE log = ?1", [&log.0[..]])?;
    }
    for (log, why) in &plan.refused {
        tx.execute(
            "UPDATE logs SET refused = ?2 WHERE log = ?1",
            (&log.0[..], why),
        )?;
    }
    Ok(())
}

fn extend(tx: &Connection, extensions: &[Extension]) -> Result<usize, Cause> {
    let mut added = 0;
    for extension in extensions {
        let Extension {
            genesis,
            entries,
            head,
        } = extension;
        added += merge::extend(tx, genesis, entries, *head)?;
    }
    Ok(added)
}
