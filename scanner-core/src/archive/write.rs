//! The lines of the archive: the audit bundle's, with what this device holds.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use data_encoding::HEXLOWER;
use shared::audit::{FORMAT, Line, to_base64};
use shared::ids::DeviceId;
use shared::log::{Branch, Entry, ForkProof, Genesis, LogHead, LogId, LogSegment};
use shared::sync::frame::Message;
use shared::trust::{SegmentKind, Signed, StatementKind};

use super::leave::Holding;
use crate::beside::{self, Beside};
use crate::cache::Identity;
use crate::error::{Cause, Error};
use crate::sync::gossip::{LogView, StoreError};
use crate::sync::{node_of, of_store};

/// The first line of a bundle is shorter.
const FIRST_LINE_BYTES_MAX: u64 = 64 * 1024;

/// What is in the file.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) lines: u64,
    pub(super) entries: u64,
    pub(super) devices: BTreeSet<DeviceId>,
}

/// Least of all another device's archive. This device's own, of an attempt that did not end, may be
/// replaced.
pub(super) fn spare_other_files(path: &Path, identity: &Identity) -> Result<(), Cause> {
    beside::spare_other_files(path, "there already", |file| {
        let mut first = String::new();
        let read = BufReader::new(file)
            .take(FIRST_LINE_BYTES_MAX)
            .read_line(&mut first);
        let header = read.ok().and_then(|_| serde_json::from_str(&first).ok());
        matches!(header, Some(Line::Header { event, device, .. })
            if event == identity.event && device == Some(identity.device))
    })
}

impl Holding<'_> {
    pub(super) fn write(&self, out: &mut Beside) -> Result<Written, Error> {
        let mut lines = Lines {
            out,
            written: Written::default(),
            log: None,
            failed: None,
        };
        let identity = &self.store.identity;
        lines.put(&Line::Header {
            format: FORMAT,
            event: identity.event,
            title: self.manifest.policy.title.clone(),
            exported_at: self.edge.clock.now(),
            device: Some(identity.device),
        })?;
        for signed in self.statements()? {
            let wire = to_base64(&signed.to_wire());
            lines.put(&Line::Statement { wire })?;
        }
        self.write_list(&mut lines)?;
        self.write_logs(&mut lines)?;
        let count = lines.written.lines;
        lines.put(&Line::End { lines: count })?;
        Ok(lines.written)
    }

    /// Roots ascending, keyring, roster, snapshot, checkpoint.
    fn statements(&self) -> Result<Vec<Signed>, Cause> {
        let mut found = self.store.cache.statements_in_use()?;
        let place = |signed: &Signed| match signed.kind() {
            Ok(StatementKind::Root) => 0,
            Ok(StatementKind::Keyring) => 1,
            Ok(StatementKind::Roster) => 2,
            Ok(StatementKind::Snapshot | StatementKind::Checkpoint) | Err(_) => 3,
        };
        // Stable: the roots stay in order.
        found.sort_by_key(place);
        found.push(self.signed.clone());
        Ok(found)
    }

    /// What was issued. Names, seats and codes stay out: they tell an auditor nothing.
    fn write_list(&self, lines: &mut Lines<'_>) -> Result<(), Cause> {
        for piece in &self.manifest.segments {
            match piece.kind {
                SegmentKind::Tickets | SegmentKind::Extras => {}
                SegmentKind::Seats | SegmentKind::Holders | SegmentKind::Codes => continue,
            }
            let wire = self.store.cache.segment_wire(&piece.hash)?;
            let wire = wire.ok_or_else(|| {
                Cause::Damaged("a piece of the ticket list is missing".to_owned())
            })?;
            lines.put(&Line::Segment {
                kind: piece.kind,
                index: piece.index,
                wire: to_base64(&wire),
            })?;
        }
        Ok(())
    }

    fn write_logs(&self, lines: &mut Lines<'_>) -> Result<(), Error> {
        let node = node_of(self.store, self.edge)?;
        let views = node.logs().into_iter().map(|view| (view.log, view));
        let views: BTreeMap<LogId, LogView> = views.collect();
        let told = node.write_down(self.store, &mut |message| {
            lines.message(message, &views, self).map_err(|cause| {
                lines.failed = Some(cause);
                StoreError::from("the archive cannot be written")
            })
        });
        match lines.failed.take() {
            Some(cause) => Err(cause.into()),
            None => told.map_err(of_store),
        }
    }
}

struct Lines<'a> {
    out: &'a mut Beside,
    written: Written,
    log: Option<Open>,
    failed: Option<Cause>,
}

/// The log whose entries are being written.
struct Open {
    id: LogId,
    head: LogHead,
    /// It was split here, and ends where it splits.
    fork: Option<ForkProof>,
    /// The last stretch before the split, which has no signature of its own.
    unsigned: Option<LogSegment>,
}

impl Lines<'_> {
    fn put(&mut self, line: &Line) -> Result<(), Cause> {
        let mut json = serde_json::to_vec(line)
            .map_err(|_| Cause::Damaged("a line of the archive".to_owned()))?;
        json.push(b'\n');
        self.written.lines += 1;
        self.out.put(&json)
    }

    fn message(
        &mut self,
        message: Message,
        views: &BTreeMap<LogId, LogView>,
        of: &Holding<'_>,
    ) -> Result<(), Cause> {
        match message {
            Message::Names(names) => {
                for name in names {
                    let view = views.get(&name.log);
                    if let (Some(genesis), Some(view)) = (name.genesis, view) {
                        let fork = of.store.cache.fork(name.log)?;
                        self.begin(&genesis, view, fork)?;
                    }
                }
                Ok(())
            }
            Message::Segments(segments) => segments.into_iter().try_for_each(|of| self.run(of)),
            Message::Forks(proofs) => proofs.iter().try_for_each(|proof| self.fork(proof)),
            Message::Branches(branches) => branches.iter().try_for_each(|of| self.branch(of)),
            _ => Ok(()),
        }
    }

    fn begin(
        &mut self,
        genesis: &Genesis,
        view: &LogView,
        fork: Option<ForkProof>,
    ) -> Result<(), Cause> {
        let head = genesis.head();
        // A cut may have named one side: then the log goes on there and is whole by itself.
        let fork = fork.filter(|proof| proof.at().next_seq == view.head.next_seq);
        let end = match &fork {
            Some(proof) => after(proof.at(), &proof.left)?,
            None => view.head,
        };
        self.written.devices.insert(genesis.device);
        self.log = Some(Open {
            id: view.log,
            head,
            fork,
            unsigned: None,
        });
        self.put(&Line::Log {
            genesis: to_base64(&genesis.to_wire()),
            next_seq: end.next_seq,
            head: HEXLOWER.encode(&end.hash),
        })
    }

    fn run(&mut self, segment: LogSegment) -> Result<(), Cause> {
        let Some(open) = self.log.as_mut().filter(|open| open.id == segment.log) else {
            return Ok(());
        };
        // Where a log was split no signature ends: the side that follows in the proof has one, and it
        // covers this stretch as well.
        if open.fork.is_some() && segment.signature.iter().all(|byte| *byte == 0) {
            open.unsigned = Some(segment);
            return Ok(());
        }
        let before = open.head;
        open.head = after(before, &segment)?;
        self.written.entries += segment.bodies.len() as u64;
        self.put(&Line::Entries {
            log: segment.log.to_string(),
            first_seq: segment.first_seq,
            before: HEXLOWER.encode(&before.hash),
            bodies: segment.bodies.iter().map(|body| to_base64(body)).collect(),
            signature: to_base64(&segment.signature),
        })
    }

    /// Both sides of a split: one continues the log, the other stands beside it.
    fn fork(&mut self, proof: &ForkProof) -> Result<(), Cause> {
        let open = self.log.as_mut().filter(|open| open.fork.is_some());
        if let Some(open) = open {
            let mut side = proof.left.clone();
            if let Some(mut stretch) = open.unsigned.take() {
                stretch.bodies.append(&mut side.bodies);
                stretch.signature = side.signature;
                side = stretch;
            }
            self.run(side)?;
        } else {
            let [left, _] = proof.branches();
            self.branch(&left)?;
        }
        let [_, right] = proof.branches();
        self.branch(&right)
    }

    fn branch(&mut self, branch: &Branch) -> Result<(), Cause> {
        self.put(&Line::Fork {
            log: branch.segment.log.to_string(),
            first_seq: branch.segment.first_seq,
            before: HEXLOWER.encode(&branch.previous),
            bodies: branch
                .segment
                .bodies
                .iter()
                .map(|body| to_base64(body))
                .collect(),
            signature: to_base64(&branch.segment.signature),
        })
    }
}

/// The head after a segment.
fn after(mut head: LogHead, segment: &LogSegment) -> Result<LogHead, Cause> {
    for body in &segment.bodies {
        let entry = Entry::decode(body)
            .map_err(|error| Cause::Damaged(format!("log {}: {error}", segment.log)))?;
        head = head.append(segment.log, &entry)?;
    }
    Ok(head)
}
