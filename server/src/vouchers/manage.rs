//! The organizer makes codes, sees how they are used, and switches them off.

use shared::api::page::Page;
use shared::api::vouchers::{CreateVoucher, VoucherView};
use shared::ids::{EventId, uuid_v7};
use shared::time::Timestamp;

use super::Error;
use super::model::{DRAWN_CHARS, Voucher, drawn};
use super::redeem::counted;
use crate::app::App;
use crate::events::{classes_in, owned_event, owned_event_in};
use crate::platform::db::{DbError, Query, Tx};
use crate::platform::fields::Invalid;
use crate::platform::http::attempt::Attempt;
use crate::platform::http::{Caller, PageParams};

pub async fn create(
    app: &App,
    caller: Caller,
    event: EventId,
    wanted: CreateVoucher,
    attempt: Attempt,
) -> Result<VoucherView, Error> {
    let now = app.clock.now();
    let id = uuid_v7(now, app.entropy.id10()).to_string();
    let mut random = [0; DRAWN_CHARS];
    app.entropy.fill(&mut random);
    let voucher = Voucher::new(id, event, wanted, drawn(random), now)?;
    app.db
        .write(move |tx| {
            attempt.once(tx, now, |tx| {
                let event = owned_event_in(tx, &caller, event)?;
                event.refuse_cancelled()?;
                let classes = classes_in(tx, event.id)?;
                let known = |id| classes.iter().any(|class| class.id == id);
                if let Some(other) = voucher.classes.iter().find(|id| !known(**id)) {
                    let why = format!("not a class of this event: {other}");
                    return Err(Invalid::field("classIds", why).into());
                }
                tx.insert(&voucher)?;
                Ok(voucher.view(0))
            })
        })
        .await
        .map_err(taken)
}

fn taken(error: Error) -> Error {
    match error {
        Error::Db(error) if error.is_duplicate_of("by_code") => Error::Taken,
        other => other,
    }
}

/// By code.
pub async fn list(
    app: &App,
    caller: Caller,
    event: EventId,
    page: &PageParams,
) -> Result<Page<VoucherView>, Error> {
    owned_event(&app.db, &caller, event).await?;
    let now = app.clock.now();
    let query = Query::on("by_code").eq(event);
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<Voucher>(&query).await?;
    let vouchers: Vec<Voucher> = found.items.into_iter().map(|row| row.value).collect();
    let items = app
        .db
        .write(move |tx| {
            let view = |voucher| view(tx, voucher, now);
            vouchers
                .iter()
                .map(view)
                .collect::<Result<Vec<_>, DbError>>()
        })
        .await?;
    Ok(Page {
        items,
        next_cursor: found.next,
    })
}

fn view(tx: &mut Tx<'_>, voucher: &Voucher, now: Timestamp) -> Result<VoucherView, DbError> {
    let uses = counted(tx, &voucher.id, now)?;
    Ok(voucher.view(uses.all()))
}

/// Switches it off. Who holds tickets with it keeps them.
pub async fn retire(
    app: &App,
    caller: Caller,
    event: EventId,
    id: String,
) -> Result<VoucherView, Error> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let event = owned_event_in(tx, &caller, event)?;
            let voucher = tx.get::<Voucher>(&id)?;
            let voucher = voucher.filter(|voucher| voucher.event_id == event.id);
            let mut voucher = voucher.ok_or(Error::NotFound)?;
            voucher.active = false;
            tx.replace(&mut voucher)?;
            Ok(view(tx, &voucher, now)?)
        })
        .await
}
