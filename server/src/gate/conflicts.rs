//! Tickets by which more came in than may: what a partition let through, ordered the same way
//! everywhere.

use std::collections::BTreeSet;

use shared::api::gate::{ConflictView, RedemptionLabel};
use shared::api::page::Page;
use shared::ids::EventId;

use super::Error;
use super::redemption::Redemption;
use super::redemptions::{Names, of_serial};
use crate::app::App;
use crate::events;
use crate::platform::db::{Entity, Query};
use crate::platform::http::{Caller, PageParams};

/// By serial, each once; a page may hold fewer than `limit` although more follow.
pub(super) async fn conflicts(
    app: &App,
    caller: &Caller,
    event: EventId,
    page: &PageParams,
) -> Result<Page<ConflictView>, Error> {
    let event = events::owned_event(&app.db, caller, event).await?;
    let query = Query::on("by_duplicate")
        .eq(event.id)
        .at_least(0)
        .limit(page.limit)
        .after(page.cursor.as_deref());
    let found = app.db.page::<Redemption>(&query).await?;
    let names = Names::of(&app.db, event.id).await?;
    let listed: BTreeSet<String> = found.items.iter().map(|item| item.id()).collect();
    let serials: BTreeSet<u32> = found.items.iter().map(|item| item.serial).collect();
    let mut items = Vec::new();
    for serial in serials {
        let uses = of_serial(&app.db, event.id, serial).await?;
        // The page that holds its first duplicate tells the ticket, later pages do not repeat it.
        let duplicates = uses
            .iter()
            .filter(|use_| use_.label == RedemptionLabel::Duplicate);
        let first = duplicates.map(Entity::id).min();
        if first.is_some_and(|first| listed.contains(&first)) {
            items.push(view(serial, uses, &names));
        }
    }
    Ok(Page {
        items,
        next_cursor: found.next,
    })
}

/// The admissions that stand, the primary one first.
fn view(serial: u32, uses: Vec<Redemption>, names: &Names) -> ConflictView {
    let mut admissions: Vec<Redemption> = uses
        .into_iter()
        .filter(|use_| match use_.label {
            RedemptionLabel::Primary | RedemptionLabel::Duplicate => true,
            RedemptionLabel::None => false,
        })
        .collect();
    admissions.sort_by_key(Redemption::as_use);
    ConflictView {
        serial,
        ticket_id: admissions.iter().find_map(|use_| use_.ticket),
        admissions: admissions.iter().map(|use_| names.view(use_)).collect(),
    }
}
