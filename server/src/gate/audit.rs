//! Exporting what an event's gates did, with all signatures, as a bundle that anybody can check
//! (`shared::audit`; `server audit verify`).
//!
//! Invariants: read in pages and sent as it is read, so memory does not follow the event; the ends
//! of the logs are fixed before anything is read, so what comes in meanwhile is left out whole; a
//! fault breaks the answer off, and a bundle without its end is seen to be none.

use axum::body::Bytes;
use data_encoding::HEXLOWER;
use futures::{Stream, stream};
use shared::audit::{FORMAT, Line, RedemptionRow, to_base64};
use shared::ids::{EventId, JournalId};
use shared::log::LogSegment;
use shared::sync::message::LOGS_MAX;
use shared::sync::strict;
use shared::time::Timestamp;
use shared::trust::{Manifest, SegmentKind, StatementKind};
use tokio::sync::mpsc;

use super::Error;
use super::incident::{Incident, IncidentKind};
use super::model::{EntryRun, GateLog, StoredSegment, StoredStatement};
use super::publish::{self, Published};
use super::redemption::Redemption;
use super::statements::{self, RACES_MAX};
use super::sync::head_before;
use crate::app::AppState;
use crate::events::{self, model::Event};
use crate::platform::db::{Entity, Query, Versioned};
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

/// Lines that wait for a slow reader.
const QUEUE: usize = 16;
/// Rows read at a time.
const PAGE: u32 = 256;

/// What goes down the line: bytes, or why there are no more.
type Chunk = Result<Bytes, std::io::Error>;

pub(super) async fn export(
    app: &AppState,
    caller: &Caller,
    event: EventId,
    now: Timestamp,
) -> Result<impl Stream<Item = Chunk> + use<>, Error> {
    let event = events::owned_event(&app.db, caller, event)
        .await?
        .into_inner();
    // Read first: roster, snapshot and logs that are read later are no older than what it names.
    let checkpoint = statements::latest(&app.db, event.id, StatementKind::Checkpoint).await?;
    let (published, segments) = issued(app, event.id, now).await?;
    let bundle = Bundle {
        event,
        published,
        segments,
        checkpoint,
    };
    let entry = journal::Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        Actor::User(caller.user),
        "event.audit_exported",
        journal::subject("event", bundle.event.id),
        serde_json::json!({ "snapshot": bundle.published.snapshot.version }),
    );
    app.db.write(move |tx| journal::record(tx, &entry)).await?;
    let (to, from) = mpsc::channel::<Chunk>(QUEUE);
    let app = app.clone();
    tokio::spawn(async move {
        let mut out = Lines { to, count: 0 };
        let event = bundle.event.id;
        let written = write(&app, bundle, now, &mut out).await;
        if let Err(Stop::Failed(error)) = written {
            tracing::error!(event.id = %event, %error, "an audit export broke off");
            out.to
                .send(Err(std::io::Error::other("the export broke off")))
                .await
                .ok();
        }
    });
    Ok(stream::unfold(from, async |mut from| {
        let chunk = from.recv().await?;
        Some((chunk, from))
    }))
}

/// What an export begins with.
struct Bundle {
    event: Event,
    published: Published,
    segments: Vec<StoredSegment>,
    checkpoint: Option<StoredStatement>,
}

/// The newest statements and the segments of their manifest that tell what was issued.
async fn issued(
    app: &AppState,
    event: EventId,
    now: Timestamp,
) -> Result<(Published, Vec<StoredSegment>), Error> {
    for _ in 0..RACES_MAX {
        let published = publish::refresh(app, event, now).await?;
        let key = &published.trust.keys.snapshot;
        let manifest = statements::read::<Manifest>(&published.snapshot, key)?.body;
        let mut segments = Vec::new();
        let mut is_current = true;
        for reference in manifest.segments.iter().filter(|of| is_issue(of.kind)) {
            let key = StoredSegment::key(event, reference.kind, reference.index);
            match app.db.get::<StoredSegment>(&key).await? {
                Some(stored) if stored.reference == *reference => {
                    segments.push(stored.into_inner());
                }
                Some(_) | None => is_current = false,
            }
        }
        if is_current {
            return Ok((published, segments));
        }
    }
    Err(Error::Contended)
}

/// Tickets, and what stands for them or was added to them. Seats, names and codes are nobody's business.
fn is_issue(kind: SegmentKind) -> bool {
    match kind {
        SegmentKind::Tickets | SegmentKind::Extras => true,
        SegmentKind::Seats | SegmentKind::Holders | SegmentKind::Codes => false,
    }
}

/// Why no more is written.
enum Stop {
    /// The reader has gone.
    Left,
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

struct Lines {
    to: mpsc::Sender<Chunk>,
    count: u64,
}

impl Lines {
    async fn put(&mut self, line: &Line) -> Result<(), Stop> {
        let json = serde_json::to_string(line);
        let mut json = json.map_err(|_| Error::Inconsistent("a line of the audit"))?;
        json.push('\n');
        self.count += 1;
        self.to.send(Ok(json.into())).await.map_err(|_| Stop::Left)
    }
}

async fn write(
    app: &AppState,
    bundle: Bundle,
    now: Timestamp,
    out: &mut Lines,
) -> Result<(), Stop> {
    let Bundle {
        event,
        published,
        segments,
        checkpoint,
    } = bundle;
    out.put(&Line::Header {
        format: FORMAT,
        event: event.id,
        title: event.title.clone(),
        exported_at: now,
        device: None,
    })
    .await?;
    let trust = &published.trust;
    for version in 1..trust.root.version {
        let root = statements::version(&app.db, event.id, StatementKind::Root, version).await?;
        if let Some(root) = root {
            out.put(&statement(&root)).await?;
        }
    }
    for stored in [
        &trust.root,
        &trust.keyring,
        &trust.roster,
        &published.snapshot,
    ]
    .into_iter()
    .chain(&checkpoint)
    {
        out.put(&statement(stored)).await?;
    }
    for segment in segments {
        out.put(&Line::Segment {
            kind: segment.reference.kind,
            index: segment.reference.index,
            wire: to_base64(&segment.wire),
        })
        .await?;
    }
    let limit = u32::try_from(LOGS_MAX).unwrap_or(u32::MAX);
    let query = Query::on("by_event").eq(event.id).limit(limit);
    for log in app.db.list::<GateLog>(&query).await? {
        write_log(app, &log, out).await?;
    }
    write_incidents(app, event.id, out).await?;
    write_redemptions(app, event.id, out).await?;
    let lines = out.count;
    out.put(&Line::End { lines }).await
}

fn statement(stored: &StoredStatement) -> Line {
    Line::Statement {
        wire: to_base64(stored.wire()),
    }
}

async fn write_log(app: &AppState, log: &GateLog, out: &mut Lines) -> Result<(), Stop> {
    let genesis = log.genesis();
    let genesis = genesis.map_err(|_| Error::Inconsistent("a stored genesis"))?;
    out.put(&Line::Log {
        genesis: to_base64(&genesis.to_wire()),
        next_seq: log.next_seq,
        head: HEXLOWER.encode(&log.head),
    })
    .await?;
    let id = log.log().to_string();
    let mut next = 0;
    // As far as the runs are there: an audit tells what is missing, it does not stumble over it.
    while next < log.next_seq {
        let query = Query::on("by_log")
            .eq(id.as_str())
            .at_least(next)
            .limit(PAGE);
        let runs = app.db.list::<EntryRun>(&query).await?;
        if runs.is_empty() {
            break;
        }
        for run in runs.iter().take_while(|run| run.first_seq < log.next_seq) {
            out.put(&Line::Entries {
                log: id.clone(),
                first_seq: run.first_seq,
                before: HEXLOWER.encode(&run.before().hash),
                bodies: run.bodies().map(to_base64).collect(),
                signature: to_base64(run.signature()),
            })
            .await?;
            next = run.next_seq().max(next + 1);
        }
        if runs.iter().any(|run| run.first_seq >= log.next_seq) {
            break;
        }
    }
    Ok(())
}

/// Pages through an index of the event.
async fn page<E: Entity>(
    app: &AppState,
    event: EventId,
    cursor: &mut Option<String>,
) -> Result<Vec<Versioned<E>>, Error> {
    let query = Query::on("by_event").eq(event).limit(PAGE);
    let page = app.db.page::<E>(&query.after(cursor.as_deref())).await?;
    *cursor = page.next;
    Ok(page.items)
}

async fn write_incidents(app: &AppState, event: EventId, out: &mut Lines) -> Result<(), Stop> {
    let mut cursor = None;
    loop {
        for incident in page::<Incident>(app, event, &mut cursor).await? {
            if incident.kind == IncidentKind::Fork
                && let Some(fork) = fork(app, &incident).await?
            {
                out.put(&fork).await?;
            }
            out.put(&Line::Incident {
                kind: incident.kind.word().to_owned(),
                device: incident.device,
                at: incident.at,
                // The hash of a code tells nothing to anybody.
                subject: incident.subject.clone(),
            })
            .await?;
        }
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// The other history that a device signed, with the hash that it continues.
async fn fork(app: &AppState, incident: &Incident) -> Result<Option<Line>, Error> {
    let bytes = &incident.evidence;
    let Ok(segment) = strict::from_wire::<LogSegment>(bytes, bytes.len()) else {
        return Ok(None);
    };
    let before = head_before(&app.db, segment.log, segment.first_seq).await?;
    Ok(before.map(|before| Line::Fork {
        log: segment.log.to_string(),
        first_seq: segment.first_seq,
        before: HEXLOWER.encode(&before.hash),
        bodies: segment.bodies.iter().map(|body| to_base64(body)).collect(),
        signature: to_base64(&segment.signature),
    }))
}

async fn write_redemptions(app: &AppState, event: EventId, out: &mut Lines) -> Result<(), Stop> {
    let mut cursor = None;
    loop {
        let rows = page::<Redemption>(app, event, &mut cursor).await?;
        let rows = rows.iter().map(|row| RedemptionRow {
            log: row.log().to_string(),
            seq: row.seq,
            kind: row.kind,
            label: row.label,
            serial: row.serial,
            generation: row.generation,
            gate: row.gate,
            at: row.at(),
        });
        let rows = rows.collect();
        out.put(&Line::Redemptions { rows }).await?;
        if cursor.is_none() {
            return Ok(());
        }
    }
}
