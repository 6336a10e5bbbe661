//! After heal and quiet: the invariants that speak of the end.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::VerifyingKey;
use scanner_core::gossip::Verifier as _;
use shared::log::{Entry, EventState, LogHead, LogId, SignedEntry, Use};

use crate::checks::{Picture, picture};
use crate::disk::{DiskLog, proven};
use crate::fold::{expected, reported};
use crate::world::World;

type Check = fn(&World) -> Result<(), String>;

impl World {
    /// After heal and quiet: the invariants that speak of the end.
    pub(crate) fn judge(&mut self) {
        let checks: [(u8, Check); 8] = [
            (1, Self::equal),
            (2, Self::nothing_lost),
            (3, Self::authentic),
            (4, Self::order_means_nothing),
            (5, Self::duplicates_are_found),
            (7, Self::cuts_hold),
            (8, Self::forks_are_proven),
            (9, Self::logs_are_whole),
        ];
        for device in &mut self.devices {
            device.fold.update(&device.disk.data);
        }
        for (number, check) in checks {
            if let Err(what) = check(self) {
                self.oracle.violated(number, &what);
            }
        }
    }

    fn equal(&self) -> Result<(), String> {
        let honest = self.honest();
        let Some(first) = honest.first() else {
            return Ok(());
        };
        let model = picture(&self.devices[*first]);
        let digest = self.devices[*first].fold.state.digest();
        for at in &honest[1..] {
            if picture(&self.devices[*at]) != model {
                let theirs = picture(&self.devices[*at]);
                return Err(format!(
                    "devices {first} and {at} hold different logs: {}",
                    self.difference(&model, &theirs, [*first, *at])
                ));
            }
            if self.devices[*at].fold.state.digest() != digest {
                return Err(format!("devices {first} and {at} fold to different states"));
            }
        }
        Ok(())
    }

    /// The first log that differs, for people.
    fn difference(&self, one: &Picture, other: &Picture, devices: [usize; 2]) -> String {
        let ids: BTreeSet<LogId> = one.iter().chain(other).map(|of| of.0).collect();
        let differing = ids
            .into_iter()
            .find(|id| one.iter().find(|of| of.0 == *id) != other.iter().find(|of| of.0 == *id));
        let Some(id) = differing else {
            return String::new();
        };
        let of = devices.map(|at| {
            let device = &self.devices[at];
            let Some(log) = device.disk.data.logs.get(&id) else {
                return format!("{at}: nothing");
            };
            format!(
                "{at}: {} {:02x?} own {} closed {} frozen {:?} strays {} peers {}",
                log.head.next_seq,
                &log.head.hash[..2],
                log.own,
                log.closed,
                log.fork.as_ref().map(|fork| fork.at().next_seq),
                log.strays.len(),
                device.node.as_ref().map_or(0, |node| node.peers().len()),
            )
        });
        let author = self.devices.iter().position(|of| {
            of.disk
                .data
                .logs
                .get(&id)
                .is_some_and(|log| log.genesis.device == of.id)
        });
        let kind = author.map(|at| {
            let of = &self.devices[at];
            (
                at,
                of.rotten,
                self.oracle.may_fork.contains(&of.id),
                self.oracle.evicted.get(&of.id),
            )
        });
        format!("{id} by {kind:?}: {} / {}", of[0], of[1])
    }

    fn nothing_lost(&self) -> Result<(), String> {
        let honest = self.honest();
        let held: Vec<BTreeSet<[u8; 32]>> = honest
            .iter()
            .map(|at| {
                let logs = &self.devices[*at].disk.data.logs;
                logs.iter().flat_map(|(id, log)| hashes(*id, log)).collect()
            })
            .collect();
        for made in self.oracle.made.iter().filter(|made| made.shown) {
            let author = &self.devices[made.device];
            let on_disk = author.generation == made.generation
                && author.node.is_some()
                && !author.rotten
                && !self.oracle.evicted.contains_key(&author.id);
            let copied = self
                .oracle
                .copies
                .iter()
                .any(|(log, next_seq, holder, generation)| {
                    let of = &self.devices[*holder];
                    *log == made.log
                        && *next_seq > made.seq
                        && of.generation == *generation
                        && of.node.is_some()
                        && !of.rotten
                        && !self.oracle.evicted.contains_key(&of.id)
                });
            // A log that was written twice is told apart by hash, not by number.
            let copied = copied && !self.oracle.may_fork.contains(&author.id);
            if !on_disk && !copied {
                continue;
            }
            for (at, held) in honest.iter().zip(&held) {
                if !held.contains(&made.hash) {
                    return Err(format!(
                        "entry {} of log {} is not on device {at}",
                        made.seq, made.log
                    ));
                }
            }
        }
        Ok(())
    }

    fn authentic(&self) -> Result<(), String> {
        for at in self.honest() {
            for (id, log) in &self.devices[at].disk.data.logs {
                self.verify_log(*id, log)
                    .map_err(|why| format!("device {at}, log {id}: {why}"))?;
                for hash in hashes(*id, log) {
                    if !self.oracle.hashes.contains(&hash) {
                        return Err(format!(
                            "device {at} holds an entry of log {id} that nobody made"
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// The chain, and every signature that is there, by the strict rule.
    fn verify_log(&self, id: LogId, log: &DiskLog) -> Result<(), String> {
        let key =
            VerifyingKey::from_bytes(&log.genesis.device_key).map_err(|error| error.to_string())?;
        let mut after: LogHead = log.genesis.head();
        for stored in &log.entries {
            let before = after;
            if let Some(signature) = &stored.signature {
                let signed = SignedEntry {
                    body: stored.body.clone(),
                    signature: signature.clone(),
                };
                let (_, next) = self
                    .strict
                    .entry(&key, id, &before, &signed)
                    .map_err(|error| format!("entry {}: {error}", stored.seq))?;
                after = next;
            } else {
                let entry = Entry::decode(&stored.body).map_err(|error| error.to_string())?;
                after = after
                    .append(id, &entry)
                    .map_err(|error| error.to_string())?;
            }
        }
        if after != log.head {
            return Err("the head is not the head".to_owned());
        }
        Ok(())
    }

    fn order_means_nothing(&self) -> Result<(), String> {
        let Some(at) = self.honest().first().copied() else {
            return Ok(());
        };
        let device = &self.devices[at];
        let mut all = Vec::new();
        for (id, log) in &device.disk.data.logs {
            let Some(listed) = device.disk.data.trust.roster.by_device(log.genesis.device) else {
                continue;
            };
            let entries = log.entries.iter().filter(|of| listed.counts(&id.0, of.seq));
            all.extend(entries.map(|of| {
                (
                    *id,
                    log.genesis.device,
                    Entry::decode(&of.body).expect("stored"),
                )
            }));
        }
        let mut random = crate::random::Random::new(self.plan.seed);
        let digest = device.fold.state.digest();
        for _ in 0..3 {
            random.shuffle(&mut all);
            let mut state = EventState::default();
            for (log, of, entry) in all.iter().chain(all.iter().take(all.len() / 3)) {
                state.apply(*log, *of, entry);
            }
            if state.digest() != digest {
                return Err("another order of the same entries folds to another state".to_owned());
            }
        }
        Ok(())
    }

    /// What the devices report against the union of all that honest disks hold, folded by force.
    fn duplicates_are_found(&self) -> Result<(), String> {
        let honest = self.honest();
        let mut uses: BTreeMap<u32, Vec<Use>> = BTreeMap::new();
        for at in &honest {
            let device = &self.devices[*at];
            for (id, log) in &device.disk.data.logs {
                let Some(listed) = self.roster.by_device(log.genesis.device) else {
                    continue;
                };
                for stored in log.entries.iter().filter(|of| listed.counts(&id.0, of.seq)) {
                    let entry = Entry::decode(&stored.body).expect("stored");
                    if let Some(of) = Use::of(*id, log.genesis.device, &entry) {
                        uses.entry(entry.serial).or_default().push(of);
                    }
                }
            }
        }
        let truth = expected(&uses);
        for at in honest {
            let said = reported(&self.devices[at].fold.state);
            if said != truth {
                return Err(format!(
                    "device {at} reports {} duplicates, there are {}",
                    said.len(),
                    truth.len()
                ));
            }
        }
        Ok(())
    }

    fn cuts_hold(&self) -> Result<(), String> {
        for at in self.honest() {
            let device = &self.devices[at];
            for id in self.oracle.evicted.keys() {
                let cut = self
                    .roster
                    .by_device(*id)
                    .and_then(|of| of.cut.clone())
                    .unwrap_or_default();
                for (_, ticket) in device.fold.state.tickets() {
                    for of in ticket.uses().iter().filter(|of| of.device == *id) {
                        let covered = cut
                            .iter()
                            .any(|(log, next_seq, _)| *log == of.log.0 && of.seq < *next_seq);
                        if !covered {
                            return Err(format!(
                                "device {at} counts entry {} of {id} after its cut",
                                of.seq
                            ));
                        }
                    }
                }
                if device
                    .node
                    .as_ref()
                    .is_some_and(|node| node.peers().contains(id))
                {
                    return Err(format!("device {at} still talks to {id}"));
                }
            }
        }
        Ok(())
    }

    fn forks_are_proven(&self) -> Result<(), String> {
        let honest = self.honest();
        // Every body at every place, as honest disks hold them, in logs and in quarantine.
        let mut places: BTreeMap<(LogId, u32), BTreeSet<[u8; 32]>> = BTreeMap::new();
        for at in &honest {
            for (id, log) in &self.devices[*at].disk.data.logs {
                for (seq, hash) in places_of(*id, log) {
                    places.entry((*id, seq)).or_default().insert(hash);
                }
            }
        }
        let mut lowest: BTreeMap<LogId, u32> = BTreeMap::new();
        for ((id, seq), hashes) in places {
            if hashes.len() > 1 {
                lowest.entry(id).or_insert(seq);
            }
        }
        for at in honest {
            for (id, log) in &self.devices[at].disk.data.logs {
                let at_seq = match (&log.fork, proven(log)) {
                    (None, _) => None,
                    (Some(_), None) => {
                        return Err(format!("device {at} froze log {id} without a proof"));
                    }
                    (Some(_), Some((head, _))) => Some(head.next_seq),
                };
                if at_seq.is_some() && !self.oracle.may_fork.contains(&log.genesis.device) {
                    return Err(format!("log {id} of an honest device is frozen"));
                }
                if at_seq != lowest.get(id).copied() {
                    return Err(format!(
                        "device {at} froze log {id} at {at_seq:?}, it splits at {:?}",
                        lowest.get(id)
                    ));
                }
            }
        }
        Ok(())
    }

    fn logs_are_whole(&self) -> Result<(), String> {
        for at in self.honest() {
            for (id, log) in &self.devices[at].disk.data.logs {
                let numbered = log
                    .entries
                    .iter()
                    .zip(0..)
                    .all(|(of, seq): (_, u32)| of.seq == seq);
                if !numbered || log.entries.len() != log.head.next_seq as usize {
                    return Err(format!("log {id} on device {at} has a gap or a wrong head"));
                }
            }
        }
        Ok(())
    }
}

/// The hash after each entry of a log, strays included.
pub(crate) fn hashes(id: LogId, log: &DiskLog) -> Vec<[u8; 32]> {
    places_of(id, log)
        .into_iter()
        .map(|(_, hash)| hash)
        .collect()
}

fn places_of(id: LogId, log: &DiskLog) -> Vec<(u32, [u8; 32])> {
    let mut after = log.genesis.head();
    let mut places = Vec::new();
    for stored in &log.entries {
        let Ok(entry) = Entry::decode(&stored.body) else {
            break;
        };
        let Ok(next) = after.append(id, &entry) else {
            break;
        };
        after = next;
        places.push((stored.seq, after.hash));
    }
    places.extend(log.strays.values().map(|stray| (stray.seq, stray.hash)));
    places
}
