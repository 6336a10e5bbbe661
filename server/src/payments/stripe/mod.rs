//! Stripe: Checkout sessions by plain REST, cards in every currency that both sides count alike (P6).
//!
//! Invariants
//! - The whole request and its idempotency key are committed before Stripe hears of it; the same key
//!   always goes with the same words.
//! - A payer can only pay a session whose address an answer told us: one that nobody told us of is
//!   never paid, so a lost create may be followed by another.
//! - A webhook is only a reason to ask. Money counts when the session says so that we read ourselves,
//!   and when reference, amount and currency are those of the row.
//! - A sum is given back once: before a refund is asked for again, the list of those made is read.

mod account;
mod ask;
mod audit;
mod close;
pub mod http;
mod missed;
pub mod model;
mod open;
mod refund;
mod signature;
mod take;
#[cfg(test)]
mod tests;
mod wire;

pub use account::Account;
pub use ask::{ask_due, register, remind};
pub use audit::audit;
pub use close::close;
pub use missed::ask_missed;
pub use open::{open, prepare, takes};
pub use refund::give_back;
pub use wire::{SeenCharge, SeenDispute, SeenRefund};
