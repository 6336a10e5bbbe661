//! What the page may ask. A command converts and delegates; it never decides.
//!
//! Everything behind it may block on disk or network, so it runs off the window's thread.

pub(crate) mod enrol;
pub(crate) mod neighbours;
pub(crate) mod scan;
pub(crate) mod search;
pub(crate) mod status;
pub(crate) mod supervise;
pub(crate) mod sync;

use std::sync::Arc;

use tauri::State;
use tauri::async_runtime::spawn_blocking;

use crate::device::Device;
use crate::problem::Problem;

/// The device as commands get it.
type ThisDevice<'a> = State<'a, Arc<Device>>;

async fn off_the_window<T: Send + 'static>(
    device: ThisDevice<'_>,
    work: impl FnOnce(&Device) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let device = Arc::clone(&device);
    let outcome = spawn_blocking(move || work(&device)).await;
    outcome.unwrap_or_else(|error| {
        tracing::error!(%error, "a command broke off");
        Err(Problem::BROKEN_OFF)
    })
}
