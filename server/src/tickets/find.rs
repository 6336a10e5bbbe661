//! Reading claimed tickets, and who may see which.

use sha2::{Digest as _, Sha256};
use shared::admission::AddOn;
use shared::api::page::Page;
use shared::api::tickets::ClaimedTicketView;
use shared::ids::ClaimedTicketId;
use shared::time::Timestamp;
use shared::trust::CodeRow;

use super::model::ClaimedTicket;
use super::{Error, render};
use crate::app::App;
use crate::events::{self, model::Event};
use crate::gate::{self, RowChange};
use crate::inventory::model::IssuedTicket;
use crate::platform::db::{Db, DbError, Query, Reads, Tx, Versioned};
use crate::platform::http::{Caller, PageParams};

pub async fn find(
    db: &Db,
    id: ClaimedTicketId,
) -> Result<Option<Versioned<ClaimedTicket>>, DbError> {
    db.get(&id.to_string()).await
}

/// The ticket, if the caller holds it; what opens a gate is for nobody else.
pub(super) async fn held(
    db: &Db,
    caller: &Caller,
    id: ClaimedTicketId,
) -> Result<Versioned<ClaimedTicket>, Error> {
    let found = find(db, id).await?;
    found
        .filter(|ticket| ticket.user_id == caller.user)
        .ok_or(Error::NotFound)
}

/// A ticket as its holder sees it.
pub(super) async fn show(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
    now: Timestamp,
) -> Result<ClaimedTicketView, Error> {
    let ticket = held(&app.db, caller, id).await?;
    let status = stock(&app.db, &ticket).await?.status;
    render::view(app, &ticket, status, now).await
}

/// The caller's tickets, the newest first.
pub async fn list(
    app: &App,
    caller: &Caller,
    page: &PageParams,
    now: Timestamp,
) -> Result<Page<ClaimedTicketView>, Error> {
    let query = Query::on("by_user")
        .eq(caller.user)
        .descending()
        .limit(page.limit)
        .after(page.cursor.as_deref());
    let found = app.db.page::<ClaimedTicket>(&query).await?;
    let mut items = Vec::with_capacity(found.items.len());
    for ticket in &found.items {
        let status = stock(&app.db, ticket).await?.status;
        items.push(render::view(app, ticket, status, now).await?);
    }
    Ok(Page {
        items,
        next_cursor: found.next,
    })
}

/// The stored form of a page's secret. 128 pseudo-random bits need no slow hash, and looking the
/// hash up in an index tells nothing about the secret by its time.
pub(super) fn page_hash(secret: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(secret.as_bytes()))
}

/// The ticket whose page has this secret.
pub async fn by_page(db: &Db, secret: &str) -> Result<Option<ClaimedTicket>, DbError> {
    let query = Query::on("by_page").eq(page_hash(secret)).limit(1);
    let found = db.list::<ClaimedTicket>(&query).await?;
    Ok(found.into_iter().next().map(Versioned::into_inner))
}

/// Who may know how a ticket stands: holder, the event's people by the route's right, administrators.
pub async fn may_see(
    db: &Db,
    caller: &Caller,
    ticket: &ClaimedTicket,
    event: &Event,
) -> Result<bool, DbError> {
    Ok(ticket.user_id == caller.user || events::may(db, caller, event, caller.right).await?)
}

/// [`may_see`] inside a transaction.
pub(super) fn may_see_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    ticket: &ClaimedTicket,
    event: &Event,
) -> Result<bool, DbError> {
    Ok(ticket.user_id == caller.user || events::may_in(tx, caller, event, caller.right)?)
}

/// The stock row, which knows the ticket's status.
pub async fn stock(db: &Db, ticket: &ClaimedTicket) -> Result<IssuedTicket, gate::Error> {
    there(db.get(&ticket.ticket_id.to_string()).await?)
}

/// [`stock`], beside other reads.
pub fn stock_in(
    reads: &mut impl Reads,
    ticket: &ClaimedTicket,
) -> Result<IssuedTicket, gate::Error> {
    there(reads.get(&ticket.ticket_id.to_string())?)
}

fn there(found: Option<Versioned<IssuedTicket>>) -> Result<IssuedTicket, gate::Error> {
    found
        .map(Versioned::into_inner)
        .ok_or(gate::Error::Inconsistent("a claimed ticket without stock"))
}

/// What was added to a ticket, as a gate would know it, in order of serials.
pub fn add_ons(reads: &mut impl Reads, ticket: &ClaimedTicket) -> Result<Vec<AddOn>, gate::Error> {
    let mut add_ons = Vec::with_capacity(ticket.add_ons.len());
    for id in &ticket.add_ons {
        let Some(added) = reads.get::<ClaimedTicket>(&id.to_string())? else {
            continue;
        };
        let row = added.row(stock_in(reads, &added)?.status);
        add_ons.push(AddOn {
            payload: added.payload()?,
            row,
            state: Some(gate::state_of(reads, added.event_id, added.serial)?),
            suspects: gate::suspects_of(reads, added.event_id, added.serial)?,
        });
    }
    add_ons.sort_by_key(|add_on| add_on.payload.serial);
    Ok(add_ons)
}

/// What the snapshot says about a claimed ticket.
pub async fn snapshot_row(db: &Db, ticket: &ClaimedTicket) -> Result<RowChange, gate::Error> {
    let stock = stock(db, ticket).await?;
    Ok(RowChange {
        serial: ticket.serial,
        row: ticket.row(stock.status),
        code: ticket.terms()?.map(|terms| CodeRow { terms, index: None }),
        seat: ticket.seat_index.zip(ticket.seat.clone()),
        holder: Some(ticket.attendee.name.clone()),
        extra: ticket.extra()?,
    })
}
