//! Other devices: calling one by its address, and pauses while nobody sees the window.

use scanner_core::PeerAddress;

use super::{ThisDevice, off_the_window};
use crate::problem::Problem;

/// `address` as staff have it: host:port, or the link that `kiosk gossip --qr` shows. Gives it as the
/// status does, where it is seen whether somebody answers there.
#[tauri::command]
pub(crate) async fn call(device: ThisDevice<'_>, address: String) -> Result<String, Problem> {
    off_the_window(device, move |device| {
        let address: PeerAddress = address.parse().map_err(|_| Problem::NO_ADDRESS)?;
        let called = address.to_string();
        device.call(address);
        Ok(called)
    })
    .await
}

#[tauri::command]
pub(crate) async fn pause(device: ThisDevice<'_>) -> Result<(), Problem> {
    off_the_window(device, |device| {
        device.pause();
        Ok(())
    })
    .await
}

#[tauri::command]
pub(crate) async fn resume(device: ThisDevice<'_>) -> Result<(), Problem> {
    off_the_window(device, |device| {
        device.resume();
        Ok(())
    })
    .await
}
