//! The report, and its picture for other processes.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use shared::ids::DeviceId;

use super::driver::Driver;
use super::report::{self, PeerLine, PeersReport};
use crate::cache;
use crate::sync::gossip::Node;

/// Between two pictures, when something changed; and when nothing did.
const SHOW_MS: u64 = 250;
const SHOW_IDLE_MS: u64 = 4_000;

impl Driver {
    pub(super) fn edit(&mut self, change: impl FnOnce(&mut PeersReport)) {
        self.changed = true;
        change(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Brings the report up to date and leaves its picture for other processes.
    pub(super) fn show(&mut self) {
        let now = self.now();
        let since = now.millis.saturating_sub(self.shown_at);
        if since < SHOW_MS || (!self.changed && since < SHOW_IDLE_MS) {
            return;
        }
        self.changed = false;
        self.shown_at = now.millis;
        let copies: BTreeMap<DeviceId, u32> = self
            .node
            .as_ref()
            .map(Node::copies)
            .unwrap_or_default()
            .into_iter()
            .collect();
        let end = self.open.and_then(|log| self.ends.get(&log).copied());
        let end = end.unwrap_or(0);
        let peers = self.links.values().map(|linked| PeerLine {
            device_id: linked.up.device,
            name: report::name_of(&self.roster, linked.up.device),
            address: linked.up.socket.to_string(),
            since: linked.since,
            copied: copies.get(&linked.up.device).copied().unwrap_or(0),
        });
        let peers: Vec<PeerLine> = peers.collect();
        let picture = {
            let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
            report.at = now.wall;
            report.peers = peers;
            let whole = copies.values().filter(|copied| **copied >= end);
            report.copied_to = u32::try_from(whole.count()).unwrap_or(u32::MAX);
            report.copied_until = copies.values().copied().max().unwrap_or(0);
            serde_json::to_vec(&*report)
        };
        let shown = picture
            .map_err(std::io::Error::from)
            .and_then(|picture| cache::show(self.store.cache.dir(), &picture));
        if let Err(error) = shown {
            tracing::warn!(%error, "other programs cannot see how it goes with the peers");
        }
    }
}
