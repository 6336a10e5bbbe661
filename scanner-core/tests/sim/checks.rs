//! The twelve invariants, each by its number. `gossip.md` 7 says them in words.

use shared::log::LogId;

use crate::device::Device;
use crate::world::World;

/// Things buffered in one node: far below what memory would feel. What is staged is committed when
/// it is 4,096, and what waits behind gaps is no more.
const BUFFERED_MAX: usize = 16_384;
/// Early entries of one log that a node keeps.
const EARLY_PER_LOG_MAX: usize = 64;
/// A log is asked for once an entry, and again when a peer was silent for so long. The worst honest
/// run asks for less than that; a storm asks for four times as much.
const PULL_TIMEOUT_MILLIS: u64 = 2_000;
const PULLS_OF_FAIR_MAX: u64 = 2;
/// Bytes a device may send in a quiet second.
const QUIET_BYTES_PER_SECOND: u64 = 1_500;

/// Heads, ends and strays of everything a device holds.
pub(crate) type Picture = Vec<(LogId, u32, [u8; 32], Option<u32>, Vec<[u8; 32]>)>;

pub(crate) fn picture(device: &Device) -> Picture {
    device
        .disk
        .data
        .logs
        .iter()
        .filter(|(_, log)| log.head.next_seq > 0 || log.fork.is_some())
        .map(|(id, log)| {
            let frozen = log.fork.as_ref().map(|fork| fork.at().next_seq);
            (
                *id,
                log.head.next_seq,
                log.head.hash,
                frozen,
                log.strays.keys().copied().collect(),
            )
        })
        .collect()
}

impl World {
    /// Live, honest, not evicted.
    pub(crate) fn honest(&self) -> Vec<usize> {
        (0..self.devices.len())
            .filter(|at| {
                let of = &self.devices[*at];
                of.node.is_some()
                    && !of.paused
                    && !of.rotten
                    && !self.oracle.evicted.contains_key(&of.id)
            })
            .collect()
    }

    /// During the run: bounds (10), sessions (7), clocks (11).
    pub(crate) fn look(&mut self) {
        let mut broken = None;
        let held = self.devices.iter().map(|of| of.disk.data.logs.len());
        let known = held.max().unwrap_or(0);
        for (at, device) in self.devices.iter().enumerate() {
            let Some(node) = &device.node else {
                continue;
            };
            let buffered = node.buffered();
            self.peak_buffered = self.peak_buffered.max(buffered);
            let early = node.early_of_a_log();
            if buffered > BUFFERED_MAX || early > EARLY_PER_LOG_MAX {
                broken = Some((
                    10,
                    format!(
                        "device {at} holds {buffered} things in its buffers, {early} of one log behind a gap"
                    ),
                ));
            }
            let pulls = node.work().pulls;
            let timeouts = 2 + (self.time - device.booted_at) / PULL_TIMEOUT_MILLIS;
            let fair = node.work().taken + known as u64 * timeouts + 20;
            if pulls > PULLS_OF_FAIR_MAX * fair {
                let what = format!("device {at} asked {pulls} times where {fair} would do");
                broken = Some((10, what));
            }
            for peer in node.peers() {
                let since = self.oracle.evicted.get(&peer);
                if since.is_some_and(|version| device.disk.data.trust.held[2] >= *version)
                    && !device.rotten
                {
                    broken = Some((
                        7,
                        format!("device {at} talks to {peer}, which it knows to be evicted"),
                    ));
                }
            }
        }
        if let Some((invariant, what)) = broken {
            self.oracle.violated(invariant, &what);
        }
    }

    /// 11: a peer's clock moves the own by half a second at most.
    pub(crate) fn check_clock(&mut self, at: usize) {
        let device = &mut self.devices[at];
        let wall = u64::try_from(device.now(self.time).wall.as_millis()).unwrap_or(0);
        device.wall_max = device.wall_max.max(wall);
        // A copy that ran on another clock wrote in the same log.
        let alone = !self.oracle.may_fork.contains(&device.id);
        if alone && device.hlc.millis > device.wall_max + 600 {
            let ahead = device.hlc.millis - device.wall_max;
            self.oracle.violated(
                11,
                &format!("device {at} writes {ahead} ms ahead of any time it saw"),
            );
        }
    }

    /// Who told a device that it has a copy of its log.
    pub(crate) fn note_copies(&mut self, at: usize) {
        let Some(node) = &self.devices[at].node else {
            return;
        };
        let open = self.devices[at]
            .disk
            .data
            .logs
            .iter()
            .find(|(_, log)| log.is_open());
        let Some((log, _)) = open else {
            return;
        };
        for (peer, next_seq) in node.copies() {
            let holder = self
                .devices
                .iter()
                .position(|of| of.id == peer && !of.is_clone);
            if let Some(holder) = holder
                && !self.devices[holder].rotten
                && !self.oracle.may_fork.contains(&peer)
            {
                let generation = self.devices[holder].generation;
                // What it said was of the disk that it had when it said so.
                let of_old_disk = self.oracle.copies.iter().any(|(of, told, by, disk)| {
                    of == log && *by == holder && *disk != generation && *told >= next_seq
                });
                if of_old_disk {
                    continue;
                }
                self.oracle
                    .copies
                    .insert((*log, next_seq, holder, generation));
            }
        }
    }

    /// All honest devices hold the same, and the frozen places match.
    pub(crate) fn is_converged(&self) -> bool {
        let honest = self.honest();
        let Some(first) = honest.first() else {
            return true;
        };
        let model = picture(&self.devices[*first]);
        let newest = self.devices[*first].disk.data.trust.held[2] == self.roster_version;
        newest
            && honest.iter().all(|at| {
                self.devices[*at].disk.data.trust.held[2] == self.roster_version
                    && self.snapshot_is_everywhere(*at)
                    && picture(&self.devices[*at]) == model
            })
    }

    /// 10: when there is nothing to say, little is said.
    pub(crate) fn check_quiet(&mut self, millis: u64, before: &[u64]) {
        let most = self
            .devices
            .iter()
            .zip(before)
            .map(|(of, before)| of.bytes - before)
            .max()
            .unwrap_or(0);
        let allowed = QUIET_BYTES_PER_SECOND * millis / 1_000
            + 4_000
            + 60 * self.devices.len() as u64 * millis / 1_000;
        if most > allowed {
            self.oracle.violated(
                10,
                &format!("{most} bytes were sent by one device in {millis} quiet ms"),
            );
        }
    }
}
