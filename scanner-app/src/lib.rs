//! Builds the window and hands it the commands.
//!
//! This never decides: it converts between the page and `scanner-core`. Nothing that blocks runs
//! on the window's thread.

mod commands;
mod device;
mod problem;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use tauri::{Manager as _, RunEvent};

use device::Device;

/// Names the data folder; unset means the platform's folder for this app's data.
const DATA_VARIABLE: &str = "GATEHOUSE_SCANNER_DATA";
/// Set to anything, hubs are not looked for by multicast: where a network forbids it, and in tests.
const QUIET_VARIABLE: &str = "GATEHOUSE_SCANNER_NO_MULTICAST";

/// Opens the window and stays until it closes.
///
/// # Errors
/// When the webview cannot start. What is wrong with the data is told in the window.
pub fn run() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    scanner_core::install_tls();
    tauri::Builder::default()
        .setup(|app| {
            let folder = match variable(DATA_VARIABLE) {
                Some(folder) => PathBuf::from(folder),
                None => app.path().app_data_dir()?,
            };
            let multicast = variable(QUIET_VARIABLE).is_none();
            app.manage(Arc::new(Device::new(folder, multicast)));
            Ok(())
        })
        .invoke_handler(tauri::generate_handler![
            commands::enrol::enrol,
            commands::neighbours::call,
            commands::neighbours::pause,
            commands::neighbours::resume,
            commands::scan::scan,
            commands::search::search,
            commands::status::status,
            commands::supervise::force,
            commands::supervise::undo,
            commands::supervise::unlock,
            commands::sync::sync,
        ])
        .build(tauri::generate_context!())?
        .run(|app, event| {
            // The process ends without dropping what it manages.
            if let RunEvent::Exit = event {
                app.state::<Arc<Device>>().end();
            }
        });
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the app has no configuration: these are its two switches, read at start"
)]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
