//! Sets the device up from the organizer's link.

use serde::Serialize;

use super::{ThisDevice, off_the_window};
use crate::problem::Problem;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Enrolled {
    event: String,
    gate: String,
    /// Six digits to compare with the organizer's screen; `None` when the link itself proved the
    /// event and nobody waits for them.
    compare: Option<String>,
}

#[tauri::command]
pub(crate) async fn enrol(device: ThisDevice<'_>, link: String) -> Result<Enrolled, Problem> {
    off_the_window(device, move |device| {
        let report = device.enrol(&link)?;
        Ok(Enrolled {
            event: report.event_title,
            gate: report.gate_name,
            compare: (!report.pinned || report.awaiting_confirmation)
                .then_some(report.transcript_code),
        })
    })
    .await
}
