//! Pulls: asking for what is missing, giving what was asked for, taking in what comes.
//!
//! Invariants: one log is pulled from one peer at a time; at most three peers are served at once,
//! each within the window that it opened.

use std::collections::BTreeMap;

use shared::log::{ChainError, Entry, LogId, LogSegment};
use shared::sync::frame::{Message, Name, Want};
use shared::sync::message::LOGS_MAX;

use super::LinkId;
use super::input::Now;
use super::links::{Link, Offer, WINDOW_BYTES};
use super::logs::{Log, is_beyond_clock};
use super::node::Node;
use super::options::SeededBug;
use super::output::{Alert, CloseReason, Output};
use super::store::{Store, StoreError};

/// Peers that are given catch-up at the same time.
const SERVED_MAX: usize = 3;
/// Staged entries that do not wait for the next flush.
const STAGED_MAX: usize = 4_096;

/// What is being pulled, and from whom.
#[derive(Debug, Default)]
pub(super) struct Pulls {
    pub(super) from: BTreeMap<LogId, LinkId>,
}

impl Pulls {
    pub(super) fn lost(&mut self, link: LinkId) {
        self.from.retain(|_, of| *of != link);
    }

    fn done(&mut self, log: LogId) {
        self.from.remove(&log);
    }

    /// The next moment at which a peer has been waited for long enough, or an offer is due.
    pub(super) fn due(&self, links: &BTreeMap<LinkId, Link>, timeout: u64) -> Option<u64> {
        let asked = self
            .from
            .values()
            .filter_map(|link| Some(links.get(link)?.brought_at + timeout));
        let offers = links.values().flat_map(|link| {
            link.offers
                .iter()
                .filter(|(log, _)| !self.from.contains_key(log))
                .map(|(_, offer)| offer.at)
        });
        asked.chain(offers).min()
    }
}

impl Node {
    /// A peer has more of a log than is here.
    pub(super) fn offer(&mut self, link: LinkId, log: LogId, offer: Offer) {
        if self.options.has(SeededBug::NeverPull) {
            return;
        }
        let Some(of) = self.links.get_mut(&link) else {
            return;
        };
        if of.offers.len() >= LOGS_MAX && !of.offers.contains_key(&log) {
            return;
        }
        let known = of.offers.entry(log).or_insert(offer);
        if offer.next_seq > known.next_seq {
            known.next_seq = offer.next_seq;
            known.newest = offer.newest;
        }
        known.at = known.at.min(offer.at);
        known.graft &= offer.graft;
    }

    /// Asks for what was offered, is still missing, is due and is not being brought by another.
    pub(super) fn ask_offers(&mut self, now: Now) {
        let storm = self.options.has(SeededBug::PullStorm);
        // What came another way meanwhile is not waited for any more.
        let (logs, linked) = (&self.logs, &self.links);
        self.pulls.from.retain(|id, link| {
            let offer = linked.get(link).and_then(|of| of.offers.get(id));
            offer.is_some_and(|offer| lacks(logs, *id, offer.next_seq))
        });
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        for link in links {
            let Some(of) = self.links.get_mut(&link) else {
                continue;
            };
            let mut wants = Vec::new();
            let logs = &self.logs;
            let busy = self.pulls.from.values().any(|known| *known == link);
            of.offers
                .retain(|id, offer| lacks(logs, *id, offer.next_seq));
            let mut late = false;
            let mut since = Vec::new();
            for (id, offer) in &of.offers {
                let free = !self.pulls.from.contains_key(id);
                if !(storm || (free && offer.at <= now.millis)) || wants.len() == LOGS_MAX {
                    continue;
                }
                let log = self.logs.get(id);
                wants.push(Want {
                    log: *id,
                    from: log.map_or(0, |log| log.tip.next_seq),
                    genesis: log.is_none(),
                });
                late |= offer.graft;
                since.push((*id, offer.since));
                self.pulls.from.insert(*id, link);
            }
            if wants.is_empty() {
                continue;
            }
            for (id, since) in since {
                if let Some(log) = self.logs.get_mut(&id) {
                    log.pulled.since = since;
                }
            }
            if !busy {
                of.brought_at = now.millis;
            }
            self.work.pulls += wants.len() as u64;
            let graft = late && !of.eager && of.is_neighbour();
            self.send(link, Message::Pull(wants));
            if graft {
                self.graft(now, link);
            }
        }
    }

    /// Peers that were asked and brought nothing are passed over.
    pub(super) fn retry_pulls(&mut self, now: Now) {
        let timeout = self.options.timing.pull_timeout;
        let late: Vec<(LogId, LinkId)> = self
            .pulls
            .from
            .iter()
            .filter(|(_, link)| {
                self.links
                    .get(link)
                    .is_none_or(|of| of.brought_at + timeout <= now.millis)
            })
            .map(|(log, link)| (*log, *link))
            .collect();
        if late.is_empty() {
            return;
        }
        for (log, link) in late {
            self.pulls.done(log);
            if let Some(of) = self.links.get_mut(&link) {
                of.brought_at = now.millis;
                // Others first; this one is asked again when nobody else offers.
                if let Some(offer) = of.offers.get_mut(&log) {
                    offer.at = now.millis + self.options.timing.pull_after;
                }
            }
        }
        self.ask_offers(now);
    }

    pub(super) fn asked(&mut self, now: Now, link: LinkId, wants: Vec<Want>) {
        let Some(of) = self.links.get_mut(&link) else {
            return;
        };
        of.credit = WINDOW_BYTES;
        of.paid_at = now.millis;
        for want in wants {
            of.wants.retain(|known| known.log != want.log);
            if of.wants.len() < LOGS_MAX {
                of.wants.push_back(want);
            }
        }
    }

    pub(super) fn credit(&mut self, now: Now, link: LinkId, bytes: u32) {
        if let Some(of) = self.links.get_mut(&link) {
            of.paid_at = now.millis;
            of.credit = (of.credit + i64::from(bytes)).min(WINDOW_BYTES);
        }
    }

    /// Gives what was asked for, within windows.
    pub(super) fn serve(&mut self, now: Now, store: &mut dyn Store) -> Result<(), StoreError> {
        let mut serving = self.links.values().filter(|of| of.serving).count();
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        for link in links {
            let Some(of) = self.links.get_mut(&link) else {
                continue;
            };
            if of.credit <= 0 && of.paid_at + self.options.timing.pull_timeout <= now.millis {
                // It takes nothing any more: the place is for others. It may ask again.
                of.wants.clear();
                serving -= usize::from(std::mem::take(&mut of.serving));
            }
            if of.wants.is_empty() {
                continue;
            }
            if !of.serving {
                if serving >= SERVED_MAX {
                    continue;
                }
                of.serving = true;
                serving += 1;
            }
            self.serve_link(link, store)?;
            if let Some(of) = self.links.get_mut(&link)
                && of.wants.is_empty()
            {
                of.serving = false;
                serving -= 1;
            }
        }
        Ok(())
    }

    fn serve_link(&mut self, link: LinkId, store: &dyn Store) -> Result<(), StoreError> {
        loop {
            let Some(of) = self.links.get_mut(&link) else {
                return Ok(());
            };
            if of.credit <= 0 {
                return Ok(());
            }
            let Some(want) = of.wants.front_mut() else {
                return Ok(());
            };
            let Some(log) = self.logs.get(&want.log) else {
                of.wants.pop_front();
                continue;
            };
            let id = want.log;
            let genesis = std::mem::take(&mut want.genesis).then(|| log.genesis.clone());
            let segment = log.segment(want.from, store)?;
            if let Some(segment) = &segment {
                let count = u32::try_from(segment.bodies.len()).unwrap_or(u32::MAX);
                want.from = want.from.saturating_add(count);
                let bytes: usize = segment.bodies.iter().map(|body| body.len() + 1).sum();
                of.credit -= i64::try_from(bytes + 96).unwrap_or(i64::MAX);
                let after = want.from;
                let has = of.has.entry(id).or_insert(0);
                *has = after.max(*has);
                if after >= log.head.next_seq {
                    of.wants.pop_front();
                }
            } else {
                of.wants.pop_front();
            }
            if let Some(genesis) = genesis {
                let (number, _) = of.number(id);
                let name = Name {
                    number,
                    log: id,
                    genesis: Some(genesis),
                };
                self.send(link, Message::Names(vec![name]));
            }
            if let Some(segment) = segment {
                self.send(link, Message::Segments(vec![segment]));
            }
        }
    }

    pub(super) fn segments(
        &mut self,
        now: Now,
        link: LinkId,
        segments: Vec<LogSegment>,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        for segment in segments {
            self.work.came += segment.bodies.len() as u64;
            let bytes: usize = segment.bodies.iter().map(|body| body.len() + 1).sum();
            if let Some(of) = self.links.get_mut(&link) {
                of.unpaid = of
                    .unpaid
                    .saturating_add(u32::try_from(bytes + 96).unwrap_or(u32::MAX));
                of.brought_at = now.millis;
            }
            self.segment(now, link, segment, store)?;
        }
        let staged: usize = self.logs.values().map(|log| log.staged.len()).sum();
        if staged >= STAGED_MAX {
            self.flush(store)?;
        } else {
            self.flush_soon(now);
        }
        Ok(())
    }

    fn segment(
        &mut self,
        now: Now,
        link: LinkId,
        segment: LogSegment,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let id = segment.log;
        let trusting = self.trusts_relay(link);
        let Some(log) = self.logs.get_mut(&id) else {
            return Ok(());
        };
        let was_open = log.is_open();
        if was_open {
            // The scanner may have appended more than it told.
            self.grown(id, store)?;
        }
        if self.options.has(SeededBug::RejectByClock) && strange_clock(&segment, now) {
            return Ok(());
        }
        let verifier = self.options.verifier.clone();
        let Some(log) = self.logs.get_mut(&id) else {
            return Ok(());
        };
        match log.stage_segment(segment, Some(link), &*verifier, trusting) {
            Ok(hlc) => {
                if let Some(hlc) = hlc {
                    self.clocks.see(hlc);
                    if was_open {
                        // This device signed them, and knows nothing of it.
                        self.overtaken(id, store)?;
                    }
                }
                if let Some(log) = self.logs.get_mut(&id) {
                    log.pulled.next_seq = log.tip.next_seq;
                }
                self.drain_early(now, id);
                let tip = self.logs.get(&id).map_or(0, |log| log.tip.next_seq);
                let offered = self
                    .links
                    .get(&link)
                    .and_then(|of| of.offers.get(&id))
                    .map_or(0, |offer| offer.next_seq);
                if tip >= offered {
                    self.pulls.done(id);
                }
                Ok(())
            }
            // Too early or too late: what was asked for meanwhile came another way.
            Err(ChainError::Gap { .. }) => Ok(()),
            Err(error) => {
                self.bad(now, link, id, &error);
                Ok(())
            }
        }
    }

    /// Something of this log did not verify. It may be the other side of a fork; otherwise its
    /// signer is to blame, and whoever brought it only has a budget.
    pub(super) fn bad(&mut self, now: Now, link: LinkId, id: LogId, error: &ChainError) {
        if self.options.has(SeededBug::BlameMessenger) {
            self.close(link, CloseReason::Garbage);
            return;
        }
        self.refused(link);
        self.pulls.done(id);
        let Some(log) = self.logs.get_mut(&id) else {
            return;
        };
        if let Some(of) = self.links.get_mut(&link) {
            of.offers.remove(&id);
        }
        match error {
            ChainError::Signature => {
                let next_seq = log.head.next_seq;
                self.suspect(now, link, id, next_seq);
            }
            ChainError::Entry(_) | ChainError::Gap { .. } | ChainError::Malformed(_) => {
                if !std::mem::replace(&mut log.blamed, true) {
                    self.out.push(Output::Alert(Alert::BadEntry {
                        device: log.genesis.device,
                        log: id,
                        why: error.to_string(),
                    }));
                }
            }
        }
    }

    pub(super) fn trusts_relay(&self, link: LinkId) -> bool {
        self.options.has(SeededBug::TrustRelay) && self.links.get(&link).is_some_and(|of| of.hub)
    }
}

fn strange_clock(segment: &LogSegment, now: Now) -> bool {
    segment.bodies.iter().any(|body| {
        Entry::decode(body).is_ok_and(|entry| is_beyond_clock(entry.hlc, now.wall.as_millis()))
    })
}

fn lacks(logs: &BTreeMap<LogId, Log>, id: LogId, next_seq: u32) -> bool {
    logs.get(&id).is_none_or(|log| {
        let end = log.end.map_or(u32::MAX, |end| end.next_seq);
        log.tip.next_seq < next_seq.min(end)
    })
}
