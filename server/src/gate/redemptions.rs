//! What happened at the gates, as people read it.

use std::collections::HashMap;

use shared::api::gate::RedemptionView;
use shared::api::page::Page;
use shared::ids::{DeviceId, EventId};
use shared::log::DecisionFlags;
use shared::time::Timestamp;
use shared::trust::Supervisors;
use shared::trust::supervisors::OFFICE;

use super::redemption::Redemption;
use super::{Error, roster, supervisors};
use crate::app::App;
use crate::events::{self, model::Gate};
use crate::inventory::model::IssuedTicket;
use crate::platform::db::{Db, DbError, Entity as _, LIMIT_MAX, Query, Tx, Versioned};
use crate::platform::http::{Caller, PageParams};
use crate::platform::moments;
use crate::tickets::ClaimedTicket;

/// An event's redemptions in the order the server learnt of them; of one ticket, if `ticket`
/// names one by either of its ids.
pub(super) async fn list(
    app: &App,
    caller: &Caller,
    event: EventId,
    ticket: Option<&str>,
    page: &PageParams,
) -> Result<Page<RedemptionView>, Error> {
    let event = events::owned_event(&app.db, caller, event).await?;
    let query = match ticket {
        None => Query::on("by_event").eq(event.id),
        Some(ticket) => {
            let serial = serial_of(&app.db, event.id, ticket).await?;
            Query::on("by_serial").eq(event.id).eq(serial)
        }
    };
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<Redemption>(&query).await?;
    let names = Names::of(&app.db, event.id).await?;
    Ok(Page {
        items: found.items.iter().map(|item| names.view(item)).collect(),
        next_cursor: found.next,
    })
}

/// When the redemptions of this commit were received: after all that were committed before, so that
/// a reader's cursor only ever has news ahead of it.
pub(super) fn next_receipt(
    tx: &mut Tx<'_>,
    event: EventId,
    now: Timestamp,
) -> Result<Timestamp, DbError> {
    moments::next(tx, &format!("redemptions/{event}"), now, |tx| {
        let latest = Query::on("by_event").eq(event).descending().limit(1);
        let latest = tx.list::<Redemption>(&latest)?.pop();
        Ok(latest.map(|row| row.value.received_at))
    })
}

/// The serial behind the id of a claimed or issued ticket of the event.
async fn serial_of(db: &Db, event: EventId, ticket: &str) -> Result<u32, Error> {
    if let Some(claimed) = db.get::<ClaimedTicket>(ticket).await?
        && claimed.event_id == event
    {
        return Ok(claimed.serial);
    }
    let issued = db.get::<IssuedTicket>(ticket).await?;
    issued
        .filter(|issued| issued.event_id == event)
        .map(|issued| issued.serial)
        .ok_or(Error::NotFound("ticket"))
}

/// All redemptions of a ticket.
pub(crate) async fn of_serial(
    db: &Db,
    event: EventId,
    serial: u32,
) -> Result<Vec<Redemption>, DbError> {
    let found = db.list::<Redemption>(&by_serial(event, serial)).await?;
    Ok(found.into_iter().map(Versioned::into_inner).collect())
}

/// A ticket's redemptions, or its suspects.
pub(super) fn by_serial(event: EventId, serial: u32) -> Query {
    Query::on("by_serial").eq(event).eq(serial).limit(LIMIT_MAX)
}

/// Names of an event's gates and devices.
pub(super) struct Names {
    gates: Vec<Gate>,
    supervisors: Supervisors,
    devices: HashMap<DeviceId, String>,
}

impl Names {
    pub(super) async fn of(db: &Db, event: EventId) -> Result<Self, DbError> {
        let devices = roster::devices(db, event).await?;
        Ok(Self {
            gates: events::gates_of(db, event).await?,
            supervisors: supervisors::of_event(db, event).await?,
            devices: devices
                .into_iter()
                .map(|device| (device.id, device.name))
                .collect(),
        })
    }

    /// Whoever has left the list is still told by number.
    fn supervisor(&self, number: u8) -> String {
        if number == OFFICE {
            return "Organizer".to_owned();
        }
        let person = self.supervisors.by_number(number);
        person.map_or_else(|| format!("supervisor {number}"), |of| of.name.clone())
    }

    pub(super) fn view(&self, redemption: &Redemption) -> RedemptionView {
        let flags = DecisionFlags(redemption.flags);
        let gate = self.gates.iter().find(|gate| gate.index == redemption.gate);
        RedemptionView {
            id: redemption.id(),
            event_id: redemption.event,
            ticket_id: redemption.ticket,
            claimed_ticket_id: redemption.claimed_ticket,
            serial: redemption.serial,
            generation: redemption.generation,
            kind: redemption.kind,
            typed: flags.contains(DecisionFlags::TYPED),
            confirmed: flags.contains(DecisionFlags::CONFIRMED),
            supervisor: flags.supervisor().map(|number| self.supervisor(number)),
            label: redemption.label,
            gate_id: gate.map(|gate| gate.id),
            gate: gate.map_or_else(String::new, |gate| gate.name.clone()),
            device_id: redemption.device,
            device: self
                .devices
                .get(&redemption.device)
                .cloned()
                .unwrap_or_default(),
            at: redemption.at(),
            received_at: redemption.received_at,
        }
    }
}
