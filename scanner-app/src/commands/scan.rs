//! One reading, one verdict. An admission is on disk before the page hears of it.

use scanner_core::{Answer, QuestionPolicy, Reading, ScanOptions, Verdict};
use serde::Serialize;

use super::{ThisDevice, off_the_window};
use crate::problem::Problem;

/// A verdict, what staff are to know, and what they are to ask.
#[derive(Serialize)]
pub(crate) struct Answered {
    #[serde(flatten)]
    verdict: Verdict,
    notes: Vec<String>,
    questions: Vec<QuestionPolicy>,
}

/// `keys`: the digits by physical key, empty when nobody knows. `confirmed`: a person has done what
/// an `attention` asked for. `answers`: what the guest said to the questions of an earlier scan.
#[tauri::command]
pub(crate) async fn scan(
    device: ThisDevice<'_>,
    text: String,
    keys: String,
    confirmed: bool,
    answers: Vec<Answer>,
) -> Result<Answered, Problem> {
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
            .with_scanner(|scanner| scanner.scan_answered(&reading, options, &answers))?
            .ok_or(Problem::NOT_ENROLLED)?;
        if let Some(error) = scanned.error {
            tracing::error!(%error, "a scan was refused because the device failed");
        }
        Ok(Answered {
            verdict: scanned.verdict,
            notes: scanned.notes,
            questions: scanned.questions,
        })
    })
    .await
}
