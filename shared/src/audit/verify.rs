//! Reads a bundle line by line and checks it.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::VerifyingKey;

use super::bundle::{FORMAT, Line, RedemptionRow, from_base64, from_hex};
use super::logs::{Audited, Run};
use super::report::{Finding, FindingKind, Report};
use crate::ids::{DeviceId, EventId};
use crate::limits::SEGMENT_TICKETS;
use crate::log::{Genesis, LogHead, LogId};
use crate::time::Timestamp;
use crate::trust::{
    Authority, Checkpoint, Expected, Extra, Keyring, Manifest, Opened, Root, RootPin, Roster,
    Segment, SegmentKind, SegmentRef, Signed, StatementKind, TicketRow, TicketRowStatus,
    TrustError, TrustedKeys, open,
};

/// Expiry is for gates: what was signed stays signed.
pub(super) const NEVER_EXPIRED: Timestamp = Timestamp::UNIX_EPOCH;

/// Feed it the lines in order, then [`Auditor::finish`].
pub struct Auditor {
    pin: Option<RootPin>,
    pub(super) report: Report,
    lines: u64,
    ended: bool,
    pub(super) event: Option<EventId>,
    /// The device whose archive this is; the server's bundle names none.
    pub(super) writer: Option<DeviceId>,
    root: Option<Opened<Root>>,
    pub(super) roster: Roster,
    pub(super) roster_version: u64,
    pub(super) snapshot_version: u64,
    pub(super) checkpoint: Option<Opened<Checkpoint>>,
    manifest: Option<Manifest>,
    segments: BTreeSet<(SegmentKind, u32)>,
    pub(super) rows: BTreeMap<u32, TicketRow>,
    pub(super) extras: BTreeMap<u32, Extra>,
    pub(super) logs: BTreeMap<LogId, Audited>,
    forks: Vec<(LogId, Run)>,
    pub(super) redemptions: BTreeMap<(LogId, u32), RedemptionRow>,
}

impl Auditor {
    /// By this root, or by the first one of the bundle if the caller has none to compare with.
    pub fn new(pin: Option<RootPin>) -> Self {
        Self {
            report: Report {
                pinned: pin.is_some(),
                ..Report::default()
            },
            pin,
            lines: 0,
            ended: false,
            event: None,
            writer: None,
            root: None,
            roster: Roster::default(),
            roster_version: 0,
            snapshot_version: 0,
            checkpoint: None,
            manifest: None,
            segments: BTreeSet::new(),
            rows: BTreeMap::new(),
            extras: BTreeMap::new(),
            logs: BTreeMap::new(),
            forks: Vec::new(),
            redemptions: BTreeMap::new(),
        }
    }

    /// One line, without its end.
    pub fn line(&mut self, text: &str) {
        let number = self.lines + 1;
        let malformed = |why: &str| format!("line {number} {why}");
        match serde_json::from_str::<Line>(text) {
            Err(_) => self.malformed(malformed("cannot be read")),
            Ok(Line::End { lines }) => {
                if lines != self.lines || self.ended {
                    self.malformed(malformed("counts other lines than there are"));
                }
                self.ended = true;
            }
            Ok(_) if self.ended => self.malformed(malformed("comes after the end")),
            Ok(line) => {
                if self.take(line).is_none() {
                    self.malformed(malformed("does not hold what it should"));
                }
            }
        }
        self.lines = number;
    }

    fn malformed(&mut self, what: String) {
        self.report.plain(FindingKind::Malformed, what);
    }

    /// `None` when a field cannot be decoded.
    fn take(&mut self, line: Line) -> Option<()> {
        match line {
            Line::Header {
                format,
                event,
                title,
                exported_at: _,
                device,
            } => {
                if format != FORMAT || self.event.is_some() {
                    return None;
                }
                self.event = Some(event);
                self.writer = device;
                self.report.event = Some(event);
                self.report.title = title;
            }
            Line::Statement { wire } => self.statement(&from_base64(&wire)?),
            Line::Segment { kind, index, wire } => {
                self.segment((kind, index), &from_base64(&wire)?);
            }
            Line::Log {
                genesis,
                next_seq,
                head,
            } => {
                let claimed = LogHead {
                    next_seq,
                    hash: from_hex(&head)?,
                };
                self.log(Genesis::from_wire(&from_base64(&genesis)?).ok()?, claimed);
            }
            Line::Entries {
                log,
                first_seq,
                before,
                bodies,
                signature,
            } => self.entries(&log, &run(first_seq, &before, &bodies, &signature)?)?,
            Line::Fork {
                log,
                first_seq,
                before,
                bodies,
                signature,
            } => {
                let run = run(first_seq, &before, &bodies, &signature)?;
                self.forks.push((LogId(from_hex(&log)?), run));
            }
            Line::Redemptions { rows } => {
                for row in rows {
                    let log = LogId(from_hex(&row.log)?);
                    self.redemptions.insert((log, row.seq), row);
                }
            }
            Line::Incident {
                kind,
                device,
                at,
                subject,
            } => {
                let device = self.device_name(device);
                let told = format!("{at} {kind} {device} {subject}");
                self.report.incidents.push(told);
            }
            Line::End { .. } => return None,
        }
        Some(())
    }

    fn entries(&mut self, log: &str, run: &Run) -> Option<()> {
        let mut findings = Vec::new();
        // Of a log that nobody vouches for: told when it was named.
        if let Some(log) = self.logs.get_mut(&LogId(from_hex(log)?)) {
            log.run(run, &mut findings);
        }
        self.found(findings);
        Some(())
    }

    fn found(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            self.report.add(finding);
        }
    }

    fn device_name(&self, device: DeviceId) -> String {
        let entry = self.roster.by_device(device);
        entry.map_or_else(|| device.to_string(), |entry| entry.name.clone())
    }

    fn statement(&mut self, wire: &[u8]) {
        let taken = Signed::from_wire(wire).and_then(|signed| self.signed(&signed));
        if let Err(error) = taken {
            let what = format!("a statement does not hold: {error}");
            self.report.plain(FindingKind::Untrusted, what);
        }
    }

    fn signed(&mut self, signed: &Signed) -> Result<(), TrustError> {
        let Some(event) = self.event else {
            return Err(TrustError::Event);
        };
        let Some(root) = &self.root else {
            let pin = self.pin.unwrap_or_else(|| RootPin::of(signed));
            // Roots before the pinned one are passed over.
            if RootPin::of(signed) == pin {
                self.root = Some(Root::open_pinned(signed, event, pin, NEVER_EXPIRED)?);
                self.report.root = data_encoding::HEXLOWER.encode(&pin.0);
            }
            return Ok(());
        };
        match signed.kind()? {
            StatementKind::Root => {
                self.root = Some(Root::succeed(root, signed, NEVER_EXPIRED)?);
            }
            StatementKind::Keyring => {
                let keyring =
                    opened::<Keyring>(event, StatementKind::Keyring, signed, &root.body.keyring)?;
                TrustedKeys::load(&keyring)?;
            }
            StatementKind::Roster => {
                let roster =
                    opened::<Roster>(event, StatementKind::Roster, signed, &root.body.roster)?;
                roster.check()?;
                self.roster_version = signed.version()?;
                self.report.totals.devices = roster.devices.len();
                self.roster = roster;
            }
            StatementKind::Snapshot => {
                let manifest = opened::<Manifest>(
                    event,
                    StatementKind::Snapshot,
                    signed,
                    &root.body.snapshot,
                )?;
                manifest.check()?;
                self.snapshot_version = signed.version()?;
                self.manifest = Some(manifest);
            }
            StatementKind::Checkpoint => {
                let root = root.body.clone();
                self.checkpoint(signed, &root, event)?;
            }
        }
        Ok(())
    }

    fn segment(&mut self, place: (SegmentKind, u32), wire: &[u8]) {
        let mut references = self.manifest.iter().flat_map(|of| &of.segments);
        let reference = references.find(|of| of.place() == place);
        let Some(Ok(segment)) = reference.map(|of| Segment::open(of, wire)) else {
            let what = format!(
                "segment {} of what was issued is not what was signed",
                place.1
            );
            self.report.plain(FindingKind::Untrusted, what);
            return;
        };
        self.segments.insert(place);
        let first = place.1.saturating_mul(SEGMENT_TICKETS);
        for (serial, row) in (first..).zip(segment.rows()) {
            if row.status != TicketRowStatus::Unclaimed {
                self.rows.insert(serial, row);
            }
        }
        if let Segment::Extras(extras) = segment {
            self.extras.extend(extras);
        }
    }

    fn log(&mut self, genesis: Genesis, claimed: LogHead) {
        let id = genesis.log_id();
        let entry = self.roster.by_device(genesis.device);
        let listed = entry.filter(|entry| {
            Some(genesis.event) == self.event && entry.public_key == genesis.device_key
        });
        let key = listed.and_then(|of| VerifyingKey::from_bytes(&of.public_key).ok());
        let (Some(entry), Some(key)) = (listed, key) else {
            self.report.add(Finding {
                kind: FindingKind::UnknownDevice,
                device: Some(self.device_name(genesis.device)),
                log: Some(id.to_string()),
                seqs: None,
                serial: None,
                what: "the roster does not know this device by this key".to_owned(),
            });
            return;
        };
        let cut = entry.cut.iter().flatten().find(|(log, _, _)| *log == id.0);
        let cut = cut.map(|(_, next_seq, hash)| LogHead {
            next_seq: *next_seq,
            hash: *hash,
        });
        let log = Audited::new(genesis, entry.name.clone(), key, claimed, cut);
        self.logs.insert(id, log);
    }

    /// The end: what only all lines together tell.
    pub fn finish(mut self) -> Report {
        if !self.ended {
            let what = "the bundle has no end: it was cut off";
            self.report.plain(FindingKind::Malformed, what);
        }
        if self.root.is_none() {
            let what = "no root of the bundle is the pinned one";
            self.report.plain(FindingKind::RootNotPinned, what);
        }
        self.check_segments();
        let mut findings = Vec::new();
        for log in self.logs.values() {
            log.end(&mut findings);
        }
        let mut forked = BTreeSet::new();
        for (log, run) in std::mem::take(&mut self.forks) {
            if let Some(finding) = self.logs.get(&log).and_then(|of| of.fork(run)) {
                forked.insert(log);
                findings.push(finding);
            }
        }
        self.check_writer();
        self.check_signed_off(&forked, &mut findings);
        let state = self.fold(&mut findings);
        self.check_targets(&mut findings);
        // A device has no such list.
        if self.writer.is_none() || !self.redemptions.is_empty() {
            self.compare(&state, &mut findings);
        }
        self.found(findings);
        self.report.totals.logs = self.logs.len();
        self.report.totals.redemptions = self.redemptions.len() as u64;
        self.report
    }

    fn check_writer(&mut self) {
        let Some(writer) = self.writer else {
            return;
        };
        if self.roster.by_device(writer).is_none() {
            let what = "the roster does not know the device that says it wrote this";
            self.report.plain(FindingKind::UnknownDevice, what);
        }
        self.report.written_by = Some(self.device_name(writer));
    }

    /// A segment that was left out would make its tickets look unissued.
    fn check_segments(&mut self) {
        let references = self.manifest.iter().flat_map(|of| &of.segments);
        let wanted = references
            .map(SegmentRef::place)
            .filter(|(kind, _)| matches!(kind, SegmentKind::Tickets | SegmentKind::Extras));
        let missing: Vec<_> = wanted
            .filter(|place| !self.segments.contains(place))
            .collect();
        for (_, index) in missing {
            let what = format!("segment {index} of what was issued is not in the bundle");
            self.report.plain(FindingKind::Missing, what);
        }
        if self.manifest.is_none() && self.root.is_some() {
            let what = "there is no snapshot: what was issued cannot be told";
            self.report.plain(FindingKind::Missing, what);
        }
    }
}

fn run(first_seq: u32, before: &str, bodies: &[String], signature: &str) -> Option<Run> {
    Some(Run {
        first_seq,
        before: from_hex(before)?,
        bodies: bodies
            .iter()
            .map(|body| from_base64(body))
            .collect::<Option<_>>()?,
        signature: from_base64(signature)?,
    })
}

fn opened<T: serde::Serialize + serde::de::DeserializeOwned>(
    event: EventId,
    kind: StatementKind,
    signed: &Signed,
    authority: &Authority,
) -> Result<T, TrustError> {
    let expected = Expected {
        kind,
        event,
        now: NEVER_EXPIRED,
        seen: None,
    };
    Ok(open::<T>(signed, authority, &expected)?.body)
}
