//! What an event is made of, as one value: to copy it to another date, to keep a version of it, and to
//! tell two versions apart (E14, E17).
//!
//! Invariants
//! - It holds what people decided and nothing that happened: no stock, orders, tickets, devices, keys.
//! - A copy has ids of its own throughout, and its times are moved on the event's own clock: what was
//!   at eight in the evening stays at eight in the evening, whatever the clocks did between.

mod copy;
pub mod http;
mod lay_out;
mod model;
mod shift;
mod store;
#[cfg(test)]
mod tests;

pub use copy::copy;
pub use lay_out::{Ids, LayOut};
pub use model::{Blueprint, differences};
pub use shift::Shift;
pub(crate) use shift::moment;
pub use store::{blueprint_in, build_in};
