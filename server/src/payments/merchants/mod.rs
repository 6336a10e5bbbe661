//! Organizations' own accounts at the gateways (A9).
//!
//! Invariants
//! - Keys go in, wrapped by the vault, and never out: an answer tells the last four characters.
//! - Keys are kept once the gateway has taken them; its own name of the account says whether they are
//!   new keys of the same account or another account.
//! - A payment belongs to the account that it was started with, for good. An account that takes no new
//!   payments keeps its keys until none of its own can need them.
//! - What one account signs is about its own payments and no other's.

mod find;
mod flight;
pub mod http;
mod keys;
mod model;
mod remove;
mod set;

pub(super) use find::current;
pub use find::{all_keys, due, keys_of, taker, webhook_url};
pub use flight::Flight;
pub use keys::Keys;
pub use model::{Merchant, delivery};
pub(super) use remove::register;
