//! What an answer says about logs: what the server has, and what it gives.

use std::collections::BTreeMap;

use ed25519_dalek::VerifyingKey;
use shared::log::{Entry, Genesis, LogHead, LogId, LogSegment};
use shared::sync::LogVector;
use shared::trust::Roster;

use super::plan::{Acked, Extension, Plan};
use super::{Held, HeldLog};
use crate::cache::StoredEntry;

/// Reads the server's vector: what it has of every log that is held here.
pub(super) fn acknowledge(held: &Held, vector: &[LogVector], plan: &mut Plan) {
    let theirs: BTreeMap<LogId, &LogVector> = vector.iter().map(|of| (of.log, of)).collect();
    for (log, ours) in &held.logs {
        // A log that it does not name, it does not have: it may itself be back from a copy.
        let (next_seq, head) = theirs
            .get(log)
            .map_or((0, None), |of| (of.next_seq, Some(of.head)));
        if ours.own && !ours.closed && is_from_a_copy(ours, next_seq, head) {
            plan.close.push(*log);
        }
        let next_seq = next_seq.min(ours.head.next_seq);
        if next_seq != ours.acked {
            plan.acked.push(Acked {
                log: *log,
                next_seq,
            });
        }
    }
}

/// The server has entries of this log that are not here, or others in their place.
fn is_from_a_copy(ours: &HeldLog, next_seq: u32, head: Option<[u8; 8]>) -> bool {
    next_seq > ours.head.next_seq
        || (next_seq == ours.head.next_seq && head.is_some_and(|head| head != ours.head.short()))
}

/// Verifies what is new and plans to store it. A bad segment blames its signer: the others go on.
pub(super) fn extend(
    held: &Held,
    roster: Option<&Roster>,
    geneses: Vec<Genesis>,
    segments: Vec<LogSegment>,
    plan: &mut Plan,
) {
    let mut known: BTreeMap<LogId, Genesis> = geneses
        .into_iter()
        .map(|genesis| (genesis.log_id(), genesis))
        .collect();
    let mut heads: BTreeMap<LogId, LogHead> = BTreeMap::new();
    for (log, of) in &held.logs {
        known.insert(*log, of.genesis.clone());
        heads.insert(*log, of.head);
    }
    for segment in segments {
        let log = segment.log;
        let refusal = match known.get(&log) {
            None => Some("its genesis is not known".to_owned()),
            Some(genesis) => {
                let open = held.logs.get(&log).is_some_and(|of| of.own && !of.closed)
                    && !plan.close.contains(&log);
                let head = *heads.entry(log).or_insert_with(|| genesis.head());
                if open {
                    // Entries of the open log come from here and from nowhere else.
                    None
                } else {
                    match verify(held, roster, genesis, &head, segment) {
                        Ok(None) => None,
                        Ok(Some(extension)) => {
                            heads.insert(log, extension.head);
                            plan.extend.push(extension);
                            None
                        }
                        Err(why) => Some(why),
                    }
                }
            }
        };
        if let Some(why) = refusal {
            plan.ignored.push((log, why));
        }
    }
}

/// `None` when nothing of the segment is new.
fn verify(
    held: &Held,
    roster: Option<&Roster>,
    genesis: &Genesis,
    head: &LogHead,
    mut segment: LogSegment,
) -> Result<Option<Extension>, String> {
    if genesis.event != held.event {
        return Err("it is of another event".to_owned());
    }
    let entry = roster
        .and_then(|roster| roster.by_device(genesis.device))
        .ok_or_else(|| "its device is not in the roster".to_owned())?;
    if entry.public_key != genesis.device_key {
        return Err("its key is not the device's".to_owned());
    }
    let key = VerifyingKey::from_bytes(&genesis.device_key)
        .map_err(|_| "its key is no key".to_owned())?;
    // The part that is here already is cut off; the chain proves that the rest continues it.
    let Some(behind) = head.next_seq.checked_sub(segment.first_seq) else {
        return Err(format!(
            "a gap: expected {}, found {}",
            head.next_seq, segment.first_seq
        ));
    };
    let behind = usize::try_from(behind).unwrap_or(usize::MAX);
    if behind >= segment.bodies.len() {
        return Ok(None);
    }
    segment.bodies.drain(..behind);
    segment.first_seq = head.next_seq;
    let (entries, new_head) = segment
        .verify(&key, head)
        .map_err(|error| error.to_string())?;
    Ok(Some(Extension {
        genesis: genesis.clone(),
        entries: stored(&entries, segment),
        head: new_head,
    }))
}

fn stored(entries: &[Entry], segment: LogSegment) -> Vec<StoredEntry> {
    let last = segment.bodies.len().saturating_sub(1);
    let mut signature = Some(segment.signature);
    entries
        .iter()
        .zip(segment.bodies)
        .enumerate()
        .map(|(at, (entry, body))| StoredEntry {
            seq: entry.seq,
            body,
            signature: if at == last { signature.take() } else { None },
        })
        .collect()
}
