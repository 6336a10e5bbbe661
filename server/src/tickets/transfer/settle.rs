//! Offers that end without a new holder.

use shared::api::transfers::{TransferStatus, TransferView};
use shared::ids::{JournalId, TransferId};
use shared::time::Timestamp;

use super::accept::tell_former;
use super::model::Transfer;
use super::offer::note;
use super::{Refusal, find};
use crate::app::App;
use crate::platform::http::Caller;
use crate::tickets::Error;

/// By the recipient. Again changes nothing.
pub(super) async fn decline(
    app: &App,
    caller: &Caller,
    id: TransferId,
    now: Timestamp,
) -> Result<TransferView, Error> {
    find::addressed(app, caller, id).await?;
    end(app, caller, id, TransferStatus::Declined, now).await
}

/// By whoever offered it. Again changes nothing.
pub(super) async fn withdraw(
    app: &App,
    caller: &Caller,
    id: TransferId,
    now: Timestamp,
) -> Result<TransferView, Error> {
    let transfer = app.db.get::<Transfer>(&id.to_string()).await?;
    transfer
        .filter(|transfer| transfer.from == caller.user)
        .ok_or(Refusal::Unknown)?;
    end(app, caller, id, TransferStatus::Withdrawn, now).await
}

async fn end(
    app: &App,
    caller: &Caller,
    id: TransferId,
    status: TransferStatus,
    now: Timestamp,
) -> Result<TransferView, Error> {
    let line = JournalId::new(now, app.entropy.id10());
    let user = caller.user;
    app.db
        .write(move |tx| {
            let transfer = tx.get::<Transfer>(&id.to_string())?;
            let mut transfer = transfer.ok_or(Refusal::Unknown)?;
            if transfer.status == status {
                return Ok(transfer.view(true, now));
            }
            transfer.check_open(now)?;
            transfer.settle(status, now);
            let action = if status == TransferStatus::Declined {
                transfer.to = Some(user);
                tell_former(tx, &transfer, false, now)?;
                "ticket.transfer_declined"
            } else {
                "ticket.transfer_withdrawn"
            };
            tx.replace(&mut transfer)?;
            note(tx, &transfer, action, user, line, now)?;
            Ok(transfer.view(true, now))
        })
        .await
}
