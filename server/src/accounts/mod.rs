//! Accounts: register, log in, refresh, log out; who a caller is (A1, A3-A6).
//!
//! Invariants: passwords exist only as Argon2id hashes; a refresh token exists only as a hash and
//! works once; which of "no such user" and "wrong password" it was is never told, nor timed.
//! Other slices may use [`grant_organizer`] in the commit of a first event, [`find_by_name`], and `model::User` to
//! read; who calls they learn from `platform::http::Caller`.

mod credentials;
pub mod error;
mod http;
pub mod jobs;
pub mod limiter;
pub mod login;
pub mod model;
mod organizer;
pub mod passwords;
mod refresh;
mod refresh_token;
pub mod register;
mod session;
#[cfg(test)]
mod tests;
pub mod tokens;

pub use credentials::{USERNAME_CHARS_MAX, USERNAME_CHARS_MIN, key as email_key};
pub use error::Error;
pub use http::routes;
pub use login::find_by_name;
pub use organizer::grant_organizer;
