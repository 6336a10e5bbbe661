//! Whatever somebody shows, judged as at a gate (V9): a scanned text, a typed code, a medium.
//!
//! Invariants: what a text is, and what is said about it, is decided by what the gates use; nothing is
//! recorded but wrong typed codes, which cost what they cost at a gate; no code is kept or logged.

use std::cell::Cell;
use std::sync::Arc;

use scanner_core::input::{self, Typed};
use shared::admission::{Facts, Presented, Reason, Untyped, decide, decide_medium};
use shared::api::gate::{ValidateCode, ValidationView};
use shared::ids::EventId;
use shared::limits::SEGMENT_TICKETS;
use shared::ticket::{CodeIndex, TypedCode};
use shared::time::Timestamp;
use shared::trust::{Keyring, Manifest, Policy, SegmentKind, SegmentRef, TrustedKeys};

use super::model::StoredSegment;
use super::validate::{Case, Known, Place, by_serial, rules, view};
use super::{Error, event, keys, publish, statements, tries};
use crate::app::{App, AppState};
use crate::events;
use crate::platform::http::Caller;
use crate::tickets::{self, ClaimedTicket};

/// For the organizer.
pub(super) async fn validate(
    app: &AppState,
    caller: &Caller,
    id: EventId,
    wanted: &ValidateCode,
    now: Timestamp,
) -> Result<ValidationView, Error> {
    events::owned_event(&app.db, caller, id).await?;
    let policy = rules(app, &event(&app.db, id).await?).await?;
    let place = Place {
        gate: wanted.gate_id,
        direction: wanted.direction.into(),
        attended: wanted.attended,
    };
    let context = place.context(&policy, now)?;
    // A medium's number may look like a code.
    let carried = tickets::carried(&app.db, id, &wanted.code).await?;
    if let Some(typed) = input::typed(&wanted.code, None)
        && carried.is_empty()
    {
        return validate_typed(app, id, &policy, typed, place, now).await;
    }
    let (presented, ticket) = read(app, id, &wanted.code, now).await?;
    let verdict = match ticket {
        Some(ticket) => {
            let known = Known::of(&app.db, &ticket).await?;
            let rules = Arc::clone(&policy);
            Case::shown(rules, &ticket, known, presented, place, now)?.decide(now)
        }
        None if presented == Presented::Refused(Reason::NotATicket) && !carried.is_empty() => {
            decide_medium(&carried, &[], &policy, &context, now)
        }
        None => decide(&presented, &Facts::default(), &policy, &context, now),
    };
    view(app, &policy, id, verdict).await
}

/// Steps 1 to 3, and the ticket that was read.
async fn read(
    app: &App,
    event: EventId,
    code: &str,
    now: Timestamp,
) -> Result<(Presented, Option<ClaimedTicket>), Error> {
    let keys = trusted(app, event, now).await?;
    // Of a key that was given up only those tickets are good that were issued, and which serial it
    // claims is known when it was read: then it is read again.
    let asked = Cell::new(None);
    let first = input::read(
        (code, None),
        event,
        &keys,
        &|serial| {
            asked.set(Some(serial));
            None
        },
        now,
    );
    let mut presented = first.presented;
    if let Some(serial) = asked.get()
        && let Some(ticket) = by_serial(&app.db, event, serial).await?
    {
        let issued = |of| (of == serial).then_some((ticket.generation, ticket.commitment));
        presented = input::read((code, None), event, &keys, &issued, now).presented;
    }
    let Presented::Ticket { payload, .. } = &presented else {
        return Ok((presented, None));
    };
    match by_serial(&app.db, event, payload.serial).await? {
        Some(ticket) => Ok((presented, Some(ticket.into_inner()))),
        // The signature holds, and nobody here ever made it.
        None => Ok((Presented::Refused(Reason::UnknownKey), None)),
    }
}

async fn trusted(app: &App, id: EventId, now: Timestamp) -> Result<TrustedKeys, Error> {
    let of = event(&app.db, id).await?.into_inner();
    let trust = statements::ensure(app, &of, now).await?;
    let ring = statements::read::<Keyring>(&trust.keyring, &trust.keys.keyring)?;
    let keys = keys::current(app, id, now).await?;
    let scan = (0..=keys.scan_id()).map(|id| Arc::new(keys.scan_key(id)));
    Ok(TrustedKeys::load(&ring.body)?.with_scan_keys(scan.collect()))
}

async fn validate_typed(
    app: &AppState,
    id: EventId,
    policy: &Arc<Policy>,
    typed: Typed,
    place: Place,
    now: Timestamp,
) -> Result<ValidationView, Error> {
    let found = look_up(app, id, typed, place, now).await?;
    let verdict = match found {
        Ok((ticket, presented)) => {
            let known = Known::of(&app.db, &ticket).await?;
            let rules = Arc::clone(policy);
            Case::shown(rules, &ticket, known, presented, place, now)?.decide(now)
        }
        Err(why) => {
            let context = place.context(policy, now)?;
            let none = Facts::default();
            let mut verdict = decide(&why.presented(), &none, policy, &context, now);
            verdict.explanation = why.explain(&policy.language);
            verdict
        }
    };
    view(app, policy, id, verdict).await
}

/// The ticket of a typed code, counted as a try: check digits, limits, then the slow hash.
async fn look_up(
    app: &AppState,
    id: EventId,
    typed: Typed,
    place: Place,
    now: Timestamp,
) -> Result<Result<(ClaimedTicket, Presented), Untyped>, Error> {
    let Typed::Code(code) = typed else {
        return Ok(Err(Untyped::Misread));
    };
    if !place.attended {
        return Ok(Err(Untyped::Unattended));
    }
    let attempt = match tries::begin(&app.db, id, now).await? {
        Ok(attempt) => attempt,
        Err(why) => return Ok(Err(why)),
    };
    // Two tickets with one code are nobody's, as at the gates.
    let [serial] = with_code(app, id, code, now).await?[..] else {
        return Ok(Err(Untyped::Unknown));
    };
    let Some(ticket) = by_serial(&app.db, id, serial).await? else {
        return Ok(Err(Untyped::Unknown));
    };
    tries::take_back(&app.db, id, attempt).await?;
    let payload = ticket.payload()?;
    Ok(Ok((ticket.into_inner(), Presented::Found { payload })))
}

/// The serials whose published index is the code's: what a gate with today's list would find.
async fn with_code(
    app: &AppState,
    id: EventId,
    code: TypedCode,
    now: Timestamp,
) -> Result<Vec<u32>, Error> {
    let slow = tokio::task::spawn_blocking(move || code.proof(id).code_index(id));
    let index = slow.await;
    let index = index.map_err(|_| Error::Inconsistent("a slow hash broke off"))?;
    let published = publish::refresh(app, id, now).await?;
    let key = &published.trust.keys.snapshot;
    let manifest = statements::read::<Manifest>(&published.snapshot, key)?.body;
    let mut serials = Vec::new();
    for reference in &manifest.segments {
        if reference.kind == SegmentKind::Codes {
            serials.extend(find_in(app, id, reference, index).await?);
        }
    }
    Ok(serials)
}

async fn find_in(
    app: &App,
    event: EventId,
    reference: &SegmentRef,
    index: CodeIndex,
) -> Result<Vec<u32>, Error> {
    let key = StoredSegment::key(event, reference.kind, reference.index);
    let stored = app.db.get::<StoredSegment>(&key).await?;
    let stored = stored.filter(|stored| stored.reference == *reference);
    // A publisher has put another in its place meanwhile.
    let stored = stored.ok_or(Error::Contended)?;
    let shared::trust::Segment::Codes(codes) =
        shared::trust::Segment::open(reference, &stored.wire)?
    else {
        return Ok(Vec::new());
    };
    let first = reference.index.saturating_mul(SEGMENT_TICKETS);
    let serials = codes.find(index).filter_map(|place| {
        let place = u32::try_from(place).ok()?;
        first.checked_add(place)
    });
    Ok(serials.collect())
}
