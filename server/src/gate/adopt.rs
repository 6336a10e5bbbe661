//! Taking up an entry that was quarantined (gossip.md 5): the organizer found that the guest did
//! come in by it.
//!
//! Invariants: one entry at a time, named by the hash after it, so a writer who tells two histories
//! gains nothing; it counts here in the commit of the roster that tells it to every replica; what
//! was taken up stays so.

use shared::api::gate::RedemptionView;
use shared::ids::EventId;
use shared::log::{Entry, LogHead};
use shared::time::Timestamp;
use shared::trust::Policy;
use shared::trust::roster::ADOPTED_MAX;

use super::model::{GateDevice, LogCut};
use super::redemption::{Redemption, Suspect};
use super::redemptions::Names;
use super::statements::{self, RACES_MAX};
use super::sync::{entry_at, take_up};
use super::validate::rules_of;
use super::{Error, enrol, invite, roster, told};
use crate::app::App;
use crate::events::{self, model::Event};
use crate::platform::db::Versioned;
use crate::platform::http::Caller;
use crate::platform::journal::Actor;

/// Idempotent. `redemption` is the id that the conflicts show.
pub(super) async fn adopt(
    app: &App,
    caller: &Caller,
    event: EventId,
    redemption: &str,
    now: Timestamp,
) -> Result<RedemptionView, Error> {
    let event = events::owned_event(&app.db, caller, event)
        .await?
        .into_inner();
    for _ in 0..RACES_MAX {
        let Some(suspect) = suspect(app, event.id, redemption).await? else {
            return counted(app, event.id, redemption).await;
        };
        match count(app, caller, &event, suspect, now).await {
            Ok(()) => {
                app.gate.live.tell(event.id);
                return counted(app, event.id, redemption).await;
            }
            Err(error) if error.is_race() => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Contended)
}

async fn suspect(app: &App, event: EventId, id: &str) -> Result<Option<Versioned<Suspect>>, Error> {
    let found = app.db.get::<Suspect>(id).await?;
    Ok(found.filter(|of| of.0.event == event))
}

async fn counted(app: &App, event: EventId, id: &str) -> Result<RedemptionView, Error> {
    let found = app.db.get::<Redemption>(id).await?;
    let found = found.filter(|of| of.event == event);
    let found = found.ok_or(Error::NotFound("redemption"))?;
    Ok(Names::of(&app.db, event).await?.view(&found))
}

async fn count(
    app: &App,
    caller: &Caller,
    event: &Event,
    suspect: Versioned<Suspect>,
    now: Timestamp,
) -> Result<(), Error> {
    let trust = statements::ensure(app, event, now).await?;
    let mut device = invite::find(app, event.id, suspect.0.device).await?;
    let (log, seq) = (suspect.0.log(), suspect.0.seq);
    let stored = entry_at(&app.db, log, seq).await?;
    let (entry, after) = stored.ok_or(Error::Inconsistent("a suspect without its entry"))?;
    note(&mut device, log.0, &after)?;
    let mut devices = roster::devices(&app.db, event.id).await?;
    for other in devices.iter_mut().filter(|other| other.id == device.id) {
        other.clone_from(&device);
    }
    let next = roster::next(Some(&trust.roster), event, &devices, &trust.keys, now)?;
    let actor = Actor::User(caller.user);
    let line = told::adopted(app, actor, &device, &suspect.0, now);
    let rules = rules_of(app, event.id).await?;
    app.db
        .write(move |tx| {
            enrol::store(tx, &device, &next, &line)?;
            adopt_in(tx, &suspect, entry, &rules, now)
        })
        .await
}

fn adopt_in(
    tx: &mut crate::platform::db::Tx<'_>,
    suspect: &Versioned<Suspect>,
    entry: Entry,
    rules: &Policy,
    now: Timestamp,
) -> Result<(), Error> {
    tx.delete(suspect)?;
    take_up(tx, suspect.0.clone(), entry, rules, now)
}

fn note(device: &mut GateDevice, log: [u8; 16], after: &LogHead) -> Result<(), Error> {
    if device.adopted.len() >= ADOPTED_MAX {
        return Err(Error::TooManyAdopted);
    }
    device.adopted.push(LogCut {
        log,
        next_seq: after.next_seq,
        head: after.hash,
    });
    Ok(())
}
