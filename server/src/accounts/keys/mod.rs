//! API keys: for programs that act for a person, within scopes (A8).
//!
//! Invariants: a key is shown once, when it is made, and stored by hash; what it may call is judged by
//! the router's one table before a handler runs; it never acts as an administrator, and never for the
//! account itself; it ends with the account.

pub mod http;
mod make;
mod model;
#[cfg(test)]
mod tests;
mod use_key;

pub use model::ApiKey;
pub use use_key::caller;

pub(super) use make::remove_all;
