//! How an event checks tickets in: rules, check-in lists, questions (V4), and when guests
//! check in ahead (V7).
//!
//! Invariants: what is stored has been compiled and tried out, names only classes and gates of the
//! event, and puts a gate on one list at most. An event without settings has the plain ones.
//!
//! Other slices may call [`check_in_of`], [`check_in_in`], [`question_policies`], [`identified`] and [`in_words`], and read
//! [`CheckIn`].

pub mod http;
mod model;
mod questions;
mod set;
#[cfg(test)]
mod tests;

pub use model::{CheckIn, time_of_day};
pub use questions::{identified, in_words, question_policies};
pub use set::{check_in_in, check_in_of, set_check_in};
