//! Every scenario about admission through both paths: what is set over REST, what the server says over
//! REST, and what a device without a network says are the same words. One clock for both, which the
//! test holds; days pass in no time.

mod ahead;
mod codes;
mod lists;
mod orders;
mod overruling;
mod questions;
mod rules;
mod show;

use scanner_core::{Direction, Outcome, ScanOptions};
use tests::hosted::Hosted;
use tests::mongo::ReplicaSet;

use show::{Show, World};

/// What is done with the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Enter,
    Leave,
    /// Enters at gate B.
    Elsewhere,
    /// Enters, and staff do what `attention` asks for: then the device alone speaks.
    Confirm,
}

/// One line of the list.
struct Row {
    /// All numbers that it proves.
    numbers: &'static str,
    open: fn(&World) -> Show,
    steps: &'static [(Act, &'static str, &'static str)],
}

fn rows() -> impl Iterator<Item = &'static Row> {
    orders::ROWS.iter().chain(lists::ROWS).chain(rules::ROWS)
}

fn play(row: &Row, world: &World) {
    let mut show = (row.open)(world);
    // The device is there before the doors open.
    show.scanner();
    for (act, when, reason) in row.steps {
        show.is(when);
        let place = format!("{} {act:?} at {when}", row.numbers);
        let (gate, direction) = match act {
            Act::Enter => (0, Direction::In),
            Act::Elsewhere => (1, Direction::In),
            Act::Leave => (0, Direction::Out),
            Act::Confirm => {
                let confirmed = ScanOptions {
                    confirmed: true,
                    ..ScanOptions::default()
                };
                let verdict = show.scan(confirmed, &[]).verdict;
                assert_eq!(verdict.reason.word(), *reason, "{place}: {verdict:?}");
                continue;
            }
        };
        let verdict = show.both(gate, direction, &place).verdict;
        assert_eq!(verdict.reason.word(), *reason, "{place}: {verdict:?}");
        let let_in = verdict.verdict == Outcome::Admit;
        assert_eq!(
            (let_in, verdict.durable),
            (*reason == "ok", let_in),
            "{place}"
        );
    }
}

fn play_all(database: Option<&str>) {
    let server = Hosted::start(database, World::first_moment());
    let world = World::of(&server);
    for row in rows() {
        play(row, &world);
    }
}

fn tell_all(database: Option<&str>) {
    let server = Hosted::start(database, World::first_moment());
    let world = World::of(&server);
    ahead::tell(&world);
    codes::tell(&world);
    overruling::tell(&world);
    questions::tell(&world);
}

#[test]
fn each_row_gives_the_same_words_on_sqlite() {
    // S1 S2 S5 S6 S7 S8 S9 S11 S12 S14 S15 S16 S17 S18 S19 S20 S22 S24 S26 S29 S30 S31 S32 S34 S35
    // S37 S38 S40 S41 S43 S45 S47 S48 S49 S50 S51 S52 S54 S55 S56 S57 S58 S66 S67 S68 S69 S70 S95
    // S96 S97 S98 S99 S100 S101 S102 S104 S106 S108 S109 S110 S113 S122 S124 S125 S126 S131 V4 V9
    play_all(None);
}

#[test]
fn each_row_gives_the_same_words_on_a_mongodb_replica_set() {
    // S1 S2 S5 S6 S7 S8 S9 S11 S12 S14 S15 S16 S17 S18 S19 S20 S22 S24 S26 S29 S30 S31 S32 S34 S35
    // S37 S38 S40 S41 S43 S45 S47 S48 S49 S50 S51 S52 S54 S55 S56 S57 S58 S66 S67 S68 S69 S70 S95
    // S96 S97 S98 S99 S100 S101 S102 S104 S106 S108 S109 S110 S113 S122 S124 S125 S126 S131 V4 V9
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    play_all(Some(&mongo.url));
}

#[test]
fn codes_words_and_answers_are_the_same_on_sqlite() {
    // S3 S4 S27 S28 S58 S59 S73 S75 S77 S78 S79 S80 S81 S83 S91 S92 S93 S101 S120 S121 S123 S127 S128
    // S130 S131 S132 S138 T6 V7 V9
    tell_all(None);
}

#[test]
fn codes_words_and_answers_are_the_same_on_a_mongodb_replica_set() {
    // S3 S4 S27 S28 S58 S59 S73 S75 S77 S78 S79 S80 S81 S83 S91 S92 S93 S101 S120 S121 S123 S127 S128
    // S130 S131 S132 S138 T6 V7 V9
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    tell_all(Some(&mongo.url));
}

#[test]
fn the_comments_name_what_the_rows_play() {
    // S1
    let source = include_str!("mod.rs");
    let named = |text: &str| -> std::collections::BTreeSet<u16> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words
            .filter_map(|word| word.strip_prefix('S')?.parse().ok())
            .collect()
    };
    let (_, rest) = source
        .split_once("fn each_row_gives_the_same_words_on_sqlite")
        .expect("it");
    let (comment, _) = rest.split_once("play_all").expect("a body");
    let played: Vec<_> = rows().map(|row| row.numbers).collect();
    assert_eq!(named(comment), named(&played.join(" ")));
}
