//! Builds the window and hands it the commands.
//!
//! This never decides: it converts between the page and `scanner-core`. Nothing that blocks runs
//! on the window's thread.

mod commands;
mod device;
mod problem;

use std::path::PathBuf;
use std::sync::Arc;

use tauri::Manager as _;

use device::Device;

/// Names the data folder; unset means the platform's folder for this app's data.
const DATA_VARIABLE: &str = "GATEHOUSE_SCANNER_DATA";

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
            let folder = match data_folder() {
                Some(folder) => folder,
                None => app.path().app_data_dir()?,
            };
            app.manage(Arc::new(Device::new(folder)));
            Ok(())
        })
        .invoke_handler(tauri::generate_handler![
            commands::enrol::enrol,
            commands::scan::scan,
            commands::search::search,
            commands::status::status,
            commands::supervise::force,
            commands::supervise::undo,
            commands::supervise::unlock,
            commands::sync::sync,
        ])
        .run(tauri::generate_context!())?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the app has no configuration: this is its one switch, read at start"
)]
fn data_folder() -> Option<PathBuf> {
    std::env::var_os(DATA_VARIABLE).map(PathBuf::from)
}
