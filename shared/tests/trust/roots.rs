//! The root: pinned at enrolment, succeeded one version at a time. // corpus 85 86

use shared::trust::{Opened, Root, RootPin, Signed, Statement, StatementKind, TrustError};

use crate::fixture::{
    EXPIRES, NOW, authority, event, header, other_event, public, root, sealed, signed_bytes,
    statement_bytes,
};

fn first() -> Statement<Root> {
    Statement {
        header: header(StatementKind::Root, 1),
        body: root(),
    }
}

/// Keys 1, 2, 3 hand over to 2, 3, 12.
fn next(current: &Opened<Root>, version: u64) -> Statement<Root> {
    let mut next = first();
    next.header.version = version;
    next.header.previous = Some(current.hash);
    next.body.root = authority(&[2, 3, 12], 2);
    next
}

fn pinned() -> Opened<Root> {
    let signed = sealed(&first(), &[1, 2]);
    Root::open_pinned(&signed, event(), RootPin::of(&signed), NOW).expect("the pinned root")
}

#[test]
fn the_pinned_root_opens_and_no_other() {
    let signed = sealed(&first(), &[1, 2]);
    let pin = RootPin::of(&signed);
    assert_eq!(pin.0, blake3::hash(&signed.bytes).as_bytes()[..16]);
    let open = |signed: &Signed, pin, now| {
        Root::open_pinned(signed, event(), pin, now).map(|opened| opened.body)
    };
    assert_eq!(open(&signed, pin, NOW), Ok(root()));
    assert_eq!(
        open(&signed, RootPin([1; 16]), NOW),
        Err(TrustError::RootPin)
    );
    assert_eq!(
        open(&signed, pin, EXPIRES.plus_millis(1)),
        Err(TrustError::Expired(EXPIRES))
    );
    assert_eq!(
        Root::open_pinned(&signed, other_event(), pin, NOW),
        Err(TrustError::Event)
    );
    // The pin names the bytes; the keys in them must still have signed.
    let unsigned = sealed(&first(), &[1, 9]);
    assert_eq!(
        open(&unsigned, pin, NOW),
        Err(TrustError::Threshold {
            valid: 1,
            needed: 2
        })
    );
    let mut twice = signed.clone();
    twice.signatures[1] = twice.signatures[0].clone();
    assert_eq!(
        open(&twice, pin, NOW),
        Err(TrustError::Threshold {
            valid: 1,
            needed: 2
        })
    );
}

#[test]
fn a_pinned_statement_of_another_kind_is_no_root() {
    let mut statement = first();
    statement.header.kind = StatementKind::Snapshot;
    let signed = sealed(&statement, &[1, 2]);
    assert_eq!(
        Root::open_pinned(&signed, event(), RootPin::of(&signed), NOW),
        Err(TrustError::Kind)
    );
}

#[test]
fn succession_needs_the_old_keys_and_the_new() {
    let current = pinned();
    let next = next(&current, 2);
    let succeed = |seeds: &[u8]| Root::succeed(&current, &sealed(&next, seeds), NOW);
    let short = |valid| Err(TrustError::Threshold { valid, needed: 2 });
    let succeeded = succeed(&[1, 2, 12]).expect("1, 2 of the old and 2, 12 of the new");
    assert_eq!(succeeded.body, next.body);
    assert_eq!(succeed(&[2, 3]), Ok(succeeded.clone()));
    assert_eq!(succeed(&[1, 2]), short(1), "only the old");
    assert_eq!(succeed(&[2, 12]), short(1), "only the new");
    assert_eq!(succeed(&[9]), short(0));
    // The version after needs the new keys: 1 is out.
    let mut third = first();
    third.header.version = 3;
    third.header.previous = Some(succeeded.hash);
    let third_by = |seeds: &[u8]| Root::succeed(&succeeded, &sealed(&third, seeds), NOW);
    assert_eq!(third_by(&[1, 2]), short(1));
    assert_eq!(third_by(&[2, 3]).map(|opened| opened.header.version), Ok(3));
}

// corpus 86
#[test]
fn no_version_is_skipped_or_taken_back() {
    let current = pinned();
    let second = Root::succeed(&current, &sealed(&next(&current, 2), &[2, 3]), NOW).expect("2");
    let third = sealed(&next(&second, 3), &[2, 3]);
    assert_eq!(
        Root::succeed(&current, &third, NOW),
        Err(TrustError::Skipped {
            expected: 2,
            offered: 3
        })
    );
    assert_eq!(
        Root::succeed(&second, &third, NOW).map(|opened| opened.header.version),
        Ok(3)
    );
    // Of keys 1, 2, 3, those that still count sign an old one again.
    let old = sealed(&first(), &[2, 3]);
    assert_eq!(
        Root::succeed(&second, &old, NOW),
        Err(TrustError::Rollback {
            offered: 1,
            seen: 2
        })
    );
    let again = Root::succeed(&current, &sealed(&first(), &[1, 2]), NOW);
    assert_eq!(again, Ok(current));
}

#[test]
fn a_forked_succession_is_an_alarm() {
    let current = pinned();
    let mut elsewhere = next(&current, 2);
    elsewhere.header.previous = Some([8; 32]);
    let succeed = |statement| Root::succeed(&current, &sealed(&statement, &[2, 3]), NOW);
    assert_eq!(succeed(elsewhere), Err(TrustError::Fork(1)));
    let mut same_version = first();
    same_version.body.snapshot = authority(&[16], 1);
    assert_eq!(succeed(same_version), Err(TrustError::Fork(1)));
}

#[test]
fn a_root_with_unusable_authorities_is_refused() {
    let refused = |body: Root| {
        let statement = Statement {
            header: header(StatementKind::Root, 1),
            body,
        };
        let signed = signed_bytes(statement_bytes(&statement), &[1, 2]);
        Root::open_pinned(&signed, event(), RootPin::of(&signed), NOW).map(|_| ())
    };
    let mut online_signs_keyring = root();
    online_signs_keyring.snapshot.keys.push(public(4));
    let mut online_signs_root = root();
    online_signs_root.roster.keys.push(public(3));
    for body in [online_signs_keyring, online_signs_root] {
        assert_eq!(
            refused(body),
            Err(TrustError::Key("an online key signs root or keyring"))
        );
    }
    let mut nobody = root();
    nobody.keyring.threshold = 2;
    assert_eq!(
        refused(nobody),
        Err(TrustError::Key("the threshold cannot be met"))
    );
    let mut small_order = root();
    small_order.roster.keys = vec![[0; 32]];
    assert_eq!(
        refused(small_order),
        Err(TrustError::Key("it is of small order"))
    );
}
