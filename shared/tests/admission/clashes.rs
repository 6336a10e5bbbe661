//! What is a conflict where lists, days and check-outs count for themselves.

use shared::admission::clashes;
use shared::log::{EntryKind, UseLabel};
use shared::trust::{EntryLimit, ListFlags};

use crate::fixture::{Door, GATE_A, GATE_B, World, list};

/// In Bangkok, 17:00 on two days.
const FIRST: &str = "2026-05-02T10:00:00Z";
const SECOND: &str = "2026-05-03T10:00:00Z";

fn on(entries: EntryLimit, check_out_secs: Option<u32>) -> Door {
    let mut list = list("Passes");
    list.entries = entries;
    list.flags = ListFlags::RE_ENTRY;
    list.check_out_secs = check_out_secs;
    Door::on_list(list)
}

/// How many of what came in are told as conflicting, and how many of them as duplicates.
fn told(door: &Door) -> (usize, usize) {
    let found = clashes(&door.state, &door.world.policy);
    let duplicates = found.iter().filter(|(_, of)| *of == UseLabel::Duplicate);
    (found.len(), duplicates.count())
}

#[test]
fn the_second_day_of_a_pass_is_no_conflict_and_a_copy_on_it_is() {
    // V12
    let mut door = on(EntryLimit::OncePerDay, None);
    door.record(EntryKind::Admit, GATE_A, 1, FIRST);
    door.record(EntryKind::Admit, GATE_A, 1, SECOND);
    assert_eq!(told(&door), (0, 0));
    door.record(EntryKind::Admit, GATE_B, 1, "2026-05-03T11:00:00Z");
    assert_eq!(told(&door), (2, 1), "those of the second day alone");
    // Who left before came in again.
    let mut door = on(EntryLimit::OncePerDay, None);
    door.record(EntryKind::Admit, GATE_A, 1, FIRST);
    door.record(EntryKind::Exit, GATE_A, 1, "2026-05-02T11:00:00Z");
    door.record(EntryKind::Admit, GATE_B, 1, "2026-05-02T12:00:00Z");
    assert_eq!(told(&door), (0, 0));
}

#[test]
fn where_anybody_comes_as_often_as_they_like_there_is_no_conflict() {
    // V12
    let mut door = on(EntryLimit::Unlimited, None);
    for _ in 0..3 {
        door.record(EntryKind::Admit, GATE_A, 1, FIRST);
    }
    assert_eq!(told(&door), (0, 0));
}

#[test]
fn a_night_at_home_closes_what_no_exit_did() {
    // V12: everybody is gone at 04:00
    let mut door = on(EntryLimit::Once, Some(4 * 3600));
    door.record(EntryKind::Admit, GATE_A, 1, FIRST);
    door.record(EntryKind::Admit, GATE_A, 1, SECOND);
    assert_eq!(told(&door), (0, 0));
    // 01:00 is still the same evening.
    door.record(EntryKind::Admit, GATE_B, 1, "2026-05-03T18:00:00Z");
    assert_eq!(told(&door), (2, 1));
}

#[test]
fn each_list_counts_for_itself() {
    // V12: the door, then the buffet
    let mut door = on(EntryLimit::Once, None);
    door.world.policy.gates[usize::from(GATE_B)].list = None;
    door.record(EntryKind::Admit, GATE_A, 1, FIRST);
    door.record(EntryKind::Admit, GATE_B, 1, "2026-05-02T10:30:00Z");
    assert_eq!(told(&door), (0, 0));
    door.record(EntryKind::Admit, GATE_B, 1, "2026-05-02T10:40:00Z");
    assert_eq!(told(&door), (2, 1));
    // A gate that nobody knows may be of any list.
    let mut door = on(EntryLimit::Once, None);
    door.record(EntryKind::Admit, GATE_A, 1, FIRST);
    door.record(EntryKind::Forced, u16::MAX, 1, SECOND);
    assert_eq!(told(&door), (2, 1));
}

#[test]
fn without_lists_it_is_what_the_labels_say() {
    // V12 S24
    let mut door = Door::new(World::new());
    door.record(EntryKind::Admit, GATE_A, 1, FIRST);
    door.record(EntryKind::Admit, GATE_B, 1, SECOND);
    assert_eq!(told(&door), (2, 1));
    assert_eq!(
        clashes(&door.state, &door.world.policy),
        door.state.labelled()
    );
}
