//! Payments: one live attempt per order, a signed webhook, one commit for all that money means
//! (P2-P4, P7).
//!
//! Invariants
//! - Money that arrived is either an order with tickets or a refund that is due: never both, never
//!   neither (P3).
//! - A delivery and its effect are one commit under a unique key: duplicates, replays, reordering
//!   and late arrival change nothing (P2).
//! - A delivery whose signature is wrong leaves nothing behind but a count.
//! - What was received is the price of tickets, or a [`ledger`] row that is owed or was given back;
//!   a part of a price that is still awaited is neither yet.
//! - Money moves through the account that a payment was started with, and is looked for nowhere else.
//! - Gateways are asked and told through [`gateway`]; none of them knows orders.
//!
//! Other slices may call [`create`], [`ways`], [`close_attempts`], [`abandon`], [`owe_part`], [`owe_refund`], [`remind`]
//! and [`reconcile`], and read [`model`].

mod close;
mod create;
pub mod demo;
pub mod disputes;
mod elsewhere;
mod error;
pub mod failure;
mod find;
mod fulfil;
pub mod gateway;
pub mod http;
pub mod jobs;
pub mod ledger;
mod looks;
pub mod merchants;
pub mod model;
pub mod payos;
mod reconcile;
pub mod reconciliation;
mod refund;
pub mod stripe;
#[cfg(test)]
mod tests;
mod ways;
mod webhook;

pub use close::{abandon, close_attempts};
pub use create::create;
pub use error::Error;
pub use find::{look, show};
pub use fulfil::{Draws, Held, Standing};
pub use gateway::remind;
pub use reconcile::{reconcile, settle_polled};
pub use refund::{confirm, due_of, owe_part, owe_refund, pay_back};
pub use ways::ways;
pub use webhook::{Received, receive};
