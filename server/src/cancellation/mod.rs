//! Calling an event off (E4, H8): sales end, tickets are void at the gates with the next delta, paid
//! orders are refunded, and everybody is told.
//!
//! It is a saga: the first commit ends the sales and leaves a row and a job; from there jobs walk
//! through the stock and deal with one order each. Invariants
//! - Where it stands is in the row, moved in the commit of the jobs that follow. A crash repeats a
//!   step, and a step that is repeated changes nothing: an order is refunded by its one move.
//! - Orders that were in flight at the first commit are found by the second walk.
//! - It is done when no ticket is held or good any more and no gateway has money to give back;
//!   until then it looks again by itself.

mod error;
pub mod http;
mod jobs;
mod model;
mod start;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use jobs::register;
pub use model::Cancellation;
