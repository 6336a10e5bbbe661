//! What people are told. Thin for now: a notice is written to the outbox collection and logged;
//! sending it is to come.
//!
//! Invariant: a notice is written once, whatever its job's luck: its id names what it is about.

mod jobs;
mod model;
mod tell;

pub use jobs::{ORDER_PAID, register};
pub use model::Notice;
pub use tell::tell;
