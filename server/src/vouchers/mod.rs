//! Vouchers, discount and access codes (I10).
//!
//! Invariants
//! - A use is counted in the commit of the hold. Uses are counted from the orders themselves, so a
//!   hold that ends gives its use back without anybody doing anything.
//! - A wrong code, another event's and one that is switched off get the same answer, and guessing is
//!   slowed down before anything is looked up.
//!
//! Other slices may call [`redeem`] and [`count_use`], and read [`model`].

mod error;
pub mod http;
mod manage;
pub mod model;
mod redeem;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use manage::{create, list, retire};
pub use redeem::{count_use, redeem};
