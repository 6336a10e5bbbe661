//! What an event was after each edit: to look at, to compare, to go back to; and which of them was
//! approved (E14, E3).
//!
//! Invariants
//! - A version is kept in the commit of its edit and never changes. The oldest go when there are too
//!   many; the approved one stays.
//! - Going back is an edit like another: the same checks, the same news to holders, a new version.
//! - It takes nothing away from whoever has a ticket: not the date, not the place, not the class.

mod find;
pub(super) mod http;
mod keep;
mod model;
mod restore;
#[cfg(test)]
mod tests;

pub use keep::keep;
pub use model::Version;
