//! The value itself, how people read it, and the difference of two. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use shared::api::check_in::CheckInSettings;
use shared::api::transfers::TransferRules;
use shared::api::versions::Difference;

use crate::events::model::{Event, Gate, TicketClass};
use crate::inventory::model::Pool;

/// Differences that one answer names.
const DIFFERENCES_MAX: usize = 500;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blueprint {
    pub event: Event,
    pub classes: Vec<TicketClass>,
    pub gates: Vec<Gate>,
    pub check_in: CheckInSettings,
    pub pools: Vec<Pool>,
    #[serde(default)]
    pub transfers: Option<TransferRules>,
}

impl Blueprint {
    /// What people decided, by the names that it has on the wire.
    pub fn content(&self) -> Value {
        let event = &self.event;
        let named = |items: Vec<(String, Value)>| Value::Object(Map::from_iter(items));
        let classes = self.classes.iter().map(|class| {
            let body = json!({
                "name": class.name,
                "price": class.price,
                "zones": event.zone_names(class.zones),
                "maxPerOrder": class.max_per_order,
                "entryFrom": class.entry_from,
                "entryUntil": class.entry_until,
                "rotating": class.rotating,
                "sealed": class.sealed,
                "terms": class.terms,
            });
            (class.id.to_string(), body)
        });
        let gates = self.gates.iter().map(|gate| {
            let body = json!({ "name": gate.name, "zones": event.zone_names(gate.zones) });
            (gate.id.to_string(), body)
        });
        let pools = self.pools.iter().map(|pool| {
            let body = json!({ "name": pool.name, "limit": pool.limit, "classIds": pool.classes });
            (pool.id.clone(), body)
        });
        json!({
            "title": event.title,
            "description": event.description,
            "startDate": event.start,
            "endDate": event.end,
            "timezone": event.timezone,
            "venueId": event.venue_id,
            "capacity": event.capacity,
            "namesAtGate": event.names_at_gate,
            "confirmDevices": event.confirm_devices,
            "guestCheckout": event.guest_checkout,
            "charges": event.charges,
            "seatingVersion": event.seating.map(|seating| seating.version),
            "classes": named(classes.collect()),
            "gates": named(gates.collect()),
            "pools": named(pools.collect()),
            "checkIn": self.check_in,
            "transferRules": self.transfers,
        })
    }
}

/// What is another in `to`, by path. Lists are compared as a whole: their order means something.
pub fn differences(from: &Value, to: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk("", from, to, &mut found);
    found
}

fn walk(path: &str, from: &Value, to: &Value, found: &mut Vec<Difference>) {
    if from == to || found.len() >= DIFFERENCES_MAX {
        return;
    }
    let (Value::Object(old), Value::Object(new)) = (from, to) else {
        found.push(Difference {
            path: path.to_owned(),
            from: from.clone(),
            to: to.clone(),
        });
        return;
    };
    let names: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for name in names {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let value = |of: &Map<String, Value>| of.get(name).cloned().unwrap_or_default();
        walk(&path, &value(old), &value(new), found);
    }
}
