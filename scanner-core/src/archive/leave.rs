//! The steps, in the one order in which nothing can be lost.

use std::path::Path;

use data_encoding::HEXLOWER;
use serde::Serialize;
use shared::trust::{Checkpoint, Manifest, Opened, Signed};

use super::{check, read_back, write};
use crate::beside::Beside;
use crate::cache::{self, Alone, Archived, ArchivedLog, Cache};
use crate::clock::Edge;
use crate::error::{Cause, Error};
use crate::sync::{DiskStore, HttpTransport, Syncer, Transport};

/// What was archived, and what an auditor of the file will be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArchiveReport {
    #[serde(flatten)]
    pub archived: Archived,
    /// Of the file.
    pub bytes: u64,
    /// Devices whose logs are in it.
    pub devices: usize,
    /// What devices did that an auditor will ask about. It is in the file and holds up.
    pub findings: Vec<String>,
}

/// What the file is made of, all of it verified.
pub(super) struct Holding<'a> {
    pub(super) store: &'a DiskStore,
    pub(super) edge: &'a Edge,
    pub(super) signed: &'a Signed,
    checkpoint: Opened<Checkpoint>,
    pub(super) manifest: Manifest,
}

/// Archives the device's data to a new file and removes them, over HTTP.
pub fn archive_to(dir: &Path, edge: &Edge, path: &Path) -> Result<ArchiveReport, Error> {
    let syncer = Syncer::open(dir, edge.clone())?;
    let mut transport: HttpTransport = syncer.http()?;
    run(syncer, dir, edge, path, &mut transport)
}

/// The same over any transport.
pub fn archive_over(
    dir: &Path,
    edge: &Edge,
    path: &Path,
    transport: &mut dyn Transport,
) -> Result<ArchiveReport, Error> {
    let syncer = Syncer::open(dir, edge.clone())?;
    run(syncer, dir, edge, path, transport)
}

/// Where a device's data went; `None` when none was archived here. What a cut left of them goes.
pub fn archived(dir: &Path) -> Result<Option<Archived>, Error> {
    if cache::archive_note(dir)?.is_none() {
        return Ok(None);
    }
    match Cache::open(dir) {
        Err(Cause::Archived(note)) => Ok(Some(*note)),
        Err(error) => Err(error.into()),
        // Somebody enrols another device at this moment.
        Ok(_) => Ok(None),
    }
}

fn run(
    mut syncer: Syncer,
    dir: &Path,
    edge: &Edge,
    path: &Path,
    transport: &mut dyn Transport,
) -> Result<ArchiveReport, Error> {
    // Told before anything is asked of a server; the sync itself needs the locks free.
    drop(Alone::in_dir(dir)?);
    syncer.run(transport)?;
    let signed = syncer.checkpoint(transport)?.ok_or_else(|| {
        Cause::NotYet(
            "the event is not signed off: after it, once every device has synced, the organizer \
             signs a checkpoint"
                .to_owned(),
        )
    })?;
    drop(syncer);
    let alone = Alone::in_dir(dir)?;
    let (cache, identity) = Cache::open(dir)?.ok_or(Cause::NotEnrolled)?;
    let store = DiskStore::new(cache, identity);
    let (note, report) = keep(&store, edge, &signed, path)?;
    // Its files are to go.
    drop(store);
    cache::archive(dir, &note, &alone)?;
    Ok(report)
}

/// Everything but the end of it: when this returns, the file has its name and holds up.
fn keep(
    store: &DiskStore,
    edge: &Edge,
    signed: &Signed,
    path: &Path,
) -> Result<(Archived, ArchiveReport), Error> {
    let identity = &store.identity;
    let trust = store.cache.trust(identity.event, identity.pin)?;
    let now = edge.clock.now();
    let checkpoint = Checkpoint::open(signed, &trust.root.body, identity.event, now, None)?;
    let manifest = check::is_ready(&store.cache, &trust, &checkpoint.body, now)?;
    write::spare_other_files(path, identity)?;
    let holding = Holding {
        store,
        edge,
        signed,
        checkpoint,
        manifest,
    };
    let mut out = Beside::open(path)?;
    match holding.fill(&mut out) {
        Ok((written, found)) => {
            out.take_place()?;
            holding.report(path, &written, found)
        }
        Err(error) => {
            out.discard();
            Err(error)
        }
    }
}

impl Holding<'_> {
    fn fill(&self, out: &mut Beside) -> Result<(write::Written, read_back::Found), Error> {
        let written = self.write(out)?;
        let beside = out.settle()?;
        let found = read_back::read_back(beside, self.store.identity.pin, &written)?;
        Ok((written, found))
    }

    fn report(
        &self,
        path: &Path,
        written: &write::Written,
        found: read_back::Found,
    ) -> Result<(Archived, ArchiveReport), Error> {
        let identity = &self.store.identity;
        let mut logs = Vec::new();
        for row in self.store.cache.logs()?.iter().filter(|row| row.own) {
            let head = self.store.cache.walk(row, row.checked, |_, _, _| ())?.head;
            logs.push(ArchivedLog {
                log: row.log.to_string(),
                entries: head.next_seq,
                head: HEXLOWER.encode(&head.hash),
            });
        }
        // For whoever reads the note from elsewhere.
        let file = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let note = Archived {
            event: identity.event,
            title: self.manifest.policy.title.clone(),
            device: identity.device,
            device_name: identity.device_name.clone(),
            at: self.edge.clock.now(),
            file: file.display().to_string(),
            hash: found.hash,
            checkpoint: self.checkpoint.header.version,
            entries: written.entries,
            logs,
        };
        let report = ArchiveReport {
            archived: note.clone(),
            bytes: found.bytes,
            devices: written.devices.len(),
            findings: found.told,
        };
        Ok((note, report))
    }
}
