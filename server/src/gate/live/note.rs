//! What a commit leaves for the live view: the mark, and incidents that its entries tell of.

use shared::ids::EventId;
use shared::log::{Use, UseLabel};
use shared::time::Timestamp;

use super::super::incident::{Incident, IncidentKind};
use super::tally::Changes;
use super::{Place, Tally};
use crate::platform::db::{Db, DbError, Tx};
use crate::platform::moments::{self, Moment};

/// So many codes that nobody issued, at one device within a minute, are no misreads.
pub(super) const FORGED_PER_MINUTE: u32 = 5;
/// One incident of forged codes per device in this time.
const FORGED_EVERY_SECS: i64 = 600;

fn mark_name(event: EventId) -> String {
    format!("gate-live/{event}")
}

/// In each commit that changes what the live view shows.
pub(in super::super) fn touch(
    tx: &mut Tx<'_>,
    event: EventId,
    now: Timestamp,
) -> Result<(), DbError> {
    moments::next(tx, &mark_name(event), now, |_| Ok(None))?;
    Ok(())
}

/// Where the event stands: another mark, another view.
pub(super) async fn mark_of(db: &Db, event: EventId) -> Result<Option<Moment>, DbError> {
    let mark = db.get::<Moment>(&mark_name(event)).await?;
    Ok(mark.map(|mark| mark.value))
}

/// Looks at the counts after a commit.
pub(in super::super) fn alarm(
    tx: &mut Tx<'_>,
    event: EventId,
    (changes, tallies): (&Changes, &[Tally]),
    now: Timestamp,
) -> Result<(), DbError> {
    for tally in tallies {
        let Place::Device(device) = tally.place else {
            continue;
        };
        // By when they were shown: a device may have been alone meanwhile.
        for at in changes.forged_at(tally.place, &tally.forged, FORGED_PER_MINUTE) {
            let window = at.as_millis().div_euclid(FORGED_EVERY_SECS * 1000);
            let subject = format!("{device}:{window}");
            Incident::new(event, IncidentKind::ForgedCodes, device, subject, now).note(tx)?;
        }
    }
    if !tallies.is_empty() {
        touch(tx, event, now)?;
    }
    Ok(())
}

/// A ticket on which more came in than may, or on which that is no longer so.
pub(in super::super) fn note_conflict(
    tx: &mut Tx<'_>,
    event: EventId,
    serial: u32,
    [before, after]: &[Vec<(Use, UseLabel)>; 2],
    now: Timestamp,
) -> Result<(), DbError> {
    let labelled = |clashes: &[(Use, UseLabel)], wanted| {
        let mut found = clashes.iter().copied();
        found.find(|(_, label)| *label == wanted)
    };
    let duplicate = |clashes: &[(Use, UseLabel)]| labelled(clashes, UseLabel::Duplicate);
    let first = labelled(after, UseLabel::Primary).map(|(use_, _)| use_.device);
    let incident = |device| {
        let subject = serial.to_string();
        let kind = IncidentKind::SameTicketTwice;
        let incident = Incident::new(event, kind, device, subject, now);
        incident.about(serial).after(first)
    };
    match (duplicate(before), duplicate(after)) {
        (None, Some((use_, _))) => incident(use_.device).note(tx),
        (Some((use_, _)), None) => incident(use_.device).resolve(tx),
        (None, None) | (Some(_), Some(_)) => Ok(()),
    }
}
