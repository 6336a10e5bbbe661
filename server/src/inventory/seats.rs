//! The seats of an event, for a seat map: what each is, costs, and whether it can be had (I3).

use std::collections::HashMap;

use shared::api::page::Page;
use shared::api::tickets::TicketStatus;
use shared::api::venues::{SeatKind, SeatStatus, SeatView};
use shared::ids::{ClassId, EventId};
use shared::money::Money;
use shared::time::Timestamp;

use super::error::Error;
use super::model::IssuedTicket;
use crate::app::App;
use crate::events::{classes_of, visible_event};
use crate::platform::db::Query;
use crate::platform::http::Caller;
use crate::venues::model::SeatingPlan;
use crate::venues::seating_of;

/// A map is drawn at once: larger pages than other lists have.
pub(super) const SEATS_PAGE_MAX: u32 = 5_000;
pub(super) const SEATS_PAGE_DEFAULT: u32 = 1_000;

/// By label, a page of them.
pub async fn seats(
    app: &App,
    caller: Option<&Caller>,
    id: EventId,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<SeatView>, Error> {
    let event = visible_event(&app.db, caller, id).await?;
    let now = app.clock.now();
    // Stock without a seat is in no range of labels.
    let query = Query::on("by_seat").eq(id).at_least("");
    let found = app
        .db
        .page::<IssuedTicket>(&query.limit(limit).after(cursor))
        .await?;
    let plan = match event.seating {
        Some(seating) if !found.items.is_empty() => seating_of(&app.db, seating).await?,
        _ => None,
    };
    let kinds = plan.as_ref().map(SeatingPlan::kinds).unwrap_or_default();
    let mut prices: HashMap<ClassId, Money> = HashMap::new();
    for class in classes_of(&app.db, id).await? {
        prices.insert(class.id, class.price);
    }
    let seat_view = |ticket: &IssuedTicket| {
        let seat = ticket.seat.clone()?;
        Some(SeatView {
            kind: kinds
                .get(seat.as_str())
                .copied()
                .unwrap_or(SeatKind::Standard),
            seat,
            class_id: ticket.class_id,
            status: seat_status(ticket, now),
            price: *prices.get(&ticket.class_id)?,
        })
    };
    Ok(Page {
        items: found
            .items
            .iter()
            .filter_map(|row| seat_view(row))
            .collect(),
        next_cursor: found.next,
    })
}

fn seat_status(ticket: &IssuedTicket, now: Timestamp) -> SeatStatus {
    match ticket.status {
        TicketStatus::Available => SeatStatus::Available,
        TicketStatus::Held if ticket.claimable(now) => SeatStatus::Available,
        TicketStatus::Held => SeatStatus::Held,
        TicketStatus::Paid
        | TicketStatus::Claimed
        | TicketStatus::Validated
        | TicketStatus::Expired => SeatStatus::Sold,
        TicketStatus::Cancelled => SeatStatus::Withdrawn,
    }
}
