//! Organizations: the tenants that events belong to, and the people who work for them (A9).
//!
//! Invariants
//! - What a member may do is one table (`OrganizationRole::may`), and is asked in one place per kind
//!   of thing: here for the organization itself, in `events` for what belongs to an event.
//! - To a stranger an organization does not exist: 404, like all that is its own.
//! - An organization that has members has an owner: all who join, leave or change an owner's role write
//!   its row, so that none of them judges by what another is just changing.
//! - An invitation works once, for seven days, and lets in the account that has confirmed its address.
//!
//! Other slices may call [`role_of`] and [`role_in`] to judge a caller, [`require_in`] and [`required`] before
//! something is given to an organization or its things are shown, and [`leave_all`] when an account ends.

mod error;
mod found;
pub mod http;
mod invite;
mod members;
mod model;
#[cfg(test)]
mod tests;

pub use error::{Error, unconfirmed};
pub use found::{owner_in, require_in, required, role_in, role_of};
pub use invite::{asked, join};
pub use members::leave_all;
pub use model::{Invitation, Member, Organization};
#[cfg(test)]
pub(crate) use tests::join as joined;
