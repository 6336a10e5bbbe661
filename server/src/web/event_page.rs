//! The public page of one event: what, when and where it is, and what can still be had.

use maud::{Markup, html};
use shared::api::events::{EventPhase, EventView, TicketClassView};
use shared::api::tickets::{EventStats, StockStats};
use shared::ids::EventId;

use super::{layout, times};
use crate::app::App;
use crate::error::ApiError;
use crate::{events, inventory};

/// Fewer tickets than this are counted; more are just there.
const FEW: u64 = 10;

/// `None` when there is no such event for everybody to see.
pub(super) async fn page(app: &App, id: &str) -> Result<Option<Markup>, ApiError> {
    let Ok(id) = id.parse::<EventId>() else {
        return Ok(None);
    };
    let event = match events::show(app, None, id).await {
        Ok(event) => event,
        Err(events::Error::NotFound) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let stock = inventory::stats(app, None, id).await?;
    Ok(Some(layout::page(&event.title, &content(&event, &stock))))
}

fn content(event: &EventView, stock: &EventStats) -> Markup {
    let closed = closed(event.phase);
    html! {
        p { a href="/" { "All events" } }
        header {
            h1 { (event.title) }
            p { (times::span(event.start_date, event.end_date, &event.timezone)) }
            p.quiet { "Times in " (times::city(&event.timezone)) " (" (event.timezone) ")" }
            @if let Some(venue) = &event.venue_id { p { (venue) } }
        }
        @if let Some(why) = closed { p.banner { (why) } }
        @if !event.description.is_empty() { p.description { (event.description) } }
        section.card {
            h2 { "Tickets" }
            @for class in &event.classes { (tier(class, stock, closed.is_none())) }
        }
    }
}

fn closed(phase: EventPhase) -> Option<&'static str> {
    match phase {
        EventPhase::Cancelled => Some("This event was cancelled."),
        EventPhase::Completed | EventPhase::Archived => Some("This event is over."),
        EventPhase::Draft
        | EventPhase::PendingApproval
        | EventPhase::Upcoming
        | EventPhase::Active => None,
    }
}

fn tier(class: &TicketClassView, stock: &EventStats, on_sale: bool) -> Markup {
    let stock = stock
        .classes
        .iter()
        .find(|stock| stock.class_id == class.id);
    html! {
        div.class {
            strong { (class.name) }
            p { (class.price) }
            @if on_sale { p.quiet { (stock.map_or_else(|| NOT_YET.to_owned(), availability)) } }
        }
    }
}

const NOT_YET: &str = "Not on sale yet";

fn availability(stock: &StockStats) -> String {
    match stock.available {
        0 if stock.held > 0 => "All held by buyers; some may return within minutes".to_owned(),
        0 if stock.total == 0 => NOT_YET.to_owned(),
        0 => "Sold out".to_owned(),
        few if few < FEW => format!("Only {few} left"),
        _ => "Available".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::ClassId;

    use super::*;

    #[test]
    fn stock_is_told_in_words() {
        // E1, I2
        let stock = |available, held, total| StockStats {
            class_id: ClassId::from_bytes([1; 16]),
            available,
            held,
            paid: total - available - held,
            claimed: 0,
            validated: 0,
            cancelled: 0,
            expired: 0,
            total,
        };
        for (stock, words) in [
            (stock(0, 0, 0), "Not on sale yet"),
            (stock(10, 0, 10), "Available"),
            (stock(9, 0, 10), "Only 9 left"),
            (
                stock(0, 1, 10),
                "All held by buyers; some may return within minutes",
            ),
            (stock(0, 0, 10), "Sold out"),
        ] {
            assert_eq!(availability(&stock), words);
        }
    }
}
