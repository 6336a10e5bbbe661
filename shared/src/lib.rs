//! What crosses a process boundary: ids, time, money, REST types, the ticket token, trust
//! statements, admission rules, the device log and the sync messages.
//!
//! Invariants: nothing here does I/O, reads a clock or draws randomness; time, randomness and ids
//! come in as arguments. Every decoder is total: bad bytes give an error, never a panic.

pub mod admission;
pub mod api;
pub mod audit;
pub mod ids;
pub mod journal;
pub mod limits;
pub mod log;
pub mod money;
pub mod sync;
pub mod ticket;
pub mod time;
pub mod trust;
