//! Ticket classes (I7) and gates join an event; their positions are append-only.

use shared::api::events::{CreateGate, CreateTicketClass, GateView, TicketClassView};
use shared::ids::{ClassId, EventId, GateId};
use shared::limits::{CLASSES_MAX, GATES_MAX};

use super::model::{Gate, Sold, TicketClass};
use super::prices::Offer;
use super::versions::keep;
use super::view::{class_view, gate_view};
use super::{Error, classes_in, gates_in, owned_event_in};
use crate::app::App;
use crate::platform::fields::Invalid;
use crate::platform::http::Caller;
use crate::platform::http::attempt::Attempt;

pub async fn add_class(
    app: &App,
    caller: Caller,
    event: EventId,
    wanted: CreateTicketClass,
    attempt: Attempt,
) -> Result<TicketClassView, Error> {
    let now = app.clock.now();
    let id = ClassId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| {
            attempt.once(tx, now, |tx| {
                let mut event = owned_event_in(tx, &caller, event)?;
                event.refuse_cancelled()?;
                let classes = classes_in(tx, event.id)?;
                let index = u8::try_from(classes.len())
                    .ok()
                    .filter(|index| usize::from(*index) < CLASSES_MAX)
                    .ok_or(Error::TooMany {
                        what: "ticket classes",
                        max: CLASSES_MAX,
                    })?;
                let class = TicketClass::add(id, &mut event, index, &wanted, now)?;
                if let Some(other) = classes.first()
                    && other.price.currency != class.price.currency
                {
                    let currency = other.price.currency;
                    let why = format!("the event sells in {currency}");
                    return Err(Invalid::field("price.currency", why).into());
                }
                refuse_taken(&class.name, classes.iter().map(|class| &class.name))?;
                tx.insert(&class)?;
                // Also when no zone is new: the event's ETag covers its classes.
                event.touch(now);
                tx.replace(&mut event)?;
                keep(tx, &event, caller.user, now)?;
                let price = class.price_at(now, Sold::default());
                Ok(class_view(&event, &Offer { class, price }))
            })
        })
        .await
}

pub async fn add_gate(
    app: &App,
    caller: Caller,
    event: EventId,
    wanted: CreateGate,
    attempt: Attempt,
) -> Result<GateView, Error> {
    let now = app.clock.now();
    let id = GateId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| {
            attempt.once(tx, now, |tx| {
                let mut event = owned_event_in(tx, &caller, event)?;
                event.refuse_cancelled()?;
                let gates = gates_in(tx, event.id)?;
                let index = u16::try_from(gates.len())
                    .ok()
                    .filter(|index| usize::from(*index) < GATES_MAX)
                    .ok_or(Error::TooMany {
                        what: "gates",
                        max: GATES_MAX,
                    })?;
                let gate = Gate::add(id, &mut event, index, &wanted, now)?;
                refuse_taken(&gate.name, gates.iter().map(|gate| &gate.name))?;
                tx.insert(&gate)?;
                event.touch(now);
                tx.replace(&mut event)?;
                keep(tx, &event, caller.user, now)?;
                Ok(gate_view(&event, &gate))
            })
        })
        .await
}

/// Staff read these names aloud: two alike would be one.
fn refuse_taken<'a>(
    name: &str,
    mut taken: impl Iterator<Item = &'a String>,
) -> Result<(), Invalid> {
    if taken.any(|other| other.to_lowercase() == name.to_lowercase()) {
        return Err(Invalid::field("name", "is already used in this event"));
    }
    Ok(())
}
