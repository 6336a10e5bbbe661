//! What stands behind an entry: a scan, a typed code, or somebody's word. ADR 0004 and 0010.
//!
//! Invariants: a scan or a typed code proves itself against the snapshot, whoever wrote it; a
//! supervisor's word counts from a device where one can stand, and names the supervisor; nothing
//! without a proof tells of another generation than the one that the snapshot knows.

use super::entry::{Entry, EntryKind};
use crate::ids::EventId;
use crate::ticket::{CodeIndex, ProofStanding, ScanCommitment, ScanProof, proof_standing};

/// What a snapshot, or the server, knows of the ticket of an entry, in that entry's generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownTicket {
    pub generation: u8,
    pub commitment: ScanCommitment,
    /// `None` while nobody has computed it.
    pub index: Option<CodeIndex>,
}

impl Entry {
    /// What carries it: a scan or a typed code, or else somebody's word.
    pub fn is_proof(&self) -> bool {
        self.proof != ScanProof([0; 8])
    }

    /// A kind that a supervisor's word can carry, with the supervisor's number.
    pub fn is_word(&self) -> bool {
        let may = matches!(
            self.kind,
            EntryKind::Undo | EntryKind::Exit | EntryKind::Forced
        );
        may && self.flags.supervisor().is_some()
    }

    /// Whether the entry may count. `attended`: somebody stands beside the device that wrote it.
    pub fn standing(
        &self,
        event: EventId,
        attended: bool,
        known: Option<KnownTicket>,
    ) -> ProofStanding {
        let word = attended && self.is_word();
        match (self.kind, self.is_proof()) {
            (EntryKind::Admit, _) | (EntryKind::Exit | EntryKind::Forced, true) => {
                self.proven(event, known)
            }
            (EntryKind::Undo, _) if word => ProofStanding::Proven,
            (EntryKind::Exit | EntryKind::Forced, false) if word => match known {
                Some(known) if known.generation == self.generation => ProofStanding::Proven,
                Some(_) | None => ProofStanding::Unknown,
            },
            (EntryKind::Undo, _) | (EntryKind::Exit | EntryKind::Forced, false) => {
                ProofStanding::Contradicted
            }
            // They tell of no use.
            (
                EntryKind::Refused | EntryKind::Clock | EntryKind::Roster | EntryKind::Checkpoint,
                _,
            ) => ProofStanding::Proven,
        }
    }

    fn proven(&self, event: EventId, known: Option<KnownTicket>) -> ProofStanding {
        if !self.flags.contains(super::DecisionFlags::TYPED) {
            let row = known.map(|known| (known.generation, known.commitment));
            return proof_standing(self.proof, event, self.serial, self.generation, row);
        }
        match known.filter(|known| known.generation == self.generation) {
            Some(KnownTicket {
                index: Some(index), ..
            }) if self.proof.code_index(event) == index => ProofStanding::Proven,
            Some(KnownTicket { index: Some(_), .. }) => ProofStanding::Contradicted,
            Some(KnownTicket { index: None, .. }) | None => ProofStanding::Unknown,
        }
    }
}
