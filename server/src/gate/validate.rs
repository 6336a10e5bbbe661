//! Server validation (V9): the same decision as at the gate, on what the server knows, without
//! effect on anything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use shared::admission::{
    AddOn, Direction, Facts, GateContext, Presented, Reason, Verdict, answers, decide,
    decide_medium,
};
use shared::api::gate::ValidationView;
use shared::ids::{ClaimedTicketId, EventId, GateId};
use shared::log::{EntryKind, TicketState, Use};
use shared::ticket::{
    CHAIN_SIGNED_LEN, CHAIN_TOKEN_LEN, PAYLOAD_LEN, TOKEN_LEN, TicketType, Token, chain, chip,
    sealed,
};
use shared::time::Timestamp;
use shared::trust::{Policy, Supervisors, TicketRow};

use super::redemption::{Redemption, Suspect};
use super::{Error, policy, redemptions};
use crate::app::App;
use crate::events::{self, model::Event};
use crate::platform::db::{Db, Query, Reads, Versioned};
use crate::platform::http::Caller;
use crate::tickets::{self, ClaimedTicket};

/// Events whose rules stay in memory.
const CACHED_EVENTS_MAX: usize = 256;

/// The rules by event, each good for one revision of its event row: classes, gates and stock all
/// raise it.
#[derive(Default)]
pub(super) struct PolicyCache(Mutex<HashMap<EventId, (u64, Arc<Policy>)>>);

impl PolicyCache {
    fn get(&self, event: &Versioned<Event>) -> Option<Arc<Policy>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (rev, policy) = all.get(&event.id)?;
        (*rev == event.rev).then(|| Arc::clone(policy))
    }
    fn put(&self, event: &Versioned<Event>, policy: &Arc<Policy>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= CACHED_EVENTS_MAX {
            all.clear();
        }
        all.insert(event.id, (event.rev, Arc::clone(policy)));
    }
}

/// Where and how a ticket would be shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// `None`: at no gate.
    pub(super) gate: Option<GateId>,
    pub(super) direction: Direction,
    /// Somebody stands there.
    pub(super) attended: bool,
}

impl Place {
    pub(super) fn entering(gate: Option<GateId>) -> Self {
        Self {
            gate,
            direction: Direction::In,
            attended: true,
        }
    }

    /// As this server would be if it stood there.
    pub(super) fn context(self, policy: &Policy, now: Timestamp) -> Result<GateContext, Error> {
        let index = |id| gate_index(policy, id);
        Ok(GateContext {
            gate: self.gate.map(index).transpose()?,
            direction: self.direction,
            snapshot_created: now,
            evicted: false,
            asks: self.attended,
            correction_ms: 0,
        })
    }
}

/// For the holder, the organizer and administrators; 404 for others.
pub(super) async fn validate(
    app: &App,
    caller: &Caller,
    ticket: ClaimedTicketId,
    place: Place,
    now: Timestamp,
) -> Result<ValidationView, Error> {
    let read = app.db.view(move |view| read(view, ticket)).await?;
    let (ticket, event, known) = read;
    if !tickets::may_see(&app.db, caller, &ticket, &event).await? {
        return Err(Error::NotFound("ticket"));
    }
    let policy = rules(app, &event).await?;
    let presented = presented(&ticket, policy.epoch, now)?;
    let case = Case::shown(policy, &ticket, known, presented, place, now)?;
    let mut view = with_words(&case.policy, &ticket, case.decide(now));
    let has_notes = !view.notes.is_empty();
    if has_notes && !events::may(&app.db, caller, &event, caller.right).await? {
        // They are for staff.
        view.notes.clear();
    }
    Ok(view)
}

fn read(
    reads: &mut impl Reads,
    ticket: ClaimedTicketId,
) -> Result<(Versioned<ClaimedTicket>, Versioned<Event>, Known), Error> {
    let ticket = reads.get::<ClaimedTicket>(&ticket.to_string())?;
    let ticket = ticket.ok_or(Error::NotFound("ticket"))?;
    let event = reads.get::<Event>(&ticket.event_id.to_string())?;
    let event = event.ok_or(Error::NotFound("event"))?;
    let known = Known::read(reads, &ticket)?;
    Ok((ticket, event, known))
}

/// For the organizer. What is no medium of the event is no ticket either.
pub(super) async fn validate_medium(
    app: &App,
    caller: &Caller,
    event: EventId,
    medium: &str,
    place: Place,
    now: Timestamp,
) -> Result<ValidationView, Error> {
    events::owned_event(&app.db, caller, event).await?;
    let event = super::event(&app.db, event).await?;
    let policy = rules(app, &event).await?;
    let context = place.context(&policy, now)?;
    let carried = tickets::carried(&app.db, event.id, medium).await?;
    let verdict = decide_medium(&carried, &[], &policy, &context, now);
    view(app, &policy, event.id, verdict).await
}

/// With what staff would see and ask about the ticket that the verdict is about.
pub(super) async fn view(
    app: &App,
    policy: &Policy,
    event: EventId,
    verdict: Verdict,
) -> Result<ValidationView, Error> {
    let ticket = match verdict.serial {
        Some(serial) => by_serial(&app.db, event, serial).await?,
        None => None,
    };
    Ok(match ticket {
        Some(ticket) => with_words(policy, &ticket, verdict),
        None => ValidationView {
            verdict,
            notes: Vec::new(),
            questions: Vec::new(),
        },
    })
}

/// [`view`] of a ticket that is at hand.
fn with_words(policy: &Policy, ticket: &ClaimedTicket, verdict: Verdict) -> ValidationView {
    let mut view = ValidationView {
        verdict,
        notes: Vec::new(),
        questions: Vec::new(),
    };
    let class = policy.classes.get(usize::from(ticket.class_index));
    let class = class.map(|class| class.note.clone());
    let all = [ticket.staff_note().to_owned()].into_iter().chain(class);
    view.notes = all.filter(|note| !note.is_empty()).collect();
    let (reason, also) = (view.verdict.reason, &view.verdict.also);
    if reason == Reason::NeedsAnswer || also.contains(&Reason::NeedsAnswer) {
        // Whoever has answered all has nothing open.
        let open = answers::open(policy, ticket.class_index, None, &[]);
        view.questions = open.iter().map(|of| of.question.id.clone()).collect();
    }
    view
}

/// The claimed ticket of a serial.
pub(super) async fn by_serial(
    db: &Db,
    event: EventId,
    serial: u32,
) -> Result<Option<Versioned<ClaimedTicket>>, Error> {
    let query = Query::on("by_serial").eq(event).eq(serial).limit(1);
    Ok(db.list::<ClaimedTicket>(&query).await?.pop())
}

/// The uses of a ticket that are known here.
pub fn state_of(reads: &mut impl Reads, event: EventId, serial: u32) -> Result<TicketState, Error> {
    let mut state = TicketState::default();
    for redemption in reads.list::<Redemption>(&redemptions::by_serial(event, serial))? {
        state.insert(redemption.as_use());
    }
    Ok(state)
}

/// Admissions that are told of and not counted. A supervisor's word from a device that was cut off
/// blocks nobody: it could name any ticket.
pub fn suspects_of(reads: &mut impl Reads, event: EventId, serial: u32) -> Result<Vec<Use>, Error> {
    let suspects = reads.list::<Suspect>(&redemptions::by_serial(event, serial))?;
    let uses = suspects.iter().map(|row| row.0.as_use());
    Ok(uses.filter(|use_| use_.kind == EntryKind::Admit).collect())
}

/// What is stored about a ticket beside its own row.
#[derive(Debug)]
pub(super) struct Known {
    row: TicketRow,
    add_ons: Vec<AddOn>,
    state: TicketState,
    suspects: Vec<Use>,
}

impl Known {
    fn read(reads: &mut impl Reads, ticket: &ClaimedTicket) -> Result<Self, Error> {
        let (event, serial) = (ticket.event_id, ticket.serial);
        Ok(Self {
            row: ticket.row(tickets::stock_in(reads, ticket)?.status),
            add_ons: tickets::add_ons(reads, ticket)?,
            state: state_of(reads, event, serial)?,
            suspects: suspects_of(reads, event, serial)?,
        })
    }

    /// Of a ticket that is at hand.
    pub(super) async fn of(db: &Db, ticket: &ClaimedTicket) -> Result<Self, Error> {
        let ticket = ticket.clone();
        db.view(move |view| Self::read(view, &ticket)).await
    }
}

/// All that the server knows of a ticket, at a gate or at none.
pub(super) struct Case<'a> {
    ticket: &'a ClaimedTicket,
    known: Known,
    policy: Arc<Policy>,
    context: GateContext,
    presented: Presented,
}

impl<'a> Case<'a> {
    /// As if its holder showed it now.
    pub(super) async fn of(
        app: &App,
        event: &Versioned<Event>,
        ticket: &'a ClaimedTicket,
        place: Place,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let policy = rules(app, event).await?;
        let presented = presented(ticket, policy.epoch, now)?;
        let known = Known::of(&app.db, ticket).await?;
        Self::shown(policy, ticket, known, presented, place, now)
    }

    /// As it was shown.
    pub(super) fn shown(
        policy: Arc<Policy>,
        ticket: &'a ClaimedTicket,
        known: Known,
        presented: Presented,
        place: Place,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let context = place.context(&policy, now)?;
        Ok(Self {
            ticket,
            known,
            policy,
            context,
            presented,
        })
    }

    pub(super) fn gate(&self) -> Option<u16> {
        self.context.gate
    }
    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) fn decide(&self, now: Timestamp) -> Verdict {
        let facts = Facts {
            row: Some(&self.known.row),
            state: Some(&self.known.state),
            suspects: &self.known.suspects,
            seat: self.ticket.seat.as_deref(),
            holder: Some(&self.ticket.attendee.name),
            add_ons: &self.known.add_ons,
            ..Facts::default()
        };
        decide(&self.presented, &facts, &self.policy, &self.context, now)
    }
}

/// The ticket as a gate sees it once the signature held. Steps 1 to 3 are about the text in
/// somebody's hand; here the ticket is our own row, so none is signed only to be thrown away.
/// A ticket whose code turns is judged as if its holder showed the code of this moment.
fn presented(ticket: &ClaimedTicket, epoch: Timestamp, now: Timestamp) -> Result<Presented, Error> {
    let payload = ticket.payload()?;
    if let Some(uid) = ticket.chip_uid()? {
        let token = chip::unsigned(&payload, &uid)?;
        return Ok(Presented::Ticket { payload, token });
    }
    if ticket.sealed.is_some() {
        let token = sealed::unsigned(&payload)?;
        return Ok(Presented::Ticket { payload, token });
    }
    let (kind, len) = if ticket.rotating {
        (TicketType::Chain, CHAIN_TOKEN_LEN)
    } else {
        (TicketType::Static, TOKEN_LEN)
    };
    let mut bytes = vec![0; len];
    bytes[..PAYLOAD_LEN].copy_from_slice(&payload.encode_as(kind)?);
    if let Some(last) = chain::steps(payload.not_before, payload.not_after)
        && ticket.rotating
    {
        let step = chain::step_at(chain::chain_start(epoch, &payload), last, now);
        bytes[CHAIN_SIGNED_LEN..CHAIN_SIGNED_LEN + 2].copy_from_slice(&step.to_be_bytes());
    }
    let token = Token::from_bytes(&bytes)
        .map_err(|_| Error::Inconsistent("a ticket that cannot be framed"))?;
    Ok(Presented::Ticket { payload, token })
}

pub(super) async fn rules(app: &App, event: &Versioned<Event>) -> Result<Arc<Policy>, Error> {
    if let Some(policy) = app.gate.policies.get(event) {
        return Ok(policy);
    }
    let classes = events::classes_of(&app.db, event.id).await?;
    let gates = events::gates_of(&app.db, event.id).await?;
    let check_in = events::check_in_of(&app.db, event.id).await?;
    let policy = Arc::new(policy::of(
        event,
        &classes,
        &gates,
        &check_in,
        // Nobody overrules a question.
        &Supervisors::default(),
    ));
    app.gate.policies.put(event, &policy);
    Ok(policy)
}

/// [`rules`] of an event that is not at hand.
pub(super) async fn rules_of(app: &App, event: EventId) -> Result<Arc<Policy>, Error> {
    rules(app, &super::event(&app.db, event).await?).await
}

fn gate_index(policy: &Policy, id: GateId) -> Result<u16, Error> {
    let index = policy.gates.iter().position(|gate| gate.id == id);
    index
        .and_then(|index| u16::try_from(index).ok())
        .ok_or(Error::NotFound("gate"))
}
