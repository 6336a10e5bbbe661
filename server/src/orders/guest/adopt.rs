//! A guest's orders become an account's, once that has confirmed the address that they were made with.

use serde_json::json;
use shared::ids::{JobId, JournalId, UserId};
use shared::time::Timestamp;

use crate::accounts::model::User;
use crate::app::App;
use crate::orders::model::Order;
use crate::orders::person::doubt_person;
use crate::platform::db::{Db, DbError, Query, Tx};
use crate::platform::jobs::{self, NewJob};
use crate::platform::journal::{self, Actor};
use crate::tickets;

pub(super) const JOB: &str = "orders.adopt";
/// Orders in one transaction: the writer is shared.
const BATCH: u32 = 20;

/// Plans [`adopt`], in the commit that notes the confirmation.
pub fn adopt_later(
    tx: &mut Tx<'_>,
    job: JobId,
    user: UserId,
    now: Timestamp,
) -> Result<(), DbError> {
    let job = NewJob::new(job, JOB, json!({ "user": user }), now);
    jobs::enqueue(tx, job.dedupe(format!("{JOB}:{user}")))
}

/// Gives how many orders came. Idempotent; an address that is not confirmed brings none.
pub async fn adopt(app: &App, user: UserId) -> Result<u32, DbError> {
    let mut all = 0;
    loop {
        let now = app.clock.now();
        let entry = JournalId::new(now, app.entropy.id10());
        let some = adopt_some(&app.db, user, entry, now).await?;
        all += some;
        if some < BATCH {
            return Ok(all);
        }
    }
}

async fn adopt_some(
    db: &Db,
    user: UserId,
    entry: JournalId,
    now: Timestamp,
) -> Result<u32, DbError> {
    db.write(move |tx| {
        let account = tx.get::<User>(&user.to_string())?;
        // Anybody can register with another's address.
        let Some(account) = account.filter(|account| account.verified_at.is_some()) else {
            return Ok(0);
        };
        let query = Query::on("by_guest").eq(&account.email_key).limit(BATCH);
        let mut adopted = Vec::new();
        for mut order in tx.list::<Order>(&query)? {
            tickets::hand_over(tx, order.user_id, user)?;
            for line in &order.lines {
                doubt_person(tx, user, line.class_id)?;
            }
            order.user_id = user;
            order.guest = None;
            tx.replace(&mut order)?;
            adopted.push(order.id);
        }
        if !adopted.is_empty() {
            let subject = journal::subject("user", user);
            let what = json!({ "orders": adopted });
            let actor = Actor::User(user);
            let entry =
                journal::Entry::new(entry, now, actor, "user.orders_adopted", subject, what);
            journal::record(tx, &entry)?;
        }
        Ok(u32::try_from(adopted.len()).unwrap_or(u32::MAX))
    })
    .await
}
