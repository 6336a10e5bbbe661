//! T1S: what a seal hides, what it is bound to, and that it lends nothing to what is inside.
// T10 corpus 78 79 80 81 82

use std::sync::Arc;

use aes_gcm_siv::aead::{Aead, KeyInit, Payload as Message};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use ed25519_dalek::Signer;
use serde_json::json;
use shared::admission::{Presented, Reason, present};
use shared::limits::SERIAL_MAX;
use shared::ticket::sealed::unsigned;
use shared::ticket::{
    FrameError, OpenError, Payload, SEALED_TOKEN_DIGITS, SEALED_TOKEN_LEN, ScanKey, ScanProof,
    SignError, TicketError, Token, check_public_key, digits, event_hint, sign, sign_sealed, verify,
};
use shared::time::Timestamp;
use shared::trust::{KeyStatus, Keyring, KeyringEntry, TrustedKeys};
use zeroize::Zeroizing;

use crate::fixture::{event, key, message, other_event, payload};
use crate::golden_file::{bytes, golden, text};

const KEY: [u8; 32] = [0x5C; 32];
const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

fn scan_key(id: u8) -> ScanKey {
    ScanKey::new(id, Zeroizing::new(KEY))
}

fn opened() -> Token {
    sign_sealed(&key(), event(), &payload()).expect("signs")
}

fn sealed() -> Token {
    opened().seal(event(), &scan_key(2)).expect("seals")
}

/// The seal around any 80 bytes, as whoever has the scan key can make it.
fn sealed_around(inside: &[u8]) -> Token {
    let hint = event_hint(event());
    let header = [0x84, 2, hint[0], hint[1]];
    let aad = [&header[..], event().as_bytes()].concat();
    let made = Aes256GcmSiv::new(&KEY.into()).encrypt(
        &Nonce::default(),
        Message {
            msg: inside,
            aad: &aad,
        },
    );
    let bytes = [&header[..], &made.expect("encrypts")].concat();
    Token::from_bytes(&bytes).expect("a frame")
}

fn keys(scan_keys: Vec<ScanKey>) -> TrustedKeys {
    let keyring = Keyring {
        keys: vec![KeyringEntry {
            kid: 3,
            public_key: key().verifying_key().to_bytes(),
            serial_first: 0,
            serial_last: SERIAL_MAX,
            not_before: NOW,
            not_after: NOW,
            status: KeyStatus::Active,
        }],
    };
    let keys = TrustedKeys::load(&keyring).expect("good keys");
    keys.with_scan_keys(scan_keys.into_iter().map(Arc::new).collect())
}

/// As a gate of the event judges it.
fn judged(token: &Token, keys: &TrustedKeys) -> Option<Reason> {
    match present(&token.to_digits(), event(), keys, NOW) {
        Presented::Ticket { .. } | Presented::Found { .. } => None,
        Presented::Refused(reason) => Some(reason),
    }
}

#[test]
fn a_sealed_ticket_opens_to_what_was_signed() {
    // T10
    let token = sealed();
    let text = token.to_digits();
    assert_eq!(
        (token.as_bytes().len(), text.len()),
        (SEALED_TOKEN_LEN, SEALED_TOKEN_DIGITS)
    );
    assert_eq!(Token::from_digits(&text), Ok(token));
    assert_eq!(token.scan_key_id(), Some(2));
    assert_eq!(
        verify(&token, event(), &key().verifying_key()),
        Err(TicketError::Sealed)
    );
    let open = token.open(event(), &scan_key(2)).expect("opens");
    assert_eq!(open, opened());
    assert!(open.was_sealed() && !token.was_sealed());
    assert_eq!(
        verify(&open, event(), &key().verifying_key()),
        Ok(payload())
    );
    assert_eq!(judged(&token, &keys(vec![scan_key(1), scan_key(2)])), None);
    // The same ticket is the same code; another ticket shares nothing with it but the header.
    assert_eq!(sealed(), token);
    let other = Payload {
        serial: 48_214,
        ..payload()
    };
    let other = sign_sealed(&key(), event(), &other).expect("signs");
    let other = other.seal(event(), &scan_key(2)).expect("seals");
    let same = other.as_bytes().iter().zip(token.as_bytes());
    assert!(same.filter(|(a, b)| a == b).count() < 12);
    // What a device writes in its log is of the ticket, not of its seal.
    let proof = ScanProof::of_token(event(), &open);
    let resealed = opened().seal(event(), &scan_key(7)).expect("seals");
    let reopened = resealed.open(event(), &scan_key(7)).expect("opens");
    assert_eq!(ScanProof::of_token(event(), &reopened), proof);
}

#[test]
fn a_photograph_tells_neither_serial_nor_class_nor_seat() {
    // T10: no run of the payload or signature stands in it.
    let (token, inside) = (sealed(), opened());
    for run in inside.as_bytes()[4..].windows(4) {
        assert!(!token.as_bytes().windows(4).any(|seen| seen == run));
    }
    let shown = format!("{token:?} {:?}", scan_key(2));
    assert!(!shown.contains("48213") && !shown.contains("92"), "{shown}");
}

#[test]
fn corpus_78_79_every_flipped_bit_breaks_the_seal() {
    // corpus 78 (tag), 79 (header, which is associated data), and all that is between them.
    let good = sealed();
    for bit in 0..SEALED_TOKEN_LEN * 8 {
        let mut bytes = good.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(token) = Token::from_bytes(&bytes) else {
            assert!(bit < 8, "only the type byte changes the frame");
            continue;
        };
        if token.scan_key_id().is_none() {
            continue;
        }
        // Under the very key, whatever the header says now.
        let id = bytes[1];
        let opened = token.open(event(), &scan_key(id));
        assert_eq!(opened, Err(OpenError::Broken), "bit {bit}");
    }
    // The event is bound, too: the same bytes at another event whose key is the same.
    assert_eq!(
        good.open(other_event(), &scan_key(2)),
        Err(OpenError::Broken)
    );
    let keys = keys(vec![scan_key(2)]);
    let mut bytes = good.as_bytes().to_vec();
    bytes[SEALED_TOKEN_LEN - 1] ^= 1;
    let token = Token::from_bytes(&bytes).expect("a frame");
    assert_eq!(judged(&token, &keys), Some(Reason::BadSignature));
}

#[test]
fn corpus_80_a_wrong_scan_key_opens_nothing() {
    // corpus 80
    let token = sealed();
    assert_eq!(token.open(event(), &scan_key(3)), Err(OpenError::OtherKey));
    let stranger = ScanKey::new(2, Zeroizing::new([0x5D; 32]));
    assert_eq!(token.open(event(), &stranger), Err(OpenError::Broken));
    assert_eq!(judged(&token, &keys(vec![])), Some(Reason::UnknownKey));
    assert_eq!(
        judged(&token, &keys(vec![scan_key(3)])),
        Some(Reason::UnknownKey)
    );
    assert_eq!(
        judged(&token, &keys(vec![stranger])),
        Some(Reason::BadSignature)
    );
}

#[test]
fn corpus_81_a_good_seal_lends_nothing_to_a_bad_signature() {
    // corpus 81: a stolen scanner can seal, and still cannot make a ticket.
    let keys = keys(vec![scan_key(2)]);
    let honest = opened().as_bytes().to_vec();
    let inside = |bytes: &[u8]| [&bytes[1..2], &bytes[4..]].concat();
    assert_eq!(judged(&sealed_around(&inside(&honest)), &keys), None);
    for at in [5, 8, 30, 82] {
        let mut forged = honest.clone();
        forged[at] ^= 1;
        let token = sealed_around(&inside(&forged));
        assert_eq!(judged(&token, &keys), Some(Reason::BadSignature), "{at}");
    }
    assert_eq!(
        judged(&sealed_around(&[0; 80]), &keys),
        Some(Reason::UnknownKey)
    );
    // Another kid than the one that signed.
    let mut other_kid = honest.clone();
    other_kid[1] = 4;
    let token = sealed_around(&inside(&other_kid));
    assert_eq!(judged(&token, &keys), Some(Reason::UnknownKey));
    // A static ticket's signature, and one over the other domain.
    let still = sign(&key(), event(), &payload()).expect("signs");
    let token = sealed_around(&inside(still.as_bytes()));
    assert_eq!(judged(&token, &keys), Some(Reason::BadSignature));
    let signature = key().sign(&message(b"TKT1.static\0", event(), &honest[..19]));
    let crossed = [&honest[..19], &signature.to_bytes()].concat();
    let token = sealed_around(&inside(&crossed));
    assert_eq!(judged(&token, &keys), Some(Reason::BadSignature));
}

#[test]
fn corpus_82_sealed_in_sealed_and_opened_in_clear_are_no_tickets() {
    // corpus 82
    let keys = keys(vec![scan_key(2)]);
    let outer = sealed_around(&sealed().as_bytes()[..80]);
    let reason = judged(&outer, &keys);
    assert!(
        matches!(reason, Some(Reason::UnknownKey | Reason::BadSignature)),
        "{reason:?}"
    );
    assert_eq!(
        sealed().seal(event(), &scan_key(2)),
        Err(SignError::Frame(FrameError::Unsupported(
            shared::ticket::TicketType::Static
        )))
    );
    // What a stolen scanner reads cannot be shown in clear: as it is, or dressed as a static one.
    let mut clear = opened().as_bytes().to_vec();
    assert_eq!(
        Token::from_bytes(&clear),
        Err(TicketError::Frame(FrameError::Length))
    );
    clear[0] = 0x80;
    let token = Token::from_digits(&digits::encode(&clear)).expect("a frame");
    assert_eq!(judged(&token, &keys), Some(Reason::BadSignature));
    // Nor does the issuer's own frame without a signature pass anywhere.
    let bare = unsigned(&payload()).expect("a frame");
    assert_eq!(
        verify(&bare, event(), &key().verifying_key()),
        Err(TicketError::Signature)
    );
}

#[test]
fn the_cipher_is_that_of_rfc_8452() {
    // Appendix C.2, the first case: nothing to hide, only a tag.
    let mut secret = [0; 32];
    secret[0] = 1;
    let mut nonce = [0; 12];
    nonce[0] = 3;
    let cipher = Aes256GcmSiv::new(&secret.into());
    let tag = cipher.encrypt(&nonce.into(), &[][..]).expect("encrypts");
    assert_eq!(hex::encode(tag), "07f5f4169bbf55a8400cd47ea6fd400f");
}

#[test]
fn a_sealed_ticket_replays_from_its_file() {
    // T10. Payload and key of the static known answer.
    let fresh = json!({
        "about": "T1S: a sealed ticket, what was in it, and what opens it.",
        "event": event(),
        "publicKey": hex::encode(key().verifying_key()),
        "scanKeyId": 2,
        "scanKey": hex::encode(KEY),
        "opened": hex::encode(opened().as_bytes()),
        "sealed": hex::encode(sealed().as_bytes()),
        "digits": sealed().to_digits(),
        "scanProof": hex::encode(ScanProof::of_token(event(), &opened()).0),
    });
    let file = golden("ticket/sealed.json", &fresh);
    let event = text(&file["event"]).parse().expect("a uuid");
    let public = bytes(&file["publicKey"]).try_into().expect("32 bytes");
    let public = check_public_key(&public).expect("a good key");
    let secret: [u8; 32] = bytes(&file["scanKey"]).try_into().expect("32 bytes");
    let token = Token::from_digits(text(&file["digits"])).expect("a frame");
    assert_eq!(token.as_bytes(), bytes(&file["sealed"]));
    let open = token.open(event, &ScanKey::new(2, Zeroizing::new(secret)));
    let open = open.expect("opens");
    assert_eq!(open.as_bytes(), bytes(&file["opened"]));
    let payload = verify(&open, event, &public).expect("a good signature");
    assert_eq!((payload.serial, payload.generation), (48_213, 1));
}
