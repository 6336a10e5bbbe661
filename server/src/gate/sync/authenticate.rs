//! Who is speaking: the signature over the whole request, by the key in the roster.

use data_encoding::BASE64;
use ed25519_dalek::VerifyingKey;
use shared::api::gate::DeviceStatus;
use shared::ids::EventId;
use shared::limits::JSON_BODY_BYTES_MAX;
use shared::sync::{SignedRequest, StrictError};
use shared::trust::StatementKind;

use super::super::Error;
use super::super::incident::{Incident, IncidentKind};
use super::super::model::{GateDevice, StoredStatement};
use super::super::statements;
use super::check_status;
use crate::app::App;
use crate::platform::db::{DbError, Entity as _, Versioned};

/// Of a roster in an error answer: in base64 it leaves room for the rest of what a device reads.
const ROSTER_BYTES_MAX: usize = JSON_BODY_BYTES_MAX / 2;

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
    if device.status == DeviceStatus::Evicted {
        note_evicted(app, &device).await?;
        return Err(Error::Evicted(roster_of(app, device.event).await?));
    }
    check_status(&device)?;
    Ok((device, request))
}

/// A removed device that goes on speaking is told once: whoever has it may be trying things.
async fn note_evicted(app: &App, device: &GateDevice) -> Result<(), Error> {
    let (kind, subject) = (IncidentKind::EvictedSpoke, device.id.to_string());
    let now = app.clock.now();
    let incident = Incident::new(device.event, kind, device.id, subject, now);
    // Looked up before a transaction is opened for it: it may come a thousand times.
    if app.db.get::<Incident>(&incident.id()).await?.is_none() {
        app.db
            .write(move |tx| -> Result<(), DbError> { incident.note(tx) })
            .await?;
        app.gate.live.tell(device.event);
    }
    Ok(())
}

/// The newest roster, as a device takes it in an error; `None` when it is too long for one.
async fn roster_of(app: &App, event: EventId) -> Result<Option<String>, Error> {
    let roster = statements::latest(&app.db, event, StatementKind::Roster).await?;
    let wire = roster.as_ref().map(StoredStatement::wire);
    Ok(wire
        .filter(|wire| wire.len() <= ROSTER_BYTES_MAX)
        .map(|wire| BASE64.encode(wire)))
}

/// The device's key, once it is enrolled.
pub(super) fn key_of(device: &GateDevice) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(&device.public_key_bytes()?).ok()
}
