//! The indexes of typed codes (T6): what the gates recognise a code by, and what gives none away.
//!
//! An index costs a slow hash, so a publisher computes only a few itself, and leaves a rush to a job. Until then such a ticket is scanned like any other.
//!
//! Invariants: no code is stored, only what one slow hash and one fast one make of it; an index
//! belongs to one generation, and an older one is kept for entries that tell of it.

use serde::{Deserialize, Serialize};
use shared::ids::{EventId, JobId};
use shared::ticket::CodeIndex;
use shared::time::Timestamp;
use zeroize::Zeroizing;

use super::keys::{self, EventKeys};
use super::segments::RowChange;
use super::{Error, mark_changed};
use crate::app::{App, AppState};
use crate::platform::db::{
    Collection, Db, DbError, Entity, Field, Index, IndexValue, Query, Tx, Versioned,
};
use crate::platform::jobs::{self, NewJob, Priority, Runner};
use crate::tickets::code;

const KIND: &str = "gate.codes";
/// Codes that a publisher computes itself, a quarter of a second; of more it computes none.
const AT_ONCE_MAX: usize = 16;
/// Codes of one run of the job: a second.
const PER_RUN: u32 = 64;

/// What is known of one ticket's code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketCode {
    pub event: EventId,
    pub serial: u32,
    pub generation: u8,
    /// `None` until it was computed.
    index: Option<[u8; 8]>,
    #[serde(default)]
    earlier: Vec<(u8, [u8; 8])>,
}

impl TicketCode {
    pub(super) fn key(event: EventId, serial: u32) -> String {
        format!("{event}:{serial}")
    }

    pub(super) fn index_of(&self, generation: u8) -> Option<CodeIndex> {
        let earlier = self.earlier.iter().copied();
        let own = self.index.map(|index| (self.generation, index));
        let mut all = own.into_iter().chain(earlier);
        let found = all.find(|(of, _)| *of == generation)?;
        Some(CodeIndex(found.1))
    }

    /// Of all generations that had one.
    pub(super) fn indexes(&self) -> impl Iterator<Item = CodeIndex> {
        let earlier = self.earlier.iter().map(|(_, index)| *index);
        self.index.into_iter().chain(earlier).map(CodeIndex)
    }

    fn becomes(&mut self, fresh: &Self) {
        if self.generation != fresh.generation
            && let Some(index) = self.index
        {
            self.earlier.push((self.generation, index));
        }
        self.generation = fresh.generation;
        self.index = fresh.index;
    }
}

impl Entity for TicketCode {
    const COLLECTION: Collection = Collection {
        name: "ticket_codes",
        fields: &[Field::text("event_id"), Field::int("waits").nullable()],
        indexes: &[Index::on("by_waiting", &["event_id", "waits"])],
    };
    fn id(&self) -> String {
        Self::key(self.event, self.serial)
    }
    fn index(&self) -> Vec<IndexValue> {
        let waits = self.index.is_none().then_some(i64::from(self.serial));
        vec![self.event.into(), waits.into()]
    }
}

/// Fills in the indexes of rows that are about to be published. Gives what is to be stored with
/// them: the freshly computed, and those that wait for the job.
pub(super) async fn fill(
    db: &Db,
    event: EventId,
    keys: &EventKeys,
    rows: &mut [RowChange],
) -> Result<Vec<TicketCode>, Error> {
    let mut stored = Vec::new();
    let mut wanted = Vec::new();
    for (at, row) in rows.iter_mut().enumerate() {
        let Some(code) = &mut row.code else {
            continue;
        };
        let known = db
            .get::<TicketCode>(&TicketCode::key(event, row.serial))
            .await?;
        match known.filter(|known| known.generation == row.row.generation) {
            Some(known) => code.index = known.index.map(CodeIndex),
            None => wanted.push((at, row.serial, row.row.generation)),
        }
    }
    // A device may be waiting for all of a rush, which is many rounds.
    let is_rush = wanted.len() > AT_ONCE_MAX;
    let now = if is_rush { 0 } else { wanted.len() };
    let tickets = wanted[..now].iter().map(|(_, serial, of)| (*serial, *of));
    let indexes = compute(event, keys, tickets.collect()).await?;
    let mut indexes = indexes.into_iter();
    for (at, serial, generation) in wanted {
        let index = indexes.next();
        if let Some(code) = &mut rows[at].code {
            code.index = index;
        }
        stored.push(TicketCode {
            event,
            serial,
            generation,
            index: index.map(|index| index.0),
            earlier: Vec::new(),
        });
    }
    Ok(stored)
}

/// In the commit that publishes the rows.
pub(super) fn store(
    tx: &mut Tx<'_>,
    event: EventId,
    codes: &[TicketCode],
    now: Timestamp,
) -> Result<(), DbError> {
    for fresh in codes {
        match tx.get::<TicketCode>(&fresh.id())? {
            Some(mut known) => {
                known.value.becomes(fresh);
                tx.replace(&mut known)?;
            }
            None => {
                tx.insert(fresh)?;
            }
        }
    }
    match codes.iter().find(|code| code.index.is_none()) {
        Some(waits) => enqueue(tx, event, waits.serial, now),
        None => Ok(()),
    }
}

/// On a thread for slow work, one after the other: the other core has guests to serve.
async fn compute(
    event: EventId,
    keys: &EventKeys,
    tickets: Vec<(u32, u8)>,
) -> Result<Vec<CodeIndex>, Error> {
    if tickets.is_empty() {
        return Ok(Vec::new());
    }
    let secret = Zeroizing::new(*keys.secret());
    let work = move || {
        let index = |(serial, generation): (u32, u8)| {
            let code = code::derive(&secret, serial, generation);
            code.proof(event).code_index(event)
        };
        tickets.into_iter().map(index).collect()
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Error::Inconsistent("a slow hash broke off"))
}

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    event: EventId,
}

pub(super) fn register(runner: &mut Runner<AppState>) {
    runner.register(KIND, |app: AppState, payload| async move {
        let Payload { event } = serde_json::from_value(payload)?;
        catch_up(&app, event, app.clock.now()).await?;
        Ok(())
    });
}

/// Computes what waits, a second's worth; the rest is the next job's.
pub(super) async fn catch_up(app: &App, event: EventId, now: Timestamp) -> Result<(), Error> {
    let query = Query::on("by_waiting").eq(event).at_least(0).limit(PER_RUN);
    let waiting = app.db.list::<TicketCode>(&query).await?;
    if waiting.is_empty() {
        return Ok(());
    }
    let more = waiting.len() >= PER_RUN as usize;
    let keys = keys::for_event(app, event, now).await?;
    let tickets = waiting.iter().map(|code| (code.serial, code.generation));
    let indexes = compute(event, &keys, tickets.collect()).await?;
    let done: Vec<(Versioned<TicketCode>, CodeIndex)> = waiting.into_iter().zip(indexes).collect();
    app.db
        .write(move |tx| -> Result<(), DbError> {
            for (code, index) in &done {
                // A newer generation has taken its place meanwhile, and waits itself.
                let known = tx.get::<TicketCode>(&code.id())?;
                let Some(mut known) = known.filter(|known| known.rev == code.rev) else {
                    continue;
                };
                known.value.index = Some(index.0);
                tx.replace(&mut known)?;
                mark_changed(tx, event, code.serial, now)?;
            }
            match done.last() {
                Some((last, _)) if more => enqueue(tx, event, last.serial, now),
                _ => Ok(()),
            }
        })
        .await?;
    Ok(())
}

/// As for publishing: the id is derived, and while one waits nothing is added.
fn enqueue(tx: &mut Tx<'_>, event: EventId, serial: u32, now: Timestamp) -> Result<(), DbError> {
    let random = super::jobs::derived(KIND, event, serial, now);
    let payload = serde_json::to_value(Payload { event })?;
    let job = NewJob::new(JobId::new(now, random), KIND, payload, now)
        .priority(Priority::Normal)
        .dedupe(format!("{KIND}:{event}"));
    jobs::enqueue(tx, job)
}
