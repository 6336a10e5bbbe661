//! `shared/vectors/payments/payos.json`: what the official client signs, and what it must not make
//! us believe.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::Secret;
use crate::payments::payos::notice::{Notice, Refused};
use crate::payments::payos::signature::{CreateFields, Unsignable, sign_data, verify_data};

const VECTORS: &str = include_str!("../../../../../shared/vectors/payments/payos.json");

#[derive(Deserialize)]
struct File {
    generated: Vec<Signed>,
    webhook_raw: Vec<Raw>,
    divergent_between_sdks: Vec<Divergent>,
    canonical_collision: Collision,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signed {
    name: String,
    r#type: String,
    checksum_key: String,
    data: Map<String, Value>,
    signature: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    name: String,
    body: String,
    checksum_key: String,
    expect: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Divergent {
    name: String,
    checksum_key: String,
    data: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Collision {
    checksum_key: String,
    signature: String,
    original: Map<String, Value>,
    forged: Map<String, Value>,
}

#[expect(
    clippy::print_stderr,
    reason = "a suite that did not run must say so in the test output"
)]
fn tell(text: &str) {
    eprintln!("{text}");
}

fn file() -> File {
    serde_json::from_str(VECTORS).expect("the vectors")
}

fn key(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn created(data: &Map<String, Value>) -> CreateFields<'_> {
    let text = |field: &str| data[field].as_str().expect("a text");
    let number = |field: &str| data[field].as_i64().expect("an integer");
    CreateFields {
        amount: number("amount"),
        cancel_url: text("cancelUrl"),
        description: text("description"),
        order_code: number("orderCode"),
        return_url: text("returnUrl"),
    }
}

#[test]
fn signatures_are_the_official_clients() {
    // P1
    assert_eq!(check_all(file().generated), 23);
}

/// Gives how many there were of the kinds that this server signs.
fn check_all(cases: Vec<Signed>) -> usize {
    let mut checked = 0;
    for case in cases {
        let key = key(&case.checksum_key);
        match case.r#type.as_str() {
            "create-payment-link" => {
                assert_eq!(
                    created(&case.data).sign(&key),
                    case.signature,
                    "{}",
                    case.name
                );
            }
            "webhook" | "body" => {
                let signed = sign_data(&key, &case.data);
                assert_eq!(
                    signed.as_deref(),
                    Ok(case.signature.as_str()),
                    "{}",
                    case.name
                );
                assert_eq!(
                    verify_data(&key, &case.data, &case.signature),
                    Ok(()),
                    "{}",
                    case.name
                );
            }
            // Payouts, which this server does not make.
            "header" => continue,
            other => panic!("{other}: what is it?"),
        }
        checked += 1;
    }
    checked
}

#[test]
fn what_is_published_holds() {
    // P1: quoted from public sources, so not copied here; runs where their folder lies beside the
    // repository.
    #[derive(Deserialize)]
    struct Published {
        published_verified: Vec<Signed>,
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    if !folder.is_dir() {
        tell("note: payos.json not run: no vectors folder beside the repository");
        return;
    }
    let text = std::fs::read_to_string(folder.join("payos.json")).expect("the file");
    let published: Published = serde_json::from_str(&text).expect("the published vectors");
    assert_eq!(check_all(published.published_verified), 13);
}

#[test]
fn raw_webhooks_get_the_verdict_that_is_needed() {
    // P1 P2
    for case in file().webhook_raw {
        let notice = Notice::read(&key(&case.checksum_key), case.body.as_bytes());
        let held = match (case.expect.as_str(), &notice) {
            ("accept" | "accept_no_order" | "accept_or_reject", Ok(notice)) => {
                notice.arrived && notice.order_code > 0
            }
            ("accept_not_paid", Ok(notice)) => !notice.arrived,
            ("must_not_fulfil", Err(_)) => true,
            ("reject", Err(refused)) => *refused == Refused::Unsigned,
            _ => false,
        };
        assert!(held, "{}: {}, got {notice:?}", case.name, case.expect);
    }
}

#[test]
fn what_the_clients_disagree_about_is_not_believed() {
    // P1
    let agreed = [
        "U+2028 inside array",
        "control char U+007F and U+0001 inside array",
        "lone key order astral vs BMP",
    ];
    for case in file().divergent_between_sdks {
        let signed = sign_data(&key(&case.checksum_key), &case.data);
        if agreed.contains(&case.name.as_str()) {
            assert!(signed.is_ok(), "{}", case.name);
        } else {
            assert_eq!(signed, Err(Unsignable), "{}", case.name);
        }
    }
}

#[test]
fn one_signature_can_cover_two_orders() {
    // P2: why code, link and amount are compared, and the gateway asked, after the signature.
    let Collision {
        checksum_key,
        signature,
        original,
        forged,
    } = file().canonical_collision;
    let key = key(&checksum_key);
    assert_eq!(verify_data(&key, &original, &signature), Ok(()));
    assert_eq!(verify_data(&key, &forged, &signature), Ok(()));
    assert_ne!(original["orderCode"], forged["orderCode"]);
}
