//! The messages: round trips, bounds, signatures, arbitrary bytes. // corpus 88

use ed25519_dalek::{Signer, SigningKey};
use proptest::collection::vec;
use proptest::prelude::*;
use shared::ids::{DeviceId, EventId};
use shared::log::{Genesis, LogId, LogSegment};
use shared::sync::message::{LOG_SEGMENTS_MAX, LOGS_MAX, SNAPSHOT_SEGMENTS_MAX};
use shared::sync::report::CUT_LOGS_MAX;
use shared::sync::{
    DeviceReport, LogVector, SegmentsRequest, SegmentsResponse, SignedRequest, StatementSet,
    StrictError, SyncRequest, SyncResponse,
};
use shared::time::Timestamp;
use shared::trust::{KeyId, Signed};

pub(crate) const SENT: Timestamp = Timestamp::from_millis(1_790_000_000_123);

pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[30; 32])
}

pub(crate) fn device() -> DeviceId {
    DeviceId::from_bytes([0xD0; 16])
}

pub(crate) fn event() -> EventId {
    EventId::from_bytes([0xE0; 16])
}

fn log(number: u16) -> LogId {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    LogId(id)
}

fn vector(logs: u16) -> Vec<LogVector> {
    (0..logs)
        .map(|number| LogVector {
            log: log(number),
            next_seq: 300,
            head: [0xAA; 8],
        })
        .collect()
}

fn genesis(app_version: &str) -> Genesis {
    Genesis {
        event: event(),
        device: device(),
        device_key: key().verifying_key().to_bytes(),
        incarnation: [0x1C; 16],
        app_version: app_version.to_owned(),
    }
}

fn segment() -> LogSegment {
    LogSegment {
        log: log(0),
        first_seq: 299,
        bodies: vec![vec![0xB0; 30], vec![0xB1; 50]],
        signature: vec![0x51; 64],
    }
}

pub(crate) fn report() -> DeviceReport {
    DeviceReport {
        app_version: "kiosk 0.1.0".to_owned(),
        snapshot: Some((7, SENT)),
        pending: 2,
        battery_percent: Some(81),
        wrong_codes: 3,
        wrong_pins: 1,
        cut_logs: vec![log(9)],
    }
}

pub(crate) fn request() -> SyncRequest {
    SyncRequest::V1 {
        now: SENT,
        held: [1, 2, 3, u64::MAX],
        report: Some(report()),
        vector: vector(2),
        geneses: vec![genesis("kiosk 0.1.0")],
        segments: vec![segment()],
    }
}

pub(crate) fn response() -> SyncResponse {
    SyncResponse::V1 {
        now: SENT,
        vector: vector(1),
        statements: StatementSet {
            roster: Some(Signed {
                bytes: vec![1, 2, 3],
                signatures: vec![(KeyId([7; 16]), vec![0x51; 64])],
            }),
            ..StatementSet::default()
        },
        geneses: Vec::new(),
        segments: vec![segment()],
        more: true,
        refused: vec![(log(9), "the signature does not fit".to_owned())],
    }
}

pub(crate) fn segments_request() -> SegmentsRequest {
    SegmentsRequest::V1 {
        hashes: vec![[1; 32], [2; 32]],
    }
}

pub(crate) fn segments_response() -> SegmentsResponse {
    SegmentsResponse::V1 {
        segments: vec![([1; 32], vec![0, 1, 0])],
    }
}

pub(crate) fn signed_request() -> SignedRequest {
    SignedRequest::sign(&key(), device(), event(), SENT, &request())
}

#[test]
fn messages_survive() {
    assert_eq!(SyncRequest::from_wire(&request().to_wire()), Ok(request()));
    assert_eq!(
        SyncResponse::from_wire(&response().to_wire()),
        Ok(response())
    );
    assert_eq!(
        SegmentsRequest::from_wire(&segments_request().to_wire()),
        Ok(segments_request())
    );
    assert_eq!(
        SegmentsResponse::from_wire(&segments_response().to_wire()),
        Ok(segments_response())
    );
    assert_eq!(
        SignedRequest::from_wire(&signed_request().to_wire()),
        Ok(signed_request())
    );
    for wire in [request().to_wire(), signed_request().to_wire()] {
        assert_eq!(wire[0], 0, "V1 first");
    }
}

type Change = fn(&mut Vec<LogVector>, &mut Vec<Genesis>, &mut Vec<LogSegment>);

/// `Malformed` where reading stops at the bound, `Bounds` where `check` looks at what was read.
const REFUSED: &[(&str, Change)] = &[
    ("logs", |v, _, _| *v = vector(4097)),
    ("a log is listed twice", |v, _, _| v[1].log = v[0].log),
    ("geneses", |_, g, _| *g = vec![genesis(""); LOGS_MAX + 1]),
    ("a genesis", |_, g, _| *g = vec![genesis(&"x".repeat(65))]),
    ("log segments", |_, _, s| {
        *s = vec![segment(); LOG_SEGMENTS_MAX + 1];
    }),
    ("an empty log segment", |_, _, s| s[0].bodies.clear()),
    ("entries", |_, _, s| s[0].bodies = vec![vec![0xB0; 30]; 513]),
    ("the bytes of an entry", |_, _, s| {
        s[0].bodies[0] = vec![0xB0; 51];
    }),
    ("seq past its end", |_, _, s| s[0].first_seq = u32::MAX - 1),
    ("the length of a signature", |_, _, s| {
        s[0].signature.pop();
    }),
];

#[test]
fn a_message_out_of_bounds_is_refused() {
    for (why, change) in REFUSED {
        let mut request = request();
        let SyncRequest::V1 {
            vector,
            geneses,
            segments,
            ..
        } = &mut request;
        change(vector, geneses, segments);
        assert_eq!(request.check(), Err(StrictError::Bounds(why)));
        let read = SyncRequest::from_wire(&request.to_wire());
        assert!(
            matches!(read, Err(StrictError::Bounds(_) | StrictError::Malformed)),
            "{why}"
        );
        let mut response = response();
        let SyncResponse::V1 {
            vector: v,
            geneses: g,
            segments: s,
            ..
        } = &mut response;
        let SyncRequest::V1 {
            vector,
            geneses,
            segments,
            ..
        } = request;
        (*v, *g, *s) = (vector, geneses, segments);
        assert_eq!(response.check(), Err(StrictError::Bounds(why)));
    }
}

#[test]
fn a_report_out_of_bounds_is_refused() {
    // V10
    let long = DeviceReport {
        app_version: "x".repeat(65),
        ..report()
    };
    let charged = DeviceReport {
        battery_percent: Some(101),
        ..report()
    };
    let many = DeviceReport {
        cut_logs: vec![log(9); CUT_LOGS_MAX + 1],
        ..report()
    };
    for (report, why) in [
        (long, "the version of the app"),
        (charged, "the battery"),
        (many, "cut logs"),
    ] {
        let mut request = request();
        let SyncRequest::V1 { report: said, .. } = &mut request;
        *said = Some(report);
        assert_eq!(request.check(), Err(StrictError::Bounds(why)));
        assert!(SyncRequest::from_wire(&request.to_wire()).is_err(), "{why}");
    }
}

#[test]
fn answers_out_of_bounds_are_refused() {
    let mut long = response();
    let SyncResponse::V1 { refused, .. } = &mut long;
    refused[0].1 = "x".repeat(257);
    let bounds = |what| Err(StrictError::Bounds(what));
    assert_eq!(long.check(), bounds("the text of a refusal"));
    let many = SegmentsRequest::V1 {
        hashes: vec![[0; 32]; SNAPSHOT_SEGMENTS_MAX + 1],
    };
    assert_eq!(many.check(), bounds("hashes"));
    let large = SegmentsResponse::V1 {
        segments: vec![([0; 32], vec![0; 448 * 1024 + 1])],
    };
    assert_eq!(
        SegmentsResponse::from_wire(&large.to_wire()),
        Err(StrictError::Bounds("the bytes of a segment"))
    );
    let many = SegmentsResponse::V1 {
        segments: vec![([0; 32], Vec::new()); SNAPSHOT_SEGMENTS_MAX + 1],
    };
    assert_eq!(many.check(), bounds("segments"));
    assert_eq!(
        SegmentsResponse::from_wire(&many.to_wire()),
        Err(StrictError::Malformed)
    );
}

#[test]
fn a_request_is_opened_by_its_signer_s_key_only() {
    let signed = signed_request();
    let open = |signed: &SignedRequest| signed.open::<SyncRequest>(&key().verifying_key());
    assert_eq!(open(&signed), Ok(request()));
    let stranger = SigningKey::from_bytes(&[31; 32]).verifying_key();
    assert_eq!(signed.verify(&stranger), Err(StrictError::Signature));
    let changes: [fn(&mut SignedRequest); 7] = [
        |signed| signed.device = DeviceId::from_bytes([0xD1; 16]),
        |signed| signed.event = EventId::from_bytes([0xE1; 16]),
        |signed| signed.sent = SENT.plus_millis(1),
        |signed| signed.body[1] ^= 1,
        |signed| signed.body.push(0),
        |signed| signed.signature.truncate(63),
        |signed| signed.signature[0] ^= 1,
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut changed = signed.clone();
        change(&mut changed);
        assert_eq!(open(&changed), Err(StrictError::Signature), "{number}");
    }
    // A signature of the same bytes under another domain, or of the bare body, is none.
    let mut bare = signed.clone();
    bare.signature = key().sign(&signed.body).to_bytes().to_vec();
    assert_eq!(open(&bare), Err(StrictError::Signature));
}

#[test]
fn what_is_signed_begins_with_its_domain() {
    let signed = signed_request();
    let message = [
        b"TKT1.request\0".as_slice(),
        device().as_bytes(),
        event().as_bytes(),
        &SENT.as_millis().to_be_bytes(),
        blake3::hash(&signed.body).as_bytes(),
    ]
    .concat();
    assert_eq!(signed.signature, key().sign(&message).to_bytes());
}

// Signed, and still read strictly.
#[test]
fn a_signed_body_is_read_strictly() {
    #[derive(serde::Serialize)]
    struct Raw(u8, u8);

    let mut aliased = request().to_wire();
    aliased.push(0);
    let signed = SignedRequest::sign(&key(), device(), event(), SENT, &Raw(0, 0x80));
    let opened = signed.open::<SegmentsRequest>(&key().verifying_key());
    assert_eq!(opened, Err(StrictError::Malformed));
    assert_eq!(SyncRequest::from_wire(&aliased), Err(StrictError::Trailing));
}

proptest! {
    #[test]
    fn bytes_never_panic_and_have_one_meaning(tail in vec(any::<u8>(), 0..300)) {
        let bytes = [[0].as_slice(), &tail].concat();
        if let Ok(message) = SyncRequest::from_wire(&bytes) {
            prop_assert_eq!(message.to_wire(), bytes.clone());
        }
        if let Ok(message) = SyncResponse::from_wire(&bytes) {
            prop_assert_eq!(message.to_wire(), bytes.clone());
        }
        if let Ok(message) = SegmentsRequest::from_wire(&bytes) {
            prop_assert_eq!(message.to_wire(), bytes.clone());
        }
        if let Ok(message) = SegmentsResponse::from_wire(&bytes) {
            prop_assert_eq!(message.to_wire(), bytes.clone());
        }
        if let Ok(message) = SignedRequest::from_wire(&bytes) {
            prop_assert_eq!(message.to_wire(), bytes);
        }
    }

    #[test]
    fn changed_messages_never_panic(at in any::<prop::sample::Index>(), change in 1_u8.., cut in 0_usize..4) {
        let mut bytes = response().to_wire();
        let place = at.index(bytes.len());
        bytes[place] ^= change;
        bytes.truncate(bytes.len() - cut);
        if let Ok(message) = SyncResponse::from_wire(&bytes) {
            prop_assert_ne!(&message, &response());
            prop_assert_eq!(message.to_wire(), bytes);
        }
    }

    #[test]
    fn every_changed_byte_of_a_signed_request_is_noticed(at in any::<prop::sample::Index>(), change in 1_u8..) {
        let mut bytes = signed_request().to_wire();
        let place = at.index(bytes.len());
        bytes[place] ^= change;
        let opened = SignedRequest::from_wire(&bytes)
            .and_then(|signed| signed.open::<SyncRequest>(&key().verifying_key()));
        prop_assert!(opened.is_err());
    }

    #[test]
    fn requests_survive(
        now in any::<i64>(),
        held in any::<[u64; 4]>(),
        logs in 0_u16..20,
        first_seq in 0..u32::MAX - 10,
        bodies in vec(vec(any::<u8>(), 0..50), 1..10),
    ) {
        let request = SyncRequest::V1 {
            now: Timestamp::from_millis(now),
            held,
            report: None,
            vector: vector(logs),
            geneses: Vec::new(),
            segments: vec![LogSegment { first_seq, bodies, ..segment() }],
        };
        prop_assert_eq!(SyncRequest::from_wire(&request.to_wire()), Ok(request));
    }
}
