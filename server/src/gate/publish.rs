//! Publishing: drains the marks, patches the segments they touch, signs the next manifest.
//!
//! Invariants: a mark goes only in the commit that stores a snapshot made from what was read after
//! the mark; two publishers of one version collide and the loser starts over, so no change is lost;
//! work and memory follow the number of changes, never the number of tickets.

use std::collections::{BTreeMap, BTreeSet};

use shared::ids::EventId;
use shared::limits::SEGMENT_TICKETS;
use shared::time::Timestamp;
use shared::trust::{Manifest, Segment, SegmentKind, SegmentRef, StatementKind};

use super::changed::GateChange;
use super::model::{StoredSegment, StoredStatement};
use super::segments::{Patches, RowChange, locate};
use super::statements::{self, RACES_MAX, Trust};
use super::{Error, event, policy};
use crate::app::App;
use crate::events::{self, model::Event};
use crate::platform::db::{Db, DbError, Query, Tx, Versioned};
use crate::tickets::{self, ClaimedTicket};

/// Marks that one manifest takes in. Serials are drawn at random, so each may touch a segment.
const CHANGES_PER_ROUND: u32 = 512;
/// Segments that get names in one round after the event allowed names.
const NAMED_PER_ROUND: usize = 32;
/// From this many changes on, a segment is read by range instead of ticket by ticket.
const RANGE_FROM: usize = 16;
/// Older manifests are of no use to anyone: a device jumps to the newest.
const MANIFESTS_KEPT: u64 = 4;

/// The newest statements of an event, all that changed being in them.
pub struct Published {
    pub trust: Trust,
    pub snapshot: StoredStatement,
}

/// Publishes what is pending, if anything is, and gives the newest statements.
pub async fn refresh(app: &App, event: EventId, now: Timestamp) -> Result<Published, Error> {
    let mut races = 0;
    loop {
        let round = Round::read(app, event, now).await?;
        if round.is_current(now) {
            return round.published();
        }
        // One publisher at a time in this process; others of this event wait and find it done.
        let turn = app.gate.publishing.of(event);
        let _turn = turn.lock().await;
        let round = Round::read(app, event, now).await?;
        if round.is_current(now) {
            return round.published();
        }
        if !round.publish(app, now).await? {
            races += 1;
            if races > RACES_MAX {
                return Err(Error::Contended);
            }
        }
    }
}

/// What one manifest is made from.
struct Round {
    event: Event,
    trust: Trust,
    previous: Option<(StoredStatement, Manifest)>,
    policy: shared::trust::Policy,
    changes: Vec<Versioned<GateChange>>,
    /// Ticket segments whose holders' names are still missing.
    unnamed: Vec<u32>,
}

impl Round {
    async fn read(app: &App, id: EventId, now: Timestamp) -> Result<Self, Error> {
        // Marks first: whatever they stand for was committed with them and is seen below.
        let query = Query::on("by_event").eq(id).limit(CHANGES_PER_ROUND);
        let changes = app.db.list::<GateChange>(&query).await?;
        let event = event(&app.db, id).await?.into_inner();
        let classes = events::classes_of(&app.db, id).await?;
        let gates = events::gates_of(&app.db, id).await?;
        let check_in = events::check_in_of(&app.db, id).await?;
        let trust = statements::ensure(app, &event, now).await?;
        let previous = match statements::latest(&app.db, id, StatementKind::Snapshot).await? {
            Some(stored) => {
                let opened = statements::read::<Manifest>(&stored, &trust.keys.snapshot)?;
                Some((stored, opened.body))
            }
            None => None,
        };
        let segments = previous
            .as_ref()
            .map_or(&[][..], |(_, manifest)| &manifest.segments);
        Ok(Self {
            unnamed: unnamed(&event, segments),
            policy: policy::of(&event, &classes, &gates, &check_in),
            event,
            trust,
            previous,
            changes,
        })
    }

    fn is_current(&self, now: Timestamp) -> bool {
        let Some((stored, manifest)) = &self.previous else {
            return false;
        };
        self.changes.is_empty()
            && self.unnamed.is_empty()
            && manifest.policy == self.policy
            && manifest.keyring_version == self.trust.keyring.version
            && manifest.roster_version == self.trust.roster.version
            && (self.event.names_at_gate || !has_names(&manifest.segments))
            && now.millis_since(stored.created) < policy::REFRESH_AFTER_SECS * 1000
            && !statements::is_short(stored, &self.event, now)
    }

    fn published(self) -> Result<Published, Error> {
        let (snapshot, _) = self.previous.ok_or(Error::Inconsistent("no snapshot"))?;
        Ok(Published {
            trust: self.trust,
            snapshot,
        })
    }

    /// False when somebody else published meanwhile.
    async fn publish(self, app: &App, now: Timestamp) -> Result<bool, Error> {
        let rows = self.rows(&app.db).await?;
        let patches = Patches::of(rows, self.event.names_at_gate);
        let mut references: BTreeMap<(SegmentKind, u32), SegmentRef> = self
            .previous
            .iter()
            .flat_map(|(_, manifest)| &manifest.segments)
            .map(|reference| (reference.place(), *reference))
            .collect();
        let mut written = Vec::new();
        let mut removed = Vec::new();
        for (kind, index) in patches.keys() {
            let old = match references.get(&(kind, index)) {
                Some(reference) => Some(stored_segment(&app.db, self.event.id, reference).await?),
                None => None,
            };
            // A segment gone from under its reference: somebody else published meanwhile.
            let Some(old) = old.map_or(Some(None), |old| old.map(Some)) else {
                return Ok(false);
            };
            if let Some(segment) = patches.apply(kind, index, old.as_ref()) {
                let stored = StoredSegment::new(self.event.id, index, &segment);
                references.insert((kind, index), stored.reference);
                written.push(stored);
            } else if references.remove(&(kind, index)).is_some() {
                removed.push((kind, index));
            }
        }
        if !self.event.names_at_gate {
            let names = references.extract_if(.., |(kind, _), _| *kind == SegmentKind::Holders);
            removed.extend(names.map(|(place, _)| place));
        }
        let statement = self.sign(references.into_values().collect(), now)?;
        let event = self.event.id;
        let changes = self.changes;
        let stored = app
            .db
            .write(move |tx| store(tx, event, &statement, &written, &removed, &changes))
            .await;
        match stored {
            Err(error) if error.is_race() => Ok(false),
            stored => stored,
        }
    }

    fn sign(&self, segments: Vec<SegmentRef>, now: Timestamp) -> Result<StoredStatement, Error> {
        let manifest = Manifest {
            keyring_version: self.trust.keyring.version,
            roster_version: self.trust.roster.version,
            policy: self.policy.clone(),
            segments,
        };
        manifest.check()?;
        statements::next(
            self.previous.as_ref().map(|(stored, _)| stored),
            StatementKind::Snapshot,
            self.event.id,
            (now, statements::expiry(&self.event, now)),
            manifest,
            &self.trust.keys.snapshot,
        )
    }

    /// The rows behind the marks, and those that still lack their names.
    async fn rows(&self, db: &Db) -> Result<Vec<RowChange>, Error> {
        let mut by_segment: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for change in &self.changes {
            let (index, _) = locate(change.serial);
            by_segment.entry(index).or_default().insert(change.serial);
        }
        for index in self.unnamed.iter().take(NAMED_PER_ROUND) {
            let first = index * SEGMENT_TICKETS;
            by_segment
                .entry(*index)
                .or_default()
                .extend(first..first + SEGMENT_TICKETS);
        }
        let mut rows = Vec::new();
        for (index, serials) in by_segment {
            let claimed = claimed(db, self.event.id, index, &serials).await?;
            for serial in serials {
                rows.push(match claimed.get(&serial) {
                    Some(ticket) => tickets::snapshot_row(db, ticket).await?,
                    None => RowChange::nobody(serial),
                });
            }
        }
        Ok(rows)
    }
}

/// Claimed tickets of one segment, by serial: all of them, or just the wanted ones.
async fn claimed(
    db: &Db,
    event: EventId,
    index: u32,
    serials: &BTreeSet<u32>,
) -> Result<BTreeMap<u32, ClaimedTicket>, DbError> {
    let mut found = Vec::new();
    if serials.len() >= RANGE_FROM {
        let first = index * SEGMENT_TICKETS;
        let query = Query::on("by_serial")
            .eq(event)
            .range(first, first + SEGMENT_TICKETS)
            .limit(SEGMENT_TICKETS);
        found = db.list::<ClaimedTicket>(&query).await?;
    } else {
        for serial in serials {
            let query = Query::on("by_serial").eq(event).eq(*serial).limit(1);
            found.extend(db.list::<ClaimedTicket>(&query).await?);
        }
    }
    let tickets = found.into_iter().map(Versioned::into_inner);
    Ok(tickets.map(|ticket| (ticket.serial, ticket)).collect())
}

/// The content behind a reference; `None` when it has been replaced.
async fn stored_segment(
    db: &Db,
    event: EventId,
    reference: &SegmentRef,
) -> Result<Option<Segment>, Error> {
    let key = StoredSegment::key(event, reference.kind, reference.index);
    let stored = db.get::<StoredSegment>(&key).await?;
    let Some(stored) = stored.filter(|stored| stored.reference == *reference) else {
        return Ok(None);
    };
    Ok(Some(Segment::open(reference, &stored.wire)?))
}

fn has_names(segments: &[SegmentRef]) -> bool {
    segments
        .iter()
        .any(|segment| segment.kind == SegmentKind::Holders)
}

/// Every claimed row has a holder, so a ticket segment without names was made without them.
fn unnamed(event: &Event, segments: &[SegmentRef]) -> Vec<u32> {
    if !event.names_at_gate {
        return Vec::new();
    }
    let named: BTreeSet<u32> = indices(segments, SegmentKind::Holders).collect();
    indices(segments, SegmentKind::Tickets)
        .filter(|index| !named.contains(index))
        .collect()
}

fn indices(segments: &[SegmentRef], kind: SegmentKind) -> impl Iterator<Item = u32> {
    segments
        .iter()
        .filter(move |segment| segment.kind == kind)
        .map(|segment| segment.index)
}

/// One commit: the segments, the manifest that names them, and the marks they settle.
fn store(
    tx: &mut Tx<'_>,
    event: EventId,
    statement: &StoredStatement,
    written: &[StoredSegment],
    removed: &[(SegmentKind, u32)],
    changes: &[Versioned<GateChange>],
) -> Result<bool, Error> {
    if statements::latest_version(tx, event, StatementKind::Snapshot)? + 1 != statement.version {
        return Ok(false);
    }
    tx.insert(statement)?;
    for segment in written {
        match tx.get::<StoredSegment>(&crate::platform::db::Entity::id(segment))? {
            Some(mut stored) => {
                stored.value = segment.clone();
                tx.replace(&mut stored)?;
            }
            None => {
                tx.insert(segment)?;
            }
        }
    }
    for (kind, index) in removed {
        if let Some(stored) = tx.get::<StoredSegment>(&StoredSegment::key(event, *kind, *index))? {
            tx.delete(&stored)?;
        }
    }
    for change in changes {
        let key = GateChange::key(event, change.serial);
        // Marked again meanwhile: the next round reads the ticket again.
        if let Some(mark) = tx
            .get::<GateChange>(&key)?
            .filter(|mark| mark.rev == change.rev)
        {
            tx.delete(&mark)?;
        }
    }
    statements::prune(
        tx,
        event,
        StatementKind::Snapshot,
        statement.version,
        MANIFESTS_KEPT,
    )?;
    Ok(true)
}
