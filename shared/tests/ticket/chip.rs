//! T1N: bound to the chip it lies on, and to nothing else.
// T7 corpus 34 35

use ed25519_dalek::Signer;
use serde_json::json;
use shared::admission::{Presented, Reason, present, present_chip};
use shared::limits::SERIAL_MAX;
use shared::ticket::chip::unsigned;
use shared::ticket::{
    ChipUid, FrameError, ScanProof, TOKEN_LEN, TicketError, TicketType, Token, digits, sign,
    sign_chip, verify,
};
use shared::time::Timestamp;
use shared::trust::{KeyStatus, Keyring, KeyringEntry, TrustedKeys};

use crate::fixture::{code, event, key, message, other_event, payload};
use crate::golden_file::{bytes, golden, text};

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

fn uid(bytes: &[u8]) -> ChipUid {
    ChipUid::new(bytes).expect("a uid")
}

fn band() -> ChipUid {
    uid(&[0x04, 0xA2, 0x24, 0x5A, 0x71, 0x6C, 0x80])
}

fn token() -> Token {
    sign_chip(&key(), event(), &payload(), &band()).expect("signs")
}

fn keys() -> TrustedKeys {
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
    TrustedKeys::load(&keyring).expect("good keys")
}

/// At a chip reader.
fn held(memory: &[u8], uid: ChipUid) -> Option<Reason> {
    match present_chip(uid, memory, event(), &keys(), &|_| None, NOW) {
        Presented::Ticket { .. } | Presented::Found { .. } => None,
        Presented::Refused(reason) => Some(reason),
    }
}

#[test]
fn a_ticket_on_its_chip_is_good_and_on_another_it_is_not() {
    // T7
    let token = token();
    assert_eq!(token.as_bytes().len(), TOKEN_LEN);
    assert_eq!(held(token.as_bytes(), band()), None);
    let read = Token::from_chip(token.as_bytes(), band()).expect("a frame");
    assert_eq!(
        verify(&read, event(), &key().verifying_key()),
        Ok(payload())
    );
    assert_eq!(
        ScanProof::of_token(event(), &read),
        ScanProof::of_token(event(), &token)
    );
    let others = [
        uid(&[0x04, 0xA2, 0x24, 0x5A, 0x71, 0x6C, 0x81]),
        uid(&[0x04, 0xA2, 0x24, 0x5A]),
        uid(&[0x04, 0xA2, 0x24, 0x5A, 0x71, 0x6C, 0x80, 0, 0, 0]),
    ];
    for other in others {
        let forged = Some(Reason::BadSignature);
        assert_eq!(held(token.as_bytes(), other), forged, "{other:?}");
    }
    assert!(verify(&read, other_event(), &key().verifying_key()).is_err());
    for bit in 0..TOKEN_LEN * 8 {
        let mut flipped = token.as_bytes().to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(held(&flipped, band()).is_some(), "bit {bit}");
    }
}

#[test]
fn corpus_34_a_chips_ticket_is_no_code() {
    // corpus 34: copied off the chip and printed, as it is or dressed as a static ticket.
    let mut copied = token().as_bytes().to_vec();
    let unsupported = FrameError::Unsupported(TicketType::MediumBound);
    let text = digits::encode(&copied);
    assert_eq!(Token::from_digits(&text), Err(unsupported.into()));
    let shown = present(&text, event(), &keys(), NOW);
    assert_eq!(shown, Presented::Refused(Reason::NotATicket));
    copied[0] = 0x80;
    let shown = present(&digits::encode(&copied), event(), &keys(), NOW);
    assert_eq!(shown, Presented::Refused(Reason::BadSignature));
}

#[test]
fn corpus_35_a_code_written_to_a_chip_is_no_ticket() {
    // corpus 35: it would bind no chip, and any chip could be a copy of it.
    let still = sign(&key(), event(), &payload()).expect("signs");
    for bytes in [still.as_bytes(), &code(1)[..]] {
        assert_eq!(held(bytes, band()), Some(Reason::NotATicket));
    }
    let mut dressed = still.as_bytes().to_vec();
    dressed[0] = 0x86;
    assert_eq!(held(&dressed, band()), Some(Reason::BadSignature));
    // Signed without a UID, or over the domain of the static one with the UID behind it.
    let bytes = token().as_bytes()[..19].to_vec();
    for message in [
        message(b"TKT1.medium\0", event(), &bytes),
        [
            message(b"TKT1.static\0", event(), &bytes),
            band().as_bytes().to_vec(),
        ]
        .concat(),
    ] {
        let forged = [&bytes[..], &key().sign(&message).to_bytes()].concat();
        assert_eq!(held(&forged, band()), Some(Reason::BadSignature));
    }
    for cut in [&[][..], &[0x86], &token().as_bytes()[..82]] {
        assert_eq!(held(cut, band()), Some(Reason::NotATicket));
    }
    let bare = unsigned(&payload(), &band()).expect("a frame");
    assert_eq!(
        verify(&bare, event(), &key().verifying_key()),
        Err(TicketError::Signature)
    );
}

#[test]
fn numbers_that_do_not_last_bind_nothing() {
    // T7
    for bad in [
        &[][..],
        &[4],
        &[4; 5],
        &[4; 11],
        &[0x08, 1, 2, 3],
        &[0; 7],
        &[0xFF; 4],
    ] {
        assert_eq!(ChipUid::new(bad), None, "{bad:?}");
    }
    assert_eq!(band().to_hex(), "04A2245A716C80");
    assert!(
        ChipUid::new(&[0x08; 7]).is_some(),
        "only short ones are drawn anew"
    );
}

#[test]
fn a_chips_ticket_replays_from_its_file() {
    // T7
    let fresh = json!({
        "about": "T1N: a ticket on a chip, and the chip's UID.",
        "event": event(),
        "publicKey": hex::encode(key().verifying_key()),
        "uid": band().to_hex(),
        "ticket": hex::encode(token().as_bytes()),
        "scanProof": hex::encode(ScanProof::of_token(event(), &token()).0),
    });
    let file = golden("ticket/chip.json", &fresh);
    let uid = uid(&bytes(&file["uid"]));
    let event = text(&file["event"]).parse().expect("a uuid");
    let token = Token::from_chip(&bytes(&file["ticket"]), uid).expect("a frame");
    let payload = verify(&token, event, &key().verifying_key()).expect("a good ticket");
    assert_eq!(payload.serial, 48_213);
}
