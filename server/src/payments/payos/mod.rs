//! PayOS: payment links by bank transfer, in dong (P1).
//!
//! Invariants
//! - Our row is committed before the gateway hears of a link, and a create is never sent again before
//!   somebody looked what became of it.
//! - A webhook is only a reason to ask. Money counts when a signed answer to our own question says so,
//!   and when code, link and amount are those of the row.
//! - Answers without a signature are no answers, though the official client takes them.
//! - The gateway gives nothing back: what is owed waits in the ledger for a transfer by hand.

mod ask;
mod client;
mod close;
pub mod http;
pub mod model;
mod notice;
mod open;
mod register;
mod signature;
mod take;
#[cfg(test)]
mod tests;
mod wire;

pub use ask::{ask_due, look, register, remind};
pub use client::Channel;
pub use close::close;
pub use open::{draw_code, link_of, open, prepare};
pub use register::register_webhook_of;
pub use wire::{LinkStatus, Seen, is_unknown};
