//! The scenarios of `checkin-scenarios.md`, one row each: a door, a ticket, what is done there, and
//! the word that the guest gets.

mod lists;
mod orders;
mod rules;

use std::collections::BTreeSet;

use shared::admission::overrule::{confirm, force};
use shared::admission::{Answer, Direction, Outcome, Presented, Reason};
use shared::log::EntryKind;
use shared::ticket::Payload;

use crate::fixture::{Door, at};

/// What is done with the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Enter,
    Leave,
    /// Enters, and staff do what `attention` asks for.
    Confirm,
    /// Enters, and a supervisor insists.
    Force,
    /// Enters, and says this to what is asked.
    Say(&'static str),
}

/// One line of the file.
struct Scenario {
    /// All numbers that it proves.
    numbers: &'static str,
    door: fn() -> Door,
    ticket: fn(Payload) -> Payload,
    steps: &'static [(Act, &'static str, Reason)],
    /// Entries that are written: what a device would have queued.
    queued: u32,
}

fn plain(ticket: Payload) -> Payload {
    ticket
}

/// Good from 1 May, 00:00 UTC, for 15 days.
fn long(ticket: Payload) -> Payload {
    Payload {
        not_before: 0,
        not_after: 15 * 96,
        ..ticket
    }
}

fn run(scenario: &Scenario) {
    let mut door = (scenario.door)();
    let ticket = (scenario.ticket)(door.world.ticket());
    let text = door.world.text(&ticket);
    for (act, now, expected) in scenario.steps {
        let presented = door.world.present(&text, now);
        let direction = match act {
            Act::Leave => Direction::Out,
            Act::Enter | Act::Confirm | Act::Force | Act::Say(_) => Direction::In,
        };
        if let Act::Say(value) = act {
            door.answers = vec![Answer {
                question: "workshop".to_owned(),
                value: (*value).to_owned(),
            }];
        }
        let mut verdict = door.decide(&presented, direction, now);
        let mut kind = match direction {
            Direction::In => EntryKind::Admit,
            Direction::Out => EntryKind::Exit,
        };
        if *act == Act::Confirm {
            confirm(&mut verdict, "en");
        }
        if *act == Act::Force
            && let Some((forced, by)) = force(&verdict, "en")
        {
            (verdict, kind) = (forced, by);
        }
        let place = format!("{} {act:?} at {now}: {verdict:#?}", scenario.numbers);
        assert_eq!(verdict.reason, *expected, "{place}");
        assert_eq!(verdict.at, at(now), "{place}");
        let admitted = verdict.verdict == Outcome::Admit;
        assert_eq!(admitted, *expected == Reason::Ok, "{place}");
        if let (true, Presented::Ticket { payload, .. }) = (admitted, presented) {
            door.record(kind, door.gate.unwrap_or(0), payload.generation, now);
        }
    }
    assert_eq!(door.written, scenario.queued, "{} queued", scenario.numbers);
}

fn all() -> impl Iterator<Item = &'static Scenario> {
    orders::SCENARIOS
        .iter()
        .chain(rules::SCENARIOS)
        .chain(lists::SCENARIOS)
}

#[test]
fn every_scenario_gives_the_word_that_staff_rely_on() {
    // S1 S2 S5 S6 S7 S8 S9 S11 S12 S14 S15 S16 S17 S18 S19 S20 S22 S24 S26 S29 S30 S31 S32 S34 S35
    // S37 S38 S40 S41 S43 S45 S47 S48 S49 S50 S51 S52 S54 S55 S56 S57 S58 S59 S66 S67 S68 S69 S70 S72
    // S95 S96 S97 S98 S99 S100 S101 S102 S104 S106 S108 S109 S113 S122 S123 S124 S126 S131
    for scenario in all() {
        run(scenario);
    }
}

#[test]
fn the_table_names_each_number_once_and_plays_each_row() {
    let mut seen = BTreeSet::new();
    for scenario in all() {
        assert!(!scenario.steps.is_empty(), "{}", scenario.numbers);
        let row = format!("{} {:?}", scenario.numbers, scenario.steps);
        assert!(seen.insert(row), "{} twice", scenario.numbers);
        for number in scenario.numbers.split(' ') {
            let digits = number.strip_prefix('S').expect("a scenario");
            assert!(digits.parse::<u16>().is_ok_and(|n| n <= 147), "{number}");
        }
    }
    assert!(seen.len() >= 60, "{} rows", seen.len());
}
