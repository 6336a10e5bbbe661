//! Waitlists (I9): freed stock is offered in the order people came, with a deadline, then to the
//! next.
//!
//! Invariants
//! - An offer is an order that holds the tickets: nobody else can have them, the price is frozen,
//!   and an offer that is not paid in time ends as every hold ends.
//! - While somebody waits for a class, nobody buys it past the list.
//! - Strictly first come, first served: who waits for more than is free keeps those behind waiting.
//!
//! Other slices may call [`is_waited_for`] and [`offer_due`].

mod error;
mod find;
pub mod http;
mod join;
pub mod model;
mod offer;
mod personal;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use find::{list, list_mine};
pub use join::{is_waited_for, join, leave};
pub use offer::{Round, offer_due};
pub use personal::{erase, export};
