//! The organizer's own word (V11): lets in, or takes back, from the office instead of a gate.
//!
//! The server admits nobody, so it speaks like everybody else: as one more device of the roster, with
//! a log of its own. What it writes reaches the gates with their next sync and counts there as a
//! supervisor's word does.
//!
//! Invariants: the office's key is derived from the event's secret and stored nowhere; its entry is
//! signed in the commit that stores it, on the head that this commit sees, so no seq is used twice
//! however many processes speak; what is no ticket of the event is let in by nobody.

use std::collections::BTreeMap;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use shared::admission::overrule::{annul, force};
use shared::admission::{Outcome, Verdict};
use shared::api::gate::{DeviceRole, DeviceStatus, RedemptionView};
use shared::ids::{ClaimedTicketId, DeviceId, EventId, GateId};
use shared::log::{
    DecisionFlags, Entry, EntryKind, Genesis, Hlc, LogSegment, SignedEntry, Target, TicketState,
};
use shared::ticket::ScanProof;
use shared::time::Timestamp;
use shared::trust::Policy;
use shared::trust::supervisors::OFFICE;

use super::keys::EventKeys;
use super::model::{EntryRun, GateDevice, GateLog};
use super::redemption::Redemption;
use super::redemptions::{Names, of_serial};
use super::statements::{self, Races};
use super::sync::{Known, Plan, Run, apply};
use super::validate::{Case, Place, rules_of};
use super::{Error, enrol, roster, told};
use crate::app::App;
use crate::events::{self, model::Event};
use crate::platform::db::{DbError, Entity as _, Tx, Versioned};
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};
use crate::platform::moments;
use crate::tickets::{self, ClaimedTicket};

const KEY_CONTEXT: &str = "gatehouse office 2026 device key v1";
const NAME: &str = "Organizer's office";
/// An entry's gate when no gate was named.
const NO_GATE: u16 = u16::MAX;

/// Lets a ticket in against the rules. The verdict tells what spoke against it; it is a refusal when
/// nobody may let it in.
pub(super) async fn force_in(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
    gate: Option<GateId>,
    now: Timestamp,
) -> Result<Verdict, Error> {
    let (ticket, event) = owned(app, caller, id).await?;
    // Nothing was ever signed for it, so its generation proves nothing to any gate.
    if ticket.is_dormant() {
        return Err(Error::NotActivated);
    }
    let case = Case::of(app, &event, &ticket, Place::entering(gate), now).await?;
    let verdict = case.decide(now);
    let Some((mut verdict, _)) = force(&verdict, &case.policy().language) else {
        return Ok(verdict);
    };
    let word = Word {
        kind: EntryKind::Forced,
        gate: case.gate().unwrap_or(NO_GATE),
        serial: ticket.serial,
        generation: ticket.generation,
        target: None,
    };
    record(app, caller, &event, &ticket, word, now).await?;
    verdict.durable = verdict.verdict == Outcome::Admit;
    Ok(verdict)
}

/// Takes back one use of a ticket: the named one, or else the latest that stands.
pub(super) async fn take_back(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
    redemption: Option<&str>,
    now: Timestamp,
) -> Result<RedemptionView, Error> {
    let (ticket, event) = owned(app, caller, id).await?;
    let uses = of_serial(&app.db, event.id, ticket.serial).await?;
    let named = |wanted: &str| uses.iter().find(|of| of.id() == wanted);
    let which = match redemption {
        None => None,
        Some(wanted) => {
            let of = named(wanted).ok_or(Error::NotFound("redemption"))?;
            Some(Target {
                log: of.log(),
                seq: of.seq,
            })
        }
    };
    let mut state = TicketState::default();
    for of in &uses {
        state.insert(of.as_use());
    }
    let use_ = annul(&state, which)?;
    let target = Target {
        log: use_.log,
        seq: use_.seq,
    };
    let word = Word {
        kind: EntryKind::Undo,
        gate: NO_GATE,
        serial: ticket.serial,
        generation: use_.generation,
        target: Some(target),
    };
    record(app, caller, &event, &ticket, word, now).await?;
    let after = of_serial(&app.db, event.id, ticket.serial).await?;
    let undone = |of: &&Redemption| (of.log(), of.seq) == (target.log, target.seq);
    let undone = after.iter().find(undone);
    let undone = undone.ok_or(Error::Inconsistent("a use that was undone has gone"))?;
    Ok(Names::of(&app.db, event.id).await?.view(undone))
}

/// The office among the event's devices: it is the server, and never syncs.
pub(super) fn office_of(event: &Event, keys: &EventKeys) -> DeviceId {
    Office::of(event, keys).device
}

/// The ticket and its event, for the event's organizer; 404 for others, holders too.
async fn owned(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
) -> Result<(Versioned<ClaimedTicket>, Versioned<Event>), Error> {
    let found = tickets::find(&app.db, id).await?;
    let ticket = found.ok_or(Error::NotFound("ticket"))?;
    match events::owned_event(&app.db, caller, ticket.event_id).await {
        Ok(event) => Ok((ticket, event)),
        Err(events::Error::NotFound) => Err(Error::NotFound("ticket")),
        Err(error) => Err(error.into()),
    }
}

/// What the office says.
#[derive(Clone, Copy)]
struct Word {
    kind: EntryKind,
    gate: u16,
    serial: u32,
    generation: u8,
    target: Option<Target>,
}

impl Word {
    fn entry(self, seq: u32, at: Timestamp) -> Entry {
        Entry {
            seq,
            hlc: Hlc::default().tick(at),
            kind: self.kind,
            gate: self.gate,
            flags: DecisionFlags::HEARD_SERVER.by_supervisor(OFFICE),
            serial: self.serial,
            generation: self.generation,
            proof: ScanProof([0; 8]),
            target: self.target,
        }
    }
}

async fn record(
    app: &App,
    caller: &Caller,
    event: &Event,
    ticket: &ClaimedTicket,
    word: Word,
    now: Timestamp,
) -> Result<(), Error> {
    let keys = super::keys::for_event(app, event.id, now).await?;
    let office = Office::of(event, &keys);
    office.open(app, event, now).await?;
    let rules = rules_of(app, event.id).await?;
    let action = match word.kind {
        EntryKind::Undo => "ticket.admission_undone",
        _ => "ticket.forced",
    };
    let entry = journal::Entry::new(
        shared::ids::JournalId::new(now, app.entropy.id10()),
        now,
        Actor::User(caller.user),
        action,
        journal::subject("ticket", ticket.ticket_id),
        serde_json::json!({ "claimedTicket": ticket.id }),
    );
    let mut races = Races::default();
    loop {
        let (office, entry) = (office.clone(), entry.clone());
        let rules = Arc::clone(&rules);
        let stored = app
            .db
            .write(move |tx| -> Result<(), Error> {
                journal::record(tx, &entry)?;
                office.say(tx, word, &rules, now)
            })
            .await;
        match stored {
            Ok(()) => return Ok(()),
            Err(error) => races.lost(error)?,
        }
    }
}

/// The office as a device. Its log is one for as long as the event's secret is.
#[derive(Clone)]
struct Office {
    device: DeviceId,
    key: SigningKey,
    genesis: Genesis,
}

impl Office {
    fn of(event: &Event, keys: &EventKeys) -> Self {
        let mut seed = blake3::Hasher::new_derive_key(KEY_CONTEXT);
        seed.update(event.id.as_bytes()).update(keys.secret());
        let seed = zeroize::Zeroizing::new(*seed.finalize().as_bytes());
        let key = SigningKey::from_bytes(&seed);
        let public = key.verifying_key().to_bytes();
        let mut random = [0; 10];
        random.copy_from_slice(&public[..10]);
        // Its id and its log are the same to every process that speaks for it.
        let device = DeviceId::new(event.created_at, random);
        let mut incarnation = [0; 16];
        incarnation.copy_from_slice(&public[16..]);
        Self {
            device,
            genesis: Genesis {
                event: event.id,
                device,
                device_key: public,
                incarnation,
                app_version: "server".to_owned(),
            },
            key,
        }
    }

    /// Takes its place in the roster, once.
    async fn open(&self, app: &App, event: &Event, now: Timestamp) -> Result<(), Error> {
        let mut races = Races::default();
        loop {
            let known = app.db.get::<GateDevice>(&self.device.to_string()).await?;
            if known.is_some() {
                return Ok(());
            }
            let gates = events::gates_of(&app.db, event.id).await?;
            let gate = gates.first().ok_or(Error::NotFound("gate"))?.id;
            let trust = statements::ensure(app, event, now).await?;
            let device = self.row(event.id, gate, now);
            let mut devices = roster::devices(&app.db, event.id).await?;
            devices.push(device.clone());
            let next = roster::next(Some(&trust.roster), event, &devices, &trust.keys, now)?;
            let entry = told::entry(app, Actor::System, "device.enrolled", &device, now);
            let stored = app
                .db
                .write(move |tx| -> Result<(), Error> {
                    let device = tx.insert(&device)?;
                    enrol::store(tx, &device, &next, &entry)
                })
                .await;
            match stored {
                Ok(()) => return Ok(()),
                Err(error) => races.lost(error)?,
            }
        }
    }

    fn row(&self, event: EventId, gate: GateId, now: Timestamp) -> GateDevice {
        GateDevice {
            id: self.device,
            event,
            name: NAME.to_owned(),
            gate,
            zones: 0,
            // Not a kiosk: it answers no claim, so it must be nobody's home.
            role: DeviceRole::Scanner,
            attended: true,
            status: DeviceStatus::Enrolled,
            created_at: now,
            code_hash: None,
            code_expires_at: now,
            public_key: Some(data_encoding::HEXLOWER.encode(&self.genesis.device_key)),
            enrolled_at: Some(now),
            evicted_at: None,
            cut: Vec::new(),
            adopted: Vec::new(),
            last_seen_at: None,
            clock_offset_ms: 0,
            app_version: self.genesis.app_version.clone(),
            report: None,
            transcript_code: None,
            entries: 0,
        }
    }

    /// Signs on the head that this commit sees, and projects the entry like any other.
    fn say(
        &self,
        tx: &mut Tx<'_>,
        word: Word,
        rules: &Policy,
        now: Timestamp,
    ) -> Result<(), Error> {
        let log = self.genesis.log_id();
        let stored = tx.get::<GateLog>(&log.to_string())?;
        let is_new = stored.is_none();
        let row = stored.map_or_else(|| GateLog::new(&self.genesis), Versioned::into_inner);
        let event = self.genesis.event;
        // Later than what it said before, whatever the clock says.
        let at = moments::next(tx, &format!("office/{event}"), now, |_| Ok(None))?;
        let head = row.head();
        let entry = word.entry(head.next_seq, at);
        let broken = |_| Error::Inconsistent("the office's log");
        let (signed, after) = SignedEntry::sign(&self.key, log, &head, &entry).map_err(broken)?;
        let segment = LogSegment::new(log, vec![signed.body], signed.signature).map_err(broken)?;
        let known = Known {
            log: row,
            is_new,
            key: self.key.verifying_key(),
            cut: None,
            clock_offset_ms: 0,
        };
        let plan = Plan {
            grown: BTreeMap::from([(log, (known, after))]),
            runs: vec![Run {
                log,
                stored: EntryRun::new(&segment, head.hash),
                entries: vec![entry],
            }],
            ..Plan::default()
        };
        if apply(tx, event, &plan, rules, now)? {
            return Ok(());
        }
        Err(DbError::Conflict {
            collection: "gate_logs",
        }
        .into())
    }
}
