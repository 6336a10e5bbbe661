//! Accounts: register, log in, refresh, log out; who a caller is (A1, A3-A6).
//!
//! Invariants: passwords exist only as Argon2id hashes; a refresh token exists only as a hash and
//! works once; which of "no such user" and "wrong password" it was is never told, nor timed.
//! Other slices may use [`grant_organizer`], [`tokens`] through `Caller`, and [`model::User`].

pub mod error;
mod http;
pub mod limiter;
pub mod model;
pub mod passwords;
pub mod tokens;

pub use http::routes;
