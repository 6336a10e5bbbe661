//! Orders: stock held for a buyer, until it is paid or the hold ends (O1, O2, I6).
//!
//! Invariants
//! - An order and its holds are one commit: there is no order without stock, no hold without order.
//! - The price is frozen when the stock is held; totals are checked integer sums.
//! - Status moves only through the one table in `model`.
//! - What is a guest's is reached with the order's own token alone (`guest`).
//! - Nothing expires before its gateway was asked: money that is there already wins.
//!
//! Other slices may call [`complete`] in the commit that notes a payment, [`place_offer`], [`visible_order`], and
//! read [`model`].

mod call_off;
mod cancel;
mod complete;
mod error;
mod expire;
mod find;
#[cfg(test)]
pub(crate) mod fixture;
pub mod form;
pub mod guest;
pub mod http;
pub mod jobs;
mod later;
pub mod model;
mod person;
mod personal;
mod place;
mod price;
mod receipt;
mod refund;
mod shares;
#[cfg(test)]
mod tests;

pub use call_off::call_off;
pub use cancel::cancel;
pub use complete::{Completion, complete};
pub use error::Error;
pub use expire::{expire, expire_due};
pub use find::{list, show, visible_order};
pub use guest::{adopt, adopt_later, guest_caller, guest_token};
pub use later::{pay_later, settle};
pub use personal::{erase, erased_buyer, export, has_open};
pub(crate) use place::checked_buyer;
pub use place::{Placing, place, place_offer};
pub(crate) use receipt::receipt;
pub use refund::{mark_disputed, refund, refunded_in_part, regained, shares_in, void_refunded};
