//! Properties over arbitrary bytes, texts and payloads.
// T1 corpus 49

use std::fmt::Write;

use proptest::prelude::*;
use shared::limits::SERIAL_MAX;
use shared::ticket::layout::{SEAT_INDEX_MAX, WINDOW_UNITS_MAX};
use shared::ticket::{
    Flags, PAYLOAD_LEN, Payload, TOKEN_DIGITS, TOKEN_LEN, Token, check_public_key, digits,
    event_hint, sign, verify,
};

use crate::fixture::{event, key, other_event};

prop_compose! {
    fn payloads()(
        (kid, generation, class, zones) in (any::<u8>(), 1_u8..=254, any::<u8>(), any::<u16>()),
        serial in 0..=SERIAL_MAX,
        width in 1..=WINDOW_UNITS_MAX,
        start in any::<u16>(),
        bits in 0_u8..0x20,
        seat in proptest::option::of(0..=SEAT_INDEX_MAX),
    ) -> Payload {
        let flags = Flags::from_bits(bits << 1).expect("no reserved bit");
        let not_before = start.min(u16::MAX - width);
        Payload {
            kid,
            serial,
            generation,
            class,
            zones,
            not_before,
            not_after: not_before + width,
            flags: if seat.is_some() { flags.with(Flags::SEAT) } else { flags },
            seat,
            hint: event_hint(event()),
        }
    }
}

proptest! {
    #[test]
    fn bytes_survive_digits(bytes in proptest::collection::vec(any::<u8>(), 1..400)) {
        let text = digits::encode(&bytes);
        prop_assert_eq!(text.len(), digits::digits_len(bytes.len()));
        prop_assert_eq!(digits::decode(&text), Ok(bytes));
    }

    #[test]
    fn an_accepted_text_is_the_only_one(text in "[0-9]{1,250}") {
        if let Ok(bytes) = digits::decode(&text) {
            prop_assert_eq!(digits::encode(&bytes), text);
        }
    }

    // Groups below the bound decode always, so that the property above is not vacuous.
    #[test]
    fn a_text_of_honest_groups_is_accepted(groups in proptest::collection::vec(0_u64..1 << 56, 1..20)) {
        let mut text = String::new();
        for group in &groups {
            write!(text, "{group:017}").expect("a string takes all");
        }
        let bytes = digits::decode(&text).expect("every group fits");
        prop_assert_eq!(digits::encode(&bytes), text);
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let general = digits::decode(&text);
        let fixed = digits::decode_fixed::<TOKEN_LEN>(&text);
        if let Ok(bytes) = &fixed {
            prop_assert_eq!(general.as_deref(), Ok(bytes.as_slice()));
        }
        if let Ok(token) = Token::from_digits(&text) {
            prop_assert_eq!(token.to_digits(), text);
        }
    }

    #[test]
    fn no_digits_panic_and_none_is_a_ticket(text in "[0-9]{202}") {
        if let Ok(token) = Token::from_digits(&text) {
            prop_assert_eq!(token.to_digits(), text);
            prop_assert!(verify(&token, event(), &key().verifying_key()).is_err());
        }
    }

    #[test]
    fn no_bytes_panic_and_none_is_a_ticket(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..200),
        shape in any::<bool>(),
    ) {
        if shape {
            bytes.resize(TOKEN_LEN, 0);
            bytes[0] = 0x80;
        }
        if let Ok(token) = Token::from_bytes(&bytes) {
            prop_assert_eq!(token.as_bytes(), bytes);
            prop_assert!(verify(&token, event(), &key().verifying_key()).is_err());
        }
    }

    #[test]
    fn a_payload_has_one_encoding(mut bytes in any::<[u8; PAYLOAD_LEN]>(), shape in any::<bool>()) {
        if shape {
            bytes[0] = 0x80;
            bytes[15] &= 0x3F;
        }
        if let Ok(payload) = Payload::decode(&bytes) {
            prop_assert_eq!(payload.encode(), Ok(bytes));
        }
    }

    #[test]
    fn payloads_survive_bytes_and_text(payload in payloads()) {
        let bytes = payload.encode().expect("in range");
        prop_assert_eq!(Payload::decode(&bytes), Ok(payload));
        let token = sign(&key(), event(), &payload).expect("signs");
        let text = token.to_digits();
        prop_assert_eq!(text.len(), TOKEN_DIGITS);
        // The high nibble 8 makes every ticket start with 36 to 40, so no reader drops a zero.
        prop_assert!((36..=40).contains(&text[..2].parse::<u8>().expect("digits")));
        let read = Token::from_digits(&text).expect("reads");
        prop_assert_eq!(verify(&read, event(), &key().verifying_key()), Ok(payload));
        prop_assert!(verify(&read, other_event(), &key().verifying_key()).is_err());
    }

    #[test]
    fn no_key_panics(bytes in any::<[u8; 32]>()) {
        if let Ok(key) = check_public_key(&bytes) {
            prop_assert_eq!(key.to_bytes(), bytes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_flipped_bit_of_any_ticket_is_refused(payload in payloads()) {
        let token = sign(&key(), event(), &payload).expect("signs");
        for bit in 0..TOKEN_LEN * 8 {
            let mut flipped = token.as_bytes().to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let judged = Token::from_bytes(&flipped)
                .and_then(|token| verify(&token, event(), &key().verifying_key()));
            prop_assert!(judged.is_err(), "bit {bit}");
        }
    }
}
