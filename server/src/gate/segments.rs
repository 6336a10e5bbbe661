//! Snapshot segments as pure patches: old content and changed rows in, new content out.
//!
//! Invariants: a segment that holds nothing does not exist (`None`); trailing empty rows are not
//! carried; the result depends on the rows only, not on the order or number of patches.

use std::collections::{BTreeMap, BTreeSet};

use shared::limits::SEGMENT_TICKETS;
use shared::trust::segment::SEAT_LABEL_BYTES_MAX;
use shared::trust::{Extra, Segment, SegmentKind, TicketRow};

/// What a snapshot says about one serial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    pub serial: u32,
    pub row: TicketRow,
    /// Seat index and label.
    pub seat: Option<(u32, String)>,
    pub holder: Option<String>,
    pub extra: Option<Extra>,
}

impl RowChange {
    /// Nobody holds this serial.
    pub fn nobody(serial: u32) -> Self {
        Self {
            serial,
            row: TicketRow::EMPTY,
            seat: None,
            holder: None,
            extra: None,
        }
    }
}

/// Changed content by segment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Patches {
    tickets: BTreeMap<u32, Vec<(usize, TicketRow)>>,
    seats: BTreeMap<u32, Vec<(usize, String)>>,
    holders: BTreeMap<u32, Vec<(u32, Option<String>)>>,
    extras: BTreeMap<u32, Vec<(u32, Option<Extra>)>>,
}

/// Where a serial or seat index lies: segment, position in it.
pub(super) fn locate(number: u32) -> (u32, usize) {
    let position = number % SEGMENT_TICKETS;
    // A remainder of 1024 fits every usize.
    (
        number / SEGMENT_TICKETS,
        usize::try_from(position).unwrap_or(0),
    )
}

impl Patches {
    /// `names`: whether devices may carry holders' names.
    pub(super) fn of(changes: Vec<RowChange>, names: bool) -> Self {
        let mut patches = Self::default();
        for change in changes {
            let (index, position) = locate(change.serial);
            patches
                .tickets
                .entry(index)
                .or_default()
                .push((position, change.row));
            if let Some((seat, mut label)) = change.seat {
                let (index, position) = locate(seat);
                label.truncate(label.floor_char_boundary(SEAT_LABEL_BYTES_MAX));
                patches
                    .seats
                    .entry(index)
                    .or_default()
                    .push((position, label));
            }
            let extra = (change.serial, change.extra);
            patches.extras.entry(index).or_default().push(extra);
            if names {
                patches
                    .holders
                    .entry(index)
                    .or_default()
                    .push((change.serial, change.holder));
            }
        }
        patches
    }

    /// The segments that change.
    pub(super) fn keys(&self) -> BTreeSet<(SegmentKind, u32)> {
        let tickets = self.tickets.keys().map(|i| (SegmentKind::Tickets, *i));
        let seats = self.seats.keys().map(|i| (SegmentKind::Seats, *i));
        let holders = self.holders.keys().map(|i| (SegmentKind::Holders, *i));
        let extras = self.extras.keys().map(|i| (SegmentKind::Extras, *i));
        tickets.chain(seats).chain(holders).chain(extras).collect()
    }

    /// The new content of one segment; `None` when nothing is left in it.
    pub(super) fn apply(
        &self,
        kind: SegmentKind,
        index: u32,
        old: Option<&Segment>,
    ) -> Option<Segment> {
        match kind {
            SegmentKind::Tickets => patch_tickets(old, self.tickets.get(&index)?),
            SegmentKind::Seats => patch_seats(old, self.seats.get(&index)?),
            SegmentKind::Holders => patch_holders(old, self.holders.get(&index)?),
            SegmentKind::Extras => patch_extras(old, self.extras.get(&index)?),
        }
    }
}

fn patch_tickets(old: Option<&Segment>, rows: &[(usize, TicketRow)]) -> Option<Segment> {
    let mut bytes = match old {
        Some(Segment::Tickets(bytes)) => bytes.clone(),
        Some(Segment::Seats(_) | Segment::Holders(_) | Segment::Extras(_)) | None => Vec::new(),
    };
    let empty = TicketRow::EMPTY.encode();
    for (position, row) in rows {
        let start = position * TicketRow::LEN;
        while bytes.len() < start + TicketRow::LEN {
            bytes.extend_from_slice(&empty);
        }
        bytes[start..start + TicketRow::LEN].copy_from_slice(&row.encode());
    }
    while bytes.ends_with(&empty) {
        bytes.truncate(bytes.len() - TicketRow::LEN);
    }
    (!bytes.is_empty()).then_some(Segment::Tickets(bytes))
}

fn patch_seats(old: Option<&Segment>, labels: &[(usize, String)]) -> Option<Segment> {
    let mut all = match old {
        Some(Segment::Seats(all)) => all.clone(),
        Some(Segment::Tickets(_) | Segment::Holders(_) | Segment::Extras(_)) | None => Vec::new(),
    };
    for (position, label) in labels {
        if all.len() <= *position {
            all.resize(position + 1, String::new());
        }
        all[*position].clone_from(label);
    }
    while all.last().is_some_and(String::is_empty) {
        all.pop();
    }
    (!all.is_empty()).then_some(Segment::Seats(all))
}

fn patch_holders(old: Option<&Segment>, names: &[(u32, Option<String>)]) -> Option<Segment> {
    let mut all: BTreeMap<u32, String> = match old {
        Some(Segment::Holders(all)) => all.iter().cloned().collect(),
        Some(Segment::Tickets(_) | Segment::Seats(_) | Segment::Extras(_)) | None => {
            BTreeMap::new()
        }
    };
    for (serial, name) in names {
        match name {
            Some(name) => all.insert(*serial, name.clone()),
            None => all.remove(serial),
        };
    }
    (!all.is_empty()).then(|| Segment::Holders(all.into_iter().collect()))
}

fn patch_extras(old: Option<&Segment>, extras: &[(u32, Option<Extra>)]) -> Option<Segment> {
    let mut all: BTreeMap<u32, Extra> = match old {
        Some(Segment::Extras(all)) => all.iter().cloned().collect(),
        Some(Segment::Tickets(_) | Segment::Seats(_) | Segment::Holders(_)) | None => {
            BTreeMap::new()
        }
    };
    for (serial, extra) in extras {
        match extra {
            Some(extra) => all.insert(*serial, extra.clone()),
            None => all.remove(serial),
        };
    }
    (!all.is_empty()).then(|| Segment::Extras(all.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::ticket::ScanCommitment;
    use shared::trust::TicketRowStatus;

    fn change(serial: u32, status: TicketRowStatus) -> RowChange {
        RowChange {
            serial,
            row: TicketRow {
                status,
                generation: 1,
                class: 2,
                flags: 0,
                seat: 0,
                commitment: ScanCommitment([serial.to_be_bytes()[3]; 8]),
            },
            seat: Some((serial + 1024, format!("A-{serial}"))),
            holder: Some(format!("Holder {serial}")),
            extra: Some(Extra {
                note: format!("Note {serial}"),
                ..Extra::default()
            }),
        }
    }

    fn apply(changes: Vec<RowChange>, kind: SegmentKind, old: Option<&Segment>) -> Option<Segment> {
        Patches::of(changes, true).apply(kind, u32::from(kind == SegmentKind::Seats), old)
    }

    #[test]
    fn patches_commute_and_repeat() {
        // T4, V1: the segment is a function of the rows.
        let (a, b) = (
            change(3, TicketRowStatus::Active),
            change(900, TicketRowStatus::Cancelled),
        );
        for kind in [
            SegmentKind::Tickets,
            SegmentKind::Seats,
            SegmentKind::Holders,
            SegmentKind::Extras,
        ] {
            let once = apply(vec![a.clone(), b.clone()], kind, None);
            let later = apply(vec![b.clone()], kind, None);
            let later = apply(vec![a.clone()], kind, later.as_ref());
            assert_eq!(once, later);
            assert_eq!(apply(vec![a.clone()], kind, once.as_ref()), once);
        }
    }

    #[test]
    fn a_segment_is_as_long_as_its_last_row_and_goes_with_it() {
        let segment = apply(
            vec![change(3, TicketRowStatus::Active)],
            SegmentKind::Tickets,
            None,
        );
        let Some(Segment::Tickets(bytes)) = &segment else {
            panic!("a tickets segment");
        };
        assert_eq!(bytes.len(), 4 * TicketRow::LEN);
        let gone = RowChange {
            row: TicketRow::EMPTY,
            ..change(3, TicketRowStatus::Active)
        };
        assert_eq!(
            apply(vec![gone], SegmentKind::Tickets, segment.as_ref()),
            None
        );
    }

    #[test]
    fn names_stay_at_home_unless_the_event_says_so() {
        let patches = Patches::of(vec![change(1, TicketRowStatus::Active)], false);
        assert!(
            patches
                .keys()
                .iter()
                .all(|(kind, _)| *kind != SegmentKind::Holders)
        );
        assert_eq!(patches.apply(SegmentKind::Holders, 0, None), None);
    }
}
