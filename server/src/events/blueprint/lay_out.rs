//! A blueprint at another date: new ids throughout, times moved. Pure.

use std::collections::HashMap;

use jiff::civil::DateTime;
use serde_json::Value;
use shared::api::check_in::CheckInSettings;
use shared::api::events::CreateEvent;
use shared::ids::{ClassId, EventId, GateId, OrganizationId, UserId, uuid_v7};
use shared::ticket::layout::{window_time, window_unit_ceil, window_unit_floor};
use shared::time::Timestamp;

use super::{Blueprint, Shift};
use crate::events::Error;
use crate::events::check_in::CheckIn;
use crate::events::model::{Event, Gate, TicketClass};
use crate::inventory::model::Pool;
use crate::platform::fields::Fields;

/// Whose the copy is, and when.
#[derive(Clone, Debug)]
pub struct LayOut {
    pub id: EventId,
    pub title: String,
    pub organizer: UserId,
    pub organization: Option<OrganizationId>,
    pub start: Timestamp,
    pub now: Timestamp,
}

/// Draws ids without end from one draw of randomness: how many a copy needs shows in its commit.
#[derive(Clone, Debug)]
pub struct Ids {
    seed: [u8; 32],
    drawn: u32,
}

impl Ids {
    pub const fn new(seed: [u8; 32]) -> Self {
        Self { seed, drawn: 0 }
    }

    pub fn draw(&mut self) -> [u8; 10] {
        let hash = blake3::keyed_hash(&self.seed, &self.drawn.to_be_bytes());
        self.drawn = self.drawn.wrapping_add(1);
        let mut id = [0; 10];
        id.copy_from_slice(&hash.as_bytes()[..10]);
        id
    }
}

/// What the parts are called in the copy, each at the place of the old one.
struct NewIds {
    classes: Vec<ClassId>,
    gates: Vec<GateId>,
    pools: Vec<String>,
    /// All of them, for ids that stand in texts.
    by_old: HashMap<String, String>,
}

impl NewIds {
    fn draw(of: &Blueprint, now: Timestamp, ids: &mut Ids) -> Self {
        let mut by_old = HashMap::new();
        let mut name = |old: String, new: String| by_old.insert(old, new);
        let mut classes = Vec::with_capacity(of.classes.len());
        for class in &of.classes {
            let id = ClassId::new(now, ids.draw());
            name(class.id.to_string(), id.to_string());
            classes.push(id);
        }
        let mut gates = Vec::with_capacity(of.gates.len());
        for gate in &of.gates {
            let id = GateId::new(now, ids.draw());
            name(gate.id.to_string(), id.to_string());
            gates.push(id);
        }
        let mut pools = Vec::with_capacity(of.pools.len());
        for pool in &of.pools {
            let id = uuid_v7(now, ids.draw()).to_string();
            name(pool.id.clone(), id.clone());
            pools.push(id);
        }
        Self {
            classes,
            gates,
            pools,
            by_old,
        }
    }

    fn classes_of(&self, old: &[TicketClass], named: &[ClassId]) -> Vec<ClassId> {
        let pairs = old.iter().zip(&self.classes);
        let is_named = pairs.filter(|(class, _)| named.contains(&class.id));
        is_named.map(|(_, id)| *id).collect()
    }
}

impl Blueprint {
    /// The same at another date, as a draft of its own.
    pub fn laid_out(&self, wanted: &LayOut, ids: &mut Ids) -> Result<Self, Error> {
        let shift = Shift::between(&self.event.timezone, self.event.start, wanted.start);
        let event = self.event_for(wanted, &shift)?;
        let new = NewIds::draw(self, wanted.now, ids);
        let classes = self.classes_for(&event, &new, &shift)?;
        let gates = self.gates.iter().zip(&new.gates);
        let gates: Vec<Gate> = gates
            .map(|(gate, id)| Gate {
                id: *id,
                event_id: event.id,
                created_at: wanted.now,
                ..gate.clone()
            })
            .collect();
        let pools = self.pools.iter().zip(&new.pools);
        let pools = pools
            .map(|(pool, id)| Pool {
                id: id.clone(),
                event_id: event.id,
                classes: new.classes_of(&self.classes, &pool.classes),
                ..pool.clone()
            })
            .collect();
        let check_in = settings(&self.check_in, &new.by_old, &shift)?;
        let check_in = CheckIn::checked(&event, &classes, &gates, check_in)?.settings;
        Ok(Self {
            event,
            classes,
            gates,
            check_in,
            pools,
            transfers: self.transfers,
        })
    }

    fn classes_for(
        &self,
        event: &Event,
        new: &NewIds,
        shift: &Shift,
    ) -> Result<Vec<TicketClass>, Error> {
        let mut fields = Fields::default();
        let mut classes = Vec::with_capacity(self.classes.len());
        for (class, id) in self.classes.iter().zip(&new.classes) {
            let moved =
                |at: Option<Timestamp>, up| at.map(|at| quarter(event, shift.apply(at), up));
            let pools = class.pools.iter();
            let copy = TicketClass {
                id: *id,
                event_id: event.id,
                entry_from: moved(class.entry_from, false),
                entry_until: moved(class.entry_until, true),
                seated: false,
                terms: shift.terms(&class.terms),
                pools: pools
                    .filter_map(|pool| new.by_old.get(pool).cloned())
                    .collect(),
                created_at: event.created_at,
                ..class.clone()
            };
            copy.check_window(event, "startDate", &mut fields);
            classes.push(copy);
        }
        Ok(fields.done(classes)?)
    }

    fn event_for(&self, wanted: &LayOut, shift: &Shift) -> Result<Event, Error> {
        let from = &self.event;
        let draft = CreateEvent {
            title: wanted.title.clone(),
            description: from.description.clone(),
            start_date: wanted.start,
            end_date: shift.apply(from.end),
            timezone: from.timezone.clone(),
            venue_id: from.venue_id.clone(),
            capacity: from.capacity,
            organization_id: wanted.organization,
            names_at_gate: from.names_at_gate,
            confirm_devices: from.confirm_devices,
            guest_checkout: from.guest_checkout,
            charges: from.charges,
        };
        let event = Event::draft(wanted.id, wanted.organizer, draft, wanted.now)?;
        Ok(Event {
            zones: from.zones.clone(),
            seating: from.seating,
            ..event
        })
    }
}

/// On a quarter of an hour that a ticket can say, outwards.
fn quarter(event: &Event, at: Timestamp, up: bool) -> Timestamp {
    let unit = if up {
        window_unit_ceil(event.epoch, at)
    } else {
        window_unit_floor(event.epoch, at)
    };
    unit.map_or(at, |unit| window_time(event.epoch, unit))
}

/// The settings with the copy's ids, also inside the rules, and its times.
fn settings(
    of: &CheckInSettings,
    renamed: &HashMap<String, String>,
    shift: &Shift,
) -> Result<CheckInSettings, Error> {
    let mut value = serde_json::to_value(of).map_err(crate::platform::db::DbError::from)?;
    rename(&mut value, renamed);
    let mut copy: CheckInSettings =
        serde_json::from_value(value).map_err(crate::platform::db::DbError::from)?;
    let later = |at: &mut Timestamp| *at = shift.apply(*at);
    copy.doors_date.iter_mut().for_each(later);
    copy.answers_until.iter_mut().for_each(later);
    if let Some(window) = &mut copy.pre_check_in {
        later(&mut window.opens_at);
        later(&mut window.closes_at);
    }
    let lists = copy.lists.iter_mut().flat_map(|list| &mut list.rules);
    for rule in copy.rules.iter_mut().chain(lists) {
        move_times(&mut rule.logic, shift);
    }
    Ok(copy)
}

fn rename(value: &mut Value, renamed: &HashMap<String, String>) {
    match value {
        Value::String(text) => {
            if let Some(new) = renamed.get(text) {
                text.clone_from(new);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, renamed)),
        Value::Object(members) => members
            .values_mut()
            .for_each(|member| rename(member, renamed)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `{"buildTime": ["custom", …]}` names a moment; all else follows the event.
fn move_times(logic: &mut Value, shift: &Shift) {
    match logic {
        Value::Array(items) => {
            if let [Value::String(kind), Value::String(at)] = items.as_mut_slice()
                && kind == "custom"
            {
                if let Ok(moment) = at.parse::<Timestamp>() {
                    *at = shift.apply(moment).to_string();
                } else if let Ok(local) = at.parse::<DateTime>() {
                    *at = shift.apply_local(local).to_string();
                }
                return;
            }
            for item in items {
                move_times(item, shift);
            }
        }
        Value::Object(members) => members
            .values_mut()
            .for_each(|member| move_times(member, shift)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
