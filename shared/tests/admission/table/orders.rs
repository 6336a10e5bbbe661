//! Orders, windows, uses: what the ticket itself says.

use shared::admission::Reason;
use shared::ticket::{Flags, Payload};
use shared::trust::{TicketRow, TicketRowStatus};

use super::Act::{Confirm, Enter, Force, Leave};
use super::{Scenario, plain};
use crate::fixture::{Door, World, list, row};

const NOON: &str = "2026-05-02T11:00:00Z";
const LATER: &str = "2026-05-02T11:10:00Z";

fn door() -> Door {
    Door::new(World::new())
}

fn with_row(status: TicketRowStatus, flags: u8) -> Door {
    let mut door = door();
    let row = row(status);
    door.row = Some(TicketRow { flags, ..row });
    door
}

/// On a list that includes what is not paid for.
fn pending(flags: u8) -> Door {
    let mut list = list("All");
    list.flags = shared::trust::ListFlags::INCLUDE_PENDING;
    let mut door = Door::on_list(list);
    let row = row(TicketRowStatus::Unpaid);
    door.row = Some(TicketRow { flags, ..row });
    door
}

fn coming_and_going(ticket: Payload) -> Payload {
    Payload {
        flags: Flags::RE_ENTRY,
        ..ticket
    }
}

/// 2 May, 00:00 in Saigon, to 3 May, 00:00.
fn whole_day(ticket: Payload) -> Payload {
    Payload {
        not_before: 17 * 4,
        not_after: 41 * 4,
        ..ticket
    }
}

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        numbers: "S1 S95",
        door,
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Ok)],
        queued: 1,
    },
    Scenario {
        numbers: "S20 S102",
        door,
        ticket: plain,
        steps: &[
            (Enter, NOON, Reason::Ok),
            (Enter, LATER, Reason::AlreadyUsed),
        ],
        queued: 1,
    },
    Scenario {
        numbers: "S5 S96 S97",
        door: || with_row(TicketRowStatus::Cancelled, 0),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Cancelled)],
        queued: 0,
    },
    Scenario {
        numbers: "S96",
        door: || with_row(TicketRowStatus::Expired, 0),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Expired)],
        queued: 0,
    },
    Scenario {
        numbers: "S9",
        door: || with_row(TicketRowStatus::Blocked, 0),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Blocked)],
        queued: 0,
    },
    // Included: somebody takes the money, and confirms.
    Scenario {
        numbers: "S6 S7 S100 S126",
        door: || pending(0),
        ticket: plain,
        steps: &[
            (Enter, NOON, Reason::NeedsPayment),
            (Confirm, LATER, Reason::Ok),
        ],
        queued: 1,
    },
    Scenario {
        numbers: "S8",
        door: || pending(TicketRow::NEEDS_APPROVAL | TicketRow::VALID_IF_PENDING),
        ticket: plain,
        steps: &[
            (Enter, NOON, Reason::Unpaid),
            (Confirm, NOON, Reason::Unpaid),
        ],
        queued: 0,
    },
    Scenario {
        numbers: "S14 S15 S100 S126",
        door: || with_row(TicketRowStatus::Unpaid, 0),
        ticket: plain,
        steps: &[
            (Enter, NOON, Reason::Unpaid),
            (Confirm, NOON, Reason::Unpaid),
            (Force, NOON, Reason::Ok),
        ],
        queued: 1,
    },
    Scenario {
        numbers: "S16",
        door: || with_row(TicketRowStatus::Unpaid, TicketRow::VALID_IF_PENDING),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Ok)],
        queued: 1,
    },
    Scenario {
        numbers: "S17",
        door: || pending(TicketRow::VALID_IF_PENDING),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Ok)],
        queued: 1,
    },
    Scenario {
        numbers: "S11 S69",
        door,
        ticket: whole_day,
        steps: &[
            (Enter, "2026-05-02T17:00:01Z", Reason::TooLate),
            (Enter, "2026-05-02T16:59:59Z", Reason::Ok),
        ],
        queued: 1,
    },
    Scenario {
        numbers: "S12 S68",
        door,
        ticket: whole_day,
        steps: &[
            (Enter, "2026-05-01T16:59:59Z", Reason::TooEarly),
            (Enter, "2026-05-01T17:00:00Z", Reason::Ok),
        ],
        queued: 1,
    },
    Scenario {
        numbers: "S24 S108",
        door,
        ticket: coming_and_going,
        steps: &[
            (Enter, "2026-05-02T11:00:00Z", Reason::Ok),
            (Leave, "2026-05-02T11:10:00Z", Reason::Ok),
            (Enter, "2026-05-02T11:20:00Z", Reason::Ok),
            (Enter, "2026-05-02T11:30:00Z", Reason::AlreadyUsed),
        ],
        queued: 3,
    },
    Scenario {
        numbers: "S108",
        door,
        ticket: plain,
        steps: &[
            (Enter, "2026-05-02T11:00:00Z", Reason::Ok),
            (Leave, "2026-05-02T11:10:00Z", Reason::Ok),
            (Enter, "2026-05-02T11:20:00Z", Reason::AlreadyUsed),
        ],
        queued: 2,
    },
    // Ours tells a leaving guest apart from one who never came in; both may go.
    Scenario {
        numbers: "S106",
        door,
        ticket: plain,
        steps: &[
            (Leave, "2026-05-02T11:00:00Z", Reason::NotInside),
            (Enter, "2026-05-02T11:05:00Z", Reason::Ok),
            (Leave, "2026-05-02T11:10:00Z", Reason::Ok),
            (Leave, "2026-05-02T11:15:00Z", Reason::NotInside),
        ],
        queued: 2,
    },
    Scenario {
        numbers: "S123",
        door,
        ticket: plain,
        steps: &[
            (Force, NOON, Reason::Ok),
            (Enter, LATER, Reason::AlreadyUsed),
            (Force, LATER, Reason::Ok),
        ],
        queued: 2,
    },
    Scenario {
        numbers: "S123",
        door: || with_row(TicketRowStatus::Cancelled, 0),
        ticket: plain,
        steps: &[(Force, NOON, Reason::Ok)],
        queued: 1,
    },
    Scenario {
        numbers: "S131 S70",
        door: || with_row(TicketRowStatus::Revoked, 0),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Revoked), (Force, NOON, Reason::Ok)],
        queued: 1,
    },
    Scenario {
        numbers: "S66",
        door: || {
            let mut door = door();
            door.row = None;
            door
        },
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Ok)],
        queued: 1,
    },
    Scenario {
        numbers: "S72",
        door,
        ticket: |ticket| Payload { class: 9, ..ticket },
        steps: &[(Enter, NOON, Reason::WrongClass)],
        queued: 0,
    },
];
