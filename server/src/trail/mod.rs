//! The journal as a trail that shows tampering (N9): sealed, read, exported, verified.
//!
//! Invariants
//! - Writers never wait for a seal: entries are written without a place, and sealed a moment later.
//! - A seal is inserted under its number in the commit that gives its entries their places, so two
//!   servers cannot seal beside each other.
//! - Only the key in the vault signs; the verifier needs nothing but the export.

mod check;
mod export;
mod find;
pub mod http;
mod seal;
#[cfg(test)]
mod tests;

pub use check::check;
pub use seal::{keep_sealed, public_key, seal_due, seal_with};
