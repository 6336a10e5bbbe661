//! Short texts to phones (N2): what cannot wait for a mail, to whoever gave a number and confirmed it.
//!
//! Invariants
//! - A text follows a mail, in its commit: to the phone of the account that has confirmed the mail's
//!   address. Nobody hears of another's tickets by registering with their address.
//! - No number, no text; an unconfirmed number gets its own code and nothing else.
//! - The outbox holds no secret: codes are derived when they are sent and when they are typed.
//! - Of one name there is one text, with one reference for the provider, whatever its job's luck.

mod error;
mod follow;
pub mod http;
mod jobs;
mod model;
mod phone;
mod provider;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use follow::follow;
pub use jobs::register;
pub use model::{Phone, Text};
pub use phone::{erase, follow_address, phone_of};
pub use provider::{BadSmsSettings, Http, Provider};
