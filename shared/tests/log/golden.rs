//! Golden vectors: `shared/vectors/log/v1.json`, rebuilt, compared, and replayed as another
//! implementation would. `GATEHOUSE_REGENERATE=1` rewrites the file.

use ed25519_dalek::Signature;
use serde_json::{Value, json};
use shared::log::{Entry, EntryKind, Genesis, Hlc, LogId, LogSegment, SignedEntry, Target};
use shared::sync::strict;
use shared::ticket::ScanProof;

use crate::fixture::{Device, admit, exit, undo};
use crate::golden_file::{bytes, golden, list, outcome, text};

const SEGMENT_BYTES_MAX: usize = 1 << 20;
const START: u64 = 1_790_000_000_000;

/// Six entries of one log, one of each shape.
fn entries(log: LogId) -> Vec<(&'static str, Entry)> {
    let first = Target { log, seq: 0 };
    let clock = Entry {
        kind: EntryKind::Clock,
        serial: 0,
        generation: 0,
        proof: ScanProof([0; 8]),
        ..admit(0, START + 5)
    };
    let forced = Entry {
        kind: EntryKind::Forced,
        proof: ScanProof([0; 8]),
        serial: 7,
        ..admit(0, START + 3)
    };
    vec![
        ("admit", admit(0, START)),
        ("exit of the admission", exit(0, START + 1, Some(first))),
        ("exit without a name", exit(0, START + 2, None)),
        ("forced, nothing scanned", forced),
        ("undo of the admission", undo(0, START + 4, first)),
        ("clock", clock),
    ]
}

fn build() -> Value {
    let mut device = Device::new(0x42);
    let start = device.head;
    let mut listed = Vec::new();
    let mut all = Vec::new();
    for (name, entry) in entries(device.log) {
        let previous = device.head;
        let signed = device.append(entry);
        listed.push(json!({
            "name": name,
            "previous": hex::encode(previous.hash),
            "wire": hex::encode(&signed.body),
            "signature": hex::encode(&signed.signature),
            "hash": hex::encode(device.head.hash),
        }));
        all.push(signed);
    }
    json!({
        "about": "Device log, version 1. Signed and hashed: \"TKT1.entry\\0\" + log id + previous + body.",
        "seed": hex::encode(device.key.to_bytes()),
        "public_key": hex::encode(device.genesis.device_key),
        "genesis": hex::encode(device.genesis.to_wire()),
        "log": device.log.to_string(),
        "start": hex::encode(start.hash),
        "cases": listed,
        "segment": hex::encode(strict::to_wire(&segment(&device, &all))),
        "refused_bodies": refused_bodies(&all[0].body, &all[1].body),
        "refused_segments": refused_segments(&device, &all),
    })
}

fn segment(device: &Device, all: &[SignedEntry]) -> LogSegment {
    let bodies = all.iter().map(|signed| signed.body.clone()).collect();
    let signature = all[all.len() - 1].signature.clone();
    LogSegment::new(device.log, bodies, signature).expect("a good segment")
}

/// Each is one step away from a good body.
fn refused_bodies(plain: &[u8], with_target: &[u8]) -> Vec<Value> {
    let with = |at: usize, bytes: &[u8]| {
        let mut body = plain.to_vec();
        body[at..at + bytes.len()].copy_from_slice(bytes);
        body
    };
    let mut admit_with_target = with_target.to_vec();
    admit_with_target[1] = 1;
    let mut undo_with_proof = with_target.to_vec();
    undo_with_proof[1] = 3;
    let cases = [
        ("empty", Vec::new()),
        ("cut", plain[..29].to_vec()),
        ("one byte more", [plain, &[0]].concat()),
        ("version 2", with(0, &[2])),
        ("kind 0", with(1, &[0])),
        ("kind 9", with(1, &[9])),
        ("unknown flag", with(16, &[0x40, 0])),
        ("target promised, none there", with(16, &[0x80, 0])),
        ("serial that is never issued", with(18, &[0xFF; 3])),
        ("admission of generation 0", with(21, &[0])),
        ("generation 255", with(21, &[255])),
        ("admission with a target", admit_with_target),
        ("undo with a proof", undo_with_proof),
        ("undo without a target", with(1, &[3])),
        ("clock with a ticket", with(1, &[6])),
    ];
    cases
        .into_iter()
        .map(|(name, body)| {
            let error = outcome(&Entry::decode(&body));
            json!({ "name": name, "wire": hex::encode(body), "error": error })
        })
        .collect()
}

fn refused_segments(device: &Device, all: &[SignedEntry]) -> Vec<Value> {
    let good = segment(device, all);
    let change = |name: &str, how: fn(&mut LogSegment)| {
        let mut changed = good.clone();
        how(&mut changed);
        let error = outcome(&changed.verify(&device.key.verifying_key(), &device.genesis.head()));
        json!({ "name": name, "wire": hex::encode(strict::to_wire(&changed)), "error": error })
    };
    vec![
        change("last entry left out", |s| {
            s.bodies.pop();
        }),
        change("first entry left out", |s| {
            s.bodies.remove(0);
        }),
        change("entry doubled", |s| s.bodies.insert(1, s.bodies[0].clone())),
        change("entries moved", |s| s.bodies.swap(1, 2)),
        change("another gate in the middle", |s| s.bodies[2][15] ^= 1),
        change("another log", |s| s.log.0[0] ^= 1),
        change("another start", |s| s.first_seq += 1),
        change("no entries", |s| s.bodies.clear()),
        change("signature of zeros", |s| s.signature.fill(0)),
        change("signature cut", |s| {
            s.signature.pop();
        }),
    ]
}

fn stored() -> Value {
    golden("log/v1.json", &build())
}

#[test]
fn vectors_are_what_the_code_makes_and_reads() {
    let stored = stored();
    let genesis = Genesis::from_wire(&bytes(&stored["genesis"])).expect("genesis");
    let key = genesis.device_key;
    let key = ed25519_dalek::VerifyingKey::from_bytes(&key).expect("a key");
    let log = genesis.log_id();
    assert_eq!(log.to_string(), stored["log"]);
    let mut head = genesis.head();
    for entry in list(&stored["cases"]) {
        assert_eq!(hex::encode(head.hash), entry["previous"]);
        let signed = SignedEntry {
            body: bytes(&entry["wire"]),
            signature: bytes(&entry["signature"]),
        };
        let (_, after) = signed.verify(&key, log, &head).expect("verifies");
        head = after;
        assert_eq!(hex::encode(head.hash), entry["hash"]);
    }
    let read = |wire: &Value| {
        strict::from_wire::<LogSegment>(&bytes(wire), SEGMENT_BYTES_MAX).expect("well-formed")
    };
    let segment = read(&stored["segment"]).verify(&key, &genesis.head());
    assert_eq!(
        segment.map(|(read, after)| (read.len(), after)),
        Ok((6, head))
    );
    for case in list(&stored["refused_bodies"]) {
        let error = Entry::decode(&bytes(&case["wire"])).expect_err("refused");
        assert_eq!(error.to_string(), text(&case["error"]), "{case}");
    }
    for case in list(&stored["refused_segments"]) {
        let error = read(&case["wire"]).verify(&key, &genesis.head());
        let error = error.expect_err("refused");
        assert_eq!(error.to_string(), text(&case["error"]), "{case}");
    }
}

/// As another implementation would read the file: bytes, BLAKE3 and Ed25519, none of our types.
#[test]
fn vectors_hold_without_our_code() {
    let stored = stored();
    let genesis = bytes(&stored["genesis"]);
    let mut previous = blake3::hash(&genesis).as_bytes().to_vec();
    let log = previous[..16].to_vec();
    assert_eq!(hex::encode(&log), stored["log"]);
    let key: [u8; 32] = bytes(&stored["public_key"]).try_into().expect("32 bytes");
    let key = ed25519_dalek::VerifyingKey::from_bytes(&key).expect("a key");
    for entry in list(&stored["cases"]) {
        assert_eq!(hex::encode(&previous), entry["previous"]);
        let parts: [&[u8]; 4] = [b"TKT1.entry\0", &log, &previous, &bytes(&entry["wire"])];
        let message = parts.concat();
        let signature = Signature::from_slice(&bytes(&entry["signature"])).expect("64 bytes");
        assert!(key.verify_strict(&message, &signature).is_ok(), "{entry}");
        previous = blake3::hash(&message).as_bytes().to_vec();
        assert_eq!(hex::encode(&previous), entry["hash"]);
        let body = bytes(&entry["wire"]);
        let millis = body[6..12]
            .iter()
            .fold(0, |n, byte| n << 8 | u64::from(*byte));
        let read = Entry::decode(&body).expect("reads");
        assert_eq!(read.hlc, Hlc { millis, counter: 0 });
    }
}
