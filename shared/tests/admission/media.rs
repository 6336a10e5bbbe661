//! Wristbands and cards: what they stand for, and when they stand for nothing.

use shared::admission::{Carried, Direction, GateContext, Outcome, Reason, Verdict, decide_medium};
use shared::ids::EventId;
use shared::ticket::{MediumId, Payload, medium_proof, medium_text};
use shared::trust::{ClassPolicy, MediumLink, TicketRow, TicketRowStatus};

use crate::fixture::{Door, STANDARD, VIP, World, assert_refused, at, list, row};

const EVENING: &str = "2026-05-02T11:00:00Z";

fn band() -> MediumLink {
    MediumLink {
        id: MediumId([1; 16]),
        active: true,
        until: None,
    }
}

fn carried(world: &World, link: MediumLink, change: fn(Payload) -> Payload) -> Carried {
    let payload = change(world.ticket());
    Carried {
        link,
        row: TicketRow {
            class: payload.class,
            ..row(TicketRowStatus::Active)
        },
        payload,
        state: None,
        suspects: Vec::new(),
        seat: None,
        holder: Some("An Nguyen".to_owned()),
    }
}

fn same(ticket: Payload) -> Payload {
    ticket
}

/// Of another day: 3 May, 17:00 to 22:00 in Saigon.
fn tomorrow(ticket: Payload) -> Payload {
    Payload {
        serial: 7,
        not_before: 58 * 4,
        not_after: 63 * 4,
        ..ticket
    }
}

fn show(door: &Door, all: &[Carried], now: &str) -> Verdict {
    let context = GateContext {
        gate: door.gate,
        direction: Direction::In,
        snapshot_created: at(now),
        evicted: door.evicted,
        asks: true,
        correction_ms: 0,
    };
    decide_medium(all, &[], &door.world.policy, &context, at(now))
}

#[test]
fn a_band_enters_as_its_ticket_would() {
    // S81 S120
    let door = Door::new(World::new());
    let all = [carried(&door.world, band(), same)];
    let verdict = show(&door, &all, EVENING);
    assert_eq!(
        (verdict.verdict, verdict.reason),
        (Outcome::Admit, Reason::Ok)
    );
    assert_eq!(
        (verdict.serial, verdict.class.as_deref()),
        (Some(48_213), Some("Standard"))
    );
    assert_eq!(verdict.holder.as_deref(), Some("An Nguyen"));
    // A ticket is no better for being on an arm.
    let mut cancelled = all;
    cancelled[0].row.status = TicketRowStatus::Cancelled;
    assert_refused(&show(&door, &cancelled, EVENING), Reason::Cancelled, &[]);
}

#[test]
fn a_band_that_is_linked_to_nothing_lost_or_over_lets_nobody_in() {
    // S78 S79 S120 S121
    let mut door = Door::new(World::new());
    assert_refused(&show(&door, &[], EVENING), Reason::NotATicket, &[]);
    let lost = MediumLink {
        active: false,
        ..band()
    };
    let lost = [carried(&door.world, lost, same)];
    let verdict = show(&door, &lost, EVENING);
    assert_refused(&verdict, Reason::Blocked, &[]);
    assert_eq!((verdict.serial, verdict.holder), (None, None));
    let over = MediumLink {
        until: Some(at("2026-05-02T10:59:59Z")),
        ..band()
    };
    let over = [carried(&door.world, over, same)];
    assert_refused(&show(&door, &over, EVENING), Reason::Expired, &[]);
    assert_eq!(
        show(&door, &over, "2026-05-02T10:59:59Z").reason,
        Reason::Ok
    );
    door.evicted = true;
    assert_refused(&show(&door, &[], EVENING), Reason::DeviceEvicted, &[]);
}

#[test]
fn of_two_tickets_that_are_good_now_none_is_taken() {
    // S80
    let door = Door::new(World::new());
    let another = |ticket| Payload {
        serial: 7,
        class: VIP,
        ..ticket
    };
    let all = [
        carried(&door.world, band(), same),
        carried(&door.world, band(), another),
    ];
    let verdict = show(&door, &all, EVENING);
    assert_refused(&verdict, Reason::WrongClass, &[]);
    assert_eq!(
        verdict.explanation,
        "Please show the code of what you would like to use here: Standard or VIP."
    );
    // Of one kind they are two all the same: a band is one person.
    let alike = [
        all[0].clone(),
        carried(&door.world, band(), |ticket| Payload {
            serial: 7,
            ..ticket
        }),
    ];
    assert_refused(&show(&door, &alike, EVENING), Reason::WrongClass, &[]);
    // One lost link leaves one.
    let mut one = all;
    one[1].link.active = false;
    assert_eq!(show(&door, &one, EVENING).serial, Some(48_213));
}

#[test]
fn tickets_of_different_times_or_lists_are_told_apart() {
    // S81 S83
    let door = Door::new(World::new());
    let all = [
        carried(&door.world, band(), same),
        carried(&door.world, band(), tomorrow),
    ];
    assert_eq!(show(&door, &all, EVENING).serial, Some(48_213));
    assert_eq!(show(&door, &all, "2026-05-03T11:00:00Z").serial, Some(7));
    // When none is good now, the nearest says when it was or will be.
    let before = show(&door, &all, "2026-05-01T11:00:00Z");
    assert_eq!(
        (before.serial, before.reason),
        (Some(48_213), Reason::TooEarly)
    );
    let after = show(&door, &all, "2026-05-09T11:00:00Z");
    assert_eq!((after.serial, after.reason), (Some(7), Reason::TooLate));
    let only = [carried(&door.world, band(), tomorrow)];
    assert_refused(&show(&door, &only, EVENING), Reason::TooEarly, &[]);
    assert_refused(
        &show(&door, &all[..1], "2026-05-03T11:00:00Z"),
        Reason::TooLate,
        &[],
    );
    // Where the gate's list has one of two, that one is meant.
    let mut vip = list("Lounge");
    vip.classes = Some(vec![VIP]);
    let door = Door::on_list(vip);
    let lounge = |ticket| Payload {
        serial: 9,
        class: VIP,
        ..ticket
    };
    let both = [
        carried(&door.world, band(), same),
        carried(&door.world, band(), lounge),
    ];
    assert_eq!(show(&door, &both, EVENING).serial, Some(9));
    let named: Vec<&ClassPolicy> = door.world.policy.classes.iter().collect();
    assert_eq!(named[usize::from(STANDARD)].name, "Standard");
}

#[test]
fn readers_write_one_id_in_many_ways() {
    // S118 S120
    let written = [
        "04:a2:2b:9a:5c:61:80",
        "04A22B9A5C6180",
        " 04-a2-2b-9a-5c-61-80\n",
    ];
    for text in written {
        assert_eq!(
            medium_text(text).as_deref(),
            Some("04A22B9A5C6180"),
            "{text:?}"
        );
    }
    for nothing in ["", "04A2", "+", "https://example.org", &"A".repeat(41)] {
        assert_eq!(medium_text(nothing), None, "{nothing:?}");
    }
    // One id is another medium at another event.
    let event = |byte| EventId::from_bytes([byte; 16]);
    let id = |event| MediumId::of(event, medium_proof(event, "04A22B9A5C6180"));
    assert_eq!(id(event(1)), id(event(1)));
    assert_ne!(id(event(1)), id(event(2)));
    assert_ne!(
        id(event(1)),
        MediumId::of(event(1), medium_proof(event(1), "04A22B9A5C6181"))
    );
}
