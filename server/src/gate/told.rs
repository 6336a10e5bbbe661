//! Lines of the journal about devices.

use serde_json::json;
use shared::ids::JournalId;
use shared::time::Timestamp;

use super::model::GateDevice;
use super::redemption::Redemption;
use crate::app::App;
use crate::platform::db::Entity as _;
use crate::platform::journal::{self, Actor, Entry};

/// An entry of the device was taken up.
pub(super) fn adopted(
    app: &App,
    actor: Actor,
    device: &GateDevice,
    redemption: &Redemption,
    now: Timestamp,
) -> Entry {
    Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        actor,
        "redemption.adopted",
        journal::subject("device", device.id),
        json!({ "event": device.event, "redemption": redemption.id(), "serial": redemption.serial }),
    )
}

/// `action` happened to the device.
pub(super) fn entry(
    app: &App,
    actor: Actor,
    action: &'static str,
    device: &GateDevice,
    now: Timestamp,
) -> Entry {
    Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        actor,
        action,
        journal::subject("device", device.id),
        json!({ "event": device.event, "gate": device.gate }),
    )
}
