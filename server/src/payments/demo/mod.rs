//! The demo gateway: a small payment provider that is built in, so that the whole journey runs with
//! nothing configured (P7).
//!
//! Invariants
//! - It keeps its own state and knows nothing of orders: it sees a reference, an amount and a text,
//!   and speaks to the shop only through its signed webhook and its answers.
//! - It tells the shop at least once, by a durable job; the inline try only makes it quick.
//! - In production it does not exist: 404 everywhere.

mod error;
pub mod http;
mod link;
pub mod model;
mod page;
pub mod signature;
mod tell;
mod vault;

pub use error::Error;
pub use http::pages;
pub use link::{close, decline, open, paid_untold, pay, refund};
pub use model::{Link, LinkStatus, TellKind, Telling, Told};
pub use tell::{register, tell};
pub use vault::{Secret, secret};

use crate::app::App;

/// The gateway answers nobody in production.
pub fn refuse_in_production(app: &App) -> Result<(), Error> {
    if app.config.production {
        Err(Error::NotFound)
    } else {
        Ok(())
    }
}
