//! A device that signs what it likes, and files made by hand: what no honest kiosk would write.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use scanner_core::{CarriedIn, NotTaken, carry_from};
use serde_json::Value;
use shared::api::gate::DeviceRole;
use shared::ids::DeviceId;
use shared::log::{
    DecisionFlags, Entry, EntryKind, Genesis, Hlc, LogHead, LogId, LogSegment, SignedEntry,
};
use shared::sync::Carried;
use shared::sync::carried::MAGIC;
use shared::sync::frame::{Frame, Message, Name};
use shared::ticket::ScanProof;
use shared::trust::RosterEntry;

use crate::device::Device;
use crate::server::{DAY, NOW, Shared};

/// A device of the event that signs what it likes.
pub(crate) struct Writer {
    key: SigningKey,
    pub(crate) genesis: Genesis,
}

/// Bodies with the head after each, and the signature of each.
pub(crate) type Written = Vec<(SignedEntry, LogHead)>;

impl Writer {
    pub(crate) fn new(server: &Shared, seed: u8) -> Self {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let genesis = Genesis {
            event: server.borrow().event,
            device: DeviceId::new(NOW, [seed; 10]),
            device_key: key.verifying_key().to_bytes(),
            incarnation: [seed; 16],
            app_version: "1".to_owned(),
        };
        Self { key, genesis }
    }

    /// Known to the roster from now on.
    pub(crate) fn listed(server: &Shared, seed: u8) -> Self {
        let writer = Self::new(server, seed);
        writer.list(server);
        writer
    }

    pub(crate) fn list(&self, server: &Shared) {
        let mut server = server.borrow_mut();
        let entry = RosterEntry {
            device: self.genesis.device,
            name: format!("Writer {}", self.genesis.incarnation[0]),
            public_key: self.genesis.device_key,
            gate: server.policy.gates[0].id,
            zones: 0,
            role: DeviceRole::Kiosk,
            attended: false,
            not_after: NOW.plus_secs(30 * DAY),
            cut: None,
            adopted: Vec::new(),
        };
        server.roster.devices.push(entry);
        server.sign_roster();
    }

    pub(crate) fn log(&self) -> LogId {
        self.genesis.log_id()
    }

    /// Entries on top of a head, one for each serial.
    pub(crate) fn write(
        &self,
        mut head: LogHead,
        serials: impl IntoIterator<Item = u32>,
    ) -> Written {
        let mut written = Vec::new();
        for serial in serials {
            let entry = Entry {
                seq: head.next_seq,
                hlc: Hlc::default().tick(NOW),
                kind: EntryKind::Admit,
                gate: 0,
                flags: DecisionFlags::default(),
                serial,
                generation: 1,
                proof: ScanProof([9; 8]),
                target: None,
            };
            let signed = SignedEntry::sign(&self.key, self.log(), &head, &entry);
            let (signed, after) = signed.expect("signs");
            head = after;
            written.push((signed, after));
        }
        written
    }

    pub(crate) fn name(&self) -> Message {
        Message::Names(vec![Name {
            number: 0,
            log: self.log(),
            genesis: Some(self.genesis.clone()),
        }])
    }

    pub(crate) fn segment(&self, of: &[(SignedEntry, LogHead)]) -> LogSegment {
        let bodies = of.iter().map(|(signed, _)| signed.body.clone()).collect();
        let signature = of.last().expect("entries").0.signature.clone();
        LogSegment::new(self.log(), bodies, signature).expect("a segment")
    }
}

/// A file of these messages with a sum that holds.
pub(crate) fn file(dir: &Path, server: &Shared, messages: &[Message]) -> PathBuf {
    let header = Carried::V1 {
        event: server.borrow().event,
        device: DeviceId::new(NOW, [1; 10]),
        written: NOW,
    };
    let mut bytes = MAGIC.to_vec();
    put(&mut bytes, &header.to_wire());
    for message in messages {
        put(&mut bytes, &Frame::V1(vec![message.clone()]).to_wire());
    }
    bytes.extend([0; 4]);
    sealed(dir, &bytes)
}

fn put(bytes: &mut Vec<u8>, block: &[u8]) {
    bytes.extend(u32::try_from(block.len()).expect("small").to_be_bytes());
    bytes.extend(block);
}

pub(crate) fn sealed(dir: &Path, bytes: &[u8]) -> PathBuf {
    let path = dir.join("carried");
    let sum = *blake3::hash(bytes).as_bytes();
    std::fs::write(&path, [bytes, &sum[..]].concat()).expect("written");
    path
}

pub(crate) fn take(device: &Device, path: &Path) -> CarriedIn {
    carry_from(device.path(), &device.edge, path).expect("taken up")
}

/// What devices have to agree on.
pub(crate) fn known(device: &Device) -> BTreeSet<String> {
    let mut lines = Vec::new();
    device.open().export(&mut lines).expect("exports");
    let told = |line: &str| {
        let entry: Value = serde_json::from_str(line).expect("JSON");
        let fields = ["log", "seq", "deviceId", "kind", "serial", "counts"];
        fields.map(|of| entry[of].to_string()).join(" ")
    };
    String::from_utf8(lines)
        .expect("text")
        .lines()
        .map(told)
        .collect()
}

/// Seqs of one writer's log, as far as they are part of it.
pub(crate) fn seqs(device: &Device, of: &Writer) -> usize {
    let log = format!("\"{}\"", of.log());
    known(device)
        .iter()
        .filter(|line| line.starts_with(&log))
        .count()
}

pub(crate) fn why(refused: &[NotTaken]) -> (DeviceId, u32, &str) {
    assert_eq!(refused.len(), 1, "{refused:?}");
    (refused[0].device_id, refused[0].from_seq, &refused[0].why)
}
