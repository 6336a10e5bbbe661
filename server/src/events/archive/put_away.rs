//! Putting an event, a class, a gate or a list away, and bringing it back.

use shared::api::check_in::CheckInSettings;
use shared::api::events::{EventStatus, EventView, GateView, TicketClassView};
use shared::api::tickets::TicketStatus;
use shared::ids::{ClassId, EventId, GateId};
use shared::time::Timestamp;

use crate::app::App;
use crate::events::check_in::{CheckIn, check_in_in};
use crate::events::model::{Archived, Event, Gate, TicketClass};
use crate::events::prices::offers_in;
use crate::events::versions::keep;
use crate::events::view::{class_view, event_view, gate_view};
use crate::events::{Error, classes_in, gates_in, owned_event_in};
use crate::gate::Redemption;
use crate::gate::model::GateDevice;
use crate::inventory;
use crate::payments::ledger::Refund;
use crate::platform::db::{LIMIT_MAX, Query, Tx, Versioned};
use crate::platform::http::Caller;

/// Nobody else's decision is undone by accident.
pub fn may_bring_back(archived: Option<Archived>, caller: &Caller) -> Result<(), Error> {
    match archived {
        None => Err(Error::NotArchived),
        Some(archived) if archived.by == caller.user || caller.is_admin() => Ok(()),
        Some(_) => Err(Error::ArchivedByOther),
    }
}

/// Refused while people could still come or are owed money.
pub(super) async fn archive_event(
    app: &App,
    caller: Caller,
    id: EventId,
) -> Result<EventView, Error> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let mut event = owned_event_in(tx, &caller, id)?;
            if event.archived.is_none() {
                refuse_live(tx, &event, now)?;
                let by = caller.user;
                event.archived = Some(Archived { at: now, by });
                event.touch(now);
                tx.replace(&mut event)?;
            }
            whole(tx, &event, now)
        })
        .await
}

pub(super) async fn unarchive_event(
    app: &App,
    caller: Caller,
    id: EventId,
) -> Result<EventView, Error> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let mut event = owned_event_in(tx, &caller, id)?;
            may_bring_back(event.archived, &caller)?;
            event.archived = None;
            changed(tx, &caller, &mut event, now)?;
            whole(tx, &event, now)
        })
        .await
}

fn whole(tx: &mut Tx<'_>, event: &Event, now: Timestamp) -> Result<EventView, Error> {
    let classes = classes_in(tx, event.id)?;
    let (gates, offers) = (gates_in(tx, event.id)?, offers_in(tx, classes, now)?);
    Ok(event_view(event, &offers, &gates, now))
}

fn refuse_live(tx: &mut Tx<'_>, event: &Event, now: Timestamp) -> Result<(), Error> {
    let mut what = Vec::new();
    if event.status != EventStatus::Cancelled && now < event.end {
        let classes = classes_in(tx, event.id)?;
        let tickets = inventory::taken_in(tx, event, &classes)?;
        if tickets > 0 {
            what.push(("tickets", tickets.to_string()));
        }
    }
    let due = Query::on("by_due").eq(event.id).at_least(0_i64);
    let refunds = tx.count::<Refund>(&due)?;
    if refunds > 0 {
        what.push(("refundsDue", refunds.to_string()));
    }
    in_use(what)
}

fn in_use(what: Vec<(&'static str, String)>) -> Result<(), Error> {
    if what.is_empty() {
        Ok(())
    } else {
        Err(Error::InUse(what))
    }
}

/// Its sale ends; tickets of it stay good. Refused while somebody is buying one.
pub(super) async fn archive_class(
    app: &App,
    caller: Caller,
    event: EventId,
    id: ClassId,
) -> Result<TicketClassView, Error> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let (mut event, mut class) = class_in(tx, &caller, event, id)?;
            if class.archived.is_none() {
                let held = [TicketStatus::Held];
                let held = inventory::taken_of_in(tx, event.id, id, &held)?;
                if held > 0 {
                    return Err(Error::InUse(vec![("heldTickets", held.to_string())]));
                }
                let by = caller.user;
                class.archived = Some(Archived { at: now, by });
                tx.replace(&mut class)?;
                changed(tx, &caller, &mut event, now)?;
            }
            shown(tx, &event, &class, now)
        })
        .await
}

pub(super) async fn unarchive_class(
    app: &App,
    caller: Caller,
    event: EventId,
    id: ClassId,
) -> Result<TicketClassView, Error> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let (mut event, mut class) = class_in(tx, &caller, event, id)?;
            may_bring_back(class.archived, &caller)?;
            class.archived = None;
            tx.replace(&mut class)?;
            changed(tx, &caller, &mut event, now)?;
            shown(tx, &event, &class, now)
        })
        .await
}

fn class_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    event: EventId,
    id: ClassId,
) -> Result<(Versioned<Event>, Versioned<TicketClass>), Error> {
    let event = owned_event_in(tx, caller, event)?;
    event.refuse_cancelled()?;
    let class = tx.get::<TicketClass>(&id.to_string())?;
    let class = class.filter(|class| class.event_id == event.id);
    Ok((event, class.ok_or(Error::NoClass)?))
}

/// Something of the event changed: that is a version of it.
fn changed(
    tx: &mut Tx<'_>,
    caller: &Caller,
    event: &mut Versioned<Event>,
    now: Timestamp,
) -> Result<(), Error> {
    event.touch(now);
    tx.replace(event)?;
    Ok(keep(tx, event, caller.user, now)?)
}

fn shown(
    tx: &mut Tx<'_>,
    event: &Event,
    class: &TicketClass,
    now: Timestamp,
) -> Result<TicketClassView, Error> {
    let offers = offers_in(tx, vec![class.clone()], now)?;
    let offer = offers.first().ok_or(Error::NoClass)?;
    Ok(class_view(event, offer))
}

/// Refused while devices stand there or a check-in list names it.
pub(super) async fn archive_gate(
    app: &App,
    caller: Caller,
    event: EventId,
    id: GateId,
) -> Result<GateView, Error> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let (mut event, mut gate) = gate_in(tx, &caller, event, id)?;
            if gate.archived.is_none() {
                refuse_used_gate(tx, &event, id)?;
                let by = caller.user;
                gate.archived = Some(Archived { at: now, by });
                tx.replace(&mut gate)?;
                changed(tx, &caller, &mut event, now)?;
            }
            Ok(gate_view(&event, &gate))
        })
        .await
}

pub(super) async fn unarchive_gate(
    app: &App,
    caller: Caller,
    event: EventId,
    id: GateId,
) -> Result<GateView, Error> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let (mut event, mut gate) = gate_in(tx, &caller, event, id)?;
            may_bring_back(gate.archived, &caller)?;
            gate.archived = None;
            tx.replace(&mut gate)?;
            changed(tx, &caller, &mut event, now)?;
            Ok(gate_view(&event, &gate))
        })
        .await
}

fn gate_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    event: EventId,
    id: GateId,
) -> Result<(Versioned<Event>, Versioned<Gate>), Error> {
    let event = owned_event_in(tx, caller, event)?;
    event.refuse_cancelled()?;
    let gate = tx.get::<Gate>(&id.to_string())?;
    let gate = gate.filter(|gate| gate.event_id == event.id);
    Ok((event, gate.ok_or(Error::NoGate)?))
}

fn refuse_used_gate(tx: &mut Tx<'_>, event: &Event, id: GateId) -> Result<(), Error> {
    let mut what = Vec::new();
    let devices = Query::on("by_event").eq(event.id).limit(LIMIT_MAX);
    let devices = tx.list::<GateDevice>(&devices)?;
    let there = devices.iter().filter(|device| device.gate == id);
    let there = there.filter(|device| device.evicted_at.is_none()).count();
    if there > 0 {
        what.push(("devices", there.to_string()));
    }
    let settings = check_in_in(tx, event.id)?;
    let mut lists = settings.lists.iter();
    if let Some(list) = lists.find(|list| list.gate_ids.contains(&id)) {
        what.push(("list", list.name.clone()));
    }
    in_use(what)
}

/// Takes a list out of the settings, by its name. A version before that brings it back. Refused once
/// somebody was admitted: entries count on lists.
pub(super) async fn remove_list(
    app: &App,
    caller: Caller,
    event: EventId,
    name: String,
) -> Result<CheckInSettings, Error> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let mut event = owned_event_in(tx, &caller, event)?;
            event.refuse_cancelled()?;
            let stored = tx.get::<CheckIn>(&event.id.to_string())?;
            let mut stored = stored.ok_or(Error::NoList)?;
            let lists = &mut stored.settings.lists;
            let place = lists.iter().position(|list| list.name == name);
            lists.remove(place.ok_or(Error::NoList)?);
            let admissions = tx.count::<Redemption>(&Query::on("by_event").eq(event.id))?;
            if admissions > 0 {
                return Err(Error::InUse(vec![("admissions", admissions.to_string())]));
            }
            tx.replace(&mut stored)?;
            changed(tx, &caller, &mut event, now)?;
            Ok(stored.value.settings)
        })
        .await
}
