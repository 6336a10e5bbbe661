//! What a screen always shows: snapshot, entries, what waits for upload, peers, clock.

use serde::Serialize;
use shared::api::gate::DeviceRole;
use shared::ids::{DeviceId, EventId, GateId};
use shared::time::Timestamp;

use crate::admit::{Overrides, Scanner};
use crate::cache::Cut;
use crate::conflicts::Conflict;
use crate::error::Error;
use crate::sync::{MissedView, NoticeView, PeersReport, peers_shown};

/// Beyond this the clock is told to be wrong.
const CLOCK_SURE_MS: i64 = 30_000;
/// A server that answered within this time counts as connected.
const CONNECTED_SECS: i64 = 60;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    pub event: EventView,
    pub device: DeviceLine,
    pub gate: NamedId<GateId>,
    /// `None` before the first sync.
    pub snapshot: Option<SnapshotView>,
    /// Own admissions, exits and the like ever written here.
    pub entries: u64,
    /// Entries of other devices held here.
    pub entries_of_others: u64,
    /// Those of them that no server has confirmed.
    pub pending: u64,
    /// Entries of other devices that do not count: this device's list does not bear their scan out.
    pub contradicted: u64,
    /// Entries of other devices that nothing here can judge yet.
    pub unjudged: u64,
    /// Devices of the event beside this one that may admit.
    pub other_gates: usize,
    /// The server, and the devices that are linked now.
    pub peers: Vec<PeerView>,
    /// `None` while nothing here talks with other devices.
    pub copies: Option<CopiesView>,
    /// Where other devices can call this one.
    pub listening: Option<String>,
    /// Calls to other devices that came to nothing, the last of each address.
    pub missed: Vec<MissedView>,
    /// Tickets by which more came in than may, this device's first; at most 100.
    pub conflicts: Vec<Conflict>,
    /// How many there are.
    pub conflicts_in_all: u64,
    /// What the gossip wants people to know.
    pub notices: Vec<NoticeView>,
    pub clock: ClockView,
    /// Own entries that were more than a scan: typed codes, and a supervisor's word.
    pub overrides: Overrides,
    /// Wrong typed codes and PINs within the hour.
    pub tries: TriesView,
    /// Supervisors can be asked here.
    pub supervised: bool,
    /// The organizer must still confirm this device: by these six digits.
    pub unconfirmed: Option<String>,
    /// This device may no longer admit anybody.
    pub evicted: bool,
    /// Own logs that lost entries. While one of them is not settled, nobody is admitted.
    pub cuts: Vec<Cut>,
    /// What the server refused to take, in its words.
    pub refused: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventView {
    pub id: EventId,
    pub title: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedId<I> {
    pub id: I,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceLine {
    pub id: DeviceId,
    pub name: String,
    pub role: DeviceRole,
    pub enrolled_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TriesView {
    pub wrong_codes: usize,
    pub wrong_pins: usize,
    /// No code may be typed now.
    pub codes_locked: bool,
}

/// How old the news is: a colour, not a wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Freshness {
    Fresh,
    Amber,
    /// Nobody is admitted by it without a supervisor.
    Red,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotView {
    pub version: u64,
    pub created_at: Timestamp,
    pub age_secs: i64,
    pub freshness: Freshness,
    /// Serials that it covers.
    pub serials: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerView {
    /// `server` or `device`.
    pub kind: &'static str,
    /// Of a device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub address: String,
    pub last_success_at: Option<Timestamp>,
    pub last_attempt_at: Option<Timestamp>,
    pub last_error: Option<String>,
    /// Answered within the last minute.
    pub connected: bool,
}

/// Who else has what this device wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CopiesView {
    /// Devices that have every entry of the open log.
    pub devices: u32,
    /// Admissions, exits and the like of the open log that no other device is known to have: of
    /// those that `entries` counts.
    pub uncopied: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClockView {
    pub now: Timestamp,
    /// The server's clock minus this one, as of the last sync; the peers' where there was none.
    pub offset_ms: Option<i64>,
    /// More than half a minute off.
    pub unsure: bool,
    /// How far the phones of the last guests with turning codes are ahead of this clock, when that
    /// is more than half a minute. Meanwhile the moment of such codes is not judged.
    pub crowd_offset_ms: Option<i64>,
}

impl Scanner {
    /// As of now, with what a sync has stored meanwhile.
    pub fn status(&mut self) -> Result<Status, Error> {
        let cuts = self.cuts()?;
        let now = self.edge().clock.now();
        let gossip = peers_shown(self.cache().dir(), now);
        let (conflicts, conflicts_in_all) = self.conflicts();
        let (book, identity) = (self.book(), self.identity());
        let others = book.logs.values().filter(|of| !of.row.own);
        let entries_of_others = others.map(|of| u64::from(of.head.next_seq)).sum();
        let listed = book.device(identity.device);
        let gate = listed.map_or(identity.gate, |of| of.gate);
        Ok(Status {
            event: EventView {
                id: identity.event,
                title: book.snapshot.as_ref().map_or_else(
                    || identity.event_title.clone(),
                    |of| of.policy.title.clone(),
                ),
            },
            device: DeviceLine {
                id: identity.device,
                name: listed.map_or_else(|| identity.device_name.clone(), |of| of.name.clone()),
                role: identity.role,
                enrolled_at: identity.enrolled_at,
            },
            gate: NamedId {
                id: gate,
                name: book
                    .gate_name(gate)
                    .unwrap_or(&identity.gate_name)
                    .to_owned(),
            },
            snapshot: self.snapshot_view(now),
            entries: book.own_entries(),
            entries_of_others,
            pending: book.pending(),
            contradicted: book.contradicted(),
            unjudged: book.waiting() as u64,
            other_gates: book.others_that_admit(identity.device, self.corrected(now)),
            peers: std::iter::once(self.server_view(now))
                .chain(gossip.iter().flat_map(device_views))
                .collect(),
            copies: gossip.as_ref().map(|of| CopiesView {
                devices: of.copied_to,
                uncopied: book.open_uses_after(of.copied_until),
            }),
            listening: gossip.as_ref().and_then(|of| of.listening.clone()),
            missed: gossip
                .as_ref()
                .map_or_else(Vec::new, |of| of.missed.clone()),
            conflicts,
            conflicts_in_all,
            notices: self.notices(gossip, now),
            clock: self.clock_view(now),
            overrides: book.overrides,
            tries: self.tries(now)?,
            supervised: self.has_supervisors(),
            unconfirmed: book
                .sync
                .unconfirmed
                .then(|| identity.transcript_code.clone()),
            evicted: book.is_evicted(identity.device, self.corrected(now)),
            cuts,
            refused: self.refused(),
        })
    }

    /// What gossip told, and what whoever answers for the server says without proof.
    fn notices(&self, gossip: Option<PeersReport>, now: Timestamp) -> Vec<NoticeView> {
        let mut notices: Vec<NoticeView> = gossip.map_or_else(Vec::new, |of| of.notices.into());
        let book = self.book();
        let is_out = book.is_evicted(self.identity().device, self.corrected(now));
        if book.sync.called_evicted && !is_out {
            notices.push(NoticeView {
                at: book.sync.last_attempt.unwrap_or(now),
                kind: "evicted".to_owned(),
                text:
                    "an answer without proof says that this device was removed: ask the organizer"
                        .to_owned(),
            });
        }
        notices
    }

    fn server_view(&self, now: Timestamp) -> PeerView {
        let sync = &self.book().sync;
        let heard = sync
            .last_success
            .is_some_and(|at| now.millis_since(at) <= CONNECTED_SECS * 1000);
        PeerView {
            kind: "server",
            name: None,
            address: self.identity().server.clone(),
            last_success_at: sync.last_success,
            last_attempt_at: sync.last_attempt,
            last_error: sync.last_error.clone(),
            connected: sync.last_error.is_none() && heard,
        }
    }

    fn clock_view(&self, now: Timestamp) -> ClockView {
        let offset_ms = self.book().sync.clock_offset();
        ClockView {
            now,
            offset_ms,
            unsure: offset_ms.is_some_and(|offset| offset.abs() > CLOCK_SURE_MS),
            crowd_offset_ms: self.rotation().alarm(),
        }
    }

    fn refused(&self) -> Vec<String> {
        let logs = self.book().logs.values().map(|of| &of.row);
        let logs = logs.filter(|row| row.own);
        logs.filter_map(|row| Some(format!("{}: {}", row.log, row.refused.as_ref()?)))
            .collect()
    }

    /// Refreshes, and compares what is here with what was written.
    fn cuts(&mut self) -> Result<Vec<Cut>, Error> {
        // Whoever appends has found the log whole.
        let written = if self.appends() {
            Vec::new()
        } else {
            self.cache().written()?
        };
        self.refresh()?;
        let mut cuts = self.cache().settled_cuts()?;
        cuts.extend(self.cache().cut(&written, |log| self.book().end(log))?);
        Ok(cuts)
    }

    pub(crate) fn snapshot_view(&self, now: Timestamp) -> Option<SnapshotView> {
        let snapshot = self.book().snapshot.as_ref()?;
        let age_ms = self.corrected(now).millis_since(snapshot.created);
        let freshness = if age_ms > i64::from(snapshot.policy.red_after_secs) * 1000 {
            Freshness::Red
        } else if age_ms > i64::from(snapshot.policy.amber_after_secs) * 1000 {
            Freshness::Amber
        } else {
            Freshness::Fresh
        };
        Some(SnapshotView {
            version: snapshot.version,
            created_at: snapshot.created,
            age_secs: age_ms.max(0) / 1000,
            freshness,
            serials: self.book().serials(),
        })
    }
}

fn device_views(report: &PeersReport) -> impl Iterator<Item = PeerView> {
    let at = report.at;
    report.peers.iter().map(move |peer| PeerView {
        kind: "device",
        name: Some(peer.name.clone()),
        address: peer.address.clone(),
        last_success_at: Some(at),
        last_attempt_at: Some(at),
        last_error: None,
        connected: true,
    })
}
