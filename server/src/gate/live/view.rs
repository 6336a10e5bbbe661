//! The state of an event's gates, read from the store and put together.

use std::collections::BTreeMap;

use shared::api::live::{LiveCounts, LiveDevice, LiveGate, LiveState};
use shared::ids::{DeviceId, EventId};
use shared::time::Timestamp;

use super::super::incident::Incident;
use super::super::model::GateDevice;
use super::super::{Error, event, roster, tries};
use super::alerts::alerts;
use super::tally::{Place, Tally};
use crate::app::App;
use crate::events::{
    self,
    model::{Event, Gate},
};
use crate::platform::db::{LIMIT_MAX, Query, Versioned};

/// The latest incidents; older ones are in the store.
const INCIDENTS_SHOWN: u32 = 100;

/// What the view is made of.
pub(in super::super) struct Facts {
    pub(in super::super) event: Event,
    pub(in super::super) gates: Vec<Gate>,
    pub(in super::super) devices: Vec<GateDevice>,
    pub(super) tallies: Vec<Tally>,
    pub(super) incidents: Vec<Incident>,
    /// Wrong typed codes that the server was asked about within the hour.
    pub(super) wrong_codes: usize,
}

pub(super) async fn read(app: &App, id: EventId, now: Timestamp) -> Result<LiveState, Error> {
    Ok(assemble(&facts(app, id, now).await?, now))
}

pub(in super::super) async fn facts(
    app: &App,
    id: EventId,
    now: Timestamp,
) -> Result<Facts, Error> {
    let of_event = |limit| Query::on("by_event").eq(id).limit(limit);
    let tallies = app.db.list::<Tally>(&of_event(LIMIT_MAX)).await?;
    let latest = of_event(INCIDENTS_SHOWN).descending();
    let incidents = app.db.list::<Incident>(&latest).await?;
    Ok(Facts {
        event: event(&app.db, id).await?.into_inner(),
        gates: events::gates_of(&app.db, id).await?,
        devices: roster::devices(&app.db, id).await?,
        tallies: tallies.into_iter().map(Versioned::into_inner).collect(),
        incidents: incidents.into_iter().map(Versioned::into_inner).collect(),
        wrong_codes: tries::wrong(&app.db, id, now).await?,
    })
}

fn assemble(facts: &Facts, now: Timestamp) -> LiveState {
    let mut at_gates: BTreeMap<u16, &Tally> = BTreeMap::new();
    let mut of_devices: BTreeMap<DeviceId, &Tally> = BTreeMap::new();
    for tally in &facts.tallies {
        match tally.place {
            Place::Gate(index) => drop(at_gates.insert(index, tally)),
            Place::Device(device) => drop(of_devices.insert(device, tally)),
        }
    }
    let known = facts.gates.iter();
    let mut gates: Vec<LiveGate> = known
        .map(|gate| LiveGate {
            index: gate.index,
            gate_id: Some(gate.id),
            gate: gate.name.clone(),
            counts: counts(at_gates.remove(&gate.index), now),
        })
        .collect();
    // Entries of devices whose gate the event does not have.
    gates.extend(at_gates.into_iter().map(|(index, tally)| LiveGate {
        index,
        gate_id: None,
        gate: "No gate".to_owned(),
        counts: counts(Some(tally), now),
    }));
    gates.sort_by_key(|gate| gate.index);
    let devices = facts.devices.iter();
    LiveState {
        event_id: facts.event.id,
        event: facts.event.title.clone(),
        at: now,
        total: total(&gates),
        devices: devices
            .map(|of| device(of, of_devices.get(&of.id).copied()))
            .collect(),
        alerts: alerts(facts, now),
        gates,
    }
}

/// No count is below zero once all of its commits are in.
fn whole(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

fn counts(tally: Option<&Tally>, now: Timestamp) -> LiveCounts {
    let Some(tally) = tally else {
        return LiveCounts::default();
    };
    LiveCounts {
        admitted: whole(tally.counts.admitted),
        inside: whole(tally.counts.inside),
        exits: whole(tally.counts.exits),
        duplicates: whole(tally.counts.duplicates),
        forced: whole(tally.counts.forced),
        typed: whole(tally.counts.typed),
        refused: tally.refused.clone(),
        rate_per_minute: tally.admissions.within(now, 60),
        rate_per_minute5: f64::from(tally.admissions.within(now, 300)) / 5.0,
    }
}

fn total(gates: &[LiveGate]) -> LiveCounts {
    let mut total = LiveCounts::default();
    let mut five_minutes = 0.0;
    for LiveGate { counts, .. } in gates {
        total.admitted += counts.admitted;
        total.inside += counts.inside;
        total.exits += counts.exits;
        total.duplicates += counts.duplicates;
        total.forced += counts.forced;
        total.typed += counts.typed;
        total.rate_per_minute = total.rate_per_minute.saturating_add(counts.rate_per_minute);
        five_minutes += counts.rate_per_minute5 * 5.0;
        for (reason, count) in &counts.refused {
            *total.refused.entry(reason.clone()).or_default() += count;
        }
    }
    total.rate_per_minute5 = five_minutes.round() / 5.0;
    total
}

fn device(of: &GateDevice, tally: Option<&Tally>) -> LiveDevice {
    let counts = tally.map(|tally| tally.counts).unwrap_or_default();
    let report = of.report.clone().unwrap_or_default();
    LiveDevice {
        device_id: of.id,
        device: of.name.clone(),
        gate_id: of.gate,
        status: of.status,
        last_seen_at: of.last_seen_at,
        admitted: whole(counts.admitted),
        forced: whole(counts.forced),
        typed: whole(counts.typed),
        wrong_codes: report.wrong_codes,
        wrong_pins: report.wrong_pins,
        pending: report.pending,
        battery_percent: report.battery_percent,
        clock_offset_ms: of.clock_offset_ms,
    }
}
