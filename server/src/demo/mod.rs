//! `server demo`: a data set to try everything on, made over the server's own REST routes.
//!
//! Invariants: it knows nothing that a client could not know, except how to make an administrator;
//! its passwords are random and printed once; it never touches a configured database.

mod rest;
mod stage;
#[cfg(test)]
mod tests;
mod words;

pub use stage::{Login, Stage, StageError, prepare};
pub use words::walkthrough;
