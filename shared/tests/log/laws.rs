//! The fold's laws: any permutation, doubling and batching of the same entries gives one state.
// V2

use proptest::prelude::*;
use shared::ids::DeviceId;
use shared::log::{
    DecisionFlags, Entry, EntryKind, EventState, Hlc, LogId, Target, TicketState, Use, UseLabel,
};
use shared::ticket::ScanProof;

const LOGS: u8 = 3;
const SERIALS: u32 = 3;

type Told = (LogId, DeviceId, Entry);

fn log(number: u8) -> LogId {
    LogId([number; 16])
}

prop_compose! {
    /// Few logs, tickets and moments, so that entries meet, name each other and collide.
    fn any_told()(
        number in 0..LOGS,
        seq in 0_u32..6,
        (millis, counter) in (0_u64..6, 0_u16..2),
        kind in 0_u8..10,
        serial in 0..SERIALS,
        generation in 1_u8..4,
        gate in 0_u16..3,
        target in proptest::option::of((0..LOGS + 1, 0_u32..7)),
    ) -> Told {
        let kind = match kind {
            0..4 => EntryKind::Admit,
            4..7 => EntryKind::Exit,
            7 => EntryKind::Undo,
            8 => EntryKind::Forced,
            _ => EntryKind::Refused,
        };
        let entry = Entry {
            seq,
            hlc: Hlc { millis, counter },
            kind,
            gate,
            flags: DecisionFlags::default(),
            serial,
            generation,
            proof: ScanProof([0; 8]),
            target: target.map(|(number, seq)| Target { log: log(number), seq }),
        };
        (log(number), DeviceId::from_bytes([number; 16]), entry)
    }
}

prop_compose! {
    /// Entries, and the same in another order with some told twice.
    fn told_and_retold()(entries in proptest::collection::vec(any_told(), 0..40))(
        retold in Just([entries.clone(), entries.iter().copied().step_by(3).collect()].concat())
            .prop_shuffle(),
        entries in Just(entries),
    ) -> (Vec<Told>, Vec<Told>) {
        (entries, retold)
    }
}

fn fold(entries: &[Told]) -> EventState {
    let mut state = EventState::default();
    for (log, device, entry) in entries {
        state.apply(*log, *device, entry);
    }
    state
}

fn uses(entries: &[Told], serial: u32) -> Vec<Use> {
    entries
        .iter()
        .filter(|(.., entry)| entry.serial == serial)
        .filter_map(|(log, device, entry)| Use::of(*log, *device, entry))
        .collect()
}

proptest! {
    #[test]
    fn order_doubling_and_batches_do_not_matter((told, retold) in told_and_retold()) {
        let one = fold(&told);
        let other = fold(&retold);
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(one.digest(), other.digest());
        // In batches of tickets: the same state, one ticket at a time.
        for serial in 0..SERIALS {
            let mut alone = TicketState::default();
            for use_ in uses(&retold, serial) {
                alone.insert(use_);
            }
            let expected = (!alone.uses().is_empty()).then_some(alone);
            prop_assert_eq!(one.ticket(serial), expected);
        }
        prop_assert_eq!(one.ticket(SERIALS), None);
        let all: usize = one.tickets().map(|(_, state)| state.uses().len()).sum();
        prop_assert_eq!(all, one.len());
        let again: Vec<_> = one.used_again().collect();
        let expected: Vec<_> = one.tickets().filter(|(_, state)| state.uses().len() > 1).collect();
        prop_assert_eq!(again, expected);
    }

    #[test]
    fn one_entry_more_is_another_digest(
        told in proptest::collection::vec(any_told(), 0..20),
        more in any_told(),
    ) {
        let before = fold(&told);
        let mut after = before.clone();
        let (log, device, entry) = more;
        after.apply(log, device, &entry);
        prop_assert_eq!(before == after, before.digest() == after.digest());
        prop_assert_eq!(before.len() == after.len(), before.digest() == after.digest());
    }

    #[test]
    fn labels_add_up(told in proptest::collection::vec(any_told(), 0..40)) {
        for (_, state) in fold(&told).tickets() {
            let labelled = state.labelled();
            let count = |wanted: UseLabel| {
                labelled.iter().filter(|(_, label)| *label == wanted).count()
            };
            let admissions = state.admissions();
            prop_assert_eq!(count(UseLabel::Primary) + count(UseLabel::Duplicate), admissions);
            // The earliest that stands is always primary.
            let first = labelled.iter().find(|(use_, _)| use_.is_admission());
            prop_assert!(first.is_none_or(|(_, label)| *label == UseLabel::Primary));
            prop_assert_eq!(first.map(|(use_, _)| use_), state.first_admission());
            prop_assert_eq!(state.is_conflict(), count(UseLabel::Duplicate) > 0);
            prop_assert_eq!(state.is_inside(), state.open_admission().is_some());
            prop_assert!(!state.is_inside() || admissions > 0);
        }
    }

    #[test]
    fn counts_are_what_the_tickets_say(told in proptest::collection::vec(any_told(), 0..40)) {
        let state = fold(&told);
        let inside: usize = state.tickets().map(|(_, ticket)| ticket.open().count()).sum();
        let mut admitted = 0;
        let devices: std::collections::BTreeSet<_> =
            told.iter().map(|(_, device, _)| *device).collect();
        for device in devices {
            let count = state.count(device);
            prop_assert_eq!(count.inside, inside as u64);
            admitted += count.admitted;
        }
        let standing: usize = state.tickets().map(|(_, ticket)| ticket.admissions()).sum();
        prop_assert_eq!(admitted, standing as u64);
    }

    #[test]
    fn a_further_undo_of_the_undone_changes_no_label(
        told in proptest::collection::vec(any_told(), 1..40),
    ) {
        for serial in 0..SERIALS {
            let uses = uses(&told, serial);
            let Some(undo) = uses.iter().find(|use_| use_.kind == EntryKind::Undo) else {
                continue;
            };
            let mut state = TicketState::default();
            for use_ in &uses {
                state.insert(*use_);
            }
            let admissions = |state: &TicketState| -> Vec<_> {
                let all = state.labelled().into_iter();
                all.filter(|(use_, _)| use_.is_admission()).collect()
            };
            let before = admissions(&state);
            state.insert(Use { log: log(200), seq: 99, ..*undo });
            prop_assert_eq!(admissions(&state), before);
        }
    }
}
