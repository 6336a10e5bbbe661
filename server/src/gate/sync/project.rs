//! From entries to redemptions: one row a use, labelled by the fold over all uses of the ticket.
//!
//! Invariants: labels and counts are a function of the set of entries, so every order of arrival ends
//! in the same rows; quarantined entries make suspects and scans without proof nothing; the stock follows the fold
//! (VALIDATED while an admission stands, CLAIMED again when it was undone); rows of a later commit
//! are received later, so who pages through an event's redemptions misses none.

use std::collections::BTreeMap;

use shared::admission::clashes;
use shared::api::gate::RedemptionLabel;
use shared::api::tickets::TicketStatus;
use shared::ids::EventId;
use shared::log::{
    ClockNote, DecisionFlags, Entry, EntryKind, KnownTicket, LogId, RefusalNote, TicketState,
};
use shared::ticket::{MediumId, ProofStanding, proof_standing};
use shared::time::Timestamp;
use shared::trust::Policy;

use super::super::incident::{Incident, IncidentKind};
use super::super::live::{self, Changes, Place};
use super::super::model::GateDevice;
use super::super::redemption::{Redemption, Suspect, redemption_label};
use super::super::redemptions;
use super::super::{Error, TicketCode};
use super::count::{move_shares, shares};
use super::plan::Plan;
use crate::inventory::model::{IssuedTicket, Step};
use crate::platform::db::{LIMIT_MAX, Query, Tx};
use crate::tickets::ClaimedTicket;

/// A use as it came, and whether its device had been cut off before.
struct Arrived {
    redemption: Redemption,
    entry: Entry,
    quarantined: bool,
}

pub(super) fn project(
    tx: &mut Tx<'_>,
    event: EventId,
    plan: &Plan,
    rules: &Policy,
    now: Timestamp,
) -> Result<(), Error> {
    let mut by_serial: BTreeMap<u32, Vec<Arrived>> = BTreeMap::new();
    let mut changes = Changes::default();
    let mut clocks = BTreeMap::new();
    for run in &plan.runs {
        let Some((known, _)) = plan.grown.get(&run.log) else {
            continue;
        };
        let device = known.log.device;
        let clock = clocks.entry(run.log).or_insert(known.log.clock_told_ms);
        for entry in &run.entries {
            if let Some(note) = ClockNote::of(entry) {
                *clock = Some(note.offset_millis);
            }
            let quarantined = known.cut.is_some_and(|cut| entry.seq >= cut);
            if let Some(note) = RefusalNote::of(entry).filter(|_| !quarantined) {
                let at = corrected(entry, known.clock_offset_ms, now);
                for place in [Place::Gate(entry.gate), Place::Device(device)] {
                    let refusals = &mut changes.at(place).refusals;
                    refusals.push((note.reason, at, note.count));
                }
            }
            let use_ = Redemption::of_entry(event, run.log, device, entry, now);
            if let Some(mut redemption) = use_ {
                redemption.clock_offset_ms = known.clock_offset_ms;
                redemption.clock_told_ms = *clock;
                let arrived = Arrived {
                    redemption,
                    entry: *entry,
                    quarantined,
                };
                by_serial.entry(entry.serial).or_default().push(arrived);
            }
        }
    }
    if !by_serial.is_empty() {
        let received = redemptions::next_receipt(tx, event, now)?;
        for (serial, uses) in by_serial {
            project_ticket(tx, (event, rules), serial, uses, received, &mut changes)?;
        }
    }
    let tallies = changes.store(tx, event)?;
    live::alarm(tx, event, (&changes, &tallies), now)?;
    Ok(())
}

/// Counts a use that was quarantined, as if it came now from a device that is believed.
pub(in super::super) fn take_up(
    tx: &mut Tx<'_>,
    redemption: Redemption,
    entry: Entry,
    rules: &Policy,
    now: Timestamp,
) -> Result<(), Error> {
    let (event, serial) = (redemption.event, redemption.serial);
    let received = redemptions::next_receipt(tx, event, now)?;
    let mut changes = Changes::default();
    let arrived = Arrived {
        redemption,
        entry,
        quarantined: false,
    };
    project_ticket(
        tx,
        (event, rules),
        serial,
        vec![arrived],
        received,
        &mut changes,
    )?;
    let tallies = changes.store(tx, event)?;
    live::alarm(tx, event, (&changes, &tallies), now)?;
    Ok(())
}

/// When the entry was made by the server's clock; not in the future.
fn corrected(entry: &Entry, clock_offset_ms: i64, now: Timestamp) -> Timestamp {
    entry.hlc.at().plus_millis(clock_offset_ms).min(now)
}

fn project_ticket(
    tx: &mut Tx<'_>,
    (event, rules): (EventId, &Policy),
    serial: u32,
    uses: Vec<Arrived>,
    received: Timestamp,
    changes: &mut Changes,
) -> Result<(), Error> {
    let query = Query::on("by_serial").eq(event).eq(serial);
    let ticket = tx.list::<ClaimedTicket>(&query.clone().limit(1))?.pop();
    let main = match ticket.as_ref().and_then(|ticket| ticket.added_to) {
        Some(to) => tx.get::<ClaimedTicket>(&to.ticket.to_string())?,
        None => None,
    };
    let mut known = tx.list::<Redemption>(&query.limit(LIMIT_MAX))?;
    let mut fresh = Vec::with_capacity(uses.len());
    for arrived in uses {
        let mut redemption = arrived.redemption;
        redemption.received_at = received;
        if !carried(
            tx,
            &redemption,
            ticket.as_deref(),
            main.as_deref(),
            &arrived.entry,
        )? {
            note_unproven(tx, &redemption)?;
            continue;
        }
        redemption.ticket = ticket.as_ref().map(|ticket| ticket.ticket_id);
        redemption.claimed_ticket = ticket.as_ref().map(|ticket| ticket.id);
        if arrived.quarantined {
            tx.insert(&Suspect(redemption))?;
        } else {
            fresh.push((redemption, arrived.entry));
        }
    }
    let before = fold(known.iter().map(|row| &row.value));
    let shares_before = shares(known.iter().map(|row| &row.value), &before, rules);
    for (redemption, entry) in &fresh {
        if redemption.as_use().is_admission() {
            let at = corrected(entry, redemption.clock_offset_ms, received);
            for place in [
                Place::Gate(redemption.gate),
                Place::Device(redemption.device),
            ] {
                changes.at(place).admissions.push(at);
            }
        }
    }
    let mut fresh: Vec<Redemption> = fresh.into_iter().map(|(row, _)| row).collect();
    let all = || known.iter().map(|row| &row.value).chain(&fresh);
    let after = fold(all());
    move_shares(changes, &shares_before, &shares(all(), &after, rules));
    let labels = labels(&after);
    for redemption in &mut known {
        let label = labels.of(redemption);
        if redemption.label != label {
            redemption.label = label;
            tx.replace(redemption)?;
        }
    }
    for redemption in &mut fresh {
        redemption.label = labels.of(redemption);
        tx.insert(redemption)?;
    }
    let clashes = [&before, &after].map(|state| clashes(state, rules));
    live::note_conflict(tx, event, serial, &clashes, received)?;
    if let Some(ticket) = ticket {
        move_stock(tx, &ticket, after.admissions() > 0)?;
    }
    Ok(())
}

fn fold<'a>(uses: impl Iterator<Item = &'a Redemption>) -> TicketState {
    let mut state = TicketState::default();
    for redemption in uses {
        state.insert(redemption.as_use());
    }
    state
}

/// VALIDATED while an admission stands. What was cancelled stays so, whoever came in on it.
fn move_stock(tx: &mut Tx<'_>, ticket: &ClaimedTicket, is_in: bool) -> Result<(), Error> {
    let stock = tx.get::<IssuedTicket>(&ticket.ticket_id.to_string())?;
    let mut stock = stock.ok_or(Error::Inconsistent("a claimed ticket without stock"))?;
    let step = match (stock.status, is_in) {
        (TicketStatus::Claimed, true) => Step::Validate,
        (TicketStatus::Validated, false) => Step::TakeBack,
        (
            TicketStatus::Available
            | TicketStatus::Held
            | TicketStatus::Paid
            | TicketStatus::Claimed
            | TicketStatus::Validated
            | TicketStatus::Cancelled
            | TicketStatus::Expired,
            _,
        ) => return Ok(()),
    };
    stock
        .apply(step)
        .map_err(|_| Error::Inconsistent("the stock's table of moves"))?;
    tx.replace(&mut stock)?;
    Ok(())
}

/// Whether the entry counts: made by someone who saw the token or knew its typed code, or a
/// supervisor's word from where one can stand. A ticket that the server does not know, or a
/// generation that it did not issue, proves nothing (ADR 0004 and 0010): such an entry is kept in
/// its log and counts for nothing.
fn counts(
    tx: &mut Tx<'_>,
    of: &Redemption,
    ticket: Option<&ClaimedTicket>,
    entry: &Entry,
) -> Result<bool, Error> {
    let event = of.event;
    let attended = if entry.is_word() {
        let device = tx.get::<GateDevice>(&of.device.to_string())?;
        device.is_some_and(|device| device.attended)
    } else {
        false
    };
    let index = if entry.flags.contains(DecisionFlags::TYPED) {
        let code = tx.get::<TicketCode>(&TicketCode::key(event, entry.serial))?;
        code.and_then(|code| code.index_of(entry.generation))
    } else {
        None
    };
    let commitment = ticket.and_then(|ticket| ticket.commitment_of(entry.generation));
    let known = commitment.map(|commitment| KnownTicket {
        generation: entry.generation,
        commitment,
        index,
    });
    Ok(match entry.standing(event, attended, known) {
        ProofStanding::Proven => true,
        ProofStanding::Contradicted | ProofStanding::Unknown => false,
    })
}

/// Whether an entry about an add-on was made by someone who saw the ticket that it was added to,
/// or knew its typed code.
fn saw(
    tx: &mut Tx<'_>,
    of: &Redemption,
    main: &ClaimedTicket,
    entry: &Entry,
) -> Result<bool, Error> {
    let event = of.event;
    if !entry.is_proof() {
        return Ok(false);
    }
    if entry.flags.contains(DecisionFlags::TYPED) {
        let code = tx.get::<TicketCode>(&TicketCode::key(event, main.serial))?;
        let index = entry.proof.code_index(event);
        return Ok(code.is_some_and(|code| code.indexes().any(|of| of == index)));
    }
    let proven = |(generation, commitment)| {
        let row = Some((generation, commitment));
        proof_standing(entry.proof, event, main.serial, generation, row) == ProofStanding::Proven
    };
    Ok(main.commitments().any(proven))
}

/// Somebody saw the ticket, the one that it was added to, or a medium that stands for it; or a
/// supervisor said so.
fn carried(
    tx: &mut Tx<'_>,
    of: &Redemption,
    ticket: Option<&ClaimedTicket>,
    main: Option<&ClaimedTicket>,
    entry: &Entry,
) -> Result<bool, Error> {
    if counts(tx, of, ticket, entry)? {
        return Ok(true);
    }
    if let Some(main) = main
        && saw(tx, of, main, entry)?
    {
        return Ok(true);
    }
    Ok(ticket.is_some_and(|ticket| saw_medium(of.event, ticket, entry)))
}

/// Whether it was made by someone who saw a medium that stands for the ticket, or once did.
fn saw_medium(event: EventId, ticket: &ClaimedTicket, entry: &Entry) -> bool {
    let is_scan = matches!(entry.kind, EntryKind::Admit | EntryKind::Exit);
    let id = MediumId::of(event, entry.proof);
    is_scan && ticket.media.iter().any(|link| link.id == id)
}

/// One an hour for each device: whoever stole it would bury all other incidents under its own.
fn note_unproven(tx: &mut Tx<'_>, redemption: &Redemption) -> Result<(), Error> {
    let now = redemption.received_at;
    let hour = now.as_secs().div_euclid(3600);
    let subject = format!("{}:{hour}", redemption.device);
    let kind = IncidentKind::UnprovenScan;
    Incident::new(redemption.event, kind, redemption.device, subject, now).note(tx)?;
    Ok(())
}

/// Labels by (log, seq); what was undone has none.
struct Labels(BTreeMap<(LogId, u32), RedemptionLabel>);

fn labels(state: &TicketState) -> Labels {
    let labelled = state.labelled().into_iter();
    Labels(
        labelled
            .map(|(use_, label)| ((use_.log, use_.seq), redemption_label(label)))
            .collect(),
    )
}

impl Labels {
    fn of(&self, redemption: &Redemption) -> RedemptionLabel {
        let label = self.0.get(&(redemption.log(), redemption.seq));
        label.copied().unwrap_or(RedemptionLabel::None)
    }
}
