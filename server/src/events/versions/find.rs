//! Versions, one of them, and the difference of two.

use shared::api::page::Page;
use shared::api::versions::{VersionContent, VersionDiff, VersionView};
use shared::ids::EventId;

use super::model::Version;
use crate::app::App;
use crate::events::blueprint::differences;
use crate::events::{Error, owned_event};
use crate::platform::db::{Db, Query};
use crate::platform::http::{Caller, PageParams};

/// Newest first.
pub(super) async fn list(
    app: &App,
    caller: &Caller,
    id: EventId,
    page: &PageParams,
) -> Result<Page<VersionView>, Error> {
    let event = owned_event(&app.db, caller, id).await?;
    let query = Query::on("by_event").eq(id).descending();
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<Version>(&query).await?;
    Ok(Page {
        items: found.items.iter().map(|of| of.view(&event)).collect(),
        next_cursor: found.next,
    })
}

pub(super) async fn show(
    app: &App,
    caller: &Caller,
    id: EventId,
    version: u64,
) -> Result<VersionContent, Error> {
    owned_event(&app.db, caller, id).await?;
    let found = version_of(&app.db, id, version).await?;
    Ok(VersionContent {
        version,
        at: found.at,
        by: found.by,
        content: found.blueprint.content(),
    })
}

/// `to`: the present one, if absent.
pub(super) async fn compare(
    app: &App,
    caller: &Caller,
    id: EventId,
    from: u64,
    to: Option<u64>,
) -> Result<VersionDiff, Error> {
    let event = owned_event(&app.db, caller, id).await?;
    let to = to.unwrap_or(event.revision);
    let old = version_of(&app.db, id, from).await?;
    let new = version_of(&app.db, id, to).await?;
    Ok(VersionDiff {
        from,
        to,
        differences: differences(&old.blueprint.content(), &new.blueprint.content()),
    })
}

async fn version_of(db: &Db, event: EventId, version: u64) -> Result<Version, Error> {
    let found = db.get::<Version>(&Version::key(event, version)).await?;
    Ok(found.ok_or(Error::NoVersion)?.value)
}
