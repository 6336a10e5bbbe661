//! Devices, logs and entries that the suites share. Everything is fixed: no clock, no randomness.

use ed25519_dalek::SigningKey;
use shared::ids::{DeviceId, EventId};
use shared::log::{
    DecisionFlags, Entry, EntryKind, Genesis, Hlc, LogHead, LogId, SignedEntry, Target, Use,
};
use shared::ticket::ScanProof;

/// A device with one open log.
pub(crate) struct Device {
    pub(crate) key: SigningKey,
    pub(crate) genesis: Genesis,
    pub(crate) log: LogId,
    pub(crate) head: LogHead,
}

impl Device {
    pub(crate) fn new(number: u8) -> Self {
        let key = SigningKey::from_bytes(&[number; 32]);
        let genesis = Genesis {
            event: EventId::from_bytes([0xEE; 16]),
            device: DeviceId::from_bytes([number; 16]),
            device_key: key.verifying_key().to_bytes(),
            incarnation: [number ^ 0xFF; 16],
            app_version: "0.1.0".to_owned(),
        };
        Self {
            log: genesis.log_id(),
            head: genesis.head(),
            key,
            genesis,
        }
    }
    /// Signs `entry` as the log's next, whatever its seq says.
    pub(crate) fn append(&mut self, entry: Entry) -> SignedEntry {
        let entry = Entry {
            seq: self.head.next_seq,
            ..entry
        };
        let (signed, head) =
            SignedEntry::sign(&self.key, self.log, &self.head, &entry).expect("a good entry");
        self.head = head;
        signed
    }
}

pub(crate) fn admit(seq: u32, millis: u64) -> Entry {
    Entry {
        seq,
        hlc: Hlc { millis, counter: 0 },
        kind: EntryKind::Admit,
        gate: 2,
        flags: DecisionFlags::HEARD_SERVER.with(DecisionFlags::CLOCK_UNSURE),
        serial: 48_213,
        generation: 1,
        proof: ScanProof([0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7]),
        target: None,
    }
}

pub(crate) fn exit(seq: u32, millis: u64, target: Option<Target>) -> Entry {
    Entry {
        kind: EntryKind::Exit,
        target,
        ..admit(seq, millis)
    }
}

pub(crate) fn undo(seq: u32, millis: u64, target: Target) -> Entry {
    Entry {
        kind: EntryKind::Undo,
        target: Some(target),
        proof: ScanProof([0; 8]),
        ..admit(seq, millis)
    }
}

pub(crate) fn log(number: u8) -> LogId {
    LogId([number; 16])
}

pub(crate) fn target(log_number: u8, seq: u32) -> Target {
    Target {
        log: log(log_number),
        seq,
    }
}

/// `entry` as device `number` tells it in its only log.
pub(crate) fn used(number: u8, entry: &Entry) -> Use {
    Use::of(log(number), DeviceId::from_bytes([number; 16]), entry).expect("a kind of use")
}
