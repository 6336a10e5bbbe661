//! Items 50 to 65: signatures and keys that a lax verifier takes.
//!
//! They are made with the secret key where that helps the forger: a verifier that skips one of the
//! strict checks would accept, and the last test shows that for those that dalek's lax rule takes.

use curve25519_dalek::Scalar;
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use sha2::{Digest, Sha512};
use shared::ticket::{FrameError, KeyError, TOKEN_LEN, TicketError};

use super::{Expect, Row};
use crate::fixture::{DOMAIN, event, join, key, message, payload_bytes, signed_with};

/// The group order, little-endian.
const ORDER: [u8; 32] = [
    0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
const IDENTITY: [u8; 32] = little_endian(1);

pub(super) fn rows() -> Vec<Row> {
    [scalars(), nonces(), keys(), mixed_up()]
        .into_iter()
        .flatten()
        .collect()
}

/// A small number as 32 bytes.
const fn little_endian(value: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = value;
    bytes
}

/// p + `value`, which reduces to `value`; p = 2^255 - 19.
fn above_p(value: u8) -> [u8; 32] {
    let mut bytes = [0xFF; 32];
    bytes[0] = 0xED + value;
    bytes[31] = 0x7F;
    bytes
}

fn negative(mut point: [u8; 32]) -> [u8; 32] {
    point[31] |= 0x80;
    point
}

/// The honest ticket's R and S.
fn halves() -> ([u8; 32], [u8; 32]) {
    let token = signed_with(&[]);
    let mut nonce = [0; 32];
    let mut scalar = [0; 32];
    nonce.copy_from_slice(&token[19..51]);
    scalar.copy_from_slice(&token[51..]);
    (nonce, scalar)
}

fn token(nonce: &[u8; 32], scalar: &[u8; 32]) -> [u8; TOKEN_LEN] {
    join(&payload_bytes(), &[*nonce, *scalar].concat())
}

/// Items 50 to 53: S out of range.
fn scalars() -> Vec<Row> {
    let (nonce, scalar) = halves();
    let mut rows = vec![
        Row::forged(50, "S = 0, R = identity", token(&IDENTITY, &[0; 32])),
        Row::bytes_for(
            50,
            "the same under an identity key",
            token(&IDENTITY, &[0; 32]),
            (event(), weak_key()),
            Expect::Refused(TicketError::Signature),
        ),
        Row::forged(51, "S + L", token(&nonce, &plus_order(scalar))),
        Row::forged(52, "S = L", token(&nonce, &ORDER)),
        Row::forged(52, "S = L, R = identity", token(&IDENTITY, &ORDER)),
    ];
    for bit in 5..8 {
        let mut high = scalar;
        high[31] |= 1 << bit;
        rows.push(Row::forged(53, "S with a high bit", token(&nonce, &high)));
    }
    rows
}

/// Everything verifies under it where nothing checks.
fn weak_key() -> VerifyingKey {
    VerifyingKey::from_bytes(&IDENTITY).expect("a point")
}

pub(super) fn plus_order(scalar: [u8; 32]) -> [u8; 32] {
    let mut sum = [0; 32];
    let mut carry = 0;
    for (index, byte) in sum.iter_mut().enumerate() {
        carry += u16::from(scalar[index]) + u16::from(ORDER[index]);
        [*byte, _] = carry.to_le_bytes();
        carry >>= 8;
    }
    sum
}

/// The 14 encodings of the 8 points of small order.
fn small_order_encodings() -> Vec<[u8; 32]> {
    let mut encodings: Vec<[u8; 32]> = EIGHT_TORSION
        .iter()
        .map(|point| point.compress().to_bytes())
        .collect();
    encodings.extend(non_canonical_small_order());
    encodings
}

/// y = 1 and y = -1 with a sign that x = 0 has not; y = p and y = p + 1.
fn non_canonical_small_order() -> [[u8; 32]; 6] {
    let mut minus_one = above_p(0);
    minus_one[0] -= 1;
    [
        negative(IDENTITY),
        negative(minus_one),
        above_p(0),
        negative(above_p(0)),
        above_p(1),
        negative(above_p(1)),
    ]
}

/// Items 54 to 57: R of small order, not canonical, or no point.
fn nonces() -> Vec<Row> {
    let (_, scalar) = halves();
    let mut rows: Vec<Row> = small_order_encodings()
        .iter()
        .map(|nonce| Row::forged(54, "R of small order", with_small_nonce(nonce)))
        .collect();
    rows.extend([
        Row::forged(55, "R = p + 1", with_small_nonce(&above_p(1))),
        Row::forged(
            56,
            "R = 1 with a sign",
            with_small_nonce(&negative(IDENTITY)),
        ),
        Row::forged(57, "R off the curve", token(&off_curve(), &scalar)),
    ]);
    rows
}

/// S = k·a: the equation holds for R = identity, and up to torsion for every other.
fn with_small_nonce(nonce: &[u8; 32]) -> [u8; TOKEN_LEN] {
    let message = message(DOMAIN, event(), &payload_bytes());
    let scalar = challenge(&[], nonce, &message) * key().to_scalar();
    token(nonce, scalar.as_bytes())
}

fn off_curve() -> [u8; 32] {
    (2..19)
        .map(little_endian)
        .find(|bytes| VerifyingKey::from_bytes(bytes).is_err())
        .expect("half of all y are on no point")
}

/// Items 58 and 59: keys for a keyring. Item 64's key is tried both ways.
fn keys() -> Vec<Row> {
    let mut rows: Vec<Row> = EIGHT_TORSION
        .iter()
        .map(|point| {
            let bytes = point.compress().to_bytes();
            Row::key(58, "small order", bytes, KeyError::SmallOrder)
        })
        .collect();
    for bytes in non_canonical_small_order() {
        rows.push(Row::key(58, "not canonical", bytes, KeyError::NonCanonical));
    }
    let large = (2..19)
        .find(|y| VerifyingKey::from_bytes(&little_endian(*y)).is_ok())
        .expect("half of all y are on a point");
    rows.extend([
        Row::key(
            58,
            "not canonical, large order",
            above_p(large),
            KeyError::NonCanonical,
        ),
        Row::key(58, "off the curve", off_curve(), KeyError::NotAPoint),
    ]);
    for torsion in &EIGHT_TORSION[1..] {
        let bytes = (key().verifying_key().to_edwards() + torsion).compress();
        rows.push(Row::key(
            59,
            "torsioned",
            bytes.to_bytes(),
            KeyError::Torsioned,
        ));
    }
    rows
}

/// Items 60 to 65: right parts in the wrong place.
fn mixed_up() -> Vec<Row> {
    let (nonce, scalar) = halves();
    let mut big_endian = scalar;
    big_endian.reverse();
    let mut big_endian_nonce = nonce;
    big_endian_nonce.reverse();
    let honest = signed_with(&[]);
    let other = signed_with(&[(6, 0x56)]);
    let montgomery = key().verifying_key().to_montgomery().to_bytes();
    let signature_of_another = [&honest[..19], &other[19..]].concat();
    let mut rows = vec![
        Row::frame(60, "63 bytes", &honest[..82], FrameError::Length),
        Row::frame(
            60,
            "65 bytes",
            [&honest[..], &[0]].concat(),
            FrameError::Length,
        ),
        Row::forged(61, "S before R", token(&scalar, &nonce)),
        Row::forged(62, "S big-endian", token(&nonce, &big_endian)),
        Row::forged(
            62,
            "R and S big-endian",
            token(&big_endian_nonce, &big_endian),
        ),
        Row::key(64, "an X25519 key", montgomery, KeyError::NotAPoint),
        Row::forged(65, "another ticket's signature", signature_of_another),
    ];
    let message = message(DOMAIN, event(), &payload_bytes());
    let hashed = Sha512::digest(&message);
    for (what, dom2, message) in [
        ("Ed25519ph", dom2(1, b""), hashed.as_slice()),
        (
            "Ed25519ph with a context",
            dom2(1, b"TKT1"),
            hashed.as_slice(),
        ),
        ("Ed25519ctx", dom2(0, b"TKT1"), &message),
    ] {
        rows.push(Row::forged(
            63,
            what,
            join(&payload_bytes(), &raw_sign(&dom2, message)),
        ));
    }
    rows
}

/// RFC 8032 section 2.
fn dom2(prehash: u8, context: &[u8]) -> Vec<u8> {
    let length = u8::try_from(context.len()).expect("a short context");
    [
        b"SigEd25519 no Ed25519 collisions".as_slice(),
        &[prehash, length],
        context,
    ]
    .concat()
}

fn challenge(dom2: &[u8], nonce: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new()
        .chain_update(dom2)
        .chain_update(nonce)
        .chain_update(key().verifying_key().as_bytes())
        .chain_update(message)
        .finalize();
    Scalar::from_bytes_mod_order_wide(&hash.into())
}

/// Ed25519 with any `dom2`; the nonce is a fixed scalar, which only a test may do.
fn raw_sign(dom2: &[u8], message: &[u8]) -> Vec<u8> {
    let secret = Scalar::from(0x5EED_u64);
    let nonce = (ED25519_BASEPOINT_POINT * secret).compress().to_bytes();
    let scalar = secret + challenge(dom2, &nonce, message) * key().to_scalar();
    [nonce, scalar.to_bytes()].concat()
}

#[test]
fn the_forgeries_are_good_enough_for_a_lax_verifier() {
    let message = message(DOMAIN, event(), &payload_bytes());
    let lax = |key: &VerifyingKey, signature: &[u8]| {
        let signature = Signature::from_slice(signature).expect("64 bytes");
        key.verify(&message, &signature).is_ok()
    };
    let honest = key().verifying_key();
    // The raw signer signs properly when it is told to, so item 63 fails for its dom2 alone.
    assert!(lax(&honest, &raw_sign(&[], &message)));
    assert!(lax(&honest, &with_small_nonce(&IDENTITY)[19..]));
    assert!(lax(&weak_key(), &[IDENTITY, [0; 32]].concat()));
}

#[test]
fn there_are_14_encodings_of_small_order() {
    let mut encodings = small_order_encodings();
    encodings.sort_unstable();
    encodings.dedup();
    assert_eq!(encodings.len(), 14);
    for encoding in encodings {
        let key = VerifyingKey::from_bytes(&encoding).expect("a point");
        assert!(key.is_weak());
    }
}
