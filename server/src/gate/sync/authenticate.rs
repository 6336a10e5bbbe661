//! Who is speaking: the signature over the whole request, by the key in the roster.

use ed25519_dalek::VerifyingKey;
use shared::sync::{SignedRequest, StrictError};

use super::super::Error;
use super::super::model::GateDevice;
use super::check_status;
use crate::app::App;
use crate::platform::db::Versioned;

/// The device and its request, the signature over the body being verified.
///
/// `sent` is not judged: a wrong clock must not lock a device out, and an old request played again
/// changes nothing and tells its player nothing that the device did not know.
pub(in super::super) async fn authenticate(
    app: &App,
    wire: &[u8],
) -> Result<(Versioned<GateDevice>, SignedRequest), Error> {
    let request = SignedRequest::from_wire(wire)?;
    let found = app
        .db
        .get::<GateDevice>(&request.device.to_string())
        .await?;
    let device = found
        .filter(|device| device.event == request.event)
        .ok_or(Error::UnknownDevice)?;
    let key = key_of(&device).ok_or(Error::UnknownDevice)?;
    match request.verify(&key) {
        Ok(_) => {}
        Err(StrictError::Signature) => return Err(Error::UnknownDevice),
        Err(error) => return Err(error.into()),
    }
    check_status(&device)?;
    Ok((device, request))
}

/// The device's key, once it is enrolled.
pub(super) fn key_of(device: &GateDevice) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(&device.public_key_bytes()?).ok()
}
