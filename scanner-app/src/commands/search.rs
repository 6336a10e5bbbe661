//! Looks tickets up on this device.

use scanner_core::Hit;

use super::{ThisDevice, off_the_window};
use crate::problem::Problem;

#[tauri::command]
pub(crate) async fn search(device: ThisDevice<'_>, query: String) -> Result<Vec<Hit>, Problem> {
    off_the_window(device, move |device| {
        let hits = device
            .with_scanner(|scanner| scanner.search(&query))?
            .ok_or(Problem::NOT_ENROLLED)?;
        Ok(hits?)
    })
    .await
}
