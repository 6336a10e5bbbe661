//! Admissions that are told of and not counted: they block, and are never taken for a use.

use shared::admission::overrule::force;
use shared::admission::{Direction, Outcome, Reason};
use shared::ids::DeviceId;
use shared::log::{EntryKind, Hlc, LogId, Use};
use shared::trust::{EntryLimit, TicketRowStatus};

use crate::fixture::{Door, GATE_A, GATE_B, World, assert_admitted, assert_refused, at, list, row};

const BEFORE: &str = "2026-05-02T10:55:00Z";
const EVENING: &str = "2026-05-02T11:00:00Z";
const LATER: &str = "2026-05-02T12:00:00Z";

/// Written by a device that is not believed.
fn suspect(gate: u16, when: &str) -> Use {
    Use {
        hlc: Hlc::default().tick(at(when)),
        log: LogId([9; 16]),
        seq: 4,
        kind: EntryKind::Admit,
        device: DeviceId::from_bytes([9; 16]),
        gate,
        generation: 1,
        target: None,
    }
}

fn suspected() -> Door {
    let mut door = Door::new(World::new());
    door.suspects = vec![suspect(GATE_B, BEFORE)];
    door
}

#[test]
fn a_quarantined_admission_blocks_the_ticket_and_is_no_use_of_it() {
    // V6, gossip.md 5
    let mut door = suspected();
    let ticket = door.world.ticket();
    let verdict = door.enter(&ticket, EVENING);
    assert_refused(&verdict, Reason::Blocked, &[]);
    assert_eq!(verdict.earlier, None);
    assert_eq!(
        verdict.explanation,
        "This ticket may have been used at 17:55 at Gate B. Please wait for a supervisor."
    );
    // A counted use is told as one.
    door.record(EntryKind::Admit, GATE_A, 1, EVENING);
    let verdict = door.enter(&ticket, LATER);
    assert_refused(&verdict, Reason::Blocked, &[Reason::AlreadyUsed]);
    assert_eq!(verdict.earlier.map(|of| of.gate).as_deref(), Some("Gate A"));
    // Nobody is kept inside by it.
    assert_eq!(door.leave(&ticket, LATER).verdict, Outcome::Admit);
}

#[test]
fn a_ticket_that_the_organizer_blocked_says_only_that() {
    let mut door = suspected();
    door.row = Some(row(TicketRowStatus::Blocked));
    let ticket = door.world.ticket();
    let verdict = door.enter(&ticket, EVENING);
    assert_refused(&verdict, Reason::Blocked, &[]);
    assert!(verdict.explanation.contains("ticket desk"), "{verdict:?}");
}

#[test]
fn a_supervisor_lets_in_and_that_settles_it() {
    // V11
    let mut re_entry = list("Passes");
    re_entry.entries = EntryLimit::Once;
    re_entry.flags = shared::trust::ListFlags::RE_ENTRY;
    let mut door = Door::on_list(re_entry);
    door.suspects = vec![suspect(GATE_B, BEFORE)];
    let ticket = door.world.ticket();
    let verdict = door.enter(&ticket, EVENING);
    let (forced, kind) = force(&verdict, "en").expect("may be forced");
    assert_eq!((forced.verdict, kind), (Outcome::Admit, EntryKind::Forced));
    assert_eq!(forced.also, [Reason::Blocked]);
    door.record(EntryKind::Forced, GATE_A, 1, EVENING);
    assert_eq!(door.leave(&ticket, LATER).verdict, Outcome::Admit);
    assert_admitted_again(&mut door);
}

fn assert_admitted_again(door: &mut Door) {
    let ticket = door.world.ticket();
    let text = door.world.text(&ticket);
    let verdict = door.scan(&text, Direction::In, LATER);
    assert_eq!(
        (verdict.verdict, verdict.reason),
        (Outcome::Admit, Reason::Ok)
    );
}

#[test]
fn it_stands_in_the_way_only_where_it_would_if_it_counted() {
    let ticket = World::new().ticket();
    let mut many = Door::on_list(list("Passes"));
    many.suspects = vec![suspect(GATE_B, BEFORE)];
    assert_admitted(&many.enter(&ticket, EVENING));
    let mut daily = list("Days");
    daily.entries = EntryLimit::OncePerDay;
    let mut door = Door::on_list(daily);
    door.suspects = vec![suspect(GATE_B, "2026-05-01T10:00:00Z")];
    assert_admitted(&door.enter(&ticket, EVENING));
    // Another list counts for itself.
    let mut once = list("Once");
    once.entries = EntryLimit::Once;
    let mut door = Door::on_list(once);
    door.world.policy.gates[usize::from(GATE_B)].list = None;
    door.suspects = vec![suspect(GATE_B, BEFORE)];
    assert_admitted(&door.enter(&ticket, EVENING));
    door.suspects = vec![suspect(GATE_A, BEFORE)];
    door.state = shared::log::TicketState::default();
    assert_refused(&door.enter(&ticket, EVENING), Reason::Blocked, &[]);
}
