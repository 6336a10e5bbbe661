//! Events with their ticket classes and gates (E1-E3, I7).
//!
//! Invariants
//! - A draft is invisible to everyone but its organizer and administrators: 404, not 403.
//! - Status moves only through the one table in `model`.
//! - Class, gate and zone positions are append-only: signed tickets and device logs carry them.
//! - `Event::revision` is the `ETag`. It moves with every edit of the event, its classes and gates,
//!   not with its stock.
//!
//! Other slices may call [`owned_event`], [`owned_event_in`], [`visible_event`], [`classes_of`],
//! [`classes_in`], [`offers_of`], [`held_price`], [`gates_of`], [`gates_in`] and [`check_in_of`], and read the entities in [`model`].

mod add;
pub mod check_in;
mod create;
mod edit;
mod edit_class;
mod error;
mod find;
pub mod http;
pub mod model;
mod prices;
mod publish;
#[cfg(test)]
mod tests;
mod view;

pub use add::{add_class, add_gate};
pub use check_in::{CheckIn, check_in_of};
pub use create::create;
pub use edit::edit;
pub use edit_class::edit_class;
pub use error::Error;
pub use find::{
    classes_in, classes_of, event_in, gates_in, gates_of, list, owned_event, owned_event_in, show,
    visible_event,
};
pub use prices::{Offer, PriceMove, held_price, offers_in, offers_of, price_trail};
pub use publish::{approve, publish};
