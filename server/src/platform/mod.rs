//! What has no business meaning and is needed by more than one slice: storage, jobs, idempotency
//! keys, time and randomness.
//!
//! Invariants: nothing here names an event, an order or a ticket (only `db::registry` lists the
//! slices' collections); time and randomness reach business code as arguments, drawn from
//! [`clock::Clock`] and [`entropy::Entropy`] at the edge.

pub mod breaker;
pub mod clock;
pub mod csv;
pub mod db;
pub mod entropy;
pub mod fields;
pub mod http;
pub mod idempotency;
pub mod jobs;
pub mod journal;
pub mod lifecycle;
pub mod moments;
pub mod paper;
pub mod telemetry;
pub mod vault;
