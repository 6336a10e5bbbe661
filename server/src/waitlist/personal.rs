//! What waitlists say about a person: told to that person, and taken out when asked (A7).

use serde_json::{Value, json};
use shared::ids::UserId;

use super::model::{State, Wait};
use crate::orders::erased_buyer;
use crate::platform::db::{Db, DbError, Page, Query};

/// Places in one transaction: the writer is shared.
const BATCH: u32 = 100;

async fn page(db: &Db, user: UserId, cursor: Option<&str>) -> Result<Page<Wait>, DbError> {
    let query = Query::on("by_user").eq(user).limit(BATCH).after(cursor);
    db.page(&query).await
}

/// All places in queues that a person has or had.
pub async fn export(db: &Db, user: UserId) -> Result<Vec<Value>, DbError> {
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = page(db, user, cursor.as_deref()).await?;
        all.extend(page.items.iter().map(|wait| {
            json!({ "id": wait.id, "eventId": wait.event_id, "classId": wait.class_id,
                "quantity": wait.quantity, "buyer": wait.buyer, "joinedAt": wait.joined_at })
        }));
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(all),
        }
    }
}

/// Takes the person out of all queues, and their name and address out of all places. Idempotent.
pub async fn erase(db: &Db, user: UserId) -> Result<(), DbError> {
    let mut cursor: Option<String> = None;
    loop {
        let page = page(db, user, cursor.as_deref()).await?;
        let ids: Vec<_> = page.items.iter().map(|wait| wait.id.clone()).collect();
        db.write(move |tx| {
            for id in &ids {
                let Some(mut wait) = tx.get::<Wait>(id)? else {
                    continue;
                };
                if wait.state == State::Waiting {
                    wait.state = State::Left;
                }
                wait.buyer = erased_buyer();
                tx.replace(&mut wait)?;
            }
            Ok::<_, DbError>(())
        })
        .await?;
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}
