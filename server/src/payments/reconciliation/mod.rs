//! The books against what gateways say (P8): a report, written by a job in small steps.
//!
//! Invariants
//! - A report is of one event, one organization, or the server's own accounts, and of payments that were
//!   started in one time. It tells of no other's money.
//! - Every step is one commit, of its lines, its totals and where it stands: a crash repeats a step and
//!   counts nothing twice.
//! - By the books, received = sold + waiting + due + back. The gateway's hands differ from the books' by
//!   the sum of the findings' amounts, line by line and in all.
//! - A gateway that does not answer is a finding, never a silence.
//! - Nothing is repaired here: each finding says what to do.

mod compare;
mod csv;
mod find;
pub mod http;
mod listing;
mod model;
mod start;
mod step;
#[cfg(test)]
mod tests;
mod theirs;
mod walk;

pub use model::{Line, Report};
pub(super) use step::register;
