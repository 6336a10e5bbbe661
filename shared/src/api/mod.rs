//! The REST types: JSON, camelCase, serde only. Server, tests and clients share them.
//!
//! Requests refuse unknown fields, so that a typing error is told and not ignored. Answers may grow.

pub mod accounts;
pub mod cancellation;
pub mod check_in;
pub mod error;
pub mod events;
pub mod gate;
pub mod hooks;
pub mod invoices;
pub mod jobs;
pub mod journal;
pub mod live;
pub mod merchants;
pub mod notices;
pub mod orders;
pub mod organizations;
pub mod page;
pub mod passkeys;
pub mod payments;
pub mod pre_check_in;
pub mod reconciliation;
pub mod selling;
pub mod series;
pub mod texts;
pub mod tickets;
pub mod transfers;
pub mod venues;
pub mod versions;
pub mod vouchers;
pub mod waitlist;
