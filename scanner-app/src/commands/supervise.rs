//! What a supervisor does with a PIN: lets in, takes back, allows typed codes again.

use scanner_core::{Overruled, Pin, Reading, ScanOptions, Scanner, Subject, Undone};
use serde::Deserialize;

use super::{ThisDevice, off_the_window};
use crate::problem::Problem;

/// The ticket that is meant: the reading that was shown, or a serial from a search.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Meant {
    text: String,
    keys: String,
    serial: Option<u32>,
}

impl From<Meant> for Subject {
    fn from(meant: Meant) -> Self {
        match meant.serial {
            Some(serial) => Self::Serial(serial),
            None => Self::Code(Reading {
                text: meant.text,
                keys: (!meant.keys.is_empty()).then_some(meant.keys),
            }),
        }
    }
}

#[tauri::command]
pub(crate) async fn force(
    device: ThisDevice<'_>,
    ticket: Meant,
    pin: String,
) -> Result<Overruled, Problem> {
    let pin = Pin::from(pin);
    supervised(device, move |scanner| {
        scanner.force(&ticket.into(), &pin, ScanOptions::default())
    })
    .await
}

#[tauri::command]
pub(crate) async fn undo(
    device: ThisDevice<'_>,
    ticket: Meant,
    pin: String,
) -> Result<Undone, Problem> {
    let pin = Pin::from(pin);
    supervised(device, move |scanner| scanner.undo(&ticket.into(), &pin)).await
}

#[tauri::command]
pub(crate) async fn unlock(device: ThisDevice<'_>, pin: String) -> Result<(), Problem> {
    let pin = Pin::from(pin);
    supervised(device, move |scanner| scanner.unlock_codes(&pin)).await
}

async fn supervised<T: Send + 'static>(
    device: ThisDevice<'_>,
    work: impl FnOnce(&mut Scanner) -> Result<T, scanner_core::Error> + Send + 'static,
) -> Result<T, Problem> {
    off_the_window(device, move |device| {
        let done = device.with_scanner(work)?.ok_or(Problem::NOT_ENROLLED)?;
        done.map_err(Problem::at_the_gate)
    })
    .await
}
