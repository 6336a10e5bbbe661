//! Proof of scan: 8 bytes that only someone who saw the token can compute, and the commitment to
//! them that a snapshot carries. See ADR 0004.

use crate::ids::EventId;

/// Carried by a log entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ScanProof(pub [u8; 8]);

/// Carried by the snapshot; tells nothing about the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ScanCommitment(pub [u8; 8]);

impl ScanProof {
    /// From the 83 bytes of a verified token.
    pub fn of_token(_event: EventId, _token: &[u8; super::TOKEN_LEN]) -> Self {
        unimplemented!()
    }
    pub fn commitment(&self, _event: EventId, _serial: u32, _generation: u8) -> ScanCommitment {
        unimplemented!()
    }
}
