//! Reading offers: a ticket's chain, and what is offered to an account.

use shared::api::page::Page;
use shared::api::transfers::TransferView;
use shared::ids::{ClaimedTicketId, TransferId};
use shared::time::Timestamp;

use super::Refusal;
use super::model::Transfer;
use crate::accounts::model::User;
use crate::app::App;
use crate::events::model::Event;
use crate::platform::db::Query;
use crate::platform::http::{Caller, PageParams};
use crate::tickets::{Error, may_see};

/// The caller's account, if it is still there.
pub(super) async fn account(app: &App, caller: &Caller) -> Result<Option<User>, Error> {
    let user = app.db.get::<User>(&caller.user.to_string()).await?;
    Ok(user.map(|user| user.value))
}

/// An offer made to the caller's address, which they have shown to be theirs; there is none for
/// anybody else. Anybody can register with an address that has no account yet.
pub(super) async fn addressed(
    app: &App,
    caller: &Caller,
    id: TransferId,
) -> Result<(User, Transfer), Error> {
    let me = account(app, caller).await?.ok_or(Refusal::Unknown)?;
    let transfer = app.db.get::<Transfer>(&id.to_string()).await?;
    let transfer = transfer.filter(|transfer| transfer.to_key == me.email_key);
    let transfer = transfer.ok_or(Refusal::Unknown)?;
    if me.verified_at.is_none() {
        return Err(Refusal::AddressUnconfirmed.into());
    }
    Ok((me, transfer.value))
}

/// What is or was offered to the caller, the latest first; nothing for an address that is not
/// confirmed.
pub(super) async fn list(
    app: &App,
    caller: &Caller,
    page: &PageParams,
    now: Timestamp,
) -> Result<Page<TransferView>, Error> {
    let me = account(app, caller).await?;
    let Some(me) = me.filter(|me| me.verified_at.is_some()) else {
        return Ok(Page {
            items: Vec::new(),
            next_cursor: None,
        });
    };
    let query = Query::on("by_recipient")
        .eq(me.email_key.as_str())
        .descending()
        .limit(page.limit)
        .after(page.cursor.as_deref());
    let found = app.db.page::<Transfer>(&query).await?;
    Ok(Page {
        items: found.items.iter().map(|of| of.view(true, now)).collect(),
        next_cursor: found.next,
    })
}

/// The ticket's chain, oldest first: for its holder, the organizer and administrators. Addresses
/// are for the organizer and for whoever offered.
pub(super) async fn chain(
    app: &App,
    caller: &Caller,
    ticket: ClaimedTicketId,
    page: &PageParams,
    now: Timestamp,
) -> Result<Page<TransferView>, Error> {
    let found = crate::tickets::find(&app.db, ticket).await?;
    let found = found.ok_or(Error::NotFound)?;
    let event = app.db.get::<Event>(&found.event_id.to_string()).await?;
    let event = event.ok_or(Error::Inconsistent("a ticket without its event"))?;
    if !may_see(&app.db, caller, &found, &event).await? {
        return Err(Error::NotFound);
    }
    let is_holder = found.user_id == caller.user;
    let query = Query::on("by_ticket")
        .eq(ticket)
        .limit(page.limit)
        .after(page.cursor.as_deref());
    let found = app.db.page::<Transfer>(&query).await?;
    let view = |of: &Transfer| {
        let sees = !is_holder || of.from == caller.user || of.to == Some(caller.user);
        of.view(sees, now)
    };
    Ok(Page {
        items: found.items.iter().map(|of| view(of)).collect(),
        next_cursor: found.next,
    })
}
