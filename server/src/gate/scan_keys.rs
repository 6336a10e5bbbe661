//! What opens sealed tickets (T10), for a device that asks: wrapped to its own key, so that nobody
//! on the way learns it, and signed by the roster's, so that nobody puts another in its place.

use shared::sync::{ScanKeysRequest, ScanKeysResponse};
use shared::time::Timestamp;
use shared::trust::{ScanKeyFor, TrustError, WrappedScanKey};

use super::sync::authenticate;
use super::{Error, keys};
use crate::app::App;

/// `wire` is a `SignedRequest` of a `ScanKeysRequest`; the answer is a `ScanKeysResponse`.
pub(super) async fn give(app: &App, wire: &[u8], now: Timestamp) -> Result<Vec<u8>, Error> {
    let (device, request) = authenticate(app, wire).await?;
    let ScanKeysRequest::V1 {} = ScanKeysRequest::from_wire(&request.body)?;
    let holder = ScanKeyFor {
        event: request.event,
        device: device.id,
        public_key: device.public_key_bytes().ok_or(Error::UnknownDevice)?,
    };
    let keys = keys::current(app, request.event, now).await?;
    let wrap = |id| {
        let fresh = app.vault.draw_key();
        WrappedScanKey::wrap(&keys.scan_key(id), &holder, &keys.roster, &fresh)
    };
    let keys = (0..=keys.scan_id())
        .map(wrap)
        .collect::<Result<Vec<_>, TrustError>>()?;
    Ok(ScanKeysResponse::V1 { keys }.to_wire())
}
