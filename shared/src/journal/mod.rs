//! The journal of who did what, sealed so that tampering shows (N9).
//!
//! Invariants
//! - An entry says who, what, when and which rows; never a secret, never personal data.
//! - A seal names its entries by id and hash, in order, follows the seal before by its hash, and is
//!   signed: an entry that is sealed cannot be altered, removed, moved or added to unnoticed.
//! - What a hash covers is one text whatever stored it: JSON with sorted names and no spaces.
//! - The verifier is total and streams: what it is given may be anything.

mod entry;
mod seal;
#[cfg(test)]
mod tests;
mod verify;

pub use entry::{Actor, CHANGES_MAX, Change, Entry, subject};
pub use seal::{HEADER, LEAVES_MAX, Leaf, Line, Seal};
pub use verify::{Expected, Fault, Head, LINE_BYTES_MAX, Report, Verifier};
