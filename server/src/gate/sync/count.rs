//! What the uses of one ticket add to the counts of gates and devices. Pure.

use std::collections::BTreeMap;

use shared::admission::clashes;
use shared::log::{DecisionFlags, EntryKind, LogId, TicketState, Use, UseLabel};
use shared::trust::Policy;

use super::super::live::{Changes, Counts, Place};
use super::super::redemption::Redemption;

/// By place; places to which the ticket adds nothing may be missing.
pub(super) type Shares = BTreeMap<Place, Counts>;

/// `rows` are those that `state` was made of.
pub(super) fn shares<'a>(
    rows: impl Iterator<Item = &'a Redemption>,
    state: &TicketState,
    rules: &Policy,
) -> Shares {
    let flags: BTreeMap<(LogId, u32), DecisionFlags> = rows
        .map(|row| ((row.log(), row.seq), row.flags()))
        .collect();
    let is_typed = |use_: &Use| {
        let flags = flags.get(&(use_.log, use_.seq));
        flags.is_some_and(|flags| flags.contains(DecisionFlags::TYPED))
    };
    let mut shares = Shares::new();
    let mut clashes = clashes(state, rules);
    clashes.retain(|(_, label)| *label == UseLabel::Duplicate);
    for (use_, _) in state.labelled() {
        let counts = Counts {
            admitted: i64::from(use_.is_admission()),
            exits: i64::from(use_.kind == EntryKind::Exit),
            duplicates: i64::from(clashes.iter().any(|(of, _)| *of == use_)),
            forced: i64::from(use_.kind == EntryKind::Forced),
            typed: i64::from(use_.is_admission() && is_typed(&use_)),
            inside: 0,
        };
        add(&mut shares, &use_, counts);
    }
    for use_ in state.open() {
        let counts = Counts {
            inside: 1,
            ..Counts::default()
        };
        add(&mut shares, use_, counts);
    }
    shares
}

fn add(shares: &mut Shares, use_: &Use, counts: Counts) {
    for place in [Place::Gate(use_.gate), Place::Device(use_.device)] {
        shares.entry(place).or_default().add(counts);
    }
}

/// Adds the difference to what a commit changes.
pub(super) fn move_shares(changes: &mut Changes, before: &Shares, after: &Shares) {
    let places: std::collections::BTreeSet<&Place> = before.keys().chain(after.keys()).collect();
    for place in places {
        let mut moved = after.get(place).copied().unwrap_or_default();
        moved.add(before.get(place).copied().unwrap_or_default().negated());
        if moved != Counts::default() {
            changes.at(*place).counts.add(moved);
        }
    }
}
