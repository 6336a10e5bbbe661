//! Wristbands and cards (T0): things with an id of their own that stand for tickets.
//!
//! A medium says nothing but its id, so it is weak evidence: whoever reads the id can copy it. The
//! snapshot carries a hash that tells the medium when it is shown and not before, and a log entry
//! carries a proof that only somebody who saw the id can compute, as for a ticket's code.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::proof::ScanProof;
use crate::ids::EventId;

const PROOF_CONTEXT: &str = "gatehouse medium 2026 proof v1";
const ID_CONTEXT: &str = "gatehouse medium 2026 id v1";
/// Shorter ids are numbers that people read aloud; longer ones are no ids.
const CHARS: std::ops::RangeInclusive<usize> = 6..=40;

/// How a snapshot names a medium.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MediumId(pub [u8; 16]);

impl fmt::Debug for MediumId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediumId({})", data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl MediumId {
    pub fn of(event: EventId, proof: ScanProof) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(ID_CONTEXT);
        hasher.update(event.as_bytes()).update(&proof.0);
        let mut id = [0; 16];
        hasher.finalize_xof().fill(&mut id);
        Self(id)
    }
}

/// What a reader gives of a medium: letters and digits in one case, without the marks that readers
/// put between them. `None` when it can be no id.
pub fn medium_text(text: &str) -> Option<String> {
    let marks = |c: char| c.is_whitespace() || matches!(c, ':' | '-' | '.' | '_');
    let plain: String = text.chars().filter(|c| !marks(*c)).collect();
    let good = CHARS.contains(&plain.len()) && plain.chars().all(|c| c.is_ascii_alphanumeric());
    good.then(|| plain.to_ascii_uppercase())
}

/// What somebody who saw the medium can compute. `text` is in the form of [`medium_text`].
pub fn medium_proof(event: EventId, text: &str) -> ScanProof {
    let mut hasher = blake3::Hasher::new_derive_key(PROOF_CONTEXT);
    hasher.update(event.as_bytes()).update(text.as_bytes());
    let mut proof = [0; 8];
    hasher.finalize_xof().fill(&mut proof);
    ScanProof(proof)
}
