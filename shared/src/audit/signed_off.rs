//! What two authorities signed off against what the bundle has: that finds the cut that nothing
//! else in one file shows, because entries, head and redemptions were cut alike.

use std::collections::BTreeSet;

use super::report::{Finding, FindingKind, SignedOff};
use super::verify::{Auditor, NEVER_EXPIRED};
use crate::ids::EventId;
use crate::log::LogId;
use crate::trust::{Checkpoint, Opened, Root, Signed, TrustError};

impl Auditor {
    pub(super) fn checkpoint(
        &mut self,
        signed: &Signed,
        root: &Root,
        event: EventId,
    ) -> Result<(), TrustError> {
        let seen = self.checkpoint.as_ref();
        let seen = seen.map(|of| (of.header.version, of.hash));
        self.checkpoint = Some(Checkpoint::open(signed, root, event, NEVER_EXPIRED, seen)?);
        Ok(())
    }

    /// Every log that was signed off is there, reaches so far, and says the same so far. A device
    /// need not have had all of it: what its bundle lacks is counted and no finding, and what it has
    /// past a fork is another matter than what the server has.
    pub(super) fn check_signed_off(
        &mut self,
        forked: &BTreeSet<LogId>,
        findings: &mut Vec<Finding>,
    ) {
        let Some(Opened { header, body, .. }) = self.checkpoint.take() else {
            return;
        };
        let is_of_device = self.writer.is_some();
        let mut told = SignedOff {
            version: header.version,
            signed_at: header.created,
            logs: body.logs.len(),
            entries: body.entries(),
            ..SignedOff::default()
        };
        for (name, version, signed) in [
            ("roster", self.roster_version, body.roster_version),
            ("snapshot", self.snapshot_version, body.snapshot_version),
        ] {
            if version < signed {
                let what = format!("the {name} is older than when the event was signed off");
                self.report.plain(FindingKind::Missing, what);
            }
        }
        for (id, end) in &body.logs {
            let Some(log) = self.logs.get(id) else {
                if is_of_device {
                    told.elsewhere += u64::from(end.next_seq);
                } else {
                    findings.push(lacking(*id, end.next_seq));
                }
                continue;
            };
            told.elsewhere += u64::from(end.next_seq.saturating_sub(log.next_seq()));
            if log.next_seq() < end.next_seq {
                if !is_of_device {
                    let what = "signed off, and not in the bundle: the log was cut";
                    let seqs = (log.next_seq(), end.next_seq - 1);
                    findings.push(log.finding(FindingKind::CutLog, seqs, what));
                }
                continue;
            }
            let is_other = log.hash_at(end.next_seq).is_some_and(|at| at != end.hash);
            if is_other && !(is_of_device && forked.contains(id)) {
                let last = end.next_seq.saturating_sub(1);
                let what = "the history up to here is not the one that was signed off";
                findings.push(log.finding(FindingKind::Edited, (last, last), what));
            }
        }
        for (id, log) in &self.logs {
            let end = body.end_of(*id).map_or(0, |end| end.next_seq);
            told.since += u64::from(log.next_seq().saturating_sub(end));
        }
        if !is_of_device {
            told.elsewhere = 0;
        }
        self.report.signed_off = Some(told);
    }
}

/// Whose log it is, nothing tells that is left.
fn lacking(log: LogId, entries: u32) -> Finding {
    Finding {
        kind: FindingKind::CutLog,
        device: None,
        log: Some(log.to_string()),
        seqs: entries.checked_sub(1).map(|last| (0, last)),
        serial: None,
        what: format!("log {log} was signed off with {entries} entries and is not in the bundle"),
    }
}
