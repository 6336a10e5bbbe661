//! One exchange with the server. A scan never waits for it.

use scanner_core::SyncReport;

use super::{ThisDevice, off_the_window};
use crate::problem::Problem;

#[tauri::command]
pub(crate) async fn sync(device: ThisDevice<'_>) -> Result<SyncReport, Problem> {
    off_the_window(device, |device| {
        let report = device.sync()?;
        for warning in &report.warnings {
            tracing::warn!(warning, "from the server");
        }
        Ok(report)
    })
    .await
}
