//! Stock: every ticket that can be sold is a row, made in batches, held, sold, voided (I1, I2, I6, I8).
//!
//! Invariants
//! - A claim gets all it asked for or nothing, in one statement: nobody reads, decides and then
//!   writes. So stock is never sold twice, whoever else is buying.
//! - An expired hold is claimable as it is; tidying up is a courtesy, not a precondition.
//! - Serials are dense per event and in no order that tells sales; a seat exists once per event.
//! - Status moves only through the one table in `model`.
//!
//! Other slices may call [`claim_class`], [`claim_stock`], [`claim_seats`], [`held_by`], [`claimed_for`],
//! [`hold_until`], [`release`], [`sell`], [`void`] and [`stock_in`], and read [`model`].

mod batch;
mod best;
mod claim;
mod error;
mod find;
mod hand_over;
pub mod http;
pub mod jobs;
pub mod model;
mod seats;
mod store;
#[cfg(test)]
mod tests;

pub use batch::{create_batch, finish_batch};
pub use claim::{claim_class, claim_seats, claim_stock};
pub use error::{Error, StockError};
pub use find::{list, show, stats, stock_in};
pub use hand_over::{claimed_for, held_by, hold_until, release, sell, void};
pub use model::ticket_view;
pub use seats::seats;
