//! What is free is offered to who waits: an order in their name, held until the deadline.

use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::api::orders::{CreateOrder, OrderItem};
use shared::ids::{ClassId, JobId, OrderId};
use shared::time::Timestamp;

use super::Error;
use super::model::{State, Wait};
use crate::app::App;
use crate::error::ApiError;
use crate::events::model::{Event, TicketClass};
use crate::inventory::StockError;
use crate::notices::{self, Mail};
use crate::orders::{self, Placing, place_offer};
use crate::platform::db::{DbError, Query, Tx};

/// Offers made in one go.
const SWEEP_MAX: usize = 100;
/// Queues looked at in one go.
const QUEUES_MAX: usize = 100;

/// How an offer ended.
enum Try {
    Made,
    /// Nobody waits for the class.
    Nobody,
    /// The next cannot be served, whatever is free.
    Refused {
        wait: String,
        why: String,
    },
}

/// The class after which the next sweep goes on: queues that nothing is free for must not keep those
/// behind them from being looked at.
#[derive(Debug, Default)]
pub struct Round(Mutex<String>);

impl Round {
    fn place(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Offers what is free; gives how many offers were made. One read when nobody waits.
pub async fn offer_due(app: &App) -> Result<usize, Error> {
    let mut made = 0;
    let start = app.waitlist.place().clone();
    let mut after = start.clone();
    // From the beginning there is nothing behind the end.
    let mut is_second_half = start.is_empty();
    for _ in 0..QUEUES_MAX {
        let query = Query::on("by_queue").more_than(after.as_str()).limit(1);
        let first = app.db.list::<Wait>(&query).await?;
        let class = first.first().map(|wait| wait.class_id);
        let Some(class) =
            class.filter(|class| start.is_empty() || !is_second_half || class.to_string() <= start)
        else {
            after.clear();
            if is_second_half {
                break;
            }
            is_second_half = true;
            continue;
        };
        while made < SWEEP_MAX && offer_next(app, class).await? {
            made += 1;
        }
        after = class.to_string();
    }
    *app.waitlist.place() = after;
    Ok(made)
}

/// `false`: there is no more to do for the class now.
async fn offer_next(app: &App, class: ClassId) -> Result<bool, Error> {
    let now = app.clock.now();
    let (order, job) = (
        OrderId::new(now, app.entropy.id10()),
        JobId::new(now, app.entropy.id10()),
    );
    let offered = app
        .db
        .write(move |tx| offer_in(tx, class, order, job, now))
        .await;
    match offered {
        Ok(Try::Made) => Ok(true),
        Ok(Try::Nobody) => Ok(false),
        Ok(Try::Refused { wait, why }) => {
            pass(app, wait, why).await?;
            Ok(true)
        }
        Err(Refusal { wait, error }) => match *error {
            orders::Error::Db(error) | orders::Error::Stock(StockError::Db(error)) => {
                Err(error.into())
            }
            orders::Error::Stock(_) => Ok(false),
            other => {
                pass(app, wait, ApiError::from(other).body().message).await?;
                Ok(true)
            }
        },
    }
}

/// An order that could not be placed, and for whom.
struct Refusal {
    wait: String,
    error: Box<orders::Error>,
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        Self {
            wait: String::new(),
            error: Box::new(error.into()),
        }
    }
}

fn offer_in(
    tx: &mut Tx<'_>,
    class: ClassId,
    order: OrderId,
    job: JobId,
    now: Timestamp,
) -> Result<Try, Refusal> {
    let next = Query::on("by_queue").eq(class.to_string()).limit(1);
    let Some(mut wait) = tx.list::<Wait>(&next)?.into_iter().next() else {
        return Ok(Try::Nobody);
    };
    let stored = tx.get::<TicketClass>(&class.to_string())?;
    let terms = stored.and_then(|class| class.terms.waitlist);
    let Some(terms) = terms else {
        return Ok(Try::Refused {
            wait: wait.id.clone(),
            why: "The waitlist was closed.".to_owned(),
        });
    };
    let until = now.plus_secs(i64::from(terms.offer_minutes) * 60);
    let placing = Placing {
        id: order,
        job,
        user: wait.user_id,
        guest: None,
        now,
        expires_at: until,
    };
    let wanted = CreateOrder {
        event_id: wait.event_id,
        items: vec![OrderItem {
            class_id: class,
            quantity: wait.quantity,
        }],
        seats: Vec::new(),
        buyer: wait.buyer.clone(),
        expected_total: None,
        code: None,
        answers: Vec::new(),
        attendees: Vec::new(),
        invoice_details: None,
    };
    place_offer(tx, &placing, &wanted).map_err(|error| Refusal {
        wait: wait.id.clone(),
        error: Box::new(error),
    })?;
    wait.state = State::Offered { order, until };
    tx.replace(&mut wait)?;
    tell(tx, &wait, order, until, now)?;
    Ok(Try::Made)
}

/// An offer that nobody hears of is lost to who waited.
fn tell(
    tx: &mut Tx<'_>,
    wait: &Wait,
    order: OrderId,
    until: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    let Some(event) = tx.get::<Event>(&wait.event_id.to_string())? else {
        return Ok(());
    };
    let mail = Mail::StockOffered {
        name: wait.buyer.name.clone(),
        event: event.id,
        title: event.title.clone(),
        tickets: wait.quantity,
        until: event.in_words(until),
        order,
    };
    notices::tell(
        tx,
        format!("stock_offered:{order}"),
        &wait.buyer.email,
        mail,
        now,
    )
}

/// Those behind are not kept waiting by one who cannot be served.
async fn pass(app: &App, id: String, why: String) -> Result<(), Error> {
    app.db
        .write(move |tx| -> Result<(), Error> {
            let Some(mut wait) = tx.get::<Wait>(&id)? else {
                return Ok(());
            };
            if wait.state == State::Waiting {
                wait.state = State::Passed { why: why.clone() };
                tx.replace(&mut wait)?;
            }
            Ok(())
        })
        .await
}
