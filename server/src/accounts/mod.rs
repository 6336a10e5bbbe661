//! Accounts: register, log in, refresh, log out; who a caller is (A1, A3-A6).
//!
//! Invariants: passwords exist only as Argon2id hashes; a refresh token exists only as a hash and
//! works once; which of "no such user" and "wrong password" it was is never told, nor timed.
//! A link that was mailed works once, for a while, and is stored nowhere.
//! Other slices may use [`grant_organizer`] in the commit of a first event, [`find_by_name`], and `model::User` to
//! read; who calls they learn from `platform::http::Caller`.

mod credentials;
pub mod error;
mod http;
pub mod jobs;
pub mod keys;
pub mod limiter;
pub mod login;
pub mod model;
mod one_time;
mod organizer;
pub mod own;
pub mod passkeys;
mod password;
pub mod passwords;
mod refresh;
mod refresh_token;
pub mod register;
pub mod second_factor;
mod session;
#[cfg(test)]
mod tests;
pub mod tokens;
mod verify;

pub use credentials::{USERNAME_CHARS_MAX, USERNAME_CHARS_MIN, address_key, key as email_key};
pub use error::Error;
pub use http::routes;
pub use keys::{ApiKey, caller as key_caller};
pub use login::{find_by_name, name_of};
pub use one_time::OneTime;
pub use organizer::grant_organizer;
pub use passkeys::{Ceremony, Passkey};
pub use password::reset as reset_password;
pub use second_factor::SecondFactor;
pub use verify::verify as verify_email;
