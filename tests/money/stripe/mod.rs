//! The server against the Stripe double.

mod books;
mod cancelling;
mod paying;
mod refunds;
mod schedules;
mod shop;
