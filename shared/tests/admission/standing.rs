//! Generations, undone admissions, stale news, evicted devices, and the order of reasons.

use shared::admission::{Direction, Outcome, Presented, Reason};
use shared::ids::DeviceId;
use shared::log::{EntryKind, Hlc, LogId, Target, Use};
use shared::ticket::{Flags, Payload};
use shared::trust::TicketRowStatus;

use crate::fixture::{Door, GATE_A, GATE_C, World, assert_admitted, assert_refused, at, row};

const EVENING: &str = "2026-05-02T11:00:00Z";

/// Generation of the row, newest in the log, generation of the ticket, and what becomes of it.
#[test]
fn a_newer_ticket_kills_the_older() {
    let cases = [
        (Some(1), None, 1, Reason::Ok),
        (Some(2), None, 1, Reason::Reissued),
        (Some(1), None, 2, Reason::Ok),
        (None, None, 200, Reason::Ok),
        // Heard of through another device's entry, which was then undone.
        (Some(1), Some(2), 1, Reason::Reissued),
        (Some(1), Some(2), 2, Reason::Ok),
        (None, Some(3), 2, Reason::Reissued),
        (Some(4), Some(3), 4, Reason::Ok),
        (Some(254), Some(3), 253, Reason::Reissued),
    ];
    for (in_row, in_log, generation, reason) in cases {
        let mut door = Door::new(World::new());
        door.row = in_row.map(|generation| {
            let mut row = row(TicketRowStatus::Active);
            row.generation = generation;
            row
        });
        if let Some(generation) = in_log {
            door.record(EntryKind::Admit, GATE_A, generation, EVENING);
            undo_first(&mut door);
        }
        let ticket = Payload {
            generation,
            ..door.world.ticket()
        };
        let verdict = door.enter(&ticket, EVENING);
        assert_eq!(
            verdict.reason, reason,
            "row {in_row:?}, log {in_log:?}, ticket {generation}"
        );
    }
}

fn undo_first(door: &mut Door) {
    let first = door.state.uses()[0];
    door.state.insert(Use {
        hlc: Hlc {
            counter: 7,
            ..first.hlc
        },
        log: LogId([2; 16]),
        seq: 0,
        kind: EntryKind::Undo,
        device: DeviceId::from_bytes([2; 16]),
        target: Some(Target {
            log: first.log,
            seq: first.seq,
        }),
        ..first
    });
}

#[test]
fn an_unclaimed_row_says_nothing_about_generations() {
    let mut door = Door::new(World::new());
    let mut unclaimed = row(TicketRowStatus::Unclaimed);
    unclaimed.generation = 9;
    door.row = Some(unclaimed);
    let ticket = door.world.ticket();
    assert_admitted(&door.enter(&ticket, EVENING));
}

/// A revocation names a generation; everything else holds for the serial.
#[test]
fn a_reissued_ticket_outlives_only_a_revocation() {
    let cases = [
        (TicketRowStatus::Active, Reason::Ok),
        (TicketRowStatus::Revoked, Reason::Ok),
        (TicketRowStatus::Blocked, Reason::Blocked),
        (TicketRowStatus::Cancelled, Reason::Cancelled),
        (TicketRowStatus::Unpaid, Reason::Unpaid),
        (TicketRowStatus::Expired, Reason::Expired),
    ];
    for (status, reason) in cases {
        let mut door = Door::new(World::new());
        door.row = Some(row(status));
        let ticket = Payload {
            generation: 2,
            ..door.world.ticket()
        };
        assert_eq!(door.enter(&ticket, EVENING).reason, reason, "{status:?}");
    }
}

#[test]
fn an_undone_admission_does_not_count() {
    // V11
    let mut door = Door::new(World::new());
    let ticket = door.world.ticket();
    assert_admitted(&door.enter(&ticket, EVENING));
    undo_first(&mut door);
    let verdict = door.enter(&ticket, EVENING);
    assert_admitted(&verdict);
    assert_eq!(verdict.earlier, None);
    assert_eq!(verdict.explanation, "Welcome.");
}

#[test]
fn stale_news_stop_admissions_but_not_exits() {
    let mut door = Door::new(World::new());
    door.world.policy.red_after_secs = 7_200;
    let ticket = Payload {
        flags: Flags::RE_ENTRY,
        ..door.world.ticket()
    };
    door.snapshot_created = at("2026-05-02T09:00:00Z");
    assert_admitted(&door.enter(&ticket, "2026-05-02T11:00:00Z"));
    assert_admitted(&door.leave(&ticket, "2026-05-02T11:00:01Z"));
    let verdict = door.enter(&ticket, "2026-05-02T11:00:01Z");
    assert_eq!(
        (verdict.verdict, verdict.reason),
        (Outcome::Refuse, Reason::SnapshotTooOld)
    );
    door.record(EntryKind::Admit, GATE_A, 1, "2026-05-02T11:30:00Z");
    assert_admitted(&door.leave(&ticket, "2026-05-02T12:00:00Z"));
    // A snapshot from a clock that runs ahead is not old.
    door.snapshot_created = at("2026-05-03T09:00:00Z");
    assert_admitted(&door.enter(&ticket, "2026-05-02T12:10:00Z"));
    // What old news do know, they still say.
    door.snapshot_created = at("2026-05-01T09:00:00Z");
    door.row = Some(row(TicketRowStatus::Cancelled));
    let verdict = door.enter(&ticket, "2026-05-02T12:20:00Z");
    assert_refused(
        &verdict,
        Reason::Cancelled,
        &[Reason::SnapshotTooOld, Reason::AlreadyUsed],
    );
}

#[test]
fn an_evicted_device_says_nothing_else() {
    let mut door = Door::new(World::new());
    door.evicted = true;
    let ticket = door.world.ticket();
    for direction in [Direction::In, Direction::Out] {
        let text = door.world.text(&ticket);
        let verdict = door.scan(&text, direction, EVENING);
        assert_refused(&verdict, Reason::DeviceEvicted, &[]);
        assert_eq!(
            (verdict.serial, verdict.holder, verdict.seat),
            (None, None, None)
        );
    }
    let verdict = door.decide(&Presented::Refused(Reason::Misread), Direction::In, EVENING);
    assert_refused(&verdict, Reason::DeviceEvicted, &[]);
}

#[test]
fn the_first_failure_is_the_reason_and_the_others_follow_in_order() {
    let mut door = Door::with_rule(r#"{"==": [1, 2]}"#);
    door.world
        .policy
        .rules
        .push(("Second".to_owned(), "false".to_owned()));
    door.world.policy.red_after_secs = 60;
    door.gate = Some(GATE_C);
    let mut revoked = row(TicketRowStatus::Revoked);
    revoked.generation = 2;
    revoked.flags = 1;
    door.row = Some(revoked);
    door.record(EntryKind::Admit, GATE_A, 2, "2026-05-01T11:00:00Z");
    let ticket = Payload {
        class: 9,
        ..door.world.ticket()
    };
    let verdict = door.enter(&ticket, "2026-05-04T11:00:00Z");
    assert_refused(
        &verdict,
        Reason::Reissued,
        &[
            Reason::Revoked,
            Reason::SnapshotTooOld,
            Reason::WrongClass,
            Reason::WrongGate,
            Reason::TooLate,
            Reason::Rule,
            Reason::NeedsId,
            Reason::AlreadyUsed,
        ],
    );
    assert_eq!(
        verdict.explanation,
        "This ticket was replaced by a newer one. Please show the newer one. \
         Used at 18:00 on 1 May at Gate A."
    );
}

#[test]
fn an_earlier_use_at_an_unknown_gate_is_still_told() {
    let mut door = Door::new(World::new());
    door.record(EntryKind::Forced, 77, 1, "2026-05-02T10:30:00Z");
    let ticket = door.world.ticket();
    let verdict = door.enter(&ticket, EVENING);
    assert_refused(&verdict, Reason::AlreadyUsed, &[]);
    assert_eq!(verdict.explanation, "Used at 17:30 at another entrance.");
}

#[test]
fn the_first_use_is_told_unless_people_come_and_go() {
    let mut door = Door::new(World::new());
    // Two gates that could not hear each other.
    door.record(EntryKind::Admit, GATE_A, 1, "2026-05-02T10:30:00Z");
    door.record(EntryKind::Admit, GATE_C, 1, "2026-05-02T10:40:00Z");
    let ticket = door.world.ticket();
    let verdict = door.enter(&ticket, EVENING);
    assert_eq!(verdict.explanation, "Used at 17:30 at Gate A.");
    let coming = Payload {
        flags: Flags::RE_ENTRY,
        ..ticket
    };
    let verdict = door.enter(&coming, EVENING);
    assert_eq!(verdict.explanation, "Used at 17:40 at Gate C.");
}
