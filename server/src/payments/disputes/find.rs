//! The disputes of an event.

use shared::api::page::Page;
use shared::api::payments::DisputeView;
use shared::ids::EventId;

use super::model::Dispute;
use crate::app::App;
use crate::events::owned_event;
use crate::payments::error::Error;
use crate::platform::db::Query;
use crate::platform::http::{Caller, PageParams};

/// Latest first.
pub async fn list(
    app: &App,
    caller: &Caller,
    event: EventId,
    page: &PageParams,
) -> Result<Page<DisputeView>, Error> {
    owned_event(&app.db, caller, event).await?;
    let query = Query::on("by_event").eq(event).descending();
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<Dispute>(&query).await?;
    Ok(Page {
        items: found.items.iter().map(|dispute| dispute.view()).collect(),
        next_cursor: found.next,
    })
}
