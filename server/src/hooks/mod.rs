//! Webhooks for organizers (N10): what happens at their events is told to an address of theirs, signed
//! as Standard Webhooks are, retried, logged and replayable.
//!
//! Invariants
//! - What is told was committed: the job that tells is enqueued in the commit of what it tells.
//! - Who made a hook is told only of events in which they still have a say, asked before each message;
//!   hooks end with the account ([`remove_all`]).
//! - A message has one id and one body, however often it is sent: receivers can drop the second.
//! - Nothing is sent to an address that is not public, and no redirect is followed; the address is
//!   looked up once per try and the connection goes to what was checked.
//! - A secret is shown once. Bodies hold ids and amounts, no personal data.

mod address;
mod announce;
mod deliver;
mod error;
mod find;
pub mod http;
mod model;
mod register;
mod sign;
#[cfg(test)]
mod tests;

pub use announce::{Told, announce};
pub use deliver::register_jobs as register;
pub use error::Error;
pub use model::{Hook, HookMessage};
pub use register::remove_all;
