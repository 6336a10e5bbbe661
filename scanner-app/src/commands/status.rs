//! What the status bar shows.

use scanner_core::{Conflict, Freshness, MissedView, NoticeView, PeerView, Status};
use serde::Serialize;

use super::{ThisDevice, off_the_window};
use crate::problem::Problem;

/// What the core calls the server among peers.
const SERVER: &str = "server";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusLine {
    /// The last exchange with the server succeeded, within the last minute.
    online: bool,
    /// The devices that are linked now.
    heard: Vec<Heard>,
    /// Calls that came to nothing, the last of each address.
    missed: Vec<MissedView>,
    /// Own entries that the server does not have yet.
    pending: u64,
    /// Own entries ever written.
    entries: u64,
    snapshot_age_seconds: Option<i64>,
    /// `red` also without a ticket list.
    staleness: Freshness,
    gate: String,
    event: String,
    device: String,
    /// A supervisor's PIN does something here.
    supervised: bool,
    /// What staff must know before they go on.
    notice: Option<&'static str>,
    /// Of the tickets by which more came in than may, the newest in which this device had a part.
    conflict: Option<Conflict>,
    /// How many more of them there are.
    more_conflicts: usize,
}

/// Another device that is linked.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Heard {
    name: String,
    address: String,
}

/// `None` when the device is not enrolled. Asked after each answer, so it also lets the core tidy
/// up while nobody waits.
#[tauri::command]
pub(crate) async fn status(device: ThisDevice<'_>) -> Result<Option<StatusLine>, Problem> {
    off_the_window(device, |device| {
        let status = device.with_scanner(|scanner| {
            scanner.idle()?;
            scanner.status()
        })?;
        Ok(status.transpose()?.map(StatusLine::from))
    })
    .await
}

impl From<Status> for StatusLine {
    fn from(status: Status) -> Self {
        let snapshot = status.snapshot.as_ref();
        let (conflict, more_conflicts) = own(&status.conflicts);
        Self {
            conflict,
            more_conflicts,
            online: is_online(&status.peers),
            heard: heard(&status.peers),
            pending: status.pending,
            entries: status.entries,
            snapshot_age_seconds: snapshot.map(|of| of.age_secs),
            staleness: snapshot.map_or(Freshness::Red, |of| of.freshness),
            notice: notice(&status),
            missed: status.missed,
            supervised: status.supervised,
            gate: status.gate.name,
            event: status.event.title,
            device: status.device.name,
        }
    }
}

/// Other devices bring news and take none of it to the server.
fn is_online(peers: &[PeerView]) -> bool {
    peers.iter().any(|of| of.kind == SERVER && of.connected)
}

fn heard(peers: &[PeerView]) -> Vec<Heard> {
    let linked = peers.iter().filter(|of| of.kind != SERVER && of.connected);
    let told = linked.map(|of| Heard {
        name: of.name.clone().unwrap_or_default(),
        address: of.address.clone(),
    });
    told.collect()
}

/// Told at this gate: the core puts them first, the newest at the top.
fn own(conflicts: &[Conflict]) -> (Option<Conflict>, usize) {
    let mut own = conflicts.iter().filter(|of| of.mine);
    let first = own.next().cloned();
    (first, own.count())
}

/// The most urgent one.
fn notice(status: &Status) -> Option<&'static str> {
    if status.evicted {
        Some("The organizer has removed this device. It admits nobody.")
    } else if status.cuts.iter().any(|cut| cut.settled_at.is_none()) {
        Some(
            "This device's data was put back from a copy. Connect it: it admits nobody until it has synced.",
        )
    } else if !status.refused.is_empty() {
        Some("The server did not take some entries of this device. Call support.")
    } else if status.clock.unsure || status.clock.crowd_offset_ms.is_some() {
        Some("This device's clock is wrong. Set it right.")
    } else {
        by_others(&status.notices)
    }
}

/// What other devices say about this one, without proof: the newest that staff can do something about.
fn by_others(notices: &[NoticeView]) -> Option<&'static str> {
    let mut newest = notices.iter().rev();
    newest.find_map(|notice| match notice.kind.as_str() {
        "evicted" => Some("Others say that the organizer removed this device. Ask the organizer."),
        "clone" => {
            Some("Another device runs as this one. Switch one of them off, and call support.")
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_is_told_where_one_of_them_came_in() {
        // V2, V8
        let conflict = |serial, mine| Conflict {
            serial,
            mine,
            admissions: Vec::new(),
        };
        let all = [conflict(9, true), conflict(3, true), conflict(4, false)];
        let (told, more) = own(&all);
        assert_eq!((told, more), (Some(all[0].clone()), 1));
        assert_eq!(own(&all[2..]), (None, 0));
    }

    fn peer(kind: &'static str, name: &str, connected: bool) -> PeerView {
        PeerView {
            kind,
            name: Some(name.to_owned()),
            address: "10.0.0.2:7411".to_owned(),
            last_success_at: None,
            last_attempt_at: None,
            last_error: None,
            connected,
        }
    }

    #[test]
    fn other_devices_are_no_server() {
        // V1 V8
        let peers = [peer("server", "", false), peer("device", "North", true)];
        assert!(!is_online(&peers), "nothing is sent to the server");
        let names: Vec<String> = heard(&peers).into_iter().map(|of| of.name).collect();
        assert_eq!(names, ["North"]);
        assert!(is_online(&[peer("server", "", true)]));
    }

    #[test]
    fn what_others_say_of_this_device_is_told_and_of_third_ones_is_not() {
        // V8
        let said = |kind: &str| NoticeView {
            at: "2026-05-02T10:00:00Z".parse().expect("a time"),
            kind: kind.to_owned(),
            text: String::new(),
        };
        assert_eq!(by_others(&[said("fork"), said("bad_entry")]), None);
        let newest = by_others(&[said("clone"), said("evicted"), said("fork")]);
        assert!(newest.is_some_and(|told| told.contains("removed this device")));
        assert!(by_others(&[said("clone")]).is_some_and(|told| told.contains("runs as this one")));
    }
}
