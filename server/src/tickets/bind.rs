//! Binding a ticket to a wristband or card (T7): its next generation, signed with the chip's UID.
//!
//! Invariants: a ticket on a chip has no code that can be shown, and nothing that was shown before is
//! good any more; binding it to the same chip again gives the same bytes; a re-issue takes it off.

use data_encoding::HEXUPPER_PERMISSIVE;
use serde_json::json;
use shared::api::tickets::{BindRequest, Bound};
use shared::ids::{ClaimedTicketId, JournalId};
use shared::ticket::{ChipUid, ScanProof};
use shared::time::Timestamp;

use super::model::ClaimedTicket;
use super::reissue::{check_standing, store};
use super::{Error, find, render};
use crate::app::App;
use crate::events;
use crate::gate::keys;
use crate::platform::fields::Invalid;
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

/// Others that get in between before a binding gives up.
const RACES_MAX: usize = 8;

/// By the event's organizer, who has the encoder. Idempotent.
pub async fn bind(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
    request: &BindRequest,
    now: Timestamp,
) -> Result<Bound, Error> {
    let uid = HEXUPPER_PERMISSIVE.decode(request.uid.as_bytes()).ok();
    let uid = uid
        .and_then(|uid| ChipUid::new(&uid))
        .ok_or_else(|| Invalid::field("uid", "is not a chip's lasting number in hexadecimal"))?;
    for _ in 0..RACES_MAX {
        let mut ticket = find::find(&app.db, id).await?.ok_or(Error::NotFound)?;
        match events::owned_event(&app.db, caller, ticket.event_id).await {
            Ok(_) => {}
            Err(events::Error::NotFound) => return Err(Error::NotFound),
            Err(error) => return Err(error.into()),
        }
        check_standing(&ticket, find::stock(&app.db, &ticket).await?.status)?;
        let keys = keys::current(app, ticket.event_id, now).await?;
        if ticket.chip_uid()? == Some(uid) {
            let token = render::token(&keys, &ticket)?;
            return Ok(answer(&ticket, &uid, token.as_bytes()));
        }
        if ticket.rotating {
            return Err(Error::Turns);
        }
        ticket.supersede()?;
        ticket.kid = keys.active_kid()?;
        ticket.chip = Some(uid.to_hex());
        let token = render::token(&keys, &ticket)?;
        let proof = ScanProof::of_token(ticket.event_id, &token);
        ticket.commitment = proof.commitment(ticket.event_id, ticket.serial, ticket.generation);
        let entry = journal::Entry::new(
            JournalId::new(now, app.entropy.id10()),
            now,
            Actor::User(caller.user),
            "ticket.bound",
            journal::subject("ticket", ticket.ticket_id),
            json!({ "claimedTicket": ticket.id, "generation": ticket.generation }),
        );
        let bound = answer(&ticket, &uid, token.as_bytes());
        let stored = app.db.write(move |tx| store(tx, &ticket, &entry)).await;
        match stored {
            Ok(_) => return Ok(bound),
            Err(error) if error.is_race() => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Contended)
}

fn answer(ticket: &ClaimedTicket, uid: &ChipUid, bytes: &[u8]) -> Bound {
    Bound {
        id: ticket.id,
        serial: ticket.serial,
        generation: ticket.generation,
        uid: uid.to_hex(),
        ticket: data_encoding::HEXUPPER.encode(bytes),
    }
}
