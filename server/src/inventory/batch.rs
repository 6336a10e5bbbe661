//! New stock, 1 to 100,000 tickets in one call (I1).
//!
//! The first commit checks, reserves serials and stores the plan; then the tickets follow in chunks
//! small enough that buyers do not wait. Whoever finds an unfinished batch can finish it: the same
//! call sent again with its key, or the job that the first commit left behind.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use shared::api::tickets::{BatchView, CreateBatch};
use shared::ids::{ClassId, EventId, JobId, uuid_v7};
use shared::limits::{BATCH_TICKETS_MAX, SEAT_CHARS_MAX, SERIAL_MAX};
use shared::time::Timestamp;

use super::error::Error;
use super::jobs::FINISH_BATCH;
use super::model::{Batch, Layout, SeatPlan};
use super::stock_in;
use crate::app::App;
use crate::events::model::TicketClass;
use crate::events::{classes_in, owned_event, owned_event_in};
use crate::platform::db::{DbError, Query, Tx};
use crate::platform::fields::{Fields, Invalid};
use crate::platform::http::Caller;
use crate::platform::http::attempt::{Attempt, KeyReused};
use crate::platform::jobs::{self, NewJob, Priority};
use crate::venues::model::{Place, Seating, SeatingPlan};
use crate::venues::seating_of;

/// Tickets in one commit: some tens of milliseconds of the writer.
pub(super) const CHUNK: u32 = 2_000;
/// The job looks after a batch that its request did not finish by then.
const RESCUE_AFTER_SECS: i64 = 60;

/// Makes the tickets; gives how many there are when all are in stock.
pub async fn create_batch(
    app: &App,
    caller: Caller,
    wanted: CreateBatch,
    attempt: Attempt,
) -> Result<BatchView, Error> {
    let now = app.clock.now();
    let seats = seats_of(app, &caller, &wanted).await?;
    let quantity = match &seats {
        Some(seats) => u32::try_from(seats.labels.len()).unwrap_or(u32::MAX),
        None => checked_quantity(wanted.quantity)?,
    };
    let seats = seats.unwrap_or_default();
    let mut seed = [0; 32];
    app.entropy.fill(&mut seed);
    let plan = Batch {
        id: uuid_v7(now, app.entropy.id10()).to_string(),
        event_id: wanted.event_id,
        class_id: wanted.class_id,
        quantity,
        seated: !seats.labels.is_empty(),
        serial_base: 0,
        seat_base: 0,
        seed,
        created: 0,
        attempt: attempt.name(),
        request_hash: attempt.request_hash().map(str::to_owned),
        stopped: false,
        created_at: now,
    };
    let job = JobId::new(now, app.entropy.id10());
    let id = app
        .db
        .write(move |tx| reserve(tx, &caller, &plan, &seats, job, now))
        .await?;
    finish_batch(app, &id).await
}

/// The seats of a batch, in the order of the event's plan where it has one.
#[derive(Default)]
pub(super) struct Seats {
    labels: Vec<String>,
    places: Vec<Place>,
    /// The plan that the places are from.
    seating: Option<Seating>,
}

/// Exactly one of quantity, seats and sections; `None` for a quantity.
async fn seats_of(
    app: &App,
    caller: &Caller,
    wanted: &CreateBatch,
) -> Result<Option<Seats>, Error> {
    let given = (&wanted.quantity, &wanted.seats, &wanted.sections);
    let (labels, sections) = match given {
        (Some(_), None, None) => return Ok(None),
        (None, Some(seats), None) => (seats, None),
        (None, None, Some(sections)) => (sections, Some(sections)),
        _ => {
            let why = "give just one of quantity, seats and sections";
            return Err(Invalid::field("quantity", why).into());
        }
    };
    let event = owned_event(&app.db, caller, wanted.event_id).await?;
    let plan = match event.seating {
        Some(seating) => seating_of(&app.db, seating).await?,
        None => None,
    };
    let (field, labels) = match (sections, &plan) {
        (None, _) => ("seats", labels.clone()),
        (Some(sections), Some(plan)) => {
            let labels = plan.labels_of(sections).map_err(|name| {
                Invalid::field("sections", format!("not a section of the plan: {name}"))
            })?;
            ("sections", labels)
        }
        (Some(_), None) => {
            let why = "the event uses no seating plan";
            return Err(Invalid::field("sections", why).into());
        }
    };
    let labels = checked_seats(field, &labels)?;
    let seats = match plan {
        Some(plan) => placed(&plan, labels)?,
        None => Seats {
            labels,
            ..Seats::default()
        },
    };
    Ok(Some(Seats {
        seating: event.seating,
        ..seats
    }))
}

fn checked_quantity(quantity: Option<u32>) -> Result<u32, Invalid> {
    quantity
        .filter(|quantity| (1..=BATCH_TICKETS_MAX).contains(quantity))
        .ok_or_else(|| Invalid::field("quantity", format!("must be from 1 to {BATCH_TICKETS_MAX}")))
}

fn checked_seats(list: &'static str, seats: &[String]) -> Result<Vec<String>, Invalid> {
    let mut fields = Fields::default();
    if seats.is_empty() || seats.len() > BATCH_TICKETS_MAX as usize {
        fields.wrong(list, format!("must be 1 to {BATCH_TICKETS_MAX} seats"));
        return fields.done(Vec::new());
    }
    let mut known = HashSet::with_capacity(seats.len());
    let mut clean = Vec::with_capacity(seats.len());
    for (position, seat) in seats.iter().enumerate() {
        let field = format!("{list}[{position}]");
        let seat = fields.line(field.clone(), seat, 1, SEAT_CHARS_MAX);
        if known.insert(seat.clone()) {
            clean.push(seat);
        } else {
            fields.wrong(field, "is named twice");
        }
    }
    fields.done(clean)
}

/// Puts the seats into the order of the plan; one that is not in it is refused.
fn placed(plan: &SeatingPlan, labels: Vec<String>) -> Result<Seats, Invalid> {
    let places: HashMap<&str, Place> = plan.places().into_iter().collect();
    let mut seats = Vec::with_capacity(labels.len());
    for label in labels {
        let Some(place) = places.get(label.as_str()) else {
            let why = format!("not a seat of the event's plan: {label}");
            return Err(Invalid::field("seats", why));
        };
        seats.push((*place, label));
    }
    seats.sort_unstable();
    let (places, labels) = seats.into_iter().unzip();
    Ok(Seats {
        labels,
        places,
        seating: None,
    })
}

/// Stores the plan, or finds the one that the same attempt stored before.
pub(super) fn reserve(
    tx: &mut Tx<'_>,
    caller: &Caller,
    plan: &Batch,
    seats: &Seats,
    job: JobId,
    now: Timestamp,
) -> Result<String, Error> {
    let mut event = owned_event_in(tx, caller, plan.event_id)?;
    if let Some(attempt) = &plan.attempt {
        let query = Query::on("by_attempt").eq(attempt).limit(1);
        if let Some(known) = tx.list::<Batch>(&query)?.into_iter().next() {
            return if known.request_hash == plan.request_hash {
                Ok(known.into_inner().id)
            } else {
                Err(KeyReused.into())
            };
        }
    }
    if plan.seated && event.seating != seats.seating {
        return Err(Error::SeatingChanged);
    }
    let classes = classes_in(tx, event.id)?;
    class_of(&classes, plan)?;
    let stock = stock_in(tx, &event, &classes)?.saturating_add(plan.quantity);
    if stock > event.capacity {
        return Err(crate::events::Error::CapacityExceeded {
            capacity: event.capacity,
            stock,
        }
        .into());
    }
    let mut plan = plan.clone();
    plan.serial_base = event.serial_next;
    plan.seat_base = event.seat_next;
    event.serial_next = event.serial_next.saturating_add(plan.quantity);
    if event.serial_next > SERIAL_MAX {
        return Err(Invalid::field("quantity", "the event has no serials left").into());
    }
    if plan.seated {
        event.seat_next = event.seat_next.saturating_add(plan.quantity);
        tx.insert(&SeatPlan {
            id: plan.id.clone(),
            seats: seats.labels.clone(),
            places: seats.places.clone(),
        })?;
        if !seats.places.is_empty() {
            seat_class(tx, plan.class_id)?;
        }
    }
    tx.replace(&mut event)?;
    tx.insert(&plan)?;
    let payload = serde_json::json!({ "batchId": plan.id });
    let rescue = NewJob::new(job, FINISH_BATCH, payload, now)
        .run_at(now.plus_secs(RESCUE_AFTER_SECS))
        .priority(Priority::Low);
    jobs::enqueue(tx, rescue)?;
    Ok(plan.id)
}

fn class_of<'a>(classes: &'a [TicketClass], plan: &Batch) -> Result<&'a TicketClass, Error> {
    let class = classes.iter().find(|class| class.id == plan.class_id);
    class.ok_or(Error::NoClass)
}

/// From now on buyers of the class get seats side by side.
fn seat_class(tx: &mut Tx<'_>, id: ClassId) -> Result<(), Error> {
    let class = tx.get::<TicketClass>(&id.to_string())?;
    let mut class = class.ok_or(Error::NoClass)?;
    if !class.seated {
        class.seated = true;
        tx.replace(&mut class)?;
    }
    Ok(())
}

/// Brings the rest of a batch into stock. Two that do it at once do it once.
pub async fn finish_batch(app: &App, id: &str) -> Result<BatchView, Error> {
    let batch = app.db.get::<Batch>(id).await?.ok_or(Error::NoBatch)?;
    let plan = if batch.seated && batch.created < batch.quantity {
        app.db.get::<SeatPlan>(id).await?
    } else {
        None
    };
    let (seats, places) = plan
        .map(|plan| (plan.value.seats, plan.value.places))
        .unwrap_or_default();
    let mut progress = (batch.created, batch.stopped);
    let layout = Layout::new(&batch, &seats).placed(&places);
    while progress.0 < batch.quantity && !progress.1 {
        let until = progress.0.saturating_add(CHUNK).min(batch.quantity);
        let tickets = Arc::new(layout.tickets(progress.0..until));
        progress = put_chunk(app, id, progress.0, until, tickets).await?;
    }
    let (created, stopped) = progress;
    if stopped {
        return Err(Error::SeatExists { created });
    }
    Ok(view(batch.event_id, &batch, created))
}

fn view(event_id: EventId, batch: &Batch, created: u32) -> BatchView {
    BatchView {
        event_id,
        class_id: batch.class_id,
        created,
    }
}

/// One commit: the tickets `from..until` and the note that they are there. Gives how far the batch
/// is now, and whether it stopped.
pub(super) async fn put_chunk(
    app: &App,
    id: &str,
    from: u32,
    until: u32,
    tickets: Arc<Vec<super::model::IssuedTicket>>,
) -> Result<(u32, bool), Error> {
    let key = id.to_owned();
    let put = app
        .db
        .write(move |tx| {
            let mut batch = tx.get::<Batch>(&key)?.ok_or(Error::NoBatch)?;
            if batch.created == from && !batch.stopped {
                tx.insert_all(&tickets)?;
                batch.created = until;
                tx.replace(&mut batch)?;
                if batch.created == batch.quantity
                    && let Some(plan) = tx.get::<SeatPlan>(&key)?
                {
                    tx.delete(&plan)?;
                }
            }
            Ok((batch.created, batch.stopped))
        })
        .await;
    match put {
        Err(Error::Db(error)) if error.is_duplicate_of("by_seat") => stop(app, id).await,
        other => other,
    }
}

/// A seat of the batch was in stock before: the rest of it will not come.
async fn stop(app: &App, id: &str) -> Result<(u32, bool), Error> {
    let key = id.to_owned();
    app.db
        .write(move |tx| -> Result<_, DbError> {
            let Some(mut batch) = tx.get::<Batch>(&key)? else {
                return Ok((0, true));
            };
            batch.stopped = true;
            tx.replace(&mut batch)?;
            if let Some(plan) = tx.get::<SeatPlan>(&key)? {
                tx.delete(&plan)?;
            }
            Ok((batch.created, true))
        })
        .await
        .map_err(Error::from)
}
