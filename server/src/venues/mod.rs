//! Venues and the versions of their seating plans (E5, I3).
//!
//! Invariants
//! - A version of a plan never changes: an event keeps the one it was tied to, whatever its venue
//!   does later.
//! - A label names one seat of a plan; the order of seats in a row is who sits beside whom.
//! - Once an event has seats in stock, its plan stays: a sold seat keeps its place.
//!
//! Other slices may call [`seating_of`] and read [`model`].

mod archive;
mod edit;
mod error;
pub mod http;
pub mod model;
mod seating;
#[cfg(test)]
mod tests;

pub use edit::{create, edit, list, show};
pub use error::Error;
pub use seating::{plan_of_event, seating_of, set_seating, show_seating, use_seating};
