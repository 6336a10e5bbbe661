//! Series: several dates of one thing (E17).
//!
//! Invariants
//! - A date is an event like any other: its own stock, capacity, keys, gates and devices. What the
//!   dates share is how they were made and that they can be changed together; so one date is sold,
//!   gated, cancelled and refunded without touching the others.
//! - Times are the event's own clock's: a weekly date is at the same time of day, whatever the clocks do.
//! - Its dates have one owner: one that is given away leaves it ([`leave`]). No date is shown or changed
//!   without the right to that date.
//! - A series has a bounded number of dates, and one commit changes all that it changes or none.

mod create;
mod edit;
mod error;
mod find;
pub mod http;
mod leave;
mod model;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use leave::leave;
pub use model::Series;
