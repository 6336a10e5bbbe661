//! Entities as clients see them.

use shared::api::events::{EventView, GateView, TicketClassView};
use shared::time::Timestamp;

use super::model::{Event, Gate};
use super::prices::Offer;

pub(super) fn event_view(
    event: &Event,
    classes: &[Offer],
    gates: &[Gate],
    now: Timestamp,
) -> EventView {
    EventView {
        id: event.id,
        title: event.title.clone(),
        description: event.description.clone(),
        organizer_id: event.organizer_id,
        organization_id: event.organization_id,
        venue_id: event.venue_id.clone(),
        start_date: event.start,
        end_date: event.end,
        timezone: event.timezone.clone(),
        status: event.status,
        phase: event.phase(now),
        capacity: event.capacity,
        names_at_gate: event.names_at_gate,
        confirm_devices: event.confirm_devices,
        guest_checkout: event.guest_checkout,
        charges: event.charges,
        classes: classes
            .iter()
            .map(|offer| class_view(event, offer))
            .collect(),
        gates: gates.iter().map(|gate| gate_view(event, gate)).collect(),
        created_at: event.created_at,
        updated_at: event.updated_at,
        published_at: event.published_at,
        approval: event.approval,
        series_id: event.series,
        archived_at: event.archived.map(|archived| archived.at),
        revision: event.revision,
    }
}

pub(super) fn class_view(event: &Event, offer: &Offer) -> TicketClassView {
    let class = &offer.class;
    let (entry_from, entry_until) = class.window(event);
    TicketClassView {
        id: class.id,
        event_id: class.event_id,
        name: class.name.clone(),
        price: offer.price,
        base_price: class.price,
        zones: event.zone_names(class.zones),
        max_per_order: class.max_per_order,
        entry_from,
        entry_until,
        rotating: class.rotating,
        sealed: class.sealed,
        terms: class.terms.clone(),
        archived_at: class.archived.map(|archived| archived.at),
    }
}

pub(super) fn gate_view(event: &Event, gate: &Gate) -> GateView {
    GateView {
        id: gate.id,
        event_id: gate.event_id,
        name: gate.name.clone(),
        zones: event.zone_names(gate.zones),
        archived_at: gate.archived.map(|archived| archived.at),
    }
}
