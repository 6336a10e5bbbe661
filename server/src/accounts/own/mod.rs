//! A person's own account: profile, address, which mails come, all that is stored, and its end (A7).
//!
//! Invariant: an erasure keeps the books: orders, amounts and journal stay, whatever names a person
//! goes. What stays and why: ADR 0030.

mod address;
mod erase;
mod export;
pub mod http;
mod profile;
#[cfg(test)]
mod tests;
mod wants;

pub(super) use erase::register;
