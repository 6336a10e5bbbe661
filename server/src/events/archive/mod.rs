//! What DELETE means here: put away, never removed (E15).
//!
//! Invariants
//! - Nothing with money or admissions attached is ever removed. Positions of classes and gates are
//!   signed into tickets and logs, so nothing of an event is removed at all.
//! - What is in use says what hangs on it, and stays.
//! - Whoever put something away brings it back, or an administrator.

pub(super) mod http;
mod put_away;
#[cfg(test)]
mod tests;

pub use put_away::may_bring_back;
