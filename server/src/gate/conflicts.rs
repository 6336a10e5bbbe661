//! Tickets by which more came in than may: what a partition let through, ordered and explained the
//! same way everywhere.
//!
//! Invariant: derived from signed entries, the event's rules and the roster's cuts alone, so every
//! replica that has the same of them tells the same conflicts.

use std::collections::BTreeSet;

use shared::admission::clashes;
use shared::api::gate::{
    ConflictAdmissionView, ConflictView, Heard, RedemptionKind, RedemptionLabel,
};
use shared::api::page::Page;
use shared::ids::EventId;
use shared::log::{Admission, DecisionFlags, TicketState, conflict};
use shared::trust::Policy;

use super::Error;
use super::redemption::{Redemption, Suspect};
use super::redemptions::{Names, of_serial};
use super::validate::rules_of;
use crate::app::App;
use crate::events;
use crate::platform::db::{Db, DbError, LIMIT_MAX, Query};
use crate::platform::http::{Caller, PageParams};

/// By serial, each once. The cursor is the last serial of the page before.
pub(super) async fn conflicts(
    app: &App,
    caller: &Caller,
    event: EventId,
    page: &PageParams,
) -> Result<Page<ConflictView>, Error> {
    let event = events::owned_event(&app.db, caller, event).await?;
    let after = page.cursor.as_deref().map(cursor).transpose()?;
    let wanted = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let names = Names::of(&app.db, event.id).await?;
    let rules = rules_of(app, event.id).await?;
    let mut items = Vec::new();
    let mut last = after;
    loop {
        let serials = next_serials(&app.db, event.id, last, page.limit).await?;
        if serials.is_empty() {
            return Ok(Page {
                items,
                next_cursor: None,
            });
        }
        for serial in serials {
            if items.len() == wanted {
                return Ok(Page {
                    items,
                    next_cursor: last.map(|last| last.to_string()),
                });
            }
            items.extend(of_ticket(&app.db, event.id, serial, (&names, &rules)).await?);
            last = Some(serial);
        }
    }
}

fn cursor(text: &str) -> Result<u32, Error> {
    text.parse()
        .map_err(|_| Error::Field("cursor", "is not one of this list"))
}

/// Serials after `after` that may be in conflict, in order: at least one if there is any.
async fn next_serials(
    db: &Db,
    event: EventId,
    after: Option<u32>,
    limit: u32,
) -> Result<BTreeSet<u32>, DbError> {
    let rows = |index| {
        let rows = Query::on(index).eq(event).limit(limit);
        match after {
            Some(after) => rows.more_than(after),
            None => rows.at_least(0),
        }
    };
    let duplicates = db.list::<Redemption>(&rows("by_duplicate")).await?;
    let suspects = db.list::<Suspect>(&rows("by_serial")).await?;
    let mut serials: BTreeSet<u32> = duplicates.iter().map(|row| row.serial).collect();
    let suspected: BTreeSet<u32> = suspects.iter().map(|row| row.0.serial).collect();
    // Beyond the end of a list that was cut off, the other list alone would leave some out.
    let full = usize::try_from(limit).unwrap_or(usize::MAX);
    let ends = [
        (duplicates.len() >= full).then(|| serials.last().copied()),
        (suspects.len() >= full).then(|| suspected.last().copied()),
    ];
    serials.extend(suspected);
    if let Some(end) = ends.into_iter().flatten().flatten().min() {
        serials.retain(|serial| *serial <= end);
    }
    Ok(serials)
}

/// `None` when all but one of its admissions were undone, or stand in nobody's way.
async fn of_ticket(
    db: &Db,
    event: EventId,
    serial: u32,
    (names, rules): (&Names, &Policy),
) -> Result<Option<ConflictView>, DbError> {
    let mut uses = of_serial(db, event, serial).await?;
    let query = Query::on("by_serial").eq(event).eq(serial).limit(LIMIT_MAX);
    let suspects = db.list::<Suspect>(&query).await?;
    let mut suspects: Vec<Redemption> = suspects.into_iter().map(|row| row.value.0).collect();
    suspects.retain(is_admission);
    let mut state = TicketState::default();
    for use_ in &uses {
        state.insert(use_.as_use());
    }
    let clashes = clashes(&state, rules);
    let clash = |of: &Redemption| clashes.iter().any(|(use_, _)| *use_ == of.as_use());
    // Beside what is quarantined, all that came in is told.
    let stands = |of: &Redemption| of.label != RedemptionLabel::None;
    uses.retain(|of| stands(of) && (clash(of) || !suspects.is_empty()));
    let is_conflict = !(clashes.is_empty() && suspects.is_empty());
    let counted = uses.into_iter().map(|use_| (use_, false));
    let suspected = suspects.into_iter().map(|use_| (use_, true));
    let mut admissions: Vec<(Redemption, bool)> = counted.chain(suspected).collect();
    admissions.sort_by_key(|(use_, _)| use_.as_use());
    let judged: Vec<Admission> = admissions
        .iter()
        .map(|(use_, quarantined)| Admission {
            use_: use_.as_use(),
            flags: use_.flags(),
            // What this server measured is known to no other replica: shown, never judged by.
            offset_millis: use_.clock_told_ms.unwrap_or(0),
            quarantined: *quarantined,
        })
        .collect();
    Ok(conflict::category(&judged)
        .filter(|_| is_conflict)
        .map(|category| ConflictView {
            serial,
            ticket_id: admissions.iter().find_map(|(use_, _)| use_.ticket),
            category,
            admissions: admissions
                .iter()
                .map(|(use_, quarantined)| view(use_, *quarantined, names))
                .collect(),
        }))
}

fn is_admission(use_: &Redemption) -> bool {
    match use_.kind {
        RedemptionKind::Admit | RedemptionKind::Forced => true,
        RedemptionKind::Exit | RedemptionKind::Undo => false,
    }
}

fn view(use_: &Redemption, quarantined: bool, names: &Names) -> ConflictAdmissionView {
    let flags = use_.flags();
    ConflictAdmissionView {
        redemption: names.view(use_),
        corrected_at: use_.corrected_at(),
        heard: [
            (DecisionFlags::HEARD_SERVER, Heard::Server),
            (DecisionFlags::HEARD_PEER, Heard::Peer),
        ]
        .into_iter()
        .filter_map(|(flag, heard)| flags.contains(flag).then_some(heard))
        .collect(),
        clock_unsure: flags.contains(DecisionFlags::CLOCK_UNSURE),
        quarantined,
    }
}
