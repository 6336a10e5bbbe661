//! All entries as JSON lines, each with what this device can prove of it.

use std::io::Write;

use serde::Serialize;
use shared::ids::DeviceId;
use shared::log::{DecisionFlags, Entry, EntryKind, LogHead};
use shared::time::Timestamp;

use crate::admit::Scanner;
use crate::cache::LogRow;
use crate::error::{Cause, Error};

/// How an entry is known to be its device's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Proven {
    /// By its own signature.
    Signature,
    /// By the chain that a later, signed entry closes.
    Chain,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own in the exported line"
)]
pub struct ExportedEntry {
    pub log: String,
    pub seq: u32,
    pub device_id: DeviceId,
    pub device: Option<String>,
    pub own: bool,
    /// `admit`, `exit`, `undo`, `forced`, `refused`, `clock`, `roster` or `checkpoint`.
    pub kind: &'static str,
    pub at: Timestamp,
    /// Counter of the hybrid clock within its millisecond.
    pub counter: u16,
    pub gate: Option<String>,
    pub serial: u32,
    pub generation: u8,
    pub flags: u16,
    /// By its typed code.
    pub typed: bool,
    /// A person did what the gate asked for.
    pub confirmed: bool,
    /// Number and name of the supervisor who decided; the name if it is still known.
    pub supervisor: Option<u8>,
    pub supervisor_name: Option<String>,
    /// `log:seq` of the entry that this one closes or takes back.
    pub target: Option<String>,
    /// The server has confirmed it.
    pub uploaded: bool,
    /// False after the device's cut: it was evicted before it wrote this.
    pub counts: bool,
    pub proven: Proven,
}

impl Scanner {
    /// One JSON object a line, logs one after the other, in order. The whole chain of each log is
    /// verified on the way; a broken one is an error. Gives the number of lines.
    pub fn export(&mut self, out: &mut dyn Write) -> Result<u64, Error> {
        self.refresh()?;
        let mut lines = 0;
        for row in self.cache().logs()? {
            let mut failed = None;
            self.cache()
                .walk(&row, row.genesis.head(), |entry, stored, after| {
                    if failed.is_some() {
                        return;
                    }
                    let proven = match stored.signature {
                        Some(_) => Proven::Signature,
                        None => Proven::Chain,
                    };
                    let line = self.line(&row, entry, after, proven);
                    let written = serde_json::to_writer(&mut *out, &line)
                        .map_err(std::io::Error::from)
                        .and_then(|()| out.write_all(b"\n"));
                    match written {
                        Ok(()) => lines += 1,
                        Err(error) => failed = Some(error),
                    }
                })?;
            if let Some(error) = failed {
                return Err(Cause::file("cannot write", "the export")(error).into());
            }
        }
        Ok(lines)
    }

    fn line(&self, row: &LogRow, entry: &Entry, after: &LogHead, proven: Proven) -> ExportedEntry {
        let (log, device) = (row.log, row.genesis.device);
        let book = self.book();
        let listed = book.device(device);
        let gate = book
            .snapshot
            .as_ref()
            .and_then(|of| of.policy.gates.get(usize::from(entry.gate)));
        ExportedEntry {
            log: log.to_string(),
            seq: entry.seq,
            device_id: device,
            device: listed.map(|of| of.name.clone()),
            own: row.own,
            kind: kind_word(entry.kind),
            at: entry.hlc.at(),
            counter: entry.hlc.counter,
            gate: gate.map(|gate| gate.name.clone()),
            serial: entry.serial,
            generation: entry.generation,
            flags: entry.flags.0,
            typed: entry.flags.contains(DecisionFlags::TYPED),
            confirmed: entry.flags.contains(DecisionFlags::CONFIRMED),
            supervisor: entry.flags.supervisor(),
            supervisor_name: self.supervisor_name(entry),
            target: entry.target.map(|of| format!("{}:{}", of.log, of.seq)),
            uploaded: entry.seq < row.acked,
            counts: listed.is_none_or(|of| of.counts_to(&log.0, after)),
            proven,
        }
    }
}

impl Scanner {
    fn supervisor_name(&self, entry: &Entry) -> Option<String> {
        let people = &self.book().snapshot.as_ref()?.policy.supervisors;
        let person = people.by_number(entry.flags.supervisor()?)?;
        Some(person.name.clone())
    }
}

const fn kind_word(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Admit => "admit",
        EntryKind::Exit => "exit",
        EntryKind::Undo => "undo",
        EntryKind::Forced => "forced",
        EntryKind::Refused => "refused",
        EntryKind::Clock => "clock",
        EntryKind::Roster => "roster",
        EntryKind::Checkpoint => "checkpoint",
    }
}
