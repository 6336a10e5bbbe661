//! How it goes with the peers, for screens and scripts.

use std::collections::VecDeque;
use std::path::Path;

use serde::{Deserialize, Serialize};
use shared::ids::DeviceId;
use shared::time::Timestamp;
use shared::trust::Roster;

use crate::cache;
use crate::sync::gossip::{Alert, OwnLog};

/// A picture older than this tells of a program that no longer runs.
const ALIVE_MS: i64 = 15_000;
const NOTICES_MAX: usize = 32;
const MISSED_MAX: usize = 32;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeersReport {
    pub at: Timestamp,
    /// Where this device can be called.
    pub listening: Option<String>,
    /// Linked now.
    pub peers: Vec<PeerLine>,
    /// Devices that have every entry of the open log.
    pub copied_to: u32,
    /// How far some other device has the open log.
    pub copied_until: u32,
    /// The peers' clocks minus this device's, their median.
    pub clock_offset_ms: Option<i64>,
    /// Calls that came to nothing, the last of each address.
    pub missed: Vec<MissedView>,
    /// Callers that were not let in.
    pub turned_away: u64,
    /// For people, newest last.
    pub notices: VecDeque<NoticeView>,
    /// Why nothing is exchanged at the moment.
    pub trouble: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerLine {
    pub device_id: DeviceId,
    pub name: String,
    pub address: String,
    pub since: Timestamp,
    /// Entries of the open log that it is known to have.
    pub copied: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MissedView {
    pub address: String,
    pub why: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NoticeView {
    pub at: Timestamp,
    /// `fork`, `bad_entry`, `distrust`, `own_log`, `clone` or `evicted`.
    pub kind: String,
    pub text: String,
}

/// What has just happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(
    tag = "event",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum GossipEvent {
    Listening {
        address: String,
    },
    Up {
        device_id: DeviceId,
        name: String,
        address: String,
    },
    /// `done`: both sides have the same, and this was a visit.
    Down {
        device_id: DeviceId,
        name: String,
        why: String,
        done: bool,
    },
    Missed {
        address: String,
        why: String,
    },
    TurnedAway {
        address: String,
        why: String,
    },
    /// Entries of so many logs came in and are on disk.
    Merged {
        logs: usize,
    },
    /// Statements are in force: versions of root, keyring, roster, snapshot.
    Trusted {
        held: [u64; 4],
    },
    Notice {
        notice: NoticeView,
    },
    Trouble {
        why: String,
    },
}

impl PeersReport {
    pub(super) fn missed(&mut self, missed: MissedView) {
        self.missed.retain(|of| of.address != missed.address);
        if self.missed.len() >= MISSED_MAX {
            self.missed.remove(0);
        }
        self.missed.push(missed);
    }

    pub(super) fn notice(&mut self, notice: NoticeView) {
        if self.notices.len() >= NOTICES_MAX {
            self.notices.pop_front();
        }
        self.notices.push_back(notice);
    }
}

/// What another process shows; `None` when none is at work.
pub(crate) fn shown(dir: &Path, now: Timestamp) -> Option<PeersReport> {
    let report: PeersReport = serde_json::from_slice(&cache::shown(dir)?).ok()?;
    (now.millis_since(report.at).abs() <= ALIVE_MS).then_some(report)
}

pub(in crate::sync) fn name_of(roster: &Roster, device: DeviceId) -> String {
    roster
        .by_device(device)
        .map_or_else(|| device.to_string(), |of| of.name.clone())
}

pub(in crate::sync) fn told(alert: &Alert, roster: &Roster, at: Timestamp) -> NoticeView {
    let (kind, text) = match alert {
        Alert::Fork { device, at, .. } => (
            "fork",
            format!(
                "{} wrote two entries in one place of its log (at {at}): it was copied or tampered \
                 with. Its later entries do not count",
                name_of(roster, *device)
            ),
        ),
        Alert::BadEntry { device, why, .. } => (
            "bad_entry",
            format!(
                "{} signed what no log may hold: {why}",
                name_of(roster, *device)
            ),
        ),
        Alert::Distrust(why) => ("distrust", format!("a statement is not trusted: {why}")),
        Alert::OwnLog { why, .. } => ("own_log", (*why).to_owned()),
        Alert::Clone => (
            "clone",
            "another device runs with this one's identity: switch one of them off".to_owned(),
        ),
    };
    NoticeView {
        at,
        kind: kind.to_owned(),
        text,
    }
}

/// Why a scan may have to wait; `None` when all is well.
pub(super) fn of_own(own: OwnLog) -> Option<&'static str> {
    match own {
        OwnLog::Clear => None,
        OwnLog::Asking => Some("peers are being asked how far this device's log goes"),
        OwnLog::Begin(_) => Some(
            "this device was put back from a copy: its log was closed, the next entry begins another",
        ),
    }
}
