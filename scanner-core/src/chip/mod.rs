//! Wristbands and cards at a contactless reader (T7): the chip's UID, and the ticket in its memory.
//!
//! A reader is anything that carries PC/SC commands: [`ChipReader`] is the whole of what is asked of
//! it, so that tests replay recorded exchanges and no driver is needed to build. Chips are NFC Forum
//! Type 2 (NTAG, Ultralight), the ticket an NDEF record of external type `gatehouse:t`.
//!
//! Invariants: a chip's memory is a stranger's: lengths are checked before they are used, and reading
//! ends after a bounded number of commands; the UID is the reader's word and never the memory's.

mod ndef;
mod touch;
mod type2;

use shared::ticket::ChipUid;

pub use ndef::record;
pub use touch::{Surface, Touches, Turn, Unread};
pub use type2::read;

/// Carries one command to the chip that lies on the reader.
pub trait ChipReader {
    /// The answer without its status word; the status has to be 90 00.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChipError>;
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChipError {
    #[error("the chip was taken away too soon")]
    Gone,
    /// Status word other than 90 00.
    #[error("the chip said {0:04X}")]
    Status(u16),
    #[error("this chip has no lasting number")]
    NoUid,
    #[error("the chip's memory makes no sense: {0}")]
    Malformed(&'static str),
    #[error("the reader failed: {0}")]
    Reader(String),
}

/// A chip as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    pub uid: ChipUid,
    /// What its memory holds for us; `None` on a chip that says nothing but its UID.
    pub ticket: Option<Vec<u8>>,
}

#[cfg(test)]
mod tests;
