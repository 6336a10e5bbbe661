//! A second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes (A8).
//!
//! Invariants: the secret lies wrapped, recovery codes lie hashed; a code works once, however often it
//! is shown within its half minute; it is asked for only after the right password, so that guesses
//! at it tell nothing about the password, and its limit locks out nobody else.

mod ask;
mod enrol;
pub mod http;
mod model;
#[cfg(test)]
mod tests;

pub use model::SecondFactor;

pub(super) use ask::{pass, pass_again};
pub(super) use enrol::remove;
