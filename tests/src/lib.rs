//! The harness: real `server` and `kiosk` processes on port 0 in temporary folders.
//!
//! Invariants: nothing here sleeps to wait for a state, it polls for the event with a bound;
//! dropping a handle stops its process by pid; folders vanish with their handle.

pub mod api;
pub mod binaries;
pub mod browser;
pub mod hook;
pub mod hosted;
pub mod journey;
pub mod kiosk;
pub mod live;
pub mod mongo;
pub mod onsale;
pub mod payos;
pub mod phone;
pub mod poll;
mod port;
pub mod process;
pub mod sale;
pub mod server;
pub mod smtp;
pub mod stripe;
pub mod tmux;
pub mod venue;
