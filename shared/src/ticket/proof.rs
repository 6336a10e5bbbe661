//! Proof of scan: 8 bytes that only someone who saw the token can compute, and the commitment to
//! them that a snapshot carries. See ADR 0004.
//!
//! Invariants: both are deterministic, so the server recomputes them for a ticket it rendered; both
//! bind the event; the commitment binds serial and generation too, so a guess tests one ticket.

use super::Token;
use crate::ids::EventId;

/// BLAKE3 key-derivation contexts: changing one changes every proof, so they carry a version.
const PROOF_CONTEXT: &str = "gatehouse ticket 2026 scan proof v1";
const COMMITMENT_CONTEXT: &str = "gatehouse ticket 2026 scan commitment v1";

/// Carried by a log entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ScanProof(pub [u8; 8]);

/// Carried by the snapshot; tells nothing about the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ScanCommitment(pub [u8; 8]);

impl ScanCommitment {
    /// Of a ticket whose code is not signed yet: it says nothing about any proof.
    pub const NONE: Self = Self([0; 8]);
}

impl ScanProof {
    /// From a verified token: all 83 bytes of a static one or of what was sealed, the 99 signed
    /// bytes of one that turns, so that every code of a ticket has the same proof.
    pub fn of_token(event: EventId, token: &Token) -> Self {
        Self::of_signed(event, token.signed_bytes())
    }

    /// From what the issuer signed of a rotating ticket.
    pub fn of_chain(event: EventId, chain: &super::SignedChain) -> Self {
        Self::of_signed(event, chain.as_bytes())
    }

    fn of_signed(event: EventId, signed: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(PROOF_CONTEXT);
        hasher.update(event.as_bytes()).update(signed);
        Self(first_8(&hasher))
    }

    /// What the snapshot holds for the ticket whose token has this proof.
    pub fn commitment(&self, event: EventId, serial: u32, generation: u8) -> ScanCommitment {
        let mut hasher = blake3::Hasher::new_derive_key(COMMITMENT_CONTEXT);
        hasher
            .update(event.as_bytes())
            .update(&serial.to_be_bytes())
            .update(&[generation])
            .update(&self.0);
        ScanCommitment(first_8(&hasher))
    }
}

/// What a device can say of a proof that it received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofStanding {
    /// The writer of the entry saw the token.
    Proven,
    /// It did not: the ticket of this serial and generation has another proof.
    Contradicted,
    /// The snapshot does not know this serial in this generation.
    Unknown,
}

/// Judges a proof by the snapshot's row for the serial: its generation and commitment. A row of
/// another generation (0: nothing claimed yet), or of a code that is yet to be signed, tells
/// nothing.
pub fn proof_standing(
    proof: ScanProof,
    event: EventId,
    serial: u32,
    generation: u8,
    row: Option<(u8, ScanCommitment)>,
) -> ProofStanding {
    match row {
        Some((known, commitment)) if known == generation && commitment != ScanCommitment::NONE => {
            if proof.commitment(event, serial, generation) == commitment {
                ProofStanding::Proven
            } else {
                ProofStanding::Contradicted
            }
        }
        Some(_) | None => ProofStanding::Unknown,
    }
}

pub(super) fn first_8(hasher: &blake3::Hasher) -> [u8; 8] {
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}
