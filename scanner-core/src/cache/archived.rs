//! What is left of a device whose data was archived: a note of where to, and nothing else.
//!
//! Invariants: the note is written, whole, before the first file goes, and means that whatever else
//! an enrolment left in the directory is to go; what a cut left behind goes at the next look,
//! whoever looks; the key goes first, so no sequence number of its logs is ever used again; before
//! another device begins here the note is put aside, so that it can never be about that one.

use std::path::Path;

use serde::{Deserialize, Serialize};
use shared::ids::{DeviceId, EventId};
use shared::time::Timestamp;

use super::files;
use super::lock::{Lock, LockKind};
use super::open::DATABASE;
use crate::error::Cause;

const FILE: &str = "archived.json";
const KEY: &str = "device.key";
/// All that an enrolment and its gate leave, besides the key and what [`is_of_enrolment`] knows.
/// Locks are of processes, not of data.
const FILES: [&str; 11] = [
    DATABASE,
    "gatehouse.db-wal",
    "gatehouse.db-shm",
    "gatehouse.db-journal",
    "seen",
    "head.mark",
    "append.ring",
    "codes.tries",
    "pins.tries",
    "claims.door",
    "peers.json",
];

/// Where a device's data went, and what it came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Archived {
    pub event: EventId,
    pub title: String,
    pub device: DeviceId,
    pub device_name: String,
    /// By its clock.
    pub at: Timestamp,
    /// The archive, as it was named then.
    pub file: String,
    /// BLAKE3 of it, hex.
    pub hash: String,
    /// Version of the checkpoint that covers its logs.
    pub checkpoint: u64,
    /// Entries in the archive, its own and others'.
    pub entries: u64,
    /// Where its own logs end.
    pub logs: Vec<ArchivedLog>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArchivedLog {
    pub log: String,
    pub entries: u32,
    /// Hash of all of them, hex.
    pub head: String,
}

impl std::fmt::Display for Archived {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the data of {} at {} was archived at {} to {}",
            self.device_name, self.title, self.at, self.file
        )
    }
}

/// All programs that work with a data directory, kept out of it.
pub(crate) struct Alone {
    _locks: [Lock; 3],
}

impl Alone {
    pub(crate) fn in_dir(dir: &Path) -> Result<Self, Cause> {
        let take = |kind| Lock::take_of_archive(dir, kind);
        Ok(Self {
            _locks: [
                take(LockKind::Append)?,
                take(LockKind::Peers)?,
                take(LockKind::Sync)?,
            ],
        })
    }
}

/// The note, if this directory's device was archived.
pub(crate) fn read(dir: &Path) -> Result<Option<Archived>, Cause> {
    let Some(bytes) = files::read(&dir.join(FILE))? else {
        return Ok(None);
    };
    let note = serde_json::from_slice(&bytes);
    note.map(Some)
        .map_err(|_| Cause::Damaged(format!("{FILE} makes no sense")))
}

/// The point of no return: from here on the data are gone, wherever a cut comes.
pub(crate) fn commit(dir: &Path, note: &Archived, alone: &Alone) -> Result<(), Cause> {
    let bytes = serde_json::to_vec_pretty(note)
        .map_err(|_| Cause::Damaged(format!("{FILE} cannot be written")))?;
    files::write_atomically(&dir.join(FILE), &bytes)?;
    remove(dir, alone)
}

/// Finishes what a cut left behind. Somebody else at work in the directory does it himself.
pub(crate) fn finish(dir: &Path) -> Result<(), Cause> {
    match Alone::in_dir(dir) {
        // Looked at again: meanwhile another device may have begun here.
        Ok(alone) if read(dir)?.is_some() => remove(dir, &alone),
        Ok(_) | Err(Cause::InUse(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Another device is to begin here: the note stays under another name, for people.
pub(crate) fn put_aside(dir: &Path) -> Result<(), Cause> {
    let alone = Alone::in_dir(dir)?;
    let Some(note) = read(dir)? else {
        return Ok(());
    };
    remove(dir, &alone)?;
    let (from, to) = (
        dir.join(FILE),
        dir.join(format!("archived-{}.json", note.device)),
    );
    std::fs::rename(&from, &to).map_err(Cause::file("cannot replace", &to))?;
    files::sync_dir(&to)
}

fn remove(dir: &Path, _: &Alone) -> Result<(), Cause> {
    if remove_file(&dir.join(KEY))? {
        files::sync_dir(&dir.join(KEY))?;
    }
    for name in FILES {
        remove_file(&dir.join(name))?;
    }
    let found = std::fs::read_dir(dir).map_err(Cause::file("cannot read", dir))?;
    for entry in found {
        let entry = entry.map_err(Cause::file("cannot read", dir))?;
        if entry.file_name().to_str().is_some_and(is_of_enrolment) {
            remove_file(&entry.path())?;
        }
    }
    files::sync_dir(&dir.join(KEY))
}

/// Rings that were kept as evidence, and files that a cut left half written beside others.
fn is_of_enrolment(name: &str) -> bool {
    let ring = name.strip_prefix("cut-");
    let is_kept_ring = ring.is_some_and(|rest| rest.strip_suffix(".ring").is_some());
    let half = name.strip_suffix(".new");
    let is_half = half.is_some_and(|stem| {
        let is_of = |known: &str| Path::new(known).with_extension("") == Path::new(stem);
        is_of(KEY) || FILES.iter().any(|known| is_of(known))
    });
    is_kept_ring || is_half
}

/// Whether it was there.
fn remove_file(path: &Path) -> Result<bool, Cause> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Cause::file("cannot remove", path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> Archived {
        Archived {
            event: EventId::from_bytes([1; 16]),
            title: "Quiet Night".to_owned(),
            device: DeviceId::from_bytes([2; 16]),
            device_name: "Kiosk 1".to_owned(),
            at: Timestamp::from_secs(1_790_000_000),
            file: "/media/stick/kiosk-1".to_owned(),
            hash: "00".repeat(32),
            checkpoint: 1,
            entries: 3,
            logs: Vec::new(),
        }
    }

    fn names(dir: &Path) -> Vec<String> {
        let found = std::fs::read_dir(dir).expect("read");
        let mut names: Vec<String> = found
            .map(|entry| {
                entry
                    .expect("read")
                    .file_name()
                    .into_string()
                    .expect("text")
            })
            .filter(|name| name.strip_suffix(".lock").is_none())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn all_of_an_enrolment_goes_and_what_is_somebody_elses_stays() {
        // gossip.md 3
        let dir = tempfile::tempdir().expect("a folder");
        let of_enrolment = ["device.key", "cut-07.ring", "seen.new", "device.new"];
        for name in FILES
            .iter()
            .chain(&of_enrolment)
            .chain(&["stick", "notes.new"])
        {
            std::fs::write(dir.path().join(name), "x").expect("written");
        }
        let alone = Alone::in_dir(dir.path()).expect("nobody else is here");
        commit(dir.path(), &note(), &alone).expect("archived");
        assert_eq!(names(dir.path()), ["archived.json", "notes.new", "stick"]);
        assert_eq!(read(dir.path()).expect("read"), Some(note()));
    }

    #[test]
    fn what_a_cut_left_behind_goes_at_the_next_look_unless_somebody_is_at_it() {
        // gossip.md 3
        let dir = tempfile::tempdir().expect("a folder");
        let alone = Alone::in_dir(dir.path()).expect("nobody else is here");
        commit(dir.path(), &note(), &alone).expect("archived");
        std::fs::write(dir.path().join(DATABASE), "x").expect("written");
        finish(dir.path()).expect("left to whoever is at it");
        assert_eq!(names(dir.path()), ["archived.json", DATABASE]);
        drop(alone);
        finish(dir.path()).expect("finished");
        assert_eq!(names(dir.path()), ["archived.json"]);
        // Nobody works with what is archived.
        let refused = Lock::take(dir.path(), LockKind::Append);
        assert!(matches!(refused, Err(Cause::Archived(_))));

        // Once another device may begin here, nothing goes any more.
        put_aside(dir.path()).expect("put aside");
        std::fs::write(dir.path().join(DATABASE), "new").expect("written");
        finish(dir.path()).expect("nothing to do");
        put_aside(dir.path()).expect("nothing to do");
        let kept = format!("archived-{}.json", note().device);
        assert_eq!(names(dir.path()), [kept.as_str(), DATABASE]);
        Lock::take(dir.path(), LockKind::Append).expect("free");
    }
}
