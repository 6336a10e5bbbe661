//! The rotating ticket: its known answer, its symbol, and that no bit of it can be turned.
// T9

use proptest::prelude::*;
use qrcode::{EcLevel, QrCode, Version};
use shared::ticket::chain::{LATE_STEPS, step_at, step_time, steps};
use shared::ticket::{
    CHAIN_TOKEN_DIGITS, CHAIN_TOKEN_LEN, Chain, Link, Payload, ScanProof, TicketError, Token,
    digits, sign_chain, verify,
};
use shared::time::Timestamp;

use crate::fixture::{
    LAST_LINK, LAST_STEP, anchor, chain, code, event, key, other_event, payload, rotating,
};

#[test]
fn t9_known_answer() {
    assert_eq!(hex::encode(anchor().0), "fd4e26cfbe20237934c4e97c9d93067b");
    let reveal = chain().walk(LAST_STEP, 1000, LAST_LINK);
    assert_eq!(hex::encode(reveal.0), "25501afe6216b03940f1454b9ca1a48e");
    let token = rotating().show(1000, reveal);
    assert_eq!(token.step(), Some(1000));
    let text = token.to_digits();
    let read = Token::from_digits(&text).expect("reads");
    assert_eq!(read, token);
    assert_eq!(
        verify(&read, event(), &key().verifying_key()),
        Ok(payload())
    );
}

#[test]
fn t9_is_117_bytes_285_digits_and_qr_version_7_at_m() {
    let token = Token::from_bytes(&code(1)).expect("a frame");
    let text = token.to_digits();
    assert_eq!(token.as_bytes().len(), CHAIN_TOKEN_LEN);
    assert_eq!((CHAIN_TOKEN_LEN, CHAIN_TOKEN_DIGITS), (117, 285));
    assert_eq!(text.len(), CHAIN_TOKEN_DIGITS);
    // 36 to 40, as a static ticket: no reader drops a leading zero.
    assert!(text.starts_with("36"), "{}", &text[..4]);
    let symbol = QrCode::with_error_correction_level(&text, EcLevel::M).expect("fits");
    assert_eq!(symbol.version(), Version::Normal(7));
    let smaller = QrCode::with_version(&text, Version::Normal(6), EcLevel::M);
    assert!(smaller.is_err());
}

#[test]
fn every_code_of_a_ticket_has_its_proof_and_no_other_ticket_has() {
    // T9 T10: a gate that saw step 5 and one that saw step 900 agree.
    let proof =
        |bytes: &[u8]| ScanProof::of_token(event(), &Token::from_bytes(bytes).expect("a frame"));
    assert_eq!(proof(&code(5)), proof(&code(900)));
    assert_eq!(
        proof(&code(5)),
        ScanProof::of_chain(event(), &rotating()),
        "the server knows it without a code"
    );
    let next = Payload {
        generation: 2,
        ..payload()
    };
    let next = sign_chain(&key(), event(), &next, anchor()).expect("signs");
    assert_ne!(ScanProof::of_chain(event(), &next), proof(&code(5)));
}

#[test]
fn every_flipped_bit_of_a_code_is_refused() {
    // T9
    let honest = code(1000);
    for bit in 0..CHAIN_TOKEN_LEN * 8 {
        let mut flipped = honest.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let judged = Token::from_bytes(&flipped)
            .and_then(|token| verify(&token, event(), &key().verifying_key()));
        assert!(judged.is_err(), "bit {bit}");
    }
}

#[test]
fn a_code_is_refused_at_another_event() {
    let token = Token::from_bytes(&code(7)).expect("a frame");
    assert_eq!(
        verify(&token, other_event(), &key().verifying_key()),
        Err(TicketError::Signature)
    );
}

#[test]
fn steps_cover_the_window_and_an_hour_and_fit_16_bits() {
    assert_eq!(steps(0, 1), Some(30 + LATE_STEPS));
    assert_eq!(steps(64, 104), Some(1320));
    assert_eq!(steps(5, 5 + 2180), Some(65_520));
    assert_eq!(
        steps(5, 5 + 2181),
        None,
        "22 days and 17 hours are the most"
    );
    assert_eq!(steps(0, u16::MAX), None);
    assert_eq!(steps(2, 1), None);
    let wide = Payload {
        not_before: 0,
        not_after: 2181,
        ..payload()
    };
    assert!(sign_chain(&key(), event(), &wide, anchor()).is_err());
}

#[test]
fn the_step_of_a_moment_stands_still_outside_the_chain() {
    let start = Timestamp::from_secs(1_790_000_000);
    let at = |secs: i64| step_at(start, 1320, start.plus_secs(secs));
    assert_eq!(at(-86_400), 1);
    assert_eq!((at(0), at(29), at(59), at(60)), (1, 1, 1, 2));
    assert_eq!((at(30_000), at(39_600), at(1 << 40)), (1000, 1320, 1320));
    assert_eq!(step_time(start, 1000), start.plus_secs(30_000));
}

#[test]
fn debug_shows_no_link() {
    assert_eq!(
        format!("{LAST_LINK:?} {:?}", rotating()),
        "Link SignedChain"
    );
    let token = Token::from_bytes(&code(9)).expect("a frame");
    assert_eq!(format!("{token:?}"), "Token { kid: 3, step: 9, .. }");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_chain_verifies_at_each_of_its_steps(
        seed in any::<[u8; 16]>(), serial in 0_u32..1 << 20, generation in 1_u8..=254, step in 1_u16..=1320,
    ) {
        let payload = Payload { serial, generation, ..payload() };
        let chain = Chain::of(event(), &payload);
        let signed = sign_chain(&key(), event(), &payload, chain.walk(1320, 0, Link(seed))).expect("signs");
        let token = signed.show(step, chain.walk(1320, step, Link(seed)));
        let text = token.to_digits();
        prop_assert_eq!(text.len(), CHAIN_TOKEN_DIGITS);
        let read = Token::from_digits(&text).expect("reads");
        prop_assert_eq!(verify(&read, event(), &key().verifying_key()), Ok(payload));
        // Who saw this code knows no later one.
        let guess = signed.show(step + 1, Link(seed));
        prop_assert!(step + 1 == 1320 || verify(&guess, event(), &key().verifying_key()).is_err());
    }

    #[test]
    fn no_bytes_panic_and_none_is_a_code(mut bytes in proptest::collection::vec(any::<u8>(), CHAIN_TOKEN_LEN)) {
        bytes[0] = 0x81;
        let token = Token::from_bytes(&bytes).expect("a frame");
        prop_assert_eq!(digits::encode(token.as_bytes()), token.to_digits());
        prop_assert!(verify(&token, event(), &key().verifying_key()).is_err());
    }
}
