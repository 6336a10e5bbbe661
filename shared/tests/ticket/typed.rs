//! The typed code: its digits, its check, its proof and index, and `shared/vectors/ticket/codes.json`.
// T6

use serde_json::{Value, json};
use shared::ticket::{CODE_DIGITS, TypedCode};

use crate::fixture::event;
use crate::golden_file::{golden, list, text};

fn plain(code: TypedCode) -> String {
    code.to_string().replace('-', "")
}

#[test]
fn a_code_has_the_check_digits_of_iso_7064_and_four_groups() {
    // T6: ISO 7064 gives 794 the check digits 44.
    assert_eq!(TypedCode::from_secret(794).to_string(), "0000-0000-0794-44");
    let code = TypedCode::from_secret(123_456_789_012);
    assert!(TypedCode::from_digits(&plain(code)) == Some(code));
    assert!(
        TypedCode::from_secret(7_123_456_789_012) == code,
        "twelve digits count"
    );
}

#[test]
fn single_adjacent_and_jump_errors_are_caught() {
    // T6, corpus 100
    for secret in (0..200_u64).map(|at| at * 5_000_011_357) {
        let typed = plain(TypedCode::from_secret(secret));
        let digits: Vec<char> = typed.chars().collect();
        let is_code = |digits: &[char]| {
            let text: String = digits.iter().collect();
            TypedCode::from_digits(&text).is_some()
        };
        for at in 0..CODE_DIGITS {
            for wrong in '0'..='9' {
                let mut slip = digits.clone();
                slip[at] = wrong;
                assert_eq!(is_code(&slip), wrong == digits[at], "{typed} at {at}");
            }
            for step in [1, 2] {
                if at + step < CODE_DIGITS && digits[at] != digits[at + step] {
                    let mut slip = digits.clone();
                    slip.swap(at, at + step);
                    assert!(!is_code(&slip), "{typed} swapped at {at}");
                }
            }
        }
    }
}

#[test]
fn other_lengths_other_characters_and_zeros_are_no_code() {
    // T6, corpus 100
    let good = plain(TypedCode::from_secret(42));
    let bad = [
        String::new(),
        "00000000000000".to_owned(),
        good[1..].to_owned(),
        format!("{good}0"),
        format!("{}x", &good[1..]),
        format!("+{}", &good[1..]),
        good.replace('4', "٤"),
        TypedCode::from_secret(42).to_string(),
    ];
    for bad in bad {
        assert!(TypedCode::from_digits(&bad).is_none(), "{bad:?}");
    }
}

#[test]
fn proofs_and_indexes_are_as_published() {
    // T6: what a gate computes from a code is the same everywhere.
    let cases: Vec<Value> = [794, 123_456_789_012, 999_999_999_999]
        .into_iter()
        .map(|secret| {
            let code = TypedCode::from_secret(secret);
            let proof = code.proof(event());
            json!({
                "code": code.to_string(),
                "proof": hex::encode(proof.0),
                "index": hex::encode(proof.code_index(event()).0),
            })
        })
        .collect();
    let fresh = json!({
        "about": "Typed codes with their proof (Argon2id, 36 MiB, one pass, one lane) and index.",
        "event": event().to_string(),
        "cases": cases,
    });
    let stored = golden("ticket/codes.json", &fresh);
    let event = text(&stored["event"]).parse().expect("a uuid");
    for case in list(&stored["cases"]) {
        let digits = text(&case["code"]).replace('-', "");
        let code = TypedCode::from_digits(&digits).expect("a code");
        let proof = code.proof(event);
        assert_eq!(hex::encode(proof.0), text(&case["proof"]));
        assert_eq!(hex::encode(proof.code_index(event).0), text(&case["index"]));
        assert_ne!(
            proof.0,
            proof.code_index(event).0,
            "the index gives no proof"
        );
    }
    let other = TypedCode::from_secret(794).proof(shared::ids::EventId::from_bytes([9; 16]));
    assert_ne!(hex::encode(other.0), text(&stored["cases"][0]["proof"]));
}
