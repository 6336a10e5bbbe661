//! Strict tickets without a grant: a refusal in the words of the contract, for a supervisor to answer.

use shared::admission::overrule::{confirm, force};
use shared::admission::{Outcome, Reason, Ungranted, hold};
use shared::log::EntryKind;

use crate::fixture::{Door, World, assert_refused};

const EVENING: &str = "2026-05-02T11:00:00Z";

#[test]
fn without_a_grant_nobody_enters_and_only_a_supervisor_overrules_it() {
    // V11 S24
    let mut door = Door::new(World::new());
    let ticket = door.world.ticket();
    let admitted = door.enter(&ticket, EVENING);
    for (why, reason, words) in [
        (Ungranted::Taken, Reason::AlreadyUsed, "already used"),
        (Ungranted::Unreached, Reason::Rule, "supervisor"),
    ] {
        let mut verdict = admitted.clone();
        hold(&mut verdict, "en", why);
        assert_refused(&verdict, reason, &[]);
        assert!(verdict.explanation.contains(words), "{verdict:?}");
        assert_eq!(verdict.serial, admitted.serial);
        let held = verdict.clone();
        confirm(&mut verdict, "en");
        assert_eq!(verdict, held, "no step at the gate replaces a grant");
        let (forced, kind) = force(&verdict, "en").expect("a supervisor may");
        assert_eq!((forced.verdict, kind), (Outcome::Admit, EntryKind::Forced));
        assert_eq!(forced.also, [reason]);
    }
    let mut vietnamese = admitted.clone();
    hold(&mut vietnamese, "vi", Ungranted::Unreached);
    assert!(vietnamese.explanation.contains("người giám sát"));
}

#[test]
fn what_is_refused_anyway_keeps_its_reason() {
    let mut door = Door::new(World::new());
    let ticket = door.world.ticket();
    door.enter(&ticket, EVENING);
    let used = door.enter(&ticket, EVENING);
    let mut held = used.clone();
    hold(&mut held, "en", Ungranted::Unreached);
    assert_eq!(held, used);
}
