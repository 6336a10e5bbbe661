//! Confirming a device (V6): somebody compared six digits, now the roster names it.
//!
//! Invariants: only a pending device, and only the very enrolment that was looked at, because the
//! digits come with the request; the device row and the roster share a commit.

use shared::api::gate::{ConfirmDevice, DeviceStatus, DeviceView};
use shared::ids::{DeviceId, EventId};
use shared::time::Timestamp;

use super::model::GateDevice;
use super::statements::{self, Races};
use super::{Error, enrol, fleet, invite, roster, told};
use crate::app::App;
use crate::events::{self, model::Event};
use crate::platform::db::Versioned;
use crate::platform::http::Caller;
use crate::platform::journal::Actor;

pub(super) async fn confirm(
    app: &App,
    caller: &Caller,
    event: EventId,
    device: DeviceId,
    wanted: &ConfirmDevice,
    now: Timestamp,
) -> Result<DeviceView, Error> {
    let event = events::owned_event(&app.db, caller, event)
        .await?
        .into_inner();
    let mut races = Races::default();
    loop {
        let found = invite::find(app, event.id, device).await?;
        let is_same =
            found.transcript_code.as_deref() == Some(digits(&wanted.transcript_code).as_str());
        match found.status {
            DeviceStatus::Pending if is_same => {}
            DeviceStatus::Pending => return Err(Error::OtherDigits),
            // The answer to the first click got lost.
            DeviceStatus::Enrolled if is_same => {
                return fleet::show(app, &event, &found, now).await;
            }
            DeviceStatus::Invited | DeviceStatus::Enrolled | DeviceStatus::Evicted => {
                return Err(Error::NothingToConfirm);
            }
        }
        match let_in(app, caller, &event, found, now).await {
            Ok(device) => {
                app.gate.live.tell(event.id);
                return fleet::show(app, &event, &device, now).await;
            }
            Err(error) => races.lost(error)?,
        }
    }
}

/// As people type them: `123 456`.
fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

async fn let_in(
    app: &App,
    caller: &Caller,
    event: &Event,
    mut device: Versioned<GateDevice>,
    now: Timestamp,
) -> Result<GateDevice, Error> {
    let trust = statements::ensure(app, event, now).await?;
    device.status = DeviceStatus::Enrolled;
    let mut devices = roster::devices(&app.db, event.id).await?;
    for other in devices.iter_mut().filter(|other| other.id == device.id) {
        other.clone_from(&device);
    }
    let next = roster::next(Some(&trust.roster), event, &devices, &trust.keys, now)?;
    let confirmed = device.clone().into_inner();
    let actor = Actor::User(caller.user);
    let entry = told::entry(app, actor, "device.confirmed", &device, now);
    app.db
        .write(move |tx| enrol::store(tx, &device, &next, &entry))
        .await?;
    Ok(confirmed)
}
