//! The published known answer of the T1 format, byte for byte.
// T1 T2

use ed25519_dalek::SigningKey;
use qrcode::{EcLevel, QrCode, Version};
use shared::ids::EventId;
use shared::ticket::{Flags, Payload, TOKEN_DIGITS, TOKEN_LEN, Token, event_hint, sign, verify};

const PAYLOAD: &str = "8003d7bc00bc550107000b00400068050c0815";
const SIGNATURE: &str = "901dbf2d43db1cfe87341dafddacaae7c0b7834f2f7782ca0e0e19e05f99d669\
                         707046d229876f99f1f70844cf611a40e121767238549dcf7c22be96b676f500";
const DIGITS: &str = "3603302212598075700289171742670848292789468112855335381149001390451914\
                      6693399645170955424497012555558656873399022018457603515766570235293812\
                      18288361165485837208556464575032150083421043746209554515621120";

fn event() -> EventId {
    "3f2c9d1e-8a7b-4c55-9e0a-1b2c3d4e5f60"
        .parse()
        .expect("a uuid")
}

/// The seed of RFC 8032 TEST 1.
fn key() -> SigningKey {
    let seed = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    SigningKey::from_bytes(&seed.expect("hex").try_into().expect("32 bytes"))
}

fn payload() -> Payload {
    Payload {
        kid: 3,
        serial: 48213,
        generation: 1,
        class: 7,
        zones: 0x000B,
        not_before: 64,
        not_after: 104,
        flags: Flags::SEAT.with(Flags::ADULT),
        seat: Some(0x000C_0815),
        hint: event_hint(event()),
    }
}

#[test]
fn t1_t2_known_answer() {
    let token = sign(&key(), event(), &payload()).expect("signs");
    assert_eq!(
        hex::encode(token.as_bytes()),
        format!("{PAYLOAD}{SIGNATURE}")
    );
    assert_eq!(token.to_digits(), DIGITS);
    let read = Token::from_digits(DIGITS).expect("reads");
    assert_eq!(read, token);
    assert_eq!(
        verify(&read, event(), &key().verifying_key()),
        Ok(payload())
    );
}

#[test]
fn t1_is_83_bytes_202_digits_and_qr_version_5_at_m() {
    assert_eq!(TOKEN_LEN, 83);
    assert_eq!(TOKEN_DIGITS, 202);
    assert_eq!(DIGITS.len(), 202);
    let code = QrCode::with_error_correction_level(DIGITS, EcLevel::M).expect("fits");
    assert_eq!(code.version(), Version::Normal(5));
    assert_eq!(code.width(), 37);
    // Digits must travel in numeric mode: in byte mode they would need a larger symbol.
    let segments: Vec<_> = qrcode::optimize::Parser::new(DIGITS.as_bytes()).collect();
    assert_eq!(segments.len(), 1);
    assert_eq!(segments[0].mode, qrcode::types::Mode::Numeric);
}
