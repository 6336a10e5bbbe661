//! The gate's back office: event keys and signed statements, snapshots, devices, sync, redemptions.
//!
//! Invariant: a ticket change and the mark that tells the gates of it share a commit.

mod changed;
pub mod jobs;

pub use changed::{GateChange, mark_changed};
