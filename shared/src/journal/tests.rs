//! A journal in memory, whole and tampered with.

use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::ids::{JournalId, UserId};
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn entry(n: u8) -> Entry {
    Entry::new(
        JournalId::new(NOW, [n; 10]),
        NOW.plus_secs(n.into()),
        Actor::User(UserId::new(NOW, [1; 10])),
        "order.paid",
        subject("order", n),
        json!({ "amount": 250_000 + i64::from(n), "b": [1, { "z": 1, "a": null }] }),
    )
}

/// Twelve entries under seals of three.
fn journal() -> Vec<Line> {
    let mut lines = vec![Line::Journal(HEADER.to_owned())];
    let mut last: Option<Seal> = None;
    for first in [0, 3, 6, 9] {
        let mut entries: Vec<_> = (first..first + 3).map(entry).collect();
        let seal = Seal::draw(last.as_ref(), &entries, NOW, &key(7));
        for (entry, seq) in entries.iter_mut().zip(seal.first..) {
            entry.seq = Some(seq);
            lines.push(Line::Entry(Box::new(entry.clone())));
        }
        lines.push(Line::Seal(seal.clone()));
        last = Some(seal);
    }
    lines.push(Line::Entry(Box::new(entry(12))));
    lines
}

fn verify(lines: &[Line], expected: Option<Expected>) -> Report {
    let key = data_encoding::HEXLOWER.encode(key(7).verifying_key().as_bytes());
    let mut verifier = Verifier::new(Some(key), expected);
    for line in lines {
        verifier.line(&serde_json::to_string(line).expect("JSON"));
    }
    verifier.finish()
}

/// Where the entry of that place is among the lines.
fn at(lines: &[Line], place: u64) -> usize {
    let is_it = |line: &Line| matches!(line, Line::Entry(entry) if entry.seq == Some(place));
    lines.iter().position(is_it).expect("the entry")
}

fn edit(line: &mut Line, change: impl FnOnce(&mut Entry)) {
    let Line::Entry(entry) = line else {
        panic!("not an entry");
    };
    change(entry);
}

#[test]
fn a_whole_journal_is_clean_and_names_its_head() {
    // N9
    let report = verify(&journal(), None);
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.sealed, report.unsealed, report.seals), (12, 1, 4));
    let head = report.head.expect("a head");
    let seen = Expected {
        number: head.number,
        hash: head.hash,
    };
    assert!(verify(&journal(), Some(seen)).is_clean());
}

#[test]
fn the_first_entry_that_was_tampered_with_is_named() {
    // N9: altered, removed, inserted, moved
    let id = |n: u8| entry(n).id;
    let mut altered = journal();
    let place = at(&altered, 4);
    edit(&mut altered[place], |entry| {
        entry.details["amount"] = json!(1);
    });
    assert_eq!(
        verify(&altered, None).faults,
        [Fault::Altered { seq: 4, id: id(4) }]
    );
    let mut removed = journal();
    removed.remove(at(&removed, 5));
    assert_eq!(
        verify(&removed, None).faults,
        [Fault::Removed { seq: 5, id: id(5) }]
    );
    let mut inserted = journal();
    let mut forged = entry(99);
    forged.seq = Some(5);
    inserted.insert(6, Line::Entry(Box::new(forged)));
    assert_eq!(
        verify(&inserted, None).faults,
        [Fault::Inserted { id: id(99) }]
    );
    let mut moved = journal();
    let (one, other) = (at(&moved, 3), at(&moved, 5));
    edit(&mut moved[one], |entry| entry.seq = Some(5));
    edit(&mut moved[other], |entry| entry.seq = Some(3));
    let first = Fault::Moved {
        seq: 3,
        id: id(3),
        stands_at: Some(5),
    };
    assert_eq!(verify(&moved, None).faults.first(), Some(&first));
}

#[test]
fn seals_cannot_be_made_left_out_or_cut_off() {
    // N9
    let seal_at = |lines: &[Line], number: u64| {
        let is_it = |line: &Line| matches!(line, Line::Seal(seal) if seal.number == number);
        lines.iter().position(is_it).expect("the seal")
    };
    // Whoever writes the database alters an entry and its leaf, and has no key.
    let mut forged = journal();
    let place = at(&forged, 4);
    edit(&mut forged[place], |entry| {
        entry.details["amount"] = json!(1);
    });
    let Line::Entry(altered) = forged[place].clone() else {
        panic!("not an entry");
    };
    let place = seal_at(&forged, 1);
    if let Line::Seal(seal) = &mut forged[place] {
        seal.leaves[1].hash = altered.hash();
    }
    let fault = Fault::SealForged {
        number: 1,
        first: 3,
        last: 5,
    };
    assert_eq!(verify(&forged, None).faults.first(), Some(&fault));
    // Or signs with a key of their own.
    let mut other = journal();
    if let Line::Seal(seal) = &mut other[place] {
        let entries: Vec<_> = (3..6).map(entry).collect();
        *seal = Seal {
            number: 1,
            first: 3,
            ..Seal::draw(None, &entries, NOW, &key(8))
        };
    }
    let faults = verify(&other, None).faults;
    assert!(faults.contains(&Fault::SealOfOther { number: 1 }));
    let mut without = journal();
    without.drain(at(&without, 3)..=seal_at(&without, 1));
    let faults = verify(&without, None).faults;
    assert_eq!(faults.first(), Some(&Fault::SealMissing { number: 1 }));
    // The tail, seal and all: only who has seen the head can tell.
    let whole = verify(&journal(), None).head.expect("a head");
    let seen = Expected {
        number: whole.number,
        hash: whole.hash,
    };
    let mut cut = journal();
    cut.truncate(at(&cut, 9));
    assert!(verify(&cut, None).is_clean());
    let faults = verify(&cut, Some(seen)).faults;
    assert_eq!(faults, [Fault::HeadLost { number: 3 }]);
}

#[test]
fn the_hash_is_of_the_content_and_not_of_its_spelling() {
    // N9
    let spelled = serde_json::to_string(&entry(1)).expect("JSON");
    let turned = spelled.replace(r#""z":1,"a":null"#, r#""a":null,"z":1"#);
    let read: Entry = serde_json::from_str(&turned).expect("an entry");
    assert_eq!(read.hash(), entry(1).hash());
    let placed = Entry {
        seq: Some(9),
        ..entry(1)
    };
    assert_eq!(placed.hash(), entry(1).hash());
}

proptest! {
    #[test]
    fn any_line_is_judged_and_none_panics(text in ".{0,200}", line in 0_usize..20) {
        // N9
        let mut verifier = Verifier::new(None, None);
        for (number, whole) in journal().iter().enumerate() {
            if number == line {
                verifier.line(&text);
            } else {
                verifier.line(&serde_json::to_string(whole).expect("JSON"));
            }
        }
        let report = verifier.finish();
        prop_assert!(line >= journal().len() || !report.is_clean());
    }
}
