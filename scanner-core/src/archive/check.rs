//! Whether the data may go: everything that is only here has been signed off and handed over.

use std::collections::BTreeMap;

use shared::log::LogHead;
use shared::time::Timestamp;
use shared::trust::{Checkpoint, Coverage, Manifest};

use crate::cache::{Cache, LogRow, Trust};
use crate::error::Cause;

/// Gives the ticket list that the archive will be judged by.
pub(super) fn is_ready(
    cache: &Cache,
    trust: &Trust,
    checkpoint: &Checkpoint,
    now: Timestamp,
) -> Result<Manifest, Cause> {
    let Some(snapshot) = &trust.snapshot else {
        let what = "this device never got a ticket list, so there is nothing to judge its log by";
        return Err(Cause::NotYet(what.to_owned()));
    };
    let manifest = snapshot.body.clone();
    is_over(cache, manifest.policy.ends, now)?;
    let logs = cache.logs()?;
    let mut others: BTreeMap<String, u64> = BTreeMap::new();
    let mut own = 0;
    for row in &logs {
        let name = || name_of(trust, row);
        match compare(cache, row, checkpoint)? {
            Coverage::Covered | Coverage::ServerHasMore => {}
            Coverage::Contradicts => return Err(contradicted(&name())),
            Coverage::Uncovered { missing } if row.own => own += u64::from(missing),
            Coverage::Uncovered { missing } => {
                *others.entry(name()).or_default() += u64::from(missing);
            }
        }
    }
    if own > 0 {
        return Err(Cause::NotYet(format!(
            "{own} entries of this device are not signed off: the organizer signs a new checkpoint \
             now that they are there, then run this again"
        )));
    }
    let answers = cache.answers_waiting()?;
    if answers > 0 {
        return Err(Cause::NotYet(format!(
            "what guests answered at {answers} admissions is not handed over to the server: sync again"
        )));
    }
    if !others.is_empty() {
        let told: Vec<String> = others
            .iter()
            .map(|(name, count)| format!("{count} of {name}"))
            .collect();
        return Err(Cause::NotYet(format!(
            "this device has entries of others that are not signed off ({}): the organizer signs a \
             new checkpoint now that they are there, then run this again",
            told.join(", ")
        )));
    }
    Ok(manifest)
}

/// By the server's clock, as far as it was heard.
fn is_over(cache: &Cache, ends: Timestamp, now: Timestamp) -> Result<(), Cause> {
    let offset = cache.sync_facts()?.clock_offset().unwrap_or_default();
    if now.plus_millis(offset) < ends {
        return Err(Cause::NotYet(format!(
            "the event is not over: it ends at {ends}"
        )));
    }
    Ok(())
}

fn compare(cache: &Cache, row: &LogRow, checkpoint: &Checkpoint) -> Result<Coverage, Cause> {
    let end = checkpoint.end_of(row.log).map(|end| end.next_seq);
    let genesis = row.genesis.head();
    let mut there = (end == Some(0)).then_some(genesis.hash);
    let mut note = |head: &LogHead| {
        if Some(head.next_seq) == end {
            there = Some(head.hash);
        }
    };
    // From the beginning: the file is made of what lies here, and so is the comparison.
    let tail = cache.walk(row, genesis, |_, _, after| note(after))?;
    Ok(checkpoint.compare(row.log, tail.head, |_| there))
}

fn name_of(trust: &Trust, row: &LogRow) -> String {
    let device = row.genesis.device;
    let roster = trust.roster.as_ref();
    let listed = roster.and_then(|of| of.body.by_device(device));
    listed.map_or_else(|| device.to_string(), |of| of.name.clone())
}

fn contradicted(name: &str) -> Cause {
    Cause::Untrusted(format!(
        "ALARM: another history of {name} was signed off than this device holds. Nothing was \
         removed: keep this device as it is, and show this to the organizer and whoever audits the event"
    ))
}
