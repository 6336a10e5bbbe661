//! The published known answer of the T1 format, byte for byte.
// T1 T2

use qrcode::optimize::Parser;
use qrcode::types::Mode;
use qrcode::{EcLevel, QrCode, Version};
use shared::ticket::{TOKEN_DIGITS, TOKEN_LEN, Token, sign, verify};

use crate::fixture::{DIGITS, event, key, payload};

const PAYLOAD: &str = "8003d7bc00bc550107000b00400068050c0815";
const SIGNATURE: &str = "901dbf2d43db1cfe87341dafddacaae7c0b7834f2f7782ca0e0e19e05f99d669\
                         707046d229876f99f1f70844cf611a40e121767238549dcf7c22be96b676f500";

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
    let segments: Vec<_> = Parser::new(DIGITS.as_bytes()).collect();
    assert_eq!(segments.len(), 1);
    assert_eq!(segments[0].mode, Mode::Numeric);
    let smaller = QrCode::with_version(DIGITS, Version::Normal(4), EcLevel::M);
    assert!(smaller.is_err(), "version 5 is the smallest that holds it");
}

#[test]
fn debug_shows_no_signature() {
    let token = Token::from_digits(DIGITS).expect("reads");
    assert_eq!(format!("{token:?}"), "Token { kid: 3, .. }");
}
