//! One event with its keys, and a signer that signs anything.

use ed25519_dalek::{Signer, SigningKey};
use serde::Serialize;
use shared::api::gate::DeviceRole;
use shared::ids::{ClassId, DeviceId, EventId, GateId};
use shared::ticket::{CodeIndex, MediumId, ScanCommitment};
use shared::time::Timestamp;
use shared::trust::{
    Authority, ClassPolicy, CodeRow, Codes, EntryLimit, Expected, Extra, GatePolicy, Header, KeyId,
    KeyStatus, Keyring, KeyringEntry, ListFlags, ListPolicy, Manifest, MediumLink, Policy,
    QuestionKind, QuestionPolicy, Root, Roster, RosterEntry, Segment, Signed, Statement,
    StatementKind, Supervisor, Supervisors, TicketRow, TicketRowStatus, TicketTerms, seal,
};

pub(crate) const DOMAIN: &[u8] = b"TKT1.statement\0";
pub(crate) const CREATED: Timestamp = Timestamp::from_secs(1_790_000_000);
pub(crate) const NOW: Timestamp = CREATED.plus_secs(60);
pub(crate) const EXPIRES: Timestamp = CREATED.plus_secs(86_400);

/// The key whose seed is 32 times `seed`.
pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn public(seed: u8) -> [u8; 32] {
    key(seed).verifying_key().to_bytes()
}

pub(crate) fn id_of(seed: u8) -> KeyId {
    KeyId::of(&public(seed))
}

pub(crate) fn event() -> EventId {
    "3f2c9d1e-8a7b-4c55-9e0a-1b2c3d4e5f60"
        .parse()
        .expect("a uuid")
}

pub(crate) fn other_event() -> EventId {
    EventId::from_bytes([9; 16])
}

pub(crate) fn authority(seeds: &[u8], threshold: u8) -> Authority {
    Authority {
        keys: seeds.iter().map(|seed| public(*seed)).collect(),
        threshold,
    }
}

/// Version 1 has no predecessor; the others follow a version whose hash is all 7s.
pub(crate) fn header(kind: StatementKind, version: u64) -> Header {
    Header {
        kind,
        event: event(),
        version,
        created: CREATED,
        expires: EXPIRES,
        previous: (version != 1).then_some([7; 32]),
    }
}

pub(crate) fn expected(kind: StatementKind) -> Expected {
    Expected {
        kind,
        event: event(),
        now: NOW,
        seen: None,
    }
}

pub(crate) fn entry(kid: u8, public_key: [u8; 32]) -> KeyringEntry {
    KeyringEntry {
        kid,
        public_key,
        serial_first: 0,
        serial_last: 9_999,
        not_before: CREATED,
        not_after: EXPIRES,
        status: if kid == 0 {
            KeyStatus::Active
        } else {
            KeyStatus::Standby
        },
    }
}

pub(crate) fn keyring() -> Keyring {
    Keyring {
        keys: vec![entry(0, public(10)), entry(1, public(11))],
    }
}

pub(crate) fn statement(version: u64) -> Statement<Keyring> {
    Statement {
        header: header(StatementKind::Keyring, version),
        body: keyring(),
    }
}

pub(crate) fn sealed<T: Serialize>(statement: &Statement<T>, seeds: &[u8]) -> Signed {
    let keys: Vec<_> = seeds.iter().map(|seed| key(*seed)).collect();
    seal(statement, &keys.iter().collect::<Vec<_>>()).expect("a statement that can be sealed")
}

/// Honest signatures over bytes that `seal` would not make.
pub(crate) fn signed_bytes(bytes: Vec<u8>, seeds: &[u8]) -> Signed {
    let message = [DOMAIN, &bytes].concat();
    let signature = |seed: &u8| {
        let signature = key(*seed).sign(&message).to_bytes().to_vec();
        (id_of(*seed), signature)
    };
    Signed {
        signatures: seeds.iter().map(signature).collect(),
        bytes,
    }
}

/// What `seal` writes, without what it refuses: `V1`, then the statement.
pub(crate) fn statement_bytes<T: Serialize>(statement: &Statement<T>) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend(postcard::to_stdvec(statement).expect("postcard"));
    bytes
}

pub(crate) fn root() -> Root {
    Root {
        root: authority(&[1, 2, 3], 2),
        keyring: authority(&[4], 1),
        roster: authority(&[5], 1),
        snapshot: authority(&[6], 1),
    }
}

pub(crate) fn gate_id() -> GateId {
    GateId::from_bytes([0x21; 16])
}

pub(crate) fn device(seed: u8) -> RosterEntry {
    RosterEntry {
        device: DeviceId::from_bytes([seed; 16]),
        name: format!("Kiosk {seed}"),
        public_key: public(seed),
        gate: gate_id(),
        zones: 0b10,
        role: DeviceRole::Kiosk,
        attended: true,
        not_after: EXPIRES,
        cut: None,
        adopted: Vec::new(),
    }
}

pub(crate) fn roster() -> Roster {
    let mut evicted = device(31);
    evicted.cut = Some(vec![([0x41; 16], 12, [0x42; 32])]);
    evicted.adopted = vec![([0x41; 16], 15, [0x43; 32])];
    Roster {
        devices: vec![device(30), evicted],
    }
}

pub(crate) fn policy() -> Policy {
    Policy {
        title: "Đêm nhạc".to_owned(),
        timezone: "Asia/Ho_Chi_Minh".to_owned(),
        language: "vi".to_owned(),
        epoch: CREATED,
        starts: CREATED.plus_secs(36_000),
        ends: CREATED.plus_secs(50_000),
        doors: Some(CREATED.plus_secs(34_200)),
        serial_max: 2_047,
        zones: vec!["Floor".to_owned(), "Balcony".to_owned()],
        classes: vec![ClassPolicy {
            id: ClassId::from_bytes([0x11; 16]),
            name: "VIP".to_owned(),
            zones: 0b11,
            note: "Vào cửa bên".to_owned(),
            strict: false,
        }],
        gates: vec![GatePolicy {
            id: gate_id(),
            name: "Gate B".to_owned(),
            zones: 0b10,
            list: Some(0),
        }],
        early_tolerance_secs: 0,
        late_tolerance_secs: 900,
        amber_after_secs: 3_600,
        red_after_secs: 86_400,
        rules: vec![("adults".to_owned(), r#"{"==":[1,1]}"#.to_owned())],
        lists: vec![ListPolicy {
            name: "Day pass".to_owned(),
            classes: Some(vec![0]),
            entries: EntryLimit::OncePerDay,
            flags: ListFlags::INCLUDE_PENDING.with(ListFlags::RE_ENTRY),
            check_out_secs: Some(4 * 3_600),
            rules: vec![("open".to_owned(), "true".to_owned())],
        }],
        questions: vec![QuestionPolicy {
            id: "size".to_owned(),
            text: "Cỡ áo?".to_owned(),
            classes: None,
            kind: QuestionKind::Choice,
            required: true,
            options: vec![("s".to_owned(), "Nhỏ".to_owned())],
        }],
        supervisors: Supervisors {
            salt: [0x5A; 16],
            people: vec![Supervisor {
                number: 3,
                name: "Linh".to_owned(),
                pin: [0x31; 32],
            }],
        },
    }
}

pub(crate) fn row(generation: u8) -> TicketRow {
    TicketRow {
        status: TicketRowStatus::Active,
        generation,
        class: 7,
        flags: TicketRow::ID_CHECK,
        seat: 0x000C_0815,
        commitment: ScanCommitment([0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7]),
    }
}

pub(crate) fn tickets() -> Segment {
    Segment::of_rows(&[row(1), TicketRow::EMPTY, row(2)])
}

pub(crate) fn seats() -> Segment {
    Segment::Seats(vec!["A-12".to_owned(), "A-13".to_owned()])
}

/// Of the second segment: serials 1024 to 2047.
pub(crate) fn holders() -> Segment {
    Segment::Holders(vec![(1024, "An".to_owned()), (2047, "Bình".to_owned())])
}

/// Of the second segment.
pub(crate) fn extras() -> Segment {
    let noted = Extra {
        note: "Xe lăn".to_owned(),
        ..Extra::default()
    };
    let carried = Extra {
        added_to: Some(1024),
        media: vec![MediumLink {
            id: MediumId([0x3D; 16]),
            active: true,
            until: Some(CREATED.plus_secs(50_000)),
        }],
        terms: Some(TicketTerms {
            zones: 0b11,
            not_before: 64,
            not_after: 104,
            flags: 0b1_0000,
        }),
        ..Extra::default()
    };
    Segment::Extras(vec![(1024, noted), (1025, carried)])
}

pub(crate) fn terms(flags: u8) -> TicketTerms {
    TicketTerms {
        zones: 3,
        not_before: 64,
        not_after: 104,
        flags,
    }
}

pub(crate) fn codes() -> Segment {
    let indexed = |flags, byte| CodeRow {
        terms: terms(flags),
        index: Some(CodeIndex([byte; 8])),
    };
    let waits = CodeRow {
        terms: terms(1),
        index: None,
    };
    Segment::Codes(Codes::of(&[
        Some(indexed(1, 0xC1)),
        None,
        Some(indexed(3, 0xC2)),
        Some(waits),
    ]))
}

pub(crate) fn manifest() -> Manifest {
    Manifest {
        keyring_version: 1,
        roster_version: 2,
        policy: policy(),
        segments: vec![
            tickets().reference(0),
            tickets().reference(1),
            seats().reference(0),
            holders().reference(1),
            extras().reference(1),
            codes().reference(0),
        ],
    }
}
