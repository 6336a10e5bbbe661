//! The server: REST, web pages, jobs, storage, signing. The binary is a thin shell around this.

pub mod accounts;
pub mod app;
pub mod cancellation;
pub mod cli;
pub mod config;
pub mod demo;
mod description;
pub mod error;
pub mod events;
pub mod gate;
pub mod hooks;
pub mod inventory;
pub mod invoices;
pub mod notices;
pub mod operations;
pub mod orders;
pub mod organizations;
pub mod payments;
pub mod platform;
pub mod router;
#[cfg(test)]
mod router_tests;
pub mod series;
#[cfg(test)]
mod testing;
pub mod texts;
pub mod tickets;
pub mod trail;
pub mod venues;
pub mod vouchers;
pub mod waitlist;
pub mod web;
