//! Notes, add-ons and media in memory, by serial; the add-ons of a ticket, the tickets of a medium.

use std::collections::{BTreeMap, BTreeSet};

use shared::limits::SEGMENT_TICKETS;
use shared::ticket::MediumId;
use shared::trust::Extra;

/// Few tickets have any, so they are kept as they come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    by_serial: BTreeMap<u32, Extra>,
    /// Serials of what was added to a ticket.
    added: BTreeMap<u32, BTreeSet<u32>>,
    /// Serials that a medium stands for.
    carried: BTreeMap<MediumId, BTreeSet<u32>>,
}

impl Extras {
    /// Replaces a segment.
    pub(super) fn set(&mut self, segment: u32, extras: Vec<(u32, Extra)>) {
        self.remove(segment);
        for (serial, extra) in extras {
            if let Some(to) = extra.added_to {
                self.added.entry(to).or_default().insert(serial);
            }
            for link in &extra.media {
                self.carried.entry(link.id).or_default().insert(serial);
            }
            self.by_serial.insert(serial, extra);
        }
    }

    pub(super) fn remove(&mut self, segment: u32) {
        let first = segment.saturating_mul(SEGMENT_TICKETS);
        let of_segment = first..first.saturating_add(SEGMENT_TICKETS);
        let gone: Vec<(u32, Extra)> = self.by_serial.extract_if(of_segment, |_, _| true).collect();
        for (serial, extra) in gone {
            if let Some(added) = extra.added_to.and_then(|to| self.added.get_mut(&to)) {
                added.remove(&serial);
            }
            for link in extra.media {
                if let Some(carried) = self.carried.get_mut(&link.id) {
                    carried.remove(&serial);
                }
            }
        }
    }

    pub(crate) fn get(&self, serial: u32) -> Option<&Extra> {
        self.by_serial.get(&serial)
    }

    /// Ascending.
    pub(crate) fn added_to(&self, serial: u32) -> impl Iterator<Item = u32> {
        self.added.get(&serial).into_iter().flatten().copied()
    }

    /// Ascending.
    pub(crate) fn carried_by(&self, medium: MediumId) -> impl Iterator<Item = u32> {
        self.carried.get(&medium).into_iter().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(to: u32) -> Extra {
        Extra {
            added_to: Some(to),
            ..Extra::default()
        }
    }

    #[test]
    fn add_ons_are_found_by_their_ticket_and_go_with_their_segment() {
        // S27
        let mut extras = Extras::default();
        extras.set(1, vec![(1030, added(7)), (1031, added(8))]);
        extras.set(2, vec![(2050, added(7))]);
        let of = |extras: &Extras, serial| extras.added_to(serial).collect::<Vec<_>>();
        assert_eq!(of(&extras, 7), [1030, 2050]);
        assert_eq!(of(&extras, 9), [0; 0]);
        extras.set(1, vec![(1031, added(7))]);
        assert_eq!((of(&extras, 7), of(&extras, 8)), (vec![1031, 2050], vec![]));
        extras.remove(2);
        assert_eq!(of(&extras, 7), [1031]);
        assert_eq!(extras.get(2050), None);
    }
}
