//! From entries to redemptions: one row a use, labelled by the fold over all uses of the ticket.
//!
//! Invariants: labels are a function of the set of entries, so every order of arrival ends in the
//! same rows; quarantined entries and scans without proof make none; the stock follows the fold
//! (VALIDATED while an admission stands, CLAIMED again when it was undone); rows of a later commit
//! are received later, so who pages through an event's redemptions misses none.

use std::collections::BTreeMap;

use shared::api::gate::RedemptionLabel;
use shared::api::tickets::TicketStatus;
use shared::ids::EventId;
use shared::log::{Entry, EntryKind, LogId, TicketState};
use shared::ticket::{MediumId, ProofStanding, ScanProof, proof_standing};
use shared::time::Timestamp;

use super::super::Error;
use super::super::incident::{Incident, IncidentKind};
use super::super::redemption::{Redemption, redemption_label};
use super::super::redemptions;
use super::plan::Plan;
use crate::inventory::model::{IssuedTicket, Step};
use crate::platform::db::{LIMIT_MAX, Query, Tx};
use crate::tickets::ClaimedTicket;

/// What entries without a scan carry.
const NO_PROOF: ScanProof = ScanProof([0; 8]);

pub(super) fn project(
    tx: &mut Tx<'_>,
    event: EventId,
    plan: &Plan,
    now: Timestamp,
) -> Result<(), Error> {
    let mut by_serial: BTreeMap<u32, Vec<(Redemption, Entry)>> = BTreeMap::new();
    for run in &plan.runs {
        let Some((known, _)) = plan.grown.get(&run.log) else {
            continue;
        };
        let counted = run
            .entries
            .iter()
            .filter(|entry| known.cut.is_none_or(|cut| entry.seq < cut));
        for entry in counted {
            let device = known.log.device;
            if let Some(use_) = Redemption::of_entry(event, run.log, device, entry, now) {
                by_serial
                    .entry(entry.serial)
                    .or_default()
                    .push((use_, *entry));
            }
        }
    }
    if by_serial.is_empty() {
        return Ok(());
    }
    let received = redemptions::next_receipt(tx, event, now)?;
    for (serial, uses) in by_serial {
        project_ticket(tx, event, serial, uses, received)?;
    }
    Ok(())
}

fn project_ticket(
    tx: &mut Tx<'_>,
    event: EventId,
    serial: u32,
    uses: Vec<(Redemption, Entry)>,
    received: Timestamp,
) -> Result<(), Error> {
    let query = Query::on("by_serial").eq(event).eq(serial);
    let ticket = tx.list::<ClaimedTicket>(&query.clone().limit(1))?.pop();
    let main = match ticket.as_ref().and_then(|ticket| ticket.added_to) {
        Some(to) => tx.get::<ClaimedTicket>(&to.ticket.to_string())?,
        None => None,
    };
    let mut known = tx.list::<Redemption>(&query.limit(LIMIT_MAX))?;
    let mut fresh = Vec::with_capacity(uses.len());
    for (mut redemption, entry) in uses {
        redemption.received_at = received;
        let by_main = || main.as_deref().is_some_and(|main| saw(event, main, &entry));
        let by_medium = || {
            let ticket = ticket.as_deref();
            ticket.is_some_and(|ticket| saw_medium(event, ticket, &entry))
        };
        if counts(event, ticket.as_deref(), &entry) || by_main() || by_medium() {
            redemption.ticket = ticket.as_ref().map(|ticket| ticket.ticket_id);
            redemption.claimed_ticket = ticket.as_ref().map(|ticket| ticket.id);
            fresh.push(redemption);
        } else {
            note_unproven(tx, &redemption)?;
        }
    }
    let mut state = TicketState::default();
    for redemption in known.iter().map(|row| &row.value).chain(&fresh) {
        state.insert(redemption.as_use());
    }
    let labels = labels(&state);
    for redemption in &mut known {
        let label = labels.of(redemption);
        if redemption.label != label {
            redemption.label = label;
            tx.replace(redemption)?;
        }
    }
    for mut redemption in fresh {
        redemption.label = labels.of(&redemption);
        tx.insert(&redemption)?;
    }
    if let Some(ticket) = ticket {
        move_stock(tx, &ticket, state.admissions() > 0)?;
    }
    Ok(())
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

/// Whether the entry counts: made by someone who saw the token, or of a kind that needs no scan.
/// A ticket that the server does not know, or a generation that it did not issue, proves nothing
/// (ADR 0004): such an entry is kept in its log and counts for nothing.
fn counts(event: EventId, ticket: Option<&ClaimedTicket>, entry: &Entry) -> bool {
    let is_scan = match entry.kind {
        EntryKind::Admit => true,
        // People are also counted out without a scan.
        EntryKind::Exit => entry.proof != NO_PROOF,
        // A supervisor's word; listed as such.
        EntryKind::Undo | EntryKind::Forced => false,
        EntryKind::Refused | EntryKind::Clock | EntryKind::Roster | EntryKind::Checkpoint => {
            return false;
        }
    };
    if !is_scan {
        return true;
    }
    let commitment = ticket.and_then(|ticket| ticket.commitment_of(entry.generation));
    let row = commitment.map(|commitment| (entry.generation, commitment));
    match proof_standing(entry.proof, event, entry.serial, entry.generation, row) {
        ProofStanding::Proven => true,
        ProofStanding::Contradicted | ProofStanding::Unknown => false,
    }
}

/// Whether an entry about an add-on was made by someone who saw the ticket that it was added to.
fn saw(event: EventId, main: &ClaimedTicket, entry: &Entry) -> bool {
    let is_scan = matches!(entry.kind, EntryKind::Admit | EntryKind::Exit);
    let proven = |(generation, commitment)| {
        let row = Some((generation, commitment));
        proof_standing(entry.proof, event, main.serial, generation, row) == ProofStanding::Proven
    };
    is_scan && main.commitments().any(proven)
}

/// Whether it was made by someone who saw a medium that stands for the ticket, or once did.
fn saw_medium(event: EventId, ticket: &ClaimedTicket, entry: &Entry) -> bool {
    let is_scan = matches!(entry.kind, EntryKind::Admit | EntryKind::Exit);
    let id = MediumId::of(event, entry.proof);
    is_scan && ticket.media.iter().any(|link| link.id == id)
}

fn note_unproven(tx: &mut Tx<'_>, redemption: &Redemption) -> Result<(), Error> {
    let now = redemption.received_at;
    let subject = format!("{}:{}", redemption.log(), redemption.seq);
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
