//! What people are told, by mail (N2): written into the outbox in the commit of what it is about,
//! sent by a job.
//!
//! Invariants
//! - Of one name (`order_paid:<order>`) there is one mail, whatever its job's luck; sent twice by a
//!   crash it has the same Message-ID and bytes.
//! - The outbox holds no secret: links are derived when a mail is shown or sent.
//! - Without `SMTP_URL` nothing leaves: mails are kept, and administrators read them over REST.
//! - What all holders of an event are told goes out once to each reader.
//!
//! Other slices build a [`Mail`], wrap it into an [`Outgoing`] and `post` that in their commit.

mod holders;
mod http;
mod ink;
mod jobs;
mod letter;
mod mail;
mod model;
mod muted;
mod personal;
mod post;
mod tell;
#[cfg(test)]
mod tests;
pub mod transport;
mod words;

pub use holders::{Announcement, announce, schedule};
pub use http::routes;
pub use ink::Opens;
pub use jobs::{ORDER_PAID, register};
pub use mail::{FoundOrder, Mail};
pub use model::{Notice, Status};
pub use muted::{
    Muted, erase_preferences, join_preferences, preferences, set_preferences, unsubscribe,
    unsubscribes_from,
};
pub use personal::{erase, erase_named, headings, headings_named};
pub use post::Outgoing;
pub use tell::tell;
pub use words::gate::{AlertLine, GateAlertsMail};
pub use words::invoice::InvoiceMail;
