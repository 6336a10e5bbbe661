//! Transfers (T3): a holder offers a ticket to an e-mail address, and the account of that address
//! accepts or declines.
//!
//! Invariants
//! - An offer changes nothing about the ticket: it stays good until somebody accepts.
//! - Acceptance is one commit: offer, holder, next generation, gates' mark, journal and mails. The
//!   old code is dead here at once, and at a gate with the next delta.
//! - A ticket has at most one open offer, and its chain keeps every one there ever was.
//! - Only the account with that address can accept, and nobody else learns that there is an offer.

mod accept;
mod error;
mod find;
pub(super) mod http;
mod model;
mod offer;
mod personal;
mod rules;
mod settle;
#[cfg(test)]
mod tests;

pub use error::Refusal;
pub use model::{EventTransferRules, Transfer};
pub use personal::{erase, erase_received, export};
