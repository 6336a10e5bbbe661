//! Classes at the price of the moment, and the trail of their prices (I4).

use serde::{Deserialize, Serialize};
use shared::api::page::Page;
use shared::api::selling::{PriceCause, PriceMoveView};
use shared::ids::{ClassId, EventId};
use shared::money::Money;
use shared::time::Timestamp;

use super::Error;
use super::find::owned_event;
use super::model::TicketClass;
use crate::app::App;
use crate::inventory;
use crate::platform::db::{Collection, Db, DbError, Entity, Field, Index, IndexValue, Query, Tx};
use crate::platform::http::{Caller, PageParams};

/// A class at the price that a buyer would hold it for.
#[derive(Clone, Debug)]
pub struct Offer {
    pub class: TicketClass,
    pub price: Money,
}

/// The classes at their prices now.
pub async fn offers_of(
    db: &Db,
    classes: Vec<TicketClass>,
    now: Timestamp,
) -> Result<Vec<Offer>, DbError> {
    let mut offers = Vec::with_capacity(classes.len());
    for class in classes {
        let sold = inventory::sold_of(db, &class).await?;
        let price = class.price_at(now, sold);
        offers.push(Offer { class, price });
    }
    Ok(offers)
}

/// [`offers_of`] inside a transaction.
pub fn offers_in(
    tx: &mut Tx<'_>,
    classes: Vec<TicketClass>,
    now: Timestamp,
) -> Result<Vec<Offer>, DbError> {
    let mut offers = Vec::with_capacity(classes.len());
    for class in classes {
        let sold = inventory::sold_of_in(tx, &class)?;
        let price = class.price_at(now, sold);
        offers.push(Offer { class, price });
    }
    Ok(offers)
}

/// A class' price became another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceMove {
    /// Of what moved it: an order's hold, or an edit.
    pub id: String,
    pub class_id: ClassId,
    /// Counts the moves of the class: two may share a millisecond.
    pub seq: u32,
    pub at: Timestamp,
    pub cause: PriceCause,
    pub from: Money,
    pub to: Money,
    pub sold: u32,
    pub total: u32,
}

impl Entity for PriceMove {
    const COLLECTION: Collection = Collection {
        name: "price_moves",
        fields: &[Field::text("class_id"), Field::int("seq")],
        indexes: &[Index::on("by_class", &["class_id", "seq"])],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.class_id.into(), self.seq.into()]
    }
}

/// The price that a hold freezes, noted in its commit where it is not the one of the hold before.
/// `id` is of the order.
pub fn held_price(
    tx: &mut Tx<'_>,
    class: &TicketClass,
    id: impl std::fmt::Display,
    now: Timestamp,
) -> Result<Money, DbError> {
    if class.has_fixed_price() {
        return Ok(class.price);
    }
    let sold = inventory::sold_of_in(tx, class)?;
    let price = class.price_at(now, sold);
    let last = last_move(tx, class.id)?;
    let before = last.as_ref().map_or(class.price, |last| last.to);
    if before != price {
        tx.insert(&PriceMove {
            id: format!("{}/{id}", class.id),
            class_id: class.id,
            seq: last.map_or(0, |last| last.seq.saturating_add(1)),
            at: now,
            cause: PriceCause::Pricing,
            from: before,
            to: price,
            sold: sold.sold,
            total: sold.total,
        })?;
    }
    Ok(price)
}

fn last_move(tx: &mut Tx<'_>, class: ClassId) -> Result<Option<PriceMove>, DbError> {
    let query = Query::on("by_class").eq(class).descending().limit(1);
    let last = tx.list::<PriceMove>(&query)?.into_iter().next();
    Ok(last.map(|row| row.value))
}

/// Somebody changed the class' own price.
pub(super) fn note_edit(
    tx: &mut Tx<'_>,
    id: String,
    class: &TicketClass,
    from: Money,
    now: Timestamp,
) -> Result<(), DbError> {
    let last = last_move(tx, class.id)?;
    let step = PriceMove {
        id,
        class_id: class.id,
        seq: last.map_or(0, |last| last.seq.saturating_add(1)),
        at: now,
        cause: PriceCause::Edit,
        from,
        to: class.price,
        sold: 0,
        total: 0,
    };
    tx.insert(&step).map(drop)
}

/// A class' price trail, newest first.
pub async fn price_trail(
    app: &App,
    caller: &Caller,
    event: EventId,
    class: ClassId,
    page: &PageParams,
) -> Result<Page<PriceMoveView>, Error> {
    owned_event(&app.db, caller, event).await?;
    let stored = app.db.get::<TicketClass>(&class.to_string()).await?;
    if stored.is_none_or(|class| class.event_id != event) {
        return Err(Error::NoClass);
    }
    let query = Query::on("by_class").eq(class).descending();
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<PriceMove>(&query).await?;
    let view = |step: &PriceMove| PriceMoveView {
        at: step.at,
        cause: step.cause,
        from: step.from,
        to: step.to,
        sold: step.sold,
        total: step.total,
    };
    Ok(Page {
        items: found.items.iter().map(|step| view(step)).collect(),
        next_cursor: found.next,
    })
}
