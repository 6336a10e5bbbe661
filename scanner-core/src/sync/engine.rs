//! Carries requests and answers between cache and transport until both sides have the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;
use shared::limits::LOG_SEGMENT_ENTRIES_MAX;
use shared::log::{LogId, LogSegment};
use shared::sync::report::CUT_LOGS_MAX;
use shared::sync::{
    AnswersRequest, AnswersResponse, CheckpointRequest, CheckpointResponse, DeviceReport,
    ScanKeysRequest, ScanKeysResponse, SegmentsResponse, SignedRequest, StatementSet, SyncResponse,
};
use shared::trust::{Segment, SegmentRef, Signed, TicketRow};

use super::proto::{self, Held, HeldLog, Plan, SEND_SEGMENTS_MAX};
use super::{HttpTransport, Transport};
use crate::admit::wrong_tries;
use crate::battery;
use crate::cache::{Cache, Cut, DeviceKey, Identity, Lock, LockKind, LogPlace, Seen};
use crate::clock::Edge;
use crate::error::{Cause, Error};

/// Requests in one exchange: 8,192 entries each, so this ends long after any event does.
const ROUNDS_MAX: usize = 4096;
/// A snapshot that is replaced while it is being fetched is followed this often.
const SNAPSHOT_ATTEMPTS_MAX: usize = 3;

/// What an exchange did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncReport {
    /// In use after the exchange.
    pub snapshot_version: Option<u64>,
    /// Snapshot segments fetched.
    pub segments: usize,
    /// Their bytes.
    pub segment_bytes: u64,
    /// Own entries that the server confirmed in this exchange.
    pub sent: u64,
    /// Entries of other devices that came in.
    pub received: u64,
    /// Own entries that the server does not have yet.
    pub pending: u64,
    /// Admissions whose guests' answers the server keeps now.
    pub answers: u64,
    /// What the server did not take, in its words.
    pub refused: Vec<String>,
    /// What staff should know.
    pub warnings: Vec<String>,
    /// Server clock minus this device's clock, milliseconds.
    pub clock_offset_ms: Option<i64>,
}

/// Exchanges with the server over a database connection of its own: a scan never waits for it.
/// Blocks; an async program runs it on a blocking thread.
pub struct Syncer {
    pub(super) cache: Cache,
    identity: Identity,
    key: DeviceKey,
    pub(super) edge: Edge,
}

impl Syncer {
    /// For an enrolled data directory.
    pub fn open(dir: &Path, edge: Edge) -> Result<Self, Error> {
        let (cache, identity) = Cache::open(dir)?.ok_or(Cause::NotEnrolled)?;
        let key = DeviceKey::load(dir, &identity.public_key)?;
        Ok(Self {
            cache,
            identity,
            key,
            edge,
        })
    }

    /// The way to the server that this device was enrolled with.
    pub fn http(&self) -> Result<HttpTransport, Error> {
        Ok(HttpTransport::new(&self.identity.server)?)
    }

    /// One whole exchange. What was achieved before a failure stays.
    pub fn run(&mut self, transport: &mut dyn Transport) -> Result<SyncReport, Error> {
        let _lock = Lock::take(self.cache.dir(), LockKind::Sync)?;
        let mut report = SyncReport::default();
        let outcome = self
            .exchange(transport, &mut report)
            .and_then(|()| self.hand_over_answers(transport, &mut report))
            .and_then(|()| self.settle(&mut report));
        if let Err(cause) = &outcome {
            self.learn_cut(cause)?;
        }
        self.remember(&report, &outcome, transport.is_authentic())?;
        self.cache.empty_wal()?;
        outcome.map(|()| report).map_err(Error::from)
    }

    /// The newest checkpoint that the server has, as it came: who uses it opens it. `None` while
    /// nobody has signed any.
    pub(crate) fn checkpoint(
        &mut self,
        transport: &mut dyn Transport,
    ) -> Result<Option<Signed>, Cause> {
        let answer = transport.checkpoint(&self.sign(&CheckpointRequest::V1 {}))?;
        Ok(answer.and_then(|CheckpointResponse::V1 { checkpoint }| checkpoint))
    }

    fn exchange(
        &mut self,
        transport: &mut dyn Transport,
        report: &mut SyncReport,
    ) -> Result<(), Cause> {
        for _ in 0..SNAPSHOT_ATTEMPTS_MAX {
            self.talk(transport, report)?;
            if self.fetch_snapshot(transport, report)? {
                break;
            }
        }
        self.fetch_scan_keys(transport, report)?;
        let held = self.held()?;
        report.snapshot_version = held.trust.snapshot.as_ref().map(|of| of.header.version);
        report.pending = pending(&held);
        if !Seen::is_kept(self.cache.dir()) {
            // Deleted: what is held now is what the server has.
            held.trust.seen.store(self.cache.dir())?;
        }
        if held.trust.pending.is_some() {
            report
                .warnings
                .push("the newest snapshot could not be fetched whole".to_owned());
        }
        Ok(())
    }

    /// What guests answered at admissions that the server has. A server that does not take it now is
    /// asked again by the next sync: entries do not wait for it.
    fn hand_over_answers(
        &mut self,
        transport: &mut dyn Transport,
        report: &mut SyncReport,
    ) -> Result<(), Cause> {
        let mut after = (LogId([0; 16]), 0);
        loop {
            let answered = self.cache.answers_after(after)?;
            let Some(last) = answered.last() else {
                return Ok(());
            };
            after = (last.log, last.seq);
            let request = self.sign(&AnswersRequest::V1 { answered });
            let kept = match transport.answers(&request) {
                Ok(AnswersResponse::V1 { kept }) => kept,
                Err(error) => {
                    let told = format!("answers of guests were not handed over: {error}");
                    report.warnings.push(told);
                    return Ok(());
                }
            };
            report.answers += kept.len() as u64;
            self.cache.forget_answers(&kept)?;
        }
    }

    /// The server has given back what it has of the own logs. One that still lacks entries is closed
    /// and kept, so that the gate can go on with another.
    fn settle(&mut self, report: &mut SyncReport) -> Result<(), Cause> {
        if self.cut()?.is_none() {
            return Ok(());
        }
        // Nobody may begin to append to a log that is being closed.
        let _lock = Lock::take(self.cache.dir(), LockKind::Append)?;
        if let Some(mut cut) = self.cut()? {
            cut.settled_at = Some(self.edge.clock.now());
            self.cache.settle_cut(&cut)?;
            report.warnings.push(cut.to_string());
        }
        Ok(())
    }

    fn cut(&self) -> Result<Option<Cut>, Cause> {
        let written = self.cache.written()?;
        let held = self.held()?;
        let end = |log| held.logs.get(&log).map_or(0, |of| of.head.next_seq);
        self.cache.cut(&written, end)
    }

    /// Statements in, entries both ways, until neither side has more.
    fn talk(
        &mut self,
        transport: &mut dyn Transport,
        report: &mut SyncReport,
    ) -> Result<(), Cause> {
        for round in 0..ROUNDS_MAX {
            let held = self.held()?;
            // What the server lacks of others' logs is known after its first answer: in the usual
            // case they have sent it themselves.
            let segments = self.outgoing(&held, round > 0)?;
            let asked = self.edge.clock.now();
            let said = self.report(&held)?;
            let request = self.sign(&proto::request(&held, segments, said, asked));
            let mut response: SyncResponse = transport.sync(&request)?;
            let now = self.edge.clock.now();
            let asked_with = held.trust.held();
            // What was appended meanwhile may have reached the server already, by way of a peer.
            let held = self.held()?;
            // Statements in an answer are newer than what was held when it was asked for. Peers may
            // have brought newer ones since: then these are no attempt to roll back. Ask again.
            let outrun = held.trust.held() != asked_with;
            if outrun {
                let SyncResponse::V1 { statements, .. } = &mut response;
                *statements = StatementSet::default();
            }
            let plan = proto::plan(&held, response, now);
            let applied = self.cache.apply(&plan)?;
            let left = unsent(&self.held()?);
            note(&held, &plan, report);
            report.sent += confirmed(&held, &plan);
            report.received += applied.entries as u64;
            report.clock_offset_ms = plan
                .peer_now
                .map(|peer| peer.millis_since(asked) - now.millis_since(asked) / 2);
            if let Some(error) = plan.distrust {
                return Err(error.into());
            }
            let moved = applied.statements > 0 || applied.entries > 0 || !plan.acked.is_empty();
            let waiting = plan.more || left > 0 || root_pending(&plan) || outrun;
            if !waiting || !(moved || outrun || round == 0) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Fetches what the pending snapshot lacks and switches to it. `false`: the server, or another
    /// process of this device, has moved on to a newer one.
    fn fetch_snapshot(
        &mut self,
        transport: &mut dyn Transport,
        report: &mut SyncReport,
    ) -> Result<bool, Cause> {
        let trust = self.cache.trust(self.identity.event, self.identity.pin)?;
        let Some(pending) = trust.pending else {
            return Ok(true);
        };
        let mut missing = self.cache.missing_segments(&pending.body)?;
        while let Some((request, batch)) = proto::next_fetch(&missing) {
            let SegmentsResponse::V1 { segments } = transport.segments(&self.sign(&request))?;
            let (good, is_sealed) = checked(batch, segments)?;
            if good.is_empty() {
                return Ok(false);
            }
            if is_sealed {
                // Noted first: a cut in between must not leave sealed tickets without a key.
                self.cache.want_scan_keys()?;
            }
            // Stored as they come: a cut costs one batch.
            self.cache.store_segments(&good)?;
            report.segments += good.len();
            report.segment_bytes += good.iter().map(|(_, wire)| wire.len() as u64).sum::<u64>();
            // What did not fit the answer is asked for again.
            let came: BTreeSet<[u8; 32]> = good.iter().map(|(hash, _)| *hash).collect();
            missing.retain(|reference| !came.contains(&reference.hash));
        }
        let switched = self.cache.switch_snapshot(&pending)?;
        self.cache.checkpoint()?;
        Ok(switched)
    }

    /// Asks for the keys of sealed tickets when there are such that may need another.
    fn fetch_scan_keys(
        &mut self,
        transport: &mut dyn Transport,
        report: &mut SyncReport,
    ) -> Result<(), Cause> {
        if !self.cache.wants_scan_keys()? {
            return Ok(());
        }
        let answer = transport.scan_keys(&self.sign(&ScanKeysRequest::V1 {}))?;
        let Some(ScanKeysResponse::V1 { keys }) = answer else {
            let warning = "the key that opens sealed tickets comes from the server only";
            report.warnings.push(warning.to_owned());
            return Ok(());
        };
        let trust = self.cache.trust(self.identity.event, self.identity.pin)?;
        let roster = &trust.root.body.roster;
        for key in &keys {
            key.unwrap(&self.identity.as_key_holder(), self.key.signing(), roster)?;
        }
        self.cache.store_scan_keys(keys)
    }

    pub(super) fn held(&self) -> Result<Held, Cause> {
        let mut logs = BTreeMap::new();
        for row in self.cache.logs()? {
            let mut head = row.checked;
            if row.own {
                head = self.cache.walk(&row, row.checked, |_, _, _| ())?.head;
            }
            logs.insert(
                row.log,
                HeldLog {
                    number: row.number,
                    genesis: row.genesis,
                    own: row.own,
                    closed: row.closed,
                    head,
                    acked: row.acked,
                    refused: row.refused.is_some(),
                },
            );
        }
        Ok(Held {
            event: self.identity.event,
            trust: self.cache.trust(self.identity.event, self.identity.pin)?,
            logs,
        })
    }

    /// Catch-up segments of entries that the server lacks: own ones first, then those that devices
    /// without a way to the server passed on.
    fn outgoing(&self, held: &Held, of_others: bool) -> Result<Vec<LogSegment>, Cause> {
        let mut segments = Vec::new();
        let own = held.logs.iter().filter(|(_, of)| of.own);
        let others = held
            .logs
            .iter()
            .filter(|(_, of)| of_others && of.is_relayed());
        for (log, of) in own.chain(others) {
            let mut from = of.acked;
            while from < of.head.next_seq && segments.len() < SEND_SEGMENTS_MAX {
                let Some(segment) = self.segment(*log, of, from)? else {
                    break;
                };
                from += u32::try_from(segment.bodies.len()).unwrap_or(u32::MAX);
                segments.push(segment);
            }
        }
        Ok(segments)
    }

    /// Up to 512 entries from `from`, ending where a signature is.
    fn segment(&self, log: LogId, of: &HeldLog, from: u32) -> Result<Option<LogSegment>, Cause> {
        let wanted = u32::try_from(LOG_SEGMENT_ENTRIES_MAX)
            .unwrap_or(u32::MAX)
            .min(of.head.next_seq - from);
        let place = LogPlace {
            number: of.number,
            log,
            own: of.own,
        };
        let mut entries = self.cache.entries(place, from, wanted)?;
        while entries
            .last()
            .is_some_and(|entry| entry.signature.is_none())
        {
            entries.pop();
        }
        let Some(signature) = entries.last_mut().and_then(|entry| entry.signature.take()) else {
            return Ok(None);
        };
        Ok(Some(LogSegment {
            log,
            first_seq: from,
            bodies: entries.into_iter().map(|entry| entry.body).collect(),
            signature,
        }))
    }

    /// What the organizer's list of devices says about this one.
    fn report(&self, held: &Held) -> Result<DeviceReport, Cause> {
        let in_use = held.trust.snapshot.as_ref();
        let cuts = self.cache.settled_cuts()?;
        let cut_logs = cuts.iter().rev().filter_map(Cut::log_id);
        let (wrong_codes, wrong_pins) = wrong_tries(self.cache.dir(), self.edge.clock.now())?;
        Ok(DeviceReport {
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            snapshot: in_use.map(|of| (of.header.version, of.header.created)),
            pending: u32::try_from(pending(held)).unwrap_or(u32::MAX),
            battery_percent: battery::percent(),
            wrong_codes,
            wrong_pins,
            cut_logs: cut_logs.take(CUT_LOGS_MAX).collect(),
        })
    }

    fn sign<T: Serialize>(&self, body: &T) -> SignedRequest {
        SignedRequest::sign(
            self.key.signing(),
            self.identity.device,
            self.identity.event,
            self.edge.clock.now(),
            body,
        )
    }
}

/// Own entries that the server does not have.
fn pending(held: &Held) -> u64 {
    held.logs
        .values()
        .filter(|of| of.own)
        .map(|of| u64::from(of.head.next_seq.saturating_sub(of.acked)))
        .sum()
}

/// Entries that the server lacks and would take.
fn unsent(held: &Held) -> u64 {
    let sent = held.logs.values().filter(|of| of.own || of.is_relayed());
    sent.map(|of| u64::from(of.head.next_seq.saturating_sub(of.acked)))
        .sum()
}

/// Own entries that this answer confirms for the first time.
fn confirmed(held: &Held, plan: &Plan) -> u64 {
    plan.acked
        .iter()
        .filter_map(|acked| {
            let of = held.logs.get(&acked.log).filter(|of| of.own)?;
            Some(u64::from(acked.next_seq.saturating_sub(of.acked)))
        })
        .sum()
}

/// After a new root the statements under it may have to come again.
fn root_pending(plan: &Plan) -> bool {
    plan.adopt
        .iter()
        .any(|adopted| adopted.kind == shared::trust::StatementKind::Root)
}

fn note(held: &Held, plan: &Plan, report: &mut SyncReport) {
    for (log, why) in &plan.refused {
        // What others wrote is theirs to answer for.
        let own = held.logs.get(log).is_none_or(|of| of.own);
        let list = if own {
            &mut report.refused
        } else {
            &mut report.warnings
        };
        list.push(format!("{log}: {why}"));
    }
    for (log, why) in &plan.ignored {
        report
            .warnings
            .push(format!("left out of log {log}: {why}"));
    }
    for log in &plan.close {
        report.warnings.push(format!(
            "the server has other entries of log {log} than this device: its data was put back \
             from a copy. A new log is begun and nothing is overwritten."
        ));
    }
}

/// Hash and wire bytes.
type Fetched = Vec<([u8; 32], Vec<u8>)>;

/// The segments that were asked for and hold up, and whether tickets in them are sealed.
fn checked(batch: &[SegmentRef], segments: Fetched) -> Result<(Fetched, bool), Cause> {
    let mut is_sealed = false;
    let wanted: BTreeMap<[u8; 32], &SegmentRef> = batch
        .iter()
        .map(|reference| (reference.hash, reference))
        .collect();
    for (hash, wire) in &segments {
        let reference = wanted
            .get(hash)
            .ok_or_else(|| Cause::Untrusted("a segment came that was not asked for".to_owned()))?;
        let segment = Segment::open(reference, wire)?;
        is_sealed |= segment.rows().any(|row| row.flags & TicketRow::SEALED != 0);
    }
    Ok((segments, is_sealed))
}
