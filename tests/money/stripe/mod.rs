//! The server against the Stripe double.

mod arbitration;
mod books;
mod cancelling;
mod elsewhere;
mod paying;
mod refunds;
mod reports;
mod schedules;
pub(crate) mod shop;
