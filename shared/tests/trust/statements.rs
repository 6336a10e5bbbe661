//! Sealing and opening: the table, and the order of the checks.

use shared::trust::{Keyring, Signed, Statement, StatementKind, TrustError, open, seal};

use crate::fixture::{
    EXPIRES, authority, expected, header, id_of, key, keyring, other_event, sealed, signed_bytes,
    statement, statement_bytes,
};
use crate::statement_cases::{cases, oversized};

// corpus 48 51 58 60 83 84 85 88 90 93
#[test]
fn each_statement_meets_its_outcome() {
    for case in cases().iter().chain([&oversized()]) {
        assert_eq!(case.run(), case.outcome, "{}", case.name);
    }
}

#[test]
fn what_was_sealed_is_what_opens() {
    let statement = statement(3);
    let signed = sealed(&statement, &[1, 2]);
    let again = Signed::from_wire(&signed.to_wire()).expect("wire");
    assert_eq!(again, signed);
    let opened = open::<Keyring>(
        &again,
        &authority(&[1, 2], 2),
        &expected(StatementKind::Keyring),
    )
    .expect("opens");
    assert_eq!(opened.header, statement.header);
    assert_eq!(opened.body, statement.body);
    assert_eq!(opened.hash, *blake3::hash(&signed.bytes).as_bytes());
    assert_eq!(
        signed
            .signatures
            .iter()
            .map(|(id, _)| *id)
            .collect::<Vec<_>>(),
        [id_of(1), id_of(2)]
    );
}

// The hash names the statement, not who signed it: a signature added later is no fork.
#[test]
fn another_signature_is_not_another_version() {
    let first = sealed(&statement(1), &[1, 2]);
    let second = sealed(&statement(1), &[2, 3]);
    assert_ne!(first, second);
    let mut expected = expected(StatementKind::Keyring);
    expected.seen = Some((1, first.hash()));
    let opened = open::<Keyring>(&second, &authority(&[1, 2, 3], 2), &expected);
    assert_eq!(opened.map(|opened| opened.hash), Ok(first.hash()));
}

// A stranger's statement tells nothing but that it is a stranger's.
#[test]
fn signatures_are_judged_before_the_header_and_the_header_before_the_body() {
    let mut wrong = statement(0);
    wrong.header.event = other_event();
    let stranger = signed_bytes(statement_bytes(&wrong), &[9]);
    let mut expected = expected(StatementKind::Keyring);
    expected.now = EXPIRES.plus_millis(1);
    let authority = authority(&[1], 1);
    assert_eq!(
        open::<Keyring>(&stranger, &authority, &expected),
        Err(TrustError::Threshold {
            valid: 0,
            needed: 1
        })
    );
    let mut no_body = statement_bytes(&wrong);
    no_body.truncate(no_body.len() - 40);
    assert_eq!(
        open::<Keyring>(&signed_bytes(no_body, &[1]), &authority, &expected),
        Err(TrustError::Event)
    );
}

#[test]
fn a_fork_does_not_hide_behind_an_expiry() {
    let mut expected = expected(StatementKind::Keyring);
    expected.now = EXPIRES.plus_millis(1);
    expected.seen = Some((1, [8; 32]));
    let signed = sealed(&statement(1), &[1]);
    assert_eq!(
        open::<Keyring>(&signed, &authority(&[1], 1), &expected),
        Err(TrustError::Fork(1))
    );
}

// corpus 83: version 2^64-1, then new keys; the reader has dropped what it saw under the old ones.
#[test]
fn new_keys_recover_from_the_last_version() {
    let last = sealed(&statement(u64::MAX), &[1]);
    let mut expected = expected(StatementKind::Keyring);
    expected.seen = Some((u64::MAX, last.hash()));
    let fresh = sealed(&statement(1), &[2]);
    let rollback = Err(TrustError::Rollback {
        offered: 1,
        seen: u64::MAX,
    });
    let new_keys = authority(&[2], 1);
    let opened = |expected| open::<Keyring>(&fresh, &new_keys, &expected).map(|_| ());
    assert_eq!(opened(expected), rollback);
    expected.seen = None;
    assert_eq!(opened(expected), Ok(()));
}

#[test]
fn seal_refuses_what_nobody_would_open() {
    let version_0 = Statement {
        header: header(StatementKind::Keyring, 0),
        body: keyring(),
    };
    let refusals = [
        (
            seal(&version_0, &[&key(1)]),
            TrustError::Malformed("version and previous hash"),
        ),
        (
            seal(&statement(1), &[]),
            TrustError::Threshold {
                valid: 0,
                needed: 1,
            },
        ),
        (
            seal(&statement(1), &[&key(1), &key(1)]),
            TrustError::Key("it signs twice"),
        ),
        (
            seal(
                &Statement {
                    header: header(StatementKind::Keyring, 1),
                    body: vec![0_u8; 3_000_000],
                },
                &[&key(1)],
            ),
            TrustError::Malformed("too large"),
        ),
    ];
    for (sealed, refusal) in refusals {
        assert_eq!(sealed, Err(refusal));
    }
}
