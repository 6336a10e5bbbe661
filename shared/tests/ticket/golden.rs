//! The golden files in `shared/vectors/ticket/`: made here, compared with what is committed, and
//! replayed as another implementation would. `GATEHOUSE_REGENERATE=1` rewrites them.
// T1 T2

use std::path::PathBuf;
use std::sync::Once;

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use shared::ids::EventId;
use shared::ticket::layout::window_time;
use shared::ticket::{
    Flags, Payload, ScanProof, Token, check_public_key, digits, event_hint, sign, verify,
};
use shared::time::Timestamp;

use crate::fixture::{self, DIGITS, event, key, other_event, other_key, signed_with};

#[derive(Serialize, Deserialize)]
struct File<T> {
    about: String,
    cases: Vec<T>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Valid {
    name: String,
    event: EventId,
    public_key: String,
    payload: Fields,
    /// 83 bytes, hex.
    token: String,
    digits: String,
    scan_proof: String,
    scan_commitment: String,
    /// Zero of the window units.
    epoch: Timestamp,
    not_before: Timestamp,
    not_after: Timestamp,
    /// The moment of the scan, and whether the window holds it (both ends included).
    scanned_at: Timestamp,
    within_window: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    kid: u8,
    hint: String,
    serial: u32,
    generation: u8,
    class: u8,
    zones: u16,
    not_before: u16,
    not_after: u16,
    flags: u8,
    seat: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refused {
    name: String,
    event: EventId,
    public_key: String,
    text: String,
    /// The error as Rust's `Debug` prints it.
    refusal: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyCase {
    name: String,
    public_key: String,
    /// `null`: the key may verify.
    refusal: Option<String>,
}

fn valid(name: &str, key: &SigningKey, event: EventId, payload: Payload, scan_unit: u16) -> Valid {
    let epoch = Timestamp::from_secs(1_790_000_000);
    let token = sign(key, event, &payload).expect("a good payload");
    let proof = ScanProof::of_token(event, &token);
    let commitment = proof.commitment(event, payload.serial, payload.generation);
    Valid {
        name: name.into(),
        event,
        public_key: hex::encode(key.verifying_key()),
        payload: Fields {
            kid: payload.kid,
            hint: hex::encode(payload.hint),
            serial: payload.serial,
            generation: payload.generation,
            class: payload.class,
            zones: payload.zones,
            not_before: payload.not_before,
            not_after: payload.not_after,
            flags: payload.flags.bits(),
            seat: payload.seat,
        },
        token: hex::encode(token.as_bytes()),
        digits: token.to_digits(),
        scan_proof: hex::encode(proof.0),
        scan_commitment: hex::encode(commitment.0),
        epoch,
        not_before: window_time(epoch, payload.not_before),
        not_after: window_time(epoch, payload.not_after),
        scanned_at: window_time(epoch, scan_unit),
        within_window: (payload.not_before..=payload.not_after).contains(&scan_unit),
    }
}

fn valid_cases() -> Vec<Valid> {
    let known = fixture::payload();
    let plain = Payload {
        kid: 0,
        serial: 0,
        generation: 1,
        class: 0,
        zones: 0,
        not_before: 0,
        not_after: 1,
        flags: Flags::NONE,
        seat: None,
        hint: event_hint(event()),
    };
    let largest = Payload {
        kid: 255,
        serial: 0x00FF_FFFE,
        generation: 254,
        class: 255,
        zones: 0xFFFF,
        not_before: 30_399,
        not_after: 65_535,
        flags: Flags::from_bits(0x3F).expect("no reserved bit"),
        seat: Some(0x00FF_FFFF),
        ..plain
    };
    let reissued = Payload {
        generation: 2,
        ..known
    };
    let elsewhere = Payload {
        hint: event_hint(other_event()),
        ..known
    };
    vec![
        valid("known answer", &key(), event(), known, 64),
        valid("every field at its least", &key(), event(), plain, 0),
        valid("every field at its most", &key(), event(), largest, 65_535),
        valid("re-issued", &key(), event(), reissued, 104),
        valid(
            "another event and key",
            &other_key(),
            other_event(),
            elsewhere,
            80,
        ),
        valid("before its window", &key(), event(), known, 63),
        valid("expired", &key(), event(), known, 105),
    ]
}

fn refused_cases() -> Vec<Refused> {
    let honest = signed_with(&[]);
    let mut forged = honest;
    forged[6] ^= 1;
    let mut other_signature = honest;
    other_signature[19..].copy_from_slice(&signed_with(&[(6, 0x56)])[19..]);
    let foreign = Payload {
        hint: event_hint(other_event()),
        ..fixture::payload()
    };
    let foreign = sign(&key(), other_event(), &foreign).expect("a good payload");
    let self_made = sign(&other_key(), event(), &fixture::payload()).expect("a good payload");
    let texts = [
        ("forged: serial changed", digits::encode(&forged)),
        (
            "forged: signature of another ticket",
            digits::encode(&other_signature),
        ),
        ("forged: signed with another key", self_made.to_digits()),
        ("foreign event", foreign.to_digits()),
        ("truncated: one digit", DIGITS[..201].to_owned()),
        ("truncated: 17 digits", DIGITS[..185].to_owned()),
        ("truncated: last byte", digits::encode(&honest[..82])),
        ("glued twice", DIGITS.repeat(2)),
        ("no digits", "HTTPS://TICKETS.EXAMPLE/48213".to_owned()),
        ("group too large", "9".repeat(202)),
        (
            "another ticket type",
            digits::encode(&signed_with(&[(0, 0x86)])),
        ),
        (
            "signed: reserved flag",
            digits::encode(&signed_with(&[(15, 0x45)])),
        ),
        (
            "signed: seat without flag",
            digits::encode(&signed_with(&[(15, 4)])),
        ),
        (
            "signed: empty window",
            digits::encode(&signed_with(&[(14, 0x40)])),
        ),
        (
            "signed: generation 255",
            digits::encode(&signed_with(&[(7, 255)])),
        ),
        (
            "signed: hint of another event",
            digits::encode(&signed_with(&[(2, 0)])),
        ),
    ];
    texts
        .into_iter()
        .map(|(name, text)| Refused {
            name: name.into(),
            event: event(),
            public_key: hex::encode(key().verifying_key()),
            refusal: refusal_of(&text, event(), &key().verifying_key()),
            text,
        })
        .collect()
}

/// The error as text; "none" would stand out in a review of the file, and the replay refuses it.
fn refusal_of(text: &str, event: EventId, key: &VerifyingKey) -> String {
    match Token::from_digits(text).and_then(|token| verify(&token, event, key)) {
        Ok(_) => "none".into(),
        Err(error) => format!("{error:?}"),
    }
}

fn key_cases() -> Vec<KeyCase> {
    let order_8 = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
    let order_8_point = VerifyingKey::from_bytes(&key_bytes(order_8)).expect("a point");
    let torsioned = key().verifying_key().to_edwards() + order_8_point.to_edwards();
    let keys = [
        ("RFC 8032 test 1", hex::encode(key().verifying_key())),
        ("RFC 8032 test 2", hex::encode(other_key().verifying_key())),
        ("identity", format!("01{}", "00".repeat(31))),
        ("identity with a sign", format!("01{}80", "00".repeat(30))),
        ("order 2", format!("ec{}7f", "ff".repeat(30))),
        ("order 4", "00".repeat(32)),
        ("order 8", order_8.to_owned()),
        ("y = p", format!("ed{}7f", "ff".repeat(30))),
        (
            "test 1 plus a point of order 8",
            hex::encode(torsioned.compress().as_bytes()),
        ),
        ("off the curve", format!("02{}", "00".repeat(31))),
    ];
    keys.into_iter()
        .map(|(name, public_key)| KeyCase {
            name: name.into(),
            refusal: check_public_key(&key_bytes(&public_key))
                .err()
                .map(|error| format!("{error:?}")),
            public_key,
        })
        .collect()
}

fn key_bytes(text: &str) -> [u8; 32] {
    let bytes = hex::decode(text).expect("hex");
    bytes.try_into().expect("32 bytes")
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("vectors/ticket")
        .join(name)
}

/// The three files as they should be.
fn made() -> [(&'static str, String); 3] {
    [
        (
            "valid.json",
            json(
                "T1 tickets with a good signature. The window is the gate's to judge.",
                valid_cases(),
            ),
        ),
        (
            "refused.json",
            json(
                "Texts that are no ticket of this event under this key, and why.",
                refused_cases(),
            ),
        ),
        (
            "keys.json",
            json(
                "Ed25519 public keys and whether they may verify anything.",
                key_cases(),
            ),
        ),
    ]
}

fn json<T: Serialize>(about: &str, cases: Vec<T>) -> String {
    let file = File {
        about: about.into(),
        cases,
    };
    serde_json::to_string_pretty(&file).expect("plain data") + "\n"
}

/// The committed text, rewritten first when that is asked for.
fn kept(name: &str) -> String {
    static REGENERATED: Once = Once::new();
    REGENERATED.call_once(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "how a person asks a test for new files"
        )]
        let regenerate = std::env::var_os("GATEHOUSE_REGENERATE").is_some();
        if regenerate {
            std::fs::create_dir_all(path("")).expect("a folder");
            for (name, text) in made() {
                std::fs::write(path(name), text).expect("a file");
            }
        }
    });
    std::fs::read_to_string(path(name)).expect("the golden file")
}

#[test]
fn the_golden_files_are_what_the_code_makes() {
    for (name, text) in made() {
        assert!(
            kept(name) == text,
            "{name} differs; if the format was meant to change, run with GATEHOUSE_REGENERATE=1"
        );
    }
}

fn read<T: for<'de> Deserialize<'de>>(name: &str) -> Vec<T> {
    let file: File<T> = serde_json::from_str(&kept(name)).expect("the file's shape");
    file.cases
}

#[test]
fn valid_tickets_replay() {
    let cases: Vec<Valid> = read("valid.json");
    assert_eq!(cases.len(), 7);
    for case in cases {
        let key = check_public_key(&key_bytes(&case.public_key)).expect("a good key");
        let token = Token::from_digits(&case.digits).expect("a ticket");
        assert_eq!(hex::encode(token.as_bytes()), case.token, "{}", case.name);
        let payload = verify(&token, case.event, &key).expect("a good signature");
        assert_eq!(payload.serial, case.payload.serial);
        assert_eq!(payload.generation, case.payload.generation);
        assert_eq!(payload.seat, case.payload.seat);
        let proof = ScanProof::of_token(case.event, &token);
        assert_eq!(hex::encode(proof.0), case.scan_proof);
        let commitment = proof.commitment(case.event, payload.serial, payload.generation);
        assert_eq!(hex::encode(commitment.0), case.scan_commitment);
        let window = case.not_before..=case.not_after;
        assert_eq!(window_time(case.epoch, payload.not_before), case.not_before);
        assert_eq!(window.contains(&case.scanned_at), case.within_window);
        assert_eq!(
            case.within_window,
            !["before its window", "expired"].contains(&&*case.name)
        );
    }
}

#[test]
fn refused_texts_replay() {
    let cases: Vec<Refused> = read("refused.json");
    assert_eq!(cases.len(), 16);
    for case in cases {
        let key = check_public_key(&key_bytes(&case.public_key)).expect("a good key");
        let refusal = refusal_of(&case.text, case.event, &key);
        assert_ne!(refusal, "none", "{}", case.name);
        assert_eq!(refusal, case.refusal, "{}", case.name);
    }
}

#[test]
fn keys_replay() {
    let cases: Vec<KeyCase> = read("keys.json");
    let accepted: Vec<&str> = cases
        .iter()
        .filter(|case| case.refusal.is_none())
        .map(|case| case.name.as_str())
        .collect();
    assert_eq!(accepted, ["RFC 8032 test 1", "RFC 8032 test 2"]);
    for case in &cases {
        let judged = check_public_key(&key_bytes(&case.public_key)).err();
        assert_eq!(judged.map(|error| format!("{error:?}")), case.refusal);
    }
}
