//! What entries say about one ticket, case by case.
// V2 S20 S106

use shared::log::{Entry, EntryKind, TicketState, Use, UseLabel};
use shared::ticket::ScanProof;

use crate::fixture::{admit, exit, target, undo, used};

fn state(uses: &[Use]) -> TicketState {
    let mut state = TicketState::default();
    for use_ in uses {
        state.insert(*use_);
    }
    state
}

/// Log and seq of each use that stands, with its label.
fn labels(state: &TicketState) -> Vec<(u8, u32, UseLabel)> {
    let all = state.labelled().into_iter();
    all.map(|(use_, label)| (use_.log.0[0], use_.seq, label))
        .collect()
}

use UseLabel::{Duplicate, None as Neither, Primary};

#[test]
fn nothing_is_known_of_an_unused_ticket() {
    let state = TicketState::default();
    assert!(!state.is_inside() && !state.is_conflict());
    assert_eq!((state.admissions(), state.newest_generation()), (0, 0));
    assert_eq!(state.first_admission(), None);
    assert_eq!(state.open_admission(), None);
}

#[test]
fn the_earlier_scan_is_primary_whatever_came_first() {
    // V2: two gates, cut off from each other, let the same ticket in.
    let early = used(2, &admit(0, 1000));
    let late = used(1, &admit(0, 2000));
    for uses in [[early, late], [late, early]] {
        let state = state(&uses);
        assert_eq!(labels(&state), [(2, 0, Primary), (1, 0, Duplicate)]);
        assert!(state.is_conflict() && state.is_inside());
        assert_eq!(state.first_admission(), Some(&early));
        assert_eq!(state.last_admission(), Some(&late));
    }
}

#[test]
fn in_one_moment_the_log_id_decides() {
    let a = used(1, &admit(0, 1000));
    let b = used(2, &admit(0, 1000));
    assert_eq!(
        labels(&state(&[b, a])),
        [(1, 0, Primary), (2, 0, Duplicate)]
    );
}

#[test]
fn hearing_the_same_entry_again_changes_nothing() {
    let entry = used(1, &admit(0, 1000));
    let once = state(&[entry]);
    assert_eq!(state(&[entry, entry, entry]), once);
    assert_eq!(once.admissions(), 1);
    assert!(!once.is_conflict());
}

#[test]
fn out_and_in_again_is_no_conflict() {
    // S24
    let uses = [
        used(1, &admit(0, 1000)),
        used(2, &exit(0, 2000, Some(target(1, 0)))),
        used(2, &admit(1, 3000)),
    ];
    let state = state(&uses);
    assert_eq!(
        labels(&state),
        [(1, 0, Primary), (2, 0, Neither), (2, 1, Primary)]
    );
    assert!(state.is_inside() && !state.is_conflict());
    assert_eq!(state.admissions(), 2);
    assert_eq!(state.open_admission(), Some(&uses[2]));
}

#[test]
fn an_exit_by_a_slow_clock_still_closes_what_it_names() {
    let uses = [
        used(1, &admit(0, 5000)),
        used(2, &exit(0, 1000, Some(target(1, 0)))),
        used(1, &admit(1, 6000)),
    ];
    let state = state(&uses);
    assert_eq!(
        labels(&state),
        [(2, 0, Neither), (1, 0, Primary), (1, 1, Primary)]
    );
}

#[test]
fn an_exit_without_a_name_closes_the_earliest_open_one() {
    let uses = [
        used(1, &admit(0, 1000)),
        used(2, &admit(0, 2000)),
        used(3, &exit(0, 3000, None)),
    ];
    let state = state(&uses);
    assert!(state.is_inside(), "two came in, one left");
    assert_eq!(state.open_admission(), Some(&uses[1]));
    // An exit whose admission has not been heard of does the same until it is.
    let unheard = used(3, &exit(0, 3000, Some(target(9, 9))));
    let mut early = self::state(&[uses[0], unheard]);
    assert!(!early.is_inside());
    early.insert(used(9, &admit(9, 2500)));
    assert_eq!(early.open_admission(), Some(&uses[0]));
}

#[test]
fn an_exit_before_any_entry_is_an_orphan() {
    // S106: out, in, out; all are kept, and the first closes nothing.
    let orphan = used(1, &exit(0, 1000, None));
    let entry = used(1, &admit(1, 2000));
    assert!(state(&[orphan, entry]).is_inside());
    let left = state(&[orphan, entry, used(1, &exit(2, 3000, None))]);
    assert!(!left.is_inside());
    assert_eq!(left.uses().len(), 3);
    // Out twice: the second closes nothing that comes later.
    let again = state(&[
        entry,
        used(1, &exit(2, 3000, Some(target(1, 1)))),
        used(2, &exit(0, 3100, Some(target(1, 1)))),
        used(1, &admit(3, 4000)),
    ]);
    assert!(again.is_inside());
    assert!(!again.is_conflict());
}

#[test]
fn an_undo_takes_back_what_it_names_for_good() {
    let entry = used(1, &admit(0, 1000));
    let undone = used(2, &undo(0, 900, target(1, 0)));
    let both = state(&[entry, undone]);
    assert_eq!(both.admissions(), 0);
    assert!(!both.is_inside());
    assert_eq!(
        labels(&both),
        [(2, 0, Neither)],
        "the undone use is left out"
    );
    // Undone twice, or the undo undone: never revives.
    let twice = state(&[entry, undone, used(3, &undo(0, 2000, target(1, 0)))]);
    assert_eq!(twice.admissions(), 0);
    let revived = state(&[entry, undone, used(3, &undo(0, 2000, target(2, 0)))]);
    assert_eq!(revived.admissions(), 0);
    assert_eq!(
        labels(&revived),
        [(2, 0, Neither), (3, 0, Neither)],
        "both undos stay on the record"
    );
    // An undo of something never heard of waits for it.
    assert!(state(&[undone]).uses().len() == 1);
}

#[test]
fn undoing_the_first_of_two_settles_the_conflict() {
    let first = used(1, &admit(0, 1000));
    let second = used(2, &admit(0, 2000));
    let state = state(&[first, second, used(3, &undo(0, 3000, target(1, 0)))]);
    assert!(!state.is_conflict());
    assert_eq!(state.first_admission(), Some(&second));
    assert_eq!(labels(&state)[0], (2, 0, Primary));
}

#[test]
fn an_undone_exit_leaves_the_guest_inside() {
    let state = state(&[
        used(1, &admit(0, 1000)),
        used(1, &exit(1, 2000, Some(target(1, 0)))),
        used(1, &undo(2, 3000, target(1, 1))),
    ]);
    assert!(state.is_inside());
}

#[test]
fn forced_admissions_count_like_others() {
    let forced = Entry {
        kind: EntryKind::Forced,
        proof: ScanProof([0; 8]),
        ..admit(0, 2000)
    };
    let state = state(&[used(1, &admit(0, 1000)), used(2, &forced)]);
    assert_eq!(state.admissions(), 2);
    assert_eq!(labels(&state)[1], (2, 0, Duplicate));
}

#[test]
fn the_newest_generation_outlives_its_undo() {
    let newer = Entry {
        generation: 3,
        ..admit(0, 1000)
    };
    let uses = [used(1, &newer), used(2, &admit(0, 500))];
    assert_eq!(state(&uses).newest_generation(), 3);
    let undone = [uses[0], used(2, &undo(1, 2000, target(1, 0)))];
    assert_eq!(state(&undone).newest_generation(), 3);
    // An undo is typed in, not scanned: its own word on generations counts for nothing.
    let boast = Entry {
        generation: 200,
        ..undo(0, 2000, target(1, 0))
    };
    assert_eq!(state(&[uses[0], used(2, &boast)]).newest_generation(), 3);
}

#[test]
fn two_bodies_under_one_name_are_both_kept() {
    let one = used(1, &admit(0, 1000));
    let other = used(1, &admit(0, 2000));
    let state = state(&[other, one]);
    assert_eq!(state.uses(), [one, other]);
    let undone = self::state(&[one, other, used(2, &undo(0, 3000, target(1, 0)))]);
    assert_eq!(
        undone.admissions(),
        0,
        "a name stands for all that bears it"
    );
}
