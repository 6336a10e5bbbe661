//! Text that a scanner, a keyboard or an attacker hands to the gate, as text and as a frame that the
//! issuer's own key has signed: the reader behind the signature must be as careful as the one before.

#![no_main]

use ed25519_dalek::Signer as _;
use fuzz::{EVENT, KID, NOW, key, keys};
use libfuzzer_sys::fuzz_target;
use shared::admission::{Presented, present};
use shared::ticket::{PAYLOAD_LEN, Token, event_hint};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Ok(token) = Token::from_digits(&text) {
        assert_eq!(token.to_digits(), text, "one ticket, one text");
    }
    if let Presented::Ticket { payload, .. } = present(&text, EVENT, &keys(), NOW) {
        // Only the corpus holds one that was honestly signed, and then it is this one.
        assert_eq!(payload.kid, KID);
    }
    let Some(payload) = data.first_chunk::<PAYLOAD_LEN>() else {
        return;
    };
    let mut payload = *payload;
    (payload[0], payload[1]) = (0x80, KID);
    payload[2..4].copy_from_slice(&event_hint(EVENT));
    let signature = key().sign(&[b"TKT1.static\0", EVENT.as_bytes().as_slice(), &payload].concat());
    let bytes = [payload.as_slice(), &signature.to_bytes()].concat();
    let token = Token::from_bytes(&bytes).expect("the frame is one");
    if let Presented::Ticket { payload: read, .. } =
        present(&token.to_digits(), EVENT, &keys(), NOW)
    {
        assert_eq!(read.encode(), Ok(payload), "what is accepted is canonical");
    }
});
