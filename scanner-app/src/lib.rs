//! Builds the window and hands it the commands.
//!
//! This never decides: it converts between the page and `scanner-core`.

mod commands;
mod error;
mod state;

use tauri::Manager;

use state::AppState;

/// Names the data folder; unset means the platform's folder for this app's data.
const DATA_VARIABLE: &str = "GATEHOUSE_SCANNER_DATA";

/// Opens the window and stays until it closes.
///
/// # Errors
/// When the data folder cannot be read or the webview cannot start.
pub fn run() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    scanner_core::install_tls();
    tauri::Builder::default()
        .setup(|app| {
            #[expect(clippy::disallowed_methods, reason = "the app's one switch is read at start")]
            let folder = match std::env::var_os(DATA_VARIABLE) {
                Some(folder) => folder.into(),
                None => app.path().app_data_dir()?,
            };
            app.manage(AppState::open(folder)?);
            Ok(())
        })
        .invoke_handler(tauri::generate_handler![
            commands::enrol,
            commands::scan,
            commands::search,
            commands::status,
            commands::sync,
        ])
        .run(tauri::generate_context!())?;
    Ok(())
}
