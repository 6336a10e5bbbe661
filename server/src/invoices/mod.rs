//! Invoices and credit notes (P8, ADR 0076): what a seller's bookkeeper and tax office accept.
//!
//! Invariants
//! - What was issued never changes and is never removed: a document holds all that it shows.
//! - Numbers have no gap and no double per seller and year, and their dates never go back: a number is
//!   drawn in the commit that writes its document.
//! - An order has at most one invoice that stands. What it says, less its credit notes, is what the
//!   order keeps, to the unit.
//! - Neither a payment nor a refund waits for a document, or fails with it: jobs write them.
//!
//! Other slices may call [`checked_details`] and [`note_details`] as an order is placed, [`issue_later`]
//! once it is paid, [`credit_later`] when some of its price goes back, and the rest when an account is
//! exported or ends.

mod countries;
mod credit;
mod csv;
mod details;
mod error;
mod find;
pub mod http;
mod identity;
mod issue;
mod jobs;
mod lines;
mod model;
mod number;
mod paper;
#[cfg(test)]
mod tests;

pub use credit::credit_later;
pub(crate) use details::checked_details;
pub use details::{details_of, forget_details, note_details};
pub use error::Error;
pub use find::{of_order, pdf};
pub use identity::{erase, export};
pub use issue::issue_later;
pub use jobs::register;
#[cfg(test)]
pub(crate) use lines::{lines_of, sums};
pub use model::{Billing, Invoice, Seller, SellerId, Sequence};
pub use number::{Drawn, draw};
