//! The front page: what is coming up.

use maud::{Markup, html};
use shared::api::events::EventView;

use super::{layout, times};
use crate::app::App;
use crate::error::ApiError;
use crate::events;
use crate::platform::http::PageParams;

const EVENTS_SHOWN: u32 = 50;

pub(super) async fn page(app: &App) -> Result<Markup, ApiError> {
    let first = PageParams {
        limit: EVENTS_SHOWN,
        cursor: None,
    };
    let upcoming = events::list(app, None, &first).await?;
    Ok(layout::page(
        "Gatehouse",
        &html! {
            h1 { "Upcoming events" }
            @if upcoming.items.is_empty() { p.quiet { "Nothing is on sale right now." } }
            ul.events { @for event in &upcoming.items { li.card { (entry(event)) } } }
            p.quiet { a href="/docs" { "The API" } }
        },
    ))
}

fn entry(event: &EventView) -> Markup {
    html! {
        h2 { a href={ "/events/" (event.id) } { (event.title) } }
        p {
            (times::span(event.start_date, event.end_date, &event.timezone))
            ", " (times::city(&event.timezone))
        }
        @for class in &event.classes {
            p.quiet { (class.name) " · " (class.price) }
        }
    }
}
