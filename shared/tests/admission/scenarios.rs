//! What gate staff rely on, by the numbers of `checkin-scenarios.md`.

use shared::admission::{Direction, Outcome, Presented, Reason};
use shared::log::EntryKind;
use shared::ticket::{Flags, Payload};
use shared::trust::TicketRowStatus;

use crate::fixture::{
    Door, GATE_A, GATE_B, GATE_C, VIP, World, assert_admitted, assert_refused, at, row,
};

const EVENING: &str = "2026-05-02T11:00:00Z";

#[test]
fn s1_v1_a_good_ticket_enters_once() {
    // S1 V1 S20
    let mut door = Door::new(World::new());
    let ticket = door.world.ticket();
    let verdict = door.enter(&ticket, EVENING);
    assert_admitted(&verdict);
    assert_eq!(verdict.serial, Some(48_213));
    assert_eq!(verdict.generation, Some(1));
    assert_eq!(verdict.class.as_deref(), Some("Standard"));
    assert_eq!(verdict.seat.as_deref(), Some("A-12"));
    assert_eq!(verdict.holder.as_deref(), Some("An Nguyen"));
    assert_eq!(verdict.explanation, "Welcome.");
    assert_eq!(verdict.earlier, None);
    assert_eq!(
        (verdict.at, verdict.durable, verdict.us),
        (at(EVENING), false, 0)
    );
    assert_eq!(door.written, 1, "one entry to queue");
}

#[test]
fn s19_s20_the_second_scan_is_told_of_the_first() {
    // S19 S20 V2
    let mut door = Door::new(World::new());
    door.gate = Some(GATE_B);
    let ticket = door.world.ticket();
    assert_admitted(&door.enter(&ticket, "2026-05-02T11:02:00Z"));
    door.gate = Some(GATE_A);
    let verdict = door.enter(&ticket, "2026-05-02T11:30:00Z");
    assert_refused(&verdict, Reason::AlreadyUsed, &[]);
    assert_eq!(verdict.explanation, "Used at 18:02 at Gate B.");
    let earlier = verdict.earlier.expect("known");
    assert_eq!(
        (earlier.at, earlier.gate.as_str()),
        (at("2026-05-02T11:02:00Z"), "Gate B")
    );
    assert_eq!(verdict.seat.as_deref(), Some("A-12"), "details on both");
    assert_eq!(door.written, 1);
}

#[test]
fn s24_out_and_in_again_where_the_ticket_allows() {
    // S24 S108 V4
    let mut door = Door::new(World::new());
    let ticket = Payload {
        flags: Flags::RE_ENTRY,
        ..door.world.ticket()
    };
    assert_admitted(&door.enter(&ticket, "2026-05-02T11:00:00Z"));
    let left = door.leave(&ticket, "2026-05-02T11:10:00Z");
    assert_admitted(&left);
    assert_eq!(left.explanation, "Goodbye.");
    let again = door.enter(&ticket, "2026-05-02T11:20:00Z");
    assert_admitted(&again);
    assert_eq!(again.explanation, "Welcome back.");
    let passed_back = door.enter(&ticket, "2026-05-02T11:30:00Z");
    assert_refused(&passed_back, Reason::AlreadyUsed, &[]);
    assert_eq!(passed_back.explanation, "Used at 18:20 at Gate A.");
    assert_eq!(door.written, 3);
}

#[test]
fn s108_without_the_flag_an_exit_does_not_open_the_door_again() {
    // S108
    let mut door = Door::new(World::new());
    let ticket = door.world.ticket();
    assert_admitted(&door.enter(&ticket, "2026-05-02T11:00:00Z"));
    assert_admitted(&door.leave(&ticket, "2026-05-02T11:10:00Z"));
    assert_refused(
        &door.enter(&ticket, "2026-05-02T11:20:00Z"),
        Reason::AlreadyUsed,
        &[],
    );
}

#[test]
fn s106_nobody_leaves_who_is_not_inside() {
    // S106
    let mut door = Door::new(World::new());
    let ticket = door.world.ticket();
    let verdict = door.leave(&ticket, EVENING);
    assert_refused(&verdict, Reason::NotInside, &[]);
    assert_eq!(verdict.explanation, "Nobody is inside with this ticket.");
    assert_admitted(&door.enter(&ticket, EVENING));
    assert_admitted(&door.leave(&ticket, EVENING));
    assert_refused(&door.leave(&ticket, EVENING), Reason::NotInside, &[]);
}

#[test]
fn s5_s9_s14_the_state_of_the_order() {
    // S5 S9 S14 S70 S96 S97 S131
    let cases = [
        (TicketRowStatus::Cancelled, Reason::Cancelled),
        (TicketRowStatus::Blocked, Reason::Blocked),
        (TicketRowStatus::Unpaid, Reason::Unpaid),
        (TicketRowStatus::Expired, Reason::Expired),
        (TicketRowStatus::Revoked, Reason::Revoked),
    ];
    for (status, reason) in cases {
        let mut door = Door::new(World::new());
        door.row = Some(row(status));
        let ticket = door.world.ticket();
        let verdict = door.enter(&ticket, EVENING);
        assert_refused(&verdict, reason, &[]);
        assert_eq!(verdict.class.as_deref(), Some("Standard"), "class shown");
        assert_eq!(door.written, 0, "nothing queued");
    }
}

#[test]
fn s11_s12_s68_s69_the_window_ends_on_the_second() {
    // S11 S12 S68 S69 V3
    // Midnight in Saigon is 17:00 UTC: window from 2 May 00:00 to 3 May 00:00 there.
    let world = World::new();
    let ticket = Payload {
        not_before: 17 * 4,
        not_after: 41 * 4,
        ..world.ticket()
    };
    let cases = [
        (
            "2026-05-01T16:59:59.999Z",
            Reason::TooEarly,
            "Opens at 00:00 on 2 May.",
        ),
        (
            "2026-05-01T16:59:59Z",
            Reason::TooEarly,
            "Opens at 00:00 on 2 May.",
        ),
        ("2026-05-01T17:00:00Z", Reason::Ok, "Welcome."),
        ("2026-05-02T16:59:59Z", Reason::Ok, "Welcome."),
        ("2026-05-02T17:00:00Z", Reason::Ok, "Welcome."),
        (
            "2026-05-02T17:00:01Z",
            Reason::TooLate,
            "Entry closed at 00:00.",
        ),
        (
            "2026-05-03T17:00:01Z",
            Reason::TooLate,
            "Entry closed at 00:00 on 3 May.",
        ),
        (
            "2026-04-30T10:00:00Z",
            Reason::TooEarly,
            "Opens at 00:00 on 2 May.",
        ),
    ];
    for (now, reason, explanation) in cases {
        let mut door = Door::new(World::new());
        let verdict = door.enter(&ticket, now);
        assert_eq!(verdict.reason, reason, "{now}");
        assert_eq!(verdict.explanation, explanation, "{now}");
    }
}

#[test]
fn v3_tolerance_widens_the_window_but_not_the_sentence() {
    // V3
    let mut door = Door::new(World::new());
    door.world.policy.early_tolerance_secs = 600;
    door.world.policy.late_tolerance_secs = 300;
    let ticket = Payload {
        flags: Flags::RE_ENTRY,
        ..door.world.ticket()
    };
    // 17:00 to 22:00 in Saigon is 10:00 to 15:00 UTC.
    let early = door.enter(&ticket, "2026-05-02T09:49:59Z");
    assert_refused(&early, Reason::TooEarly, &[]);
    assert_eq!(early.explanation, "Opens at 17:00.");
    assert_admitted(&door.enter(&ticket, "2026-05-02T09:50:00Z"));
    assert_admitted(&door.leave(&ticket, "2026-05-02T12:00:00Z"));
    assert_admitted(&door.enter(&ticket, "2026-05-02T15:05:00Z"));
    assert_admitted(&door.leave(&ticket, "2026-05-02T23:00:00Z"));
    let late = door.enter(&ticket, "2026-05-02T15:05:01Z");
    assert_eq!(late.reason, Reason::TooLate);
    assert_eq!(
        late.explanation, "Entry closed at 22:00. Used at 22:05 at Gate A.",
        "a late duplicate must not look like a mere too late"
    );
}

#[test]
fn s18_s26_the_class_does_not_enter_here() {
    // S18 S98 V4
    let world = World::new();
    let standard = world.ticket();
    let vip = Payload {
        class: VIP,
        ..standard
    };
    // Zones of the ticket itself count as well as its class's.
    let upgraded = Payload {
        zones: 0b10,
        ..standard
    };
    let cases = [
        (standard, Some(GATE_A), true),
        (standard, Some(GATE_B), true),
        (standard, Some(GATE_C), false),
        (vip, Some(GATE_B), true),
        (vip, Some(GATE_C), true),
        (upgraded, Some(GATE_C), true),
        // V9: the server has no gate.
        (standard, None, true),
        // A gate that these rules do not know.
        (vip, Some(99), false),
    ];
    for (ticket, gate, admitted) in cases {
        let mut door = Door::new(World::new());
        door.gate = gate;
        let verdict = door.enter(&ticket, EVENING);
        if admitted {
            assert_admitted(&verdict);
        } else {
            assert_refused(&verdict, Reason::WrongGate, &[]);
        }
    }
}

#[test]
fn the_guest_at_the_wrong_gate_is_told_where_to_go() {
    let mut door = Door::new(World::new());
    door.gate = Some(GATE_C);
    let ticket = door.world.ticket();
    let verdict = door.enter(&ticket, EVENING);
    assert_eq!(
        verdict.explanation,
        "This ticket is not for this entrance. Please go to Gate A or Gate B."
    );
    // Nowhere to go: no gate is named.
    door.world.policy.gates.remove(0);
    door.world.policy.gates.remove(0);
    door.gate = Some(0);
    let verdict = door.enter(&ticket, EVENING);
    assert_eq!(
        verdict.explanation,
        "This ticket is not for this entrance. Please ask the staff."
    );
}

#[test]
fn s66_s67_a_ticket_claimed_after_the_snapshot_enters() {
    // S66 S67
    for known in [None, Some(row(TicketRowStatus::Unclaimed))] {
        let mut door = Door::new(World::new());
        door.row = known;
        let ticket = door.world.ticket();
        assert_admitted(&door.enter(&ticket, EVENING));
        assert_eq!(door.written, 1);
    }
}

#[test]
fn s72_a_class_that_is_not_known_here() {
    // S72
    let mut door = Door::new(World::new());
    let ticket = Payload {
        class: 2,
        ..door.world.ticket()
    };
    let verdict = door.enter(&ticket, EVENING);
    assert_refused(&verdict, Reason::WrongClass, &[]);
    assert_eq!(verdict.class, None);
    // At a gate with zones its own zones still count; the class is the only complaint.
    door.gate = Some(GATE_C);
    let zoned = Payload {
        zones: 0b10,
        ..ticket
    };
    assert_refused(&door.enter(&zoned, EVENING), Reason::WrongClass, &[]);
}

#[test]
fn v9_the_server_decides_without_a_gate_by_the_same_rules() {
    // V9
    let mut door = Door::new(World::new());
    door.gate = None;
    let ticket = door.world.ticket();
    assert_admitted(&door.enter(&ticket, EVENING));
    let verdict = door.enter(&ticket, EVENING);
    assert_refused(&verdict, Reason::AlreadyUsed, &[]);
    door.row = Some(row(TicketRowStatus::Cancelled));
    let verdict = door.enter(&ticket, EVENING);
    assert_refused(&verdict, Reason::Cancelled, &[Reason::AlreadyUsed]);
}

#[test]
fn an_id_is_looked_at_before_the_guest_enters() {
    let world = World::new();
    let by_flag = |flags| Payload {
        flags,
        ..world.ticket()
    };
    let mut listed = row(TicketRowStatus::Active);
    listed.flags = 1;
    let plain = row(TicketRowStatus::Active);
    let cases = [
        (by_flag(Flags::ID_CHECK), plain, "Please show your ID."),
        (by_flag(Flags::NONE), listed, "Please show your ID."),
        (
            by_flag(Flags::ADULT),
            plain,
            "Please show an ID with your date of birth.",
        ),
    ];
    for (ticket, row, explanation) in cases {
        let mut door = Door::new(World::new());
        door.row = Some(row);
        let verdict = door.enter(&ticket, EVENING);
        assert_eq!(verdict.verdict, Outcome::Attention);
        assert_eq!(verdict.reason, Reason::NeedsId);
        assert_eq!(verdict.explanation, explanation);
        // The step must not hide that the ticket was used: that is the answer then.
        door.record(EntryKind::Admit, GATE_B, 1, "2026-05-02T10:30:00Z");
        let verdict = door.enter(&ticket, EVENING);
        assert_refused(&verdict, Reason::AlreadyUsed, &[Reason::NeedsId]);
    }
}

#[test]
fn what_cannot_be_presented_is_refused_with_its_reason() {
    let door = Door::new(World::new());
    for reason in [
        Reason::NotATicket,
        Reason::Misread,
        Reason::UnknownEvent,
        Reason::UnknownKey,
        Reason::BadSignature,
        Reason::RateLimited,
    ] {
        let verdict = door.decide(&Presented::Refused(reason), Direction::In, EVENING);
        assert_refused(&verdict, reason, &[]);
        assert_eq!(verdict.serial, None);
        assert_eq!(
            verdict.holder, None,
            "an unverified code shows nobody's name"
        );
    }
}
