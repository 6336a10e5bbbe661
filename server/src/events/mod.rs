//! Events with their ticket classes and gates (E1-E3, I7).
//!
//! Invariants
//! - A draft is invisible to everyone but its people and administrators: 404, not 403.
//! - Status moves only through the one table in `model`.
//! - Class, gate and zone positions are append-only: signed tickets and device logs carry them.
//! - `Event::revision` is the `ETag`. It moves with every edit of the event, its classes and gates,
//!   not with its stock.
//! - Nothing is removed: what is deleted is archived, and whoever did so may bring it back (`archive`).
//! - Who may do what with an event is answered in `rights` alone, from its organization.
//!
//! Other slices may call [`may`], [`owned_event`], [`owned_event_in`], [`visible_event`], [`classes_of`],
//! [`classes_in`], [`offers_of`], [`held_price`], [`gates_of`], [`gates_in`] and [`check_in_of`], and read the entities in [`model`].

mod add;
mod archive;
pub mod blueprint;
pub mod check_in;
mod create;
mod edit;
mod edit_class;
mod error;
mod find;
mod give;
pub mod http;
pub mod model;
mod prices;
mod publish;
mod rights;
#[cfg(test)]
mod tests;
mod versions;
mod view;

pub use add::{add_class, add_gate};
pub use archive::may_bring_back;
pub use check_in::{CheckIn, check_in_of};
pub use create::create;
pub use edit::edit;
pub(crate) use edit::{Edit, edit_in};
pub use edit_class::edit_class;
pub(crate) use edit_class::edit_class_in;
pub use error::Error;
pub use find::{
    classes_in, classes_of, event_in, gates_in, gates_of, list, list_of, owned_event,
    owned_event_in, show, visible_event,
};
pub use give::give;
pub use prices::{Offer, PriceMove, held_price, offers_in, offers_of, price_trail};
pub(crate) use publish::publish_in;
pub use publish::{approve, publish};
pub use rights::{contact_in, may, may_in, may_too_in, user_may_in};
pub use versions::{Version, keep as keep_version};
