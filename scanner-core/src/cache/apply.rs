//! Carries out a plan: each call is one or a few transactions, and all of them may be repeated.

use std::collections::BTreeSet;

use rusqlite::Connection;
use shared::trust::{Manifest, Opened, StatementKind};

use super::open::Cache;
use super::{merge, segments, statements};
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

    /// Switches to this snapshot if it is the pending one and all of it is here, and drops what no
    /// snapshot in use needs, in one commit. `false` when it is not: another process of this device
    /// has switched to it, or waits for a newer one by now.
    pub(crate) fn switch_snapshot(&mut self, pending: &Opened<Manifest>) -> Result<bool, Cause> {
        let kind = StatementKind::Snapshot;
        let manifest = &pending.body;
        self.write(|tx| {
            if statements::version(tx, kind, true)? != Some(pending.header.version)
                || !segments::missing(tx, manifest)?.is_empty()
            {
                return Ok(false);
            }
            statements::promote_pending(tx)?;
            let needed: BTreeSet<&[u8]> = manifest.segments.iter().map(|of| &of.hash[..]).collect();
            let mut select = tx.prepare_cached("SELECT hash FROM segments")?;
            let stored = select
                .query_map([], |row| row.get(0))?
                .collect::<Result<Vec<Vec<u8>>, _>>()?;
            let mut delete = tx.prepare_cached("DELETE FROM segments WHERE hash = ?1")?;
            for hash in stored.iter().filter(|hash| !needed.contains(&hash[..])) {
                delete.execute([hash])?;
            }
            Ok(true)
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

/// What is stored never becomes older: since the plan was made another process of this device may
/// have stored the same, or newer.
fn adopt(tx: &Connection, plan: &Plan) -> Result<(), Cause> {
    let root = plan.adopt.iter().find(|of| of.kind == StatementKind::Root);
    let held = statements::version(tx, StatementKind::Root, false)?;
    if root.is_some_and(|of| held < Some(of.version)) {
        for kind in &plan.forget {
            statements::clear(tx, *kind, false)?;
            statements::clear(tx, *kind, true)?;
        }
    }
    for adopted in &plan.adopt {
        let active = statements::version(tx, adopted.kind, false)?;
        let waiting = statements::version(tx, adopted.kind, true)?;
        if active.max(waiting) >= Some(adopted.version) {
            continue;
        }
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
