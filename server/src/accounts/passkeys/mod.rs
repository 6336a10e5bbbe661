//! Passkeys: logging in with a device that knows its owner, without a name, a password or a code (A8).
//!
//! Invariants: the owner is verified by the device, always, so that a passkey is two factors by itself;
//! a ceremony is answered once, within minutes, by any server; why a login failed is never told; what
//! is stored opens nothing; a counter that goes back logs nobody in.

mod add;
mod ceremony;
#[cfg(test)]
mod device;
mod enter;
pub mod http;
mod model;
mod party;
mod tend;
#[cfg(test)]
mod tests;

pub use ceremony::Ceremony;
pub use model::Passkey;

pub(super) use tend::{list, remove_all};
