//! The file in which frames travel where no network reaches: on a stick, from device to device.
//!
//! `MAGIC`, then blocks of a length (4 bytes, big-endian) and so many bytes: the first is `Carried`,
//! the others are frames. A length of 0 ends them; BLAKE3 of all before it is the end of the file.
//! Code that writes and reads it: `scanner_core`'s `sync/carry`.
//!
//! Invariant: the sum at the end only tells a file that was cut or spoiled. Whatever holds up in it
//! does so by its own signature, whoever wrote or brought the file.

use serde::{Deserialize, Serialize};

use super::strict::{self, StrictError};
use crate::ids::{DeviceId, EventId};
use crate::time::Timestamp;

pub const MAGIC: &[u8; 16] = b"gatehouse carry\n";
/// Ten million entries and the list of a million tickets need less.
pub const CARRIED_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Of the first block.
pub const HEADER_BYTES_MAX: usize = 64;
pub const DIGEST_LEN: usize = 32;
pub const LENGTH_LEN: usize = 4;

/// Whose file it is. For people, and to tell another event's file at once: nothing in it is
/// trusted for its sake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Carried {
    V1 {
        event: EventId,
        device: DeviceId,
        /// By the writer's clock.
        written: Timestamp,
    },
}

impl Carried {
    /// Postcard, `V1` first.
    pub fn to_wire(&self) -> Vec<u8> {
        strict::to_wire(self)
    }

    /// Strict: nothing left over, canonical, bounded.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, StrictError> {
        strict::from_wire(bytes, HEADER_BYTES_MAX)
    }
}
