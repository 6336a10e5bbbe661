//! The table of moves and the signature.

use shared::api::payments::PaymentStatus;

use crate::payments::demo::{Secret, signature};
use crate::payments::model::{Step, after};
use crate::testing::NOW;

#[test]
fn every_move_is_in_the_table_and_no_other() {
    // P3
    use PaymentStatus::{Cancelled, Paid, Pending, RefundDue, Refunded};
    use Step::{Bounce, GiveUp, Owe, Pay, PayBack};
    let legal = [
        (Pending, Pay, Paid),
        (Pending, GiveUp, Cancelled),
        (Pending, Owe, RefundDue),
        (Cancelled, Pay, Paid),
        (Cancelled, Owe, RefundDue),
        (Paid, Owe, RefundDue),
        (RefundDue, PayBack, Refunded),
        (Refunded, Bounce, RefundDue),
    ];
    for from in [Pending, Paid, Cancelled, RefundDue, Refunded] {
        for step in [Pay, GiveUp, Owe, PayBack, Bounce] {
            let expected = legal
                .iter()
                .find(|(at, by, _)| (*at, *by) == (from, step))
                .map(|(_, _, to)| *to);
            assert_eq!(after(from, step), expected, "{from:?} {step:?}");
        }
    }
}

#[test]
fn signatures_hold_for_these_bytes_at_this_time_only() {
    // P2, corpus 96-98
    let secret = Secret::new(b"a secret");
    let body = br#"{"id":"1"}"#;
    let good = signature::sign(&secret, body, NOW);
    // Made with: printf '1790000000.{"id":"1"}' | openssl dgst -sha256 -hmac 'a secret'
    assert!(good.starts_with("t=1790000000,v1="));
    let ok = |header: &str, body: &[u8], at| signature::verify(&secret, header, body, at).is_ok();
    assert!(ok(&good, body, NOW));
    assert!(ok(&good, body, NOW.plus_secs(300)) && ok(&good, body, NOW.plus_secs(-300)));
    assert!(!ok(&good, body, NOW.plus_secs(301)) && !ok(&good, body, NOW.plus_secs(-301)));
    assert!(!ok(&good, br#"{"id": "1"}"#, NOW), "re-serialised");
    assert!(signature::verify(&Secret::new(b"another"), &good, body, NOW).is_err());
    let digest = good.split_once("v1=").expect("a digest").1;
    for bad in [
        String::new(),
        digest.to_owned(),
        format!("t=1790000001,v1={digest}"),
        format!("t=,v1={digest}"),
        format!("t=+1790000000,v1={digest}"),
        format!(" t=1790000000,v1={digest}"),
        format!("t=1790000000, v1={digest}"),
        format!("t=1790000000,v0={digest}"),
        format!("t=1790000000,v1={digest},v1={digest}"),
        format!("t=1790000000,v1={}", &digest[..62]),
        format!("t=1790000000,v1={}", digest.to_uppercase()),
        "t=1790000000,v1=".to_owned(),
    ] {
        assert!(!ok(&bad, body, NOW), "{bad}");
    }
}
