//! Codes that turn: which moment a gate takes, what it tells of a screenshot, what it remembers.
// T9 corpus 70 71 76 77

use shared::admission::{Direction, GateClock, Outcome, Reason, Verdict};
use shared::log::EntryKind;
use shared::ticket::{Flags, Payload};
use shared::trust::{TicketRow, TicketRowStatus};

use crate::fixture::{Door, World, assert_admitted, assert_refused, at, row};

/// 17:00 in Saigon: step 0.
const OPENS: &str = "2026-05-02T10:00:00Z";
/// 18:02:10 there lies in step 124, which begins at 18:02:00.
const NOW: &str = "2026-05-02T11:02:10Z";
const STEP: u16 = 124;

fn door() -> Door {
    let mut door = Door::new(World::new());
    door.row = Some(TicketRow {
        flags: TicketRow::ROTATING,
        ..row(TicketRowStatus::Active)
    });
    door
}

fn later(seconds: i64) -> String {
    at(NOW).plus_secs(seconds).to_string()
}

/// Shows step `step` `seconds` after `NOW`, at a gate that saw nothing before.
fn shown(step: u16, seconds: i64) -> Verdict {
    let mut door = door();
    let code = door.world.code(&door.world.ticket(), step);
    door.scan(&code, Direction::In, &later(seconds))
}

#[test]
fn the_code_of_the_moment_is_let_in() {
    // T9
    assert_admitted(&shown(STEP, 0));
}

#[test]
fn a_step_is_good_45_seconds_around_its_beginning() {
    // T9: the step begins ten seconds before NOW.
    for (seconds, admitted) in [(-56, false), (-55, true), (35, true), (36, false)] {
        let verdict = shown(STEP, seconds);
        assert_eq!(
            verdict.verdict == Outcome::Admit,
            admitted,
            "{seconds}: {verdict:?}"
        );
    }
}

#[test]
fn a_screenshot_90_seconds_old_is_refused_in_words() {
    // T9 screenshot_second_gate_refused
    let verdict = shown(STEP, 90);
    assert_refused(&verdict, Reason::Expired, &[]);
    assert_eq!(
        verdict.explanation,
        "This code is from 18:02:00. Open the ticket on your phone so that it moves."
    );
    let mut door = door();
    door.world.policy.language = "vi".to_owned();
    let code = door.world.code(&door.world.ticket(), STEP);
    let verdict = door.scan(&code, Direction::In, &later(90));
    assert_eq!(
        verdict.explanation,
        "Mã này là của lúc 18:02:00. Hãy mở vé trên điện thoại để mã thay đổi."
    );
}

#[test]
fn a_phone_a_day_ahead_is_told_to_set_its_clock() {
    // T9: the pre-play of a future code is taken within the window only, token.md 2.2.
    let verdict = shown(STEP + 400, 0);
    assert_refused(&verdict, Reason::Expired, &[]);
    assert!(
        verdict
            .explanation
            .starts_with("This code is for 21:22:00. Set the clock"),
        "{}",
        verdict.explanation
    );
    assert_admitted(&shown(STEP + 1, 0));
    assert_refused(&shown(STEP + 2, 0), Reason::Expired, &[]);
}

#[test]
fn steps_count_from_the_window_and_not_from_a_clock_on_a_wall() {
    // corpus 76: a phone that counts in UTC+0 what is in UTC+7 is 840 steps off.
    let mut door = door();
    let ticket = Payload {
        not_before: 0,
        ..door.world.ticket()
    };
    let real = 35 * 120 + STEP - 120;
    for (step, good) in [(real, true), (real + 840, false), (real - 840, false)] {
        door.state = shared::log::TicketState::default();
        let code = door.world.code(&ticket, step);
        let verdict = door.scan(&code, Direction::In, NOW);
        assert_eq!(verdict.verdict == Outcome::Admit, good, "{verdict:?}");
    }
}

#[test]
fn odd_clocks_are_refused_and_nothing_overflows() {
    // corpus 77: a gate at 1970, in 2038, before 1970, at the ends of time; a leap second.
    let door = door();
    let code = door.world.code(&door.world.ticket(), STEP);
    let presented = door.world.present(&code, NOW);
    for odd in [
        "1970-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2038-01-19T03:14:08Z",
        "0001-01-01T00:00:00Z",
        "9000-01-01T00:00:00Z",
    ] {
        let verdict = door.decide(&presented, Direction::In, odd);
        assert_eq!(verdict.verdict, Outcome::Refuse, "{odd}: {verdict:?}");
        assert!(
            verdict.reason == Reason::Expired || verdict.also.contains(&Reason::Expired),
            "{odd}: {verdict:?}"
        );
    }
    // A second more or less, as a leap second or a smeared one makes it, is inside the tolerance.
    assert_admitted(&shown(STEP, 1));
    assert_admitted(&shown(STEP, -1));
}

#[test]
fn summer_time_does_not_move_the_code() {
    // corpus 77: the night of 29 March 2026 in Berlin, across 02:00.
    let mut door = door();
    door.world.policy.timezone = "Europe/Berlin".to_owned();
    door.world.policy.epoch = at("2026-03-29T00:00:00Z");
    door.snapshot_created = at("2026-03-29T00:00:00Z");
    door.world.keyring.keys[0].not_before = at("2026-03-01T00:00:00Z");
    let ticket = Payload {
        not_before: 0,
        not_after: 20,
        ..door.world.ticket()
    };
    // One hour of real time after the window opened, though clocks there show three.
    let code = door.world.code(&ticket, 120);
    assert_admitted(&door.scan(&code, Direction::In, "2026-03-29T01:00:05Z"));
}

#[test]
fn what_a_gate_does_not_know_of_its_clock_widens_the_tolerance() {
    // T9
    let mut door = door();
    let code = door.world.code(&door.world.ticket(), STEP);
    let presented = door.world.present(&code, NOW);
    let mut judged = |secs, seconds| {
        door.turn.clock = GateClock::Within { secs };
        door.decide(&presented, Direction::In, &later(seconds))
            .verdict
    };
    assert_eq!(judged(0, 50), Outcome::Refuse);
    assert_eq!(judged(20, 50), Outcome::Admit);
    assert_eq!(judged(30, 90), Outcome::Refuse, "90 s is never inside");
    door.turn.clock = GateClock::Wrong;
    let verdict = door.decide(&presented, Direction::In, &later(7200));
    assert_admitted(&verdict);
}

#[test]
fn the_same_step_or_an_earlier_one_is_refused_after_it_was_let_in() {
    // corpus 70, 71, T9: a ticket that may come again, so that only the step stands in the way.
    let mut door = door();
    let ticket = Payload {
        flags: Flags::RE_ENTRY,
        ..door.world.ticket()
    };
    let code = |door: &Door, step| door.world.code(&ticket, step);
    let (first, same) = (code(&door, STEP), code(&door, STEP));
    assert_admitted(&door.scan(&first, Direction::In, NOW));
    // Out with the code that came in: nobody is kept inside for a code.
    assert_admitted(&door.scan(&same, Direction::Out, &later(5)));
    let again = door.scan(&same, Direction::In, &later(10));
    assert_refused(&again, Reason::Expired, &[]);
    assert!(
        again
            .explanation
            .starts_with("This code was shown here before. Wait"),
        "{}",
        again.explanation
    );
    let smaller = code(&door, STEP - 1);
    let smaller = door.scan(&smaller, Direction::In, &later(2));
    assert_refused(&smaller, Reason::Expired, &[]);
    // A gate whose clock is wrong still knows the order.
    door.turn.clock = GateClock::Wrong;
    let repeated = door.scan(&same, Direction::In, &later(10));
    assert_refused(&repeated, Reason::Expired, &[]);
    door.turn.clock = GateClock::default();
    let next = code(&door, STEP + 1);
    let next = door.scan(&next, Direction::In, &later(30));
    assert_eq!((next.verdict, next.reason), (Outcome::Admit, Reason::Ok));
}

#[test]
fn an_earlier_use_is_told_with_the_screenshot() {
    // T9 V2: a late copy must not look like a mere stale code.
    let mut door = door();
    door.record(EntryKind::Admit, 1, 1, NOW);
    let code = door.world.code(&door.world.ticket(), STEP);
    let verdict = door.scan(&code, Direction::In, &later(90));
    assert_refused(&verdict, Reason::Expired, &[Reason::AlreadyUsed]);
    assert!(
        verdict.explanation.ends_with("Used at 18:02 at Gate B."),
        "{}",
        verdict.explanation
    );
}

#[test]
fn a_dead_ticket_is_told_dead_however_fresh_its_code() {
    // T9 T4
    for (status, reason) in [
        (TicketRowStatus::Revoked, Reason::Revoked),
        (TicketRowStatus::Cancelled, Reason::Cancelled),
    ] {
        let mut door = door();
        door.row = Some(row(status));
        let code = door.world.code(&door.world.ticket(), STEP);
        let verdict = door.scan(&code, Direction::In, &later(90));
        assert_refused(&verdict, reason, &[Reason::Expired]);
    }
    let mut door = door();
    door.row = Some(row(TicketRowStatus::Expired));
    let code = door.world.code(&door.world.ticket(), STEP);
    let verdict = door.scan(&code, Direction::In, &later(90));
    assert_refused(&verdict, Reason::Expired, &[]);
    assert_eq!(verdict.explanation, "This ticket has expired.");
}

#[test]
fn activation_on_another_phone_kills_the_first_phones_code() {
    // T9 T4: the newer code is itself the proof, also at a gate that heard nothing.
    let mut door = door();
    let second = Payload {
        generation: 2,
        ..door.world.ticket()
    };
    let old = door.world.code(&door.world.ticket(), STEP);
    let new = door.world.code(&second, STEP);
    assert_admitted(&door.scan(&new, Direction::In, NOW));
    let verdict = door.scan(&old, Direction::In, NOW);
    assert_eq!(verdict.reason, Reason::Reissued, "{verdict:?}");
}

#[test]
fn before_its_window_the_code_stands_at_step_1() {
    // T9: the tolerance before the doors open holds for it too.
    let mut door = door();
    door.world.policy.early_tolerance_secs = 300;
    let before = |seconds: i64| at(OPENS).plus_secs(-seconds).to_string();
    let ticket = door.world.ticket();
    let (first, second) = (door.world.code(&ticket, 1), door.world.code(&ticket, 2));
    let early = door.scan(&first, Direction::In, &before(301));
    assert_refused(&early, Reason::TooEarly, &[]);
    let ahead = door.scan(&second, Direction::In, &before(200));
    assert_refused(&ahead, Reason::Expired, &[]);
    assert_admitted(&door.scan(&first, Direction::In, &before(200)));
}

#[test]
fn a_still_code_of_a_ticket_that_turns_is_not_genuine() {
    // T9: the server never signs it; a gate that knows the ticket says so too.
    let mut door = door();
    let ticket = door.world.ticket();
    let verdict = door.enter(&ticket, NOW);
    assert_refused(&verdict, Reason::BadSignature, &[]);
}
