//! What people at the gate may do with a verdict: V11.

use shared::admission::overrule::{AnnulError, annul, confirm, force};
use shared::admission::{Direction, Outcome, Presented, Reason, Verdict};
use shared::ids::DeviceId;
use shared::log::{EntryKind, Hlc, LogId, Target, Use};
use shared::ticket::{Flags, Payload};
use shared::trust::TicketRowStatus;

use crate::fixture::{Door, World, assert_refused, at, row};

const EVENING: &str = "2026-05-02T11:00:00Z";

fn at_door(status: TicketRowStatus, flags: Flags) -> Verdict {
    let mut door = Door::new(World::new());
    door.row = Some(row(status));
    let ticket = Payload {
        flags,
        ..door.world.ticket()
    };
    let presented = door.world.present(&door.world.text(&ticket), EVENING);
    door.decide(&presented, Direction::In, EVENING)
}

#[test]
fn a_step_that_was_done_admits_and_is_told() {
    // V11
    let mut verdict = at_door(TicketRowStatus::Active, Flags::ID_CHECK);
    assert_eq!(verdict.verdict, Outcome::Attention);
    confirm(&mut verdict, "en");
    assert_eq!(
        (verdict.verdict, verdict.reason),
        (Outcome::Admit, Reason::Ok)
    );
    assert_eq!(verdict.also, [Reason::NeedsId]);
    assert_eq!(verdict.explanation, "Welcome.");
    // A step does not cure what else is wrong.
    let refused = at_door(TicketRowStatus::Cancelled, Flags::ID_CHECK);
    let mut confirmed = refused.clone();
    confirm(&mut confirmed, "en");
    assert_eq!(confirmed, refused);
}

#[test]
fn a_supervisor_lets_in_against_the_rules_and_it_is_recorded_as_such() {
    // S100 S123 S131 V11
    for status in [
        TicketRowStatus::Cancelled,
        TicketRowStatus::Revoked,
        TicketRowStatus::Unpaid,
        TicketRowStatus::Blocked,
        TicketRowStatus::Expired,
    ] {
        let refused = at_door(status, Flags::NONE);
        let (forced, kind) = force(&refused, "en").expect("may be forced");
        assert_eq!(
            (forced.verdict, forced.reason),
            (Outcome::Admit, Reason::Ok)
        );
        assert_eq!(forced.also, [refused.reason], "what failed stays told");
        assert_eq!(forced.explanation, "Let in by a supervisor.");
        assert_eq!(forced.serial, refused.serial, "the right ticket");
        assert_eq!(kind, EntryKind::Forced);
        assert!(!forced.durable);
    }
    let (admitted, kind) =
        force(&at_door(TicketRowStatus::Active, Flags::NONE), "en").expect("yes");
    assert_eq!(kind, EntryKind::Admit, "nothing had to be forced");
    assert_eq!(admitted.explanation, "Welcome.");
}

#[test]
fn nobody_lets_in_what_is_no_ticket_of_the_event() {
    // S130 V11
    let mut door = Door::new(World::new());
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
        assert_eq!(force(&verdict, "en"), None, "{reason:?}");
    }
    let ticket = door.world.ticket();
    let leaving = door.leave(&ticket, EVENING);
    assert_eq!(leaving.reason, Reason::NotInside);
    assert_eq!(force(&leaving, "en"), None);
    door.evicted = true;
    let evicted = door.enter(&ticket, EVENING);
    assert_eq!(evicted.reason, Reason::DeviceEvicted);
    assert_eq!(force(&evicted, "en"), None);
}

fn undo(door: &mut Door, target: Target) {
    door.state.insert(Use {
        hlc: Hlc::default().tick(at("2026-05-02T12:00:00Z")),
        log: LogId([2; 16]),
        seq: 0,
        kind: EntryKind::Undo,
        device: DeviceId::from_bytes([2; 16]),
        gate: 0,
        generation: 1,
        target: Some(target),
    });
}

#[test]
fn a_use_is_annulled_by_its_entry() {
    // S138 V11
    let mut door = Door::new(World::new());
    assert_eq!(annul(&door.state, None), Err(AnnulError::Unknown));
    door.record(EntryKind::Admit, 0, 1, "2026-05-02T11:00:00Z");
    door.record(EntryKind::Forced, 1, 1, "2026-05-02T11:10:00Z");
    let name = |use_: Use| Target {
        log: use_.log,
        seq: use_.seq,
    };
    let (first, second) = (door.state.uses()[0], door.state.uses()[1]);
    assert_eq!(
        annul(&door.state, None),
        Ok(second),
        "the latest that stands"
    );
    assert_eq!(annul(&door.state, Some(name(first))), Ok(first));
    let elsewhere = Target {
        log: LogId([9; 16]),
        seq: 0,
    };
    assert_eq!(
        annul(&door.state, Some(elsewhere)),
        Err(AnnulError::Unknown)
    );
    undo(&mut door, name(second));
    assert_eq!(
        annul(&door.state, Some(name(second))),
        Err(AnnulError::Done)
    );
    assert_eq!(annul(&door.state, None), Ok(first));
    let undone = door.state.uses()[2];
    assert_eq!(
        annul(&door.state, Some(name(undone))),
        Err(AnnulError::Undo)
    );
}
