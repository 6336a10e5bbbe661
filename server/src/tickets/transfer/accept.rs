//! Accepting: the ticket is the recipient's, in its next generation, in one commit.

use shared::api::hooks::HookKind;
use shared::api::tickets::Attendee;
use shared::api::transfers::{AcceptTransfer, TransferStatus, TransferView};
use shared::ids::{JournalId, TransferId};
use shared::limits::NAME_CHARS_MAX;
use shared::time::Timestamp;

use super::model::Transfer;
use super::offer::{check_passable, note};
use super::rules::check;
use super::{Refusal, find};
use crate::app::App;
use crate::events::model::Event;
use crate::hooks::{self, Told};
use crate::notices::{self, Mail};
use crate::platform::db::{Tx, Versioned};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};
use crate::tickets::{ClaimedTicket, Error, reissue};

/// Others that get in between before an acceptance gives up.
const RACES_MAX: usize = 8;

/// Again by the same account it is the same acceptance.
pub(super) async fn accept(
    app: &App,
    caller: &Caller,
    id: TransferId,
    wanted: AcceptTransfer,
    now: Timestamp,
) -> Result<TransferView, Error> {
    let mut fields = Fields::default();
    let name = fields.line("name", &wanted.name, 1, NAME_CHARS_MAX);
    fields.done(())?;
    for _ in 0..RACES_MAX {
        let (me, transfer) = find::addressed(app, caller, id).await?;
        if transfer.status == TransferStatus::Accepted && transfer.to == Some(caller.user) {
            return Ok(transfer.view(true, now));
        }
        transfer.check_open(now)?;
        let ticket = crate::tickets::find(&app.db, transfer.ticket).await?;
        let ticket = ticket.ok_or(Error::Inconsistent("a transfer without its ticket"))?;
        let attendee = Attendee {
            name: name.clone(),
            email: me.email.clone(),
        };
        let mut next = reissue::next(app, ticket.clone(), Some(attendee), now).await?;
        next.user_id = caller.user;
        let lines = [(); 2].map(|()| JournalId::new(now, app.entropy.id10()));
        let stored = app
            .db
            .write(move |tx| hand_over(tx, id, &ticket, &next, lines, now))
            .await;
        match stored {
            Ok(view) => return Ok(view),
            Err(error) if error.is_race() => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Contended)
}

fn hand_over(
    tx: &mut Tx<'_>,
    id: TransferId,
    before: &ClaimedTicket,
    next: &Versioned<ClaimedTicket>,
    [line, reissued]: [JournalId; 2],
    now: Timestamp,
) -> Result<TransferView, Error> {
    let transfer = tx.get::<Transfer>(&id.to_string())?;
    let mut transfer = transfer.ok_or(Refusal::Unknown)?;
    transfer.check_open(now)?;
    // The ticket went another way meanwhile.
    if before.user_id != transfer.from {
        return Err(Refusal::NotTransferable.into());
    }
    let event = tx.get::<Event>(&transfer.event.to_string())?;
    let event = event.ok_or(Error::Inconsistent("a ticket without its event"))?;
    check_passable(tx, before, &event, now)?;
    check(tx, event.id, before.id)?;
    let mut next = next.clone();
    reissue::start_anew(tx, &mut next)?;
    let entry = journal::Entry::new(
        reissued,
        now,
        Actor::User(next.user_id),
        "ticket.reissued",
        journal::subject("ticket", next.ticket_id),
        serde_json::json!({ "claimedTicket": next.id, "generation": next.generation, "renamed": true }),
    );
    reissue::store(tx, &next, &entry)?;
    transfer.settle(TransferStatus::Accepted, now);
    transfer.to = Some(next.user_id);
    transfer.to_name = Some(next.attendee.name.clone());
    transfer.to_generation = Some(next.generation);
    tx.replace(&mut transfer)?;
    note(
        tx,
        &transfer,
        "ticket.transfer_accepted",
        next.user_id,
        line,
        now,
    )?;
    tell_former(tx, &transfer, true, now)?;
    let told = Told {
        kind: HookKind::TicketTransferred,
        event: transfer.event,
        subject: transfer.id.to_string(),
    };
    hooks::announce(tx, &told, now)?;
    Ok(transfer.view(true, now))
}

/// Where they accepted, the former holder's code is dead: they should know why.
pub(super) fn tell_former(
    tx: &mut Tx<'_>,
    transfer: &Transfer,
    accepted: bool,
    now: Timestamp,
) -> Result<(), Error> {
    let what = if accepted { "accepted" } else { "declined" };
    let name = format!("transfer_{what}:{}", transfer.id);
    let mail = Mail::OfferAnswered {
        name: transfer.from_name.clone(),
        title: transfer.event_title.clone(),
        to: transfer.to_email.clone(),
        accepted,
    };
    Ok(notices::tell(tx, name, &transfer.from_email, mail, now)?)
}
