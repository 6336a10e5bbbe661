//! Starting, announcing, draining, stopping.
//!
//! Invariants: one server process per data directory; the address is announced only when requests
//! are answered; after a stop signal no new request is taken, those in flight finish within a
//! bound, and everything that was acknowledged is durable (it was before it was acknowledged).

mod connections;
mod lock;
mod serve;
mod signal;

pub use lock::{DataDirLock, LockError, create_private_dir};
pub use serve::{Bound, ServeError, write_address};
pub use signal::stop_signal;
