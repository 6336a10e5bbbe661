//! One reading, one verdict. An admission is on disk before the page hears of it.

use scanner_core::{Reading, ScanOptions, Verdict};

use super::{ThisDevice, off_the_window};
use crate::problem::Problem;

/// `keys`: the digits by physical key, empty when nobody knows. `confirmed`: a person has done what
/// an `attention` asked for.
#[tauri::command]
pub(crate) async fn scan(
    device: ThisDevice<'_>,
    text: String,
    keys: String,
    confirmed: bool,
) -> Result<Verdict, Problem> {
    off_the_window(device, move |device| {
        let reading = Reading {
            text,
            keys: (!keys.is_empty()).then_some(keys),
        };
        let options = ScanOptions {
            confirmed,
            ..ScanOptions::default()
        };
        let scanned = device
            .with_scanner(|scanner| scanner.scan(&reading, options))?
            .ok_or(Problem::NOT_ENROLLED)?;
        if let Some(error) = scanned.error {
            tracing::error!(%error, "a scan was refused because the device failed");
        }
        Ok(scanned.verdict)
    })
    .await
}
