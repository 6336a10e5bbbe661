//! What the status bar shows.

use scanner_core::{Conflict, Freshness, Status};
use serde::Serialize;

use super::{ThisDevice, off_the_window};
use crate::problem::Problem;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusLine {
    /// The last exchange with the server succeeded, within the last minute.
    online: bool,
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
            online: status.peers.iter().any(|peer| peer.connected),
            pending: status.pending,
            entries: status.entries,
            snapshot_age_seconds: snapshot.map(|of| of.age_secs),
            staleness: snapshot.map_or(Freshness::Red, |of| of.freshness),
            notice: notice(&status),
            supervised: status.supervised,
            gate: status.gate.name,
            event: status.event.title,
            device: status.device.name,
        }
    }
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
        None
    }
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
}
