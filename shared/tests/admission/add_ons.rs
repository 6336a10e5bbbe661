//! A list for add-ons, opened by the ticket that they were added to.

use shared::admission::overrule::force;
use shared::admission::{AddOn, Direction, Outcome, Reason, Verdict};
use shared::log::{EntryKind, Hlc, LogId, TicketState, Use};
use shared::ticket::Payload;
use shared::trust::{EntryLimit, ListFlags, TicketRow, TicketRowStatus};

use crate::fixture::{Door, GATE_A, STANDARD, VIP, assert_refused, at, list, row};

const NOON: &str = "2026-05-02T11:00:00Z";
const LATER: &str = "2026-05-02T11:10:00Z";
/// Serials of what was added to the ticket of the fixture.
const MEAL: u32 = 700;
const SECOND_MEAL: u32 = 701;

/// A list of the class VIP, which here is the add-on's; `matching` is its switch.
fn buffet(matching: bool) -> Door {
    let mut list = list("Buffet");
    list.classes = Some(vec![VIP]);
    list.entries = EntryLimit::Once;
    if matching {
        list.flags = ListFlags::ADD_ON_MATCH;
    }
    let mut door = Door::on_list(list);
    door.add_ons = vec![meal(&door, MEAL)];
    door
}

fn meal(door: &Door, serial: u32) -> AddOn {
    AddOn {
        payload: Payload {
            serial,
            class: VIP,
            kid: 0,
            ..door.world.ticket()
        },
        row: TicketRow {
            class: VIP,
            ..row(TicketRowStatus::Active)
        },
        state: None,
        suspects: Vec::new(),
    }
}

fn show(door: &Door, direction: Direction, now: &str) -> Verdict {
    let text = door.world.text(&door.world.ticket());
    let presented = door.world.present(&text, now);
    door.decide(&presented, direction, now)
}

/// The add-on that the verdict let in is used from now on.
fn used(door: &mut Door, verdict: &Verdict, kind: EntryKind, now: &str) {
    let serial = verdict.serial.expect("a ticket");
    let add_on = door
        .add_ons
        .iter_mut()
        .find(|of| of.payload.serial == serial);
    let state = &mut add_on.expect("an add-on").state;
    state.get_or_insert_with(TicketState::default).insert(Use {
        hlc: Hlc::default().tick(at(now)),
        log: LogId([1; 16]),
        seq: door.written,
        kind,
        device: shared::ids::DeviceId::from_bytes([1; 16]),
        gate: GATE_A,
        generation: 1,
        target: None,
    });
    door.written += 1;
}

#[test]
fn without_the_switch_a_ticket_stands_for_itself() {
    // S26 S132
    let verdict = show(&buffet(false), Direction::In, NOON);
    assert_refused(&verdict, Reason::WrongClass, &[]);
    assert_eq!(verdict.serial, Some(48_213));
}

#[test]
fn a_ticket_opens_the_list_for_what_was_added_to_it_once() {
    // S27 S132
    let mut door = buffet(true);
    let verdict = show(&door, Direction::In, NOON);
    assert_eq!(
        (verdict.verdict, verdict.reason),
        (Outcome::Admit, Reason::Ok)
    );
    // The add-on is checked in, under the name on the ticket.
    assert_eq!(verdict.serial, Some(MEAL));
    assert_eq!(verdict.class.as_deref(), Some("VIP"));
    assert_eq!(verdict.holder.as_deref(), Some("An Nguyen"));
    used(&mut door, &verdict, EntryKind::Admit, NOON);
    let again = show(&door, Direction::In, LATER);
    assert_refused(&again, Reason::AlreadyUsed, &[]);
    assert_eq!(again.explanation, "Used at 18:00 at Gate A.");
    // The ticket itself was not used by it.
    assert_eq!(door.state, TicketState::default());
    let out = show(&door, Direction::Out, LATER);
    assert_eq!((out.reason, out.serial), (Reason::Ok, Some(MEAL)));
}

#[test]
fn add_ons_of_one_class_are_taken_one_after_the_other() {
    // S27 S28
    let mut door = buffet(true);
    door.add_ons.push(meal(&door, SECOND_MEAL));
    for serial in [MEAL, SECOND_MEAL] {
        let verdict = show(&door, Direction::In, NOON);
        assert_eq!((verdict.reason, verdict.serial), (Reason::Ok, Some(serial)));
        used(&mut door, &verdict, EntryKind::Admit, NOON);
    }
    assert_refused(&show(&door, Direction::In, LATER), Reason::AlreadyUsed, &[]);
}

#[test]
fn add_ons_of_several_classes_are_not_guessed() {
    // S28 S132
    let mut door = buffet(true);
    let parking = AddOn {
        payload: Payload {
            serial: 702,
            class: 2,
            ..door.add_ons[0].payload
        },
        ..meal(&door, 702)
    };
    let mut class = door.world.policy.classes[usize::from(VIP)].clone();
    class.id = shared::ids::ClassId::from_bytes([3; 16]);
    class.name = "Parking".to_owned();
    door.world.policy.classes.push(class);
    door.world.policy.lists[0].classes = Some(vec![VIP, 2]);
    door.add_ons.push(parking);
    let verdict = show(&door, Direction::In, NOON);
    assert_refused(&verdict, Reason::WrongClass, &[]);
    assert_eq!(
        verdict.explanation,
        "Please show the code of what you would like to use here: VIP or Parking."
    );
    // The one that the list has not is no choice.
    door.world.policy.lists[0].classes = Some(vec![2]);
    let verdict = show(&door, Direction::In, NOON);
    assert_eq!((verdict.reason, verdict.serial), (Reason::Ok, Some(702)));
}

#[test]
fn the_ticket_in_hand_must_be_good_whatever_it_stands_for() {
    // S132
    let mut door = buffet(true);
    door.row = Some(row(TicketRowStatus::Revoked));
    let verdict = show(&door, Direction::In, NOON);
    assert_refused(&verdict, Reason::Revoked, &[]);
    // Forced, it is the add-on that enters.
    let (forced, kind) = force(&verdict, "en").expect("a supervisor may");
    assert_eq!((forced.serial, kind), (Some(MEAL), EntryKind::Forced));
    door.row = Some(row(TicketRowStatus::Active));
    door.add_ons[0].row.status = TicketRowStatus::Cancelled;
    assert_refused(&show(&door, Direction::In, NOON), Reason::Cancelled, &[]);
    // With nothing added, the list is closed to the ticket as ever.
    door.add_ons.clear();
    assert_refused(&show(&door, Direction::In, NOON), Reason::WrongClass, &[]);
}

#[test]
fn a_ticket_that_the_list_admits_stands_for_itself() {
    // S27
    let mut door = buffet(true);
    door.world.policy.lists[0].classes = Some(vec![STANDARD, VIP]);
    let verdict = show(&door, Direction::In, NOON);
    assert_eq!((verdict.reason, verdict.serial), (Reason::Ok, Some(48_213)));
}
