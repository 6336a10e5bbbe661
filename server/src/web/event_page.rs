//! The public page of one event: what, when and where it is, and what can still be had.

use maud::{Markup, html};
use shared::api::events::{EventPhase, EventView, TicketClassView};
use shared::api::tickets::{EventStats, StockStats};
use shared::api::venues::VenueView;
use shared::ids::{EventId, VenueId};
use shared::time::Timestamp;

use super::{layout, times};
use crate::app::App;
use crate::error::ApiError;
use crate::{events, inventory, venues};

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
    let venue = match event.venue_id.as_deref().map(str::parse::<VenueId>) {
        Some(Ok(venue)) => match venues::show(app, venue).await {
            Ok(venue) => Some(venue),
            Err(venues::Error::NotFound) => None,
            Err(error) => return Err(error.into()),
        },
        // What is no id is the venue in the organizer's own words.
        Some(Err(_)) | None => None,
    };
    let shop = Shop {
        event: &event,
        stock: &stock,
        now: app.clock.now(),
    };
    Ok(Some(layout::page(&event.title, &content(&shop, venue))))
}

/// What the tickets part is made from.
struct Shop<'a> {
    event: &'a EventView,
    stock: &'a EventStats,
    now: Timestamp,
}

fn content(shop: &Shop<'_>, venue: Option<VenueView>) -> Markup {
    let event = shop.event;
    let closed = closed(event.phase);
    html! {
        p { a href="/" { "All events" } }
        header {
            h1 { (event.title) }
            p { (times::span(event.start_date, event.end_date, &event.timezone)) }
            p.quiet { "Times in " (times::city(&event.timezone)) " (" (event.timezone) ")" }
            @if let Some(venue) = venue { p { (venue.name) ", " (venue.address) } }
            @else if let Some(venue) = &event.venue_id { p { (venue) } }
        }
        @if let Some(why) = closed { p.banner { (why) } }
        @if !event.description.is_empty() { p.description { (event.description) } }
        section.card {
            h2 { "Tickets" }
            @for class in &event.classes { (tier(shop, class, closed.is_none())) }
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

fn tier(shop: &Shop<'_>, class: &TicketClassView, on_sale: bool) -> Markup {
    let mut classes = shop.stock.classes.iter();
    let stock = classes.find(|stock| stock.class_id == class.id);
    let has = || stock.map_or_else(|| NOT_YET.to_owned(), availability);
    let has = window(shop, class).unwrap_or_else(has);
    html! {
        div.class {
            strong { (class.name) }
            p { (class.price) }
            @if on_sale { p.quiet { (has) } }
        }
    }
}

/// Why the class is not on sale at this hour.
fn window(shop: &Shop<'_>, class: &TicketClassView) -> Option<String> {
    let zone = &shop.event.timezone;
    if let Some(from) = class.terms.sale_from.filter(|from| shop.now < *from) {
        let opens = times::long(from, zone);
        return Some(format!("The sale opens on {opens}"));
    }
    let over = class
        .terms
        .sale_until
        .is_some_and(|until| shop.now >= until);
    over.then(|| "The sale is over".to_owned())
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
