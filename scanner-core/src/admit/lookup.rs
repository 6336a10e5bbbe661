//! What the book is asked about one ticket, medium, gate or device.

use shared::admission::{AddOn, Carried};
use shared::ids::{DeviceId, GateId};
use shared::ticket::{MediumId, ScanCommitment};
use shared::trust::{RosterEntry, TicketRow};

use super::book::Book;

impl Book {
    /// The snapshot's row; `None` beyond the snapshot, or when its bytes are no row.
    pub(crate) fn row(&self, serial: u32) -> Option<TicketRow> {
        let at = (serial as usize).checked_mul(TicketRow::LEN)?;
        let bytes = self.rows.get(at..at + TicketRow::LEN)?;
        TicketRow::decode(bytes.try_into().ok()?).ok()
    }

    /// All that the snapshot has, with their serials.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (u32, TicketRow)> {
        let rows = self.rows.chunks_exact(TicketRow::LEN);
        (0..).zip(rows).filter_map(|(serial, bytes)| {
            let row = TicketRow::decode(bytes.try_into().ok()?).ok()?;
            Some((serial, row))
        })
    }

    /// What the snapshot knows to be issued: the newest generation, and its commitment.
    pub(crate) fn issued(&self, serial: u32) -> Option<(u8, ScanCommitment)> {
        self.row(serial).map(|row| (row.generation, row.commitment))
    }

    /// What was added to a ticket, as far as the snapshot knows it.
    pub(crate) fn add_ons(&self, serial: u32) -> Vec<AddOn> {
        let added = self.extras.added_to(serial);
        added.filter_map(|serial| self.add_on(serial)).collect()
    }

    /// What a medium stands for, as far as the snapshot knows it.
    pub(crate) fn carried(&self, medium: MediumId) -> Vec<Carried> {
        let serials = self.extras.carried_by(medium);
        serials
            .filter_map(|serial| {
                let AddOn {
                    payload,
                    row,
                    state,
                    suspects,
                } = self.add_on(serial)?;
                let mut media = self.extras.get(serial)?.media.iter();
                let label = |label: &str| label.to_owned();
                Some(Carried {
                    link: *media.find(|link| link.id == medium)?,
                    seat: payload
                        .seat
                        .and_then(|seat| self.seats.get(seat))
                        .map(label),
                    holder: self.holders.get(serial).map(label),
                    payload,
                    row,
                    state,
                    suspects,
                })
            })
            .collect()
    }

    fn add_on(&self, serial: u32) -> Option<AddOn> {
        let terms = self.extras.get(serial)?.terms?;
        let row = self.row(serial)?;
        Some(AddOn {
            payload: terms.payload(self.event?, serial, &row)?,
            row,
            state: self.state.ticket(serial),
            suspects: self.suspects.of(serial),
        })
    }

    /// For staff: about the ticket, then about its class.
    pub(crate) fn notes(&self, serial: u32) -> Vec<String> {
        let own = self.extras.get(serial).map(|extra| extra.note.as_str());
        let class = self.row(serial).and_then(|row| {
            let policy = &self.snapshot.as_ref()?.policy;
            let class = policy.classes.get(usize::from(row.class))?;
            Some(class.note.as_str())
        });
        let told = own.into_iter().chain(class).filter(|note| !note.is_empty());
        told.map(str::to_owned).collect()
    }

    /// Serials that the snapshot covers.
    pub(crate) fn serials(&self) -> u32 {
        u32::try_from(self.rows.len() / TicketRow::LEN).unwrap_or(u32::MAX)
    }

    pub(crate) fn gate_index(&self, gate: GateId) -> Option<u16> {
        let policy = &self.snapshot.as_ref()?.policy;
        let at = policy.gates.iter().position(|of| of.id == gate)?;
        u16::try_from(at).ok()
    }

    pub(crate) fn gate_name(&self, gate: GateId) -> Option<&str> {
        let gates = &self.snapshot.as_ref()?.policy.gates;
        gates
            .iter()
            .find(|of| of.id == gate)
            .map(|of| of.name.as_str())
    }

    pub(crate) fn device(&self, device: DeviceId) -> Option<&RosterEntry> {
        self.roster.by_device(device)
    }
}
