//! Stock: every ticket that can be sold is a row, made in batches, held, sold, voided (I1, I2, I6, I8).
//!
//! Invariants
//! - A claim gets all it asked for or nothing, in one statement: nobody reads, decides and then
//!   writes. So stock is never sold twice, whoever else is buying.
//! - An expired hold is claimable as it is; tidying up is a courtesy, not a precondition.
//! - Serials are dense per event and in no order that tells sales; a seat exists once per event.
//! - Who claims for an order also counts it ([`count_claim`]), in the same commit.
//! - Status moves only through the one table in `model`.
//!
//! Other slices may call [`claim_class`], [`claim_stock`], [`claim_seats`], [`count_claim`], [`take`], [`doubt`], [`held_by`], [`claimed_for`],
//! [`hold_until`], [`release`], [`sell`], [`void`], [`stock_in`], [`taken_in`] and [`taken_of_in`], and read [`model`].

mod batch;
mod best;
mod claim;
mod count;
mod error;
mod find;
mod gauge;
mod hand_over;
pub mod http;
pub mod jobs;
pub mod model;
mod pools;
mod seats;
mod store;
#[cfg(test)]
mod tests;

pub use batch::{Wait, create_batch, finish_batch, show_batch};
pub use claim::{claim_class, claim_seats, claim_stock};
pub use count::{count_claim, is_free, sold_of, sold_of_in};
pub use error::{Error, StockError};
pub use find::{list, show, stats, stock_in, taken_in, taken_of_in};
pub use gauge::{Counted, Full, Gauge, doubt, take};
pub use hand_over::{claimed_for, held_by, hold_until, release, restock, sell, void};
pub use model::ticket_view;
pub use pools::{create_pool, edit_pool, pools};
pub use seats::seats;
