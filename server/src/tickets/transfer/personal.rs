//! What offers of tickets say about a person: told to that person, and taken out when asked (A7).
//!
//! The chain stays: who had a ticket when is told by ids and times. An account that is gone offers
//! nothing and takes nothing.

use serde_json::{Value, json};
use shared::api::transfers::TransferStatus;
use shared::ids::UserId;
use shared::time::Timestamp;

use super::Transfer;
use crate::platform::db::{Db, DbError, LIMIT_MAX, Page, Query, Tx};

/// Offers in one transaction: the writer is shared.
const BATCH: u32 = 100;
const NOBODY: &str = "Erased";
const NOWHERE: &str = "erased@invalid";

/// The indexes by which an account is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Sender,
    Taker,
}

impl Side {
    async fn page(
        self,
        db: &Db,
        user: UserId,
        cursor: Option<&str>,
    ) -> Result<Page<Transfer>, DbError> {
        let index = match self {
            Self::Sender => "by_sender",
            Self::Taker => "by_taker",
        };
        db.page(&Query::on(index).eq(user).limit(BATCH).after(cursor))
            .await
    }
}

/// All offers that a person made or took.
pub async fn export(db: &Db, user: UserId, now: Timestamp) -> Result<Vec<Value>, DbError> {
    let mut all = Vec::new();
    for side in [Side::Sender, Side::Taker] {
        let mut cursor: Option<String> = None;
        loop {
            let page = side.page(db, user, cursor.as_deref()).await?;
            let views = page.items.iter().map(|of| of.view(true, now));
            all.extend(views.map(|view| json!(view)));
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
    }
    Ok(all)
}

/// Ends what was offered to an address that the account had confirmed, and takes it out. In the commit
/// that ends the account: afterwards nobody knows the address.
pub fn erase_received(tx: &mut Tx<'_>, email_key: &str, now: Timestamp) -> Result<(), DbError> {
    let query = Query::on("by_recipient").eq(email_key).limit(LIMIT_MAX);
    for mut transfer in tx.list::<Transfer>(&query)? {
        if transfer.status == TransferStatus::Offered {
            let status = if transfer.status_at(now) == TransferStatus::Expired {
                TransferStatus::Expired
            } else {
                TransferStatus::Declined
            };
            transfer.settle(status, now);
        }
        transfer.forget_recipient();
        tx.replace(&mut transfer)?;
    }
    Ok(())
}

/// Takes the person out of all offers that they made or took. Idempotent.
pub async fn erase(db: &Db, user: UserId, now: Timestamp) -> Result<(), DbError> {
    for side in [Side::Sender, Side::Taker] {
        let mut cursor: Option<String> = None;
        loop {
            let page = side.page(db, user, cursor.as_deref()).await?;
            let ids: Vec<_> = page.items.iter().map(|of| of.id.to_string()).collect();
            db.write(move |tx| {
                for id in &ids {
                    erase_one(tx, id, side, now)?;
                }
                Ok::<_, DbError>(())
            })
            .await?;
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
    }
    Ok(())
}

fn erase_one(tx: &mut Tx<'_>, id: &str, side: Side, now: Timestamp) -> Result<(), DbError> {
    let Some(mut transfer) = tx.get::<Transfer>(id)? else {
        return Ok(());
    };
    match side {
        Side::Sender => {
            if transfer.status == TransferStatus::Offered {
                transfer.settle(TransferStatus::Withdrawn, now);
            }
            NOBODY.clone_into(&mut transfer.from_name);
            NOWHERE.clone_into(&mut transfer.from_email);
        }
        Side::Taker => transfer.forget_recipient(),
    }
    tx.replace(&mut transfer)
}

impl Transfer {
    fn forget_recipient(&mut self) {
        NOWHERE.clone_into(&mut self.to_email);
        NOWHERE.clone_into(&mut self.to_key);
        if self.to_name.is_some() {
            self.to_name = Some(NOBODY.to_owned());
        }
    }
}
