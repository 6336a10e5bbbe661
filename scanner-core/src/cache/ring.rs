//! The end of the open log: a ring of fixed slots that are written in place.
//!
//! An admission waits for one write and one `fdatasync`. In a file that has all its blocks already
//! this is the least that a disk can do: the file system journals nothing, and no page of a
//! B-tree is written for the sake of one entry (figures: ADR 0003). The database takes the entries
//! over between scans; a full disk stops that, and not the gate.
//!
//! An entry's slot is its seq modulo [`SLOTS`]. The check of a slot covers log, seq and content,
//! so there is no header to keep in step: a reader begins with the first seq that the database
//! lacks and ends at the first slot that holds something else.
//!
//! Invariants: one appender, who holds the append lock; a slot is used again only after the
//! database has its entry; what a reader gives out is on disk, because it syncs the file itself:
//! the appender may be between its write and its sync.

use std::fs::File;
use std::path::{Path, PathBuf};

use shared::log::{Entry, LogId, SignedEntry};

use super::files;
use super::logs::StoredEntry;
use crate::error::Cause;

const FILE: &str = "append.ring";
/// Half a megabyte. The database may lag behind by this many entries.
pub(crate) const SLOTS: u32 = 4096;
/// A slot never crosses a sector of 512 bytes.
const SLOT_LEN: usize = 128;
const SIGNATURE_LEN: usize = 64;
const CHECK_LEN: usize = 8;
/// Read at a time: most reads find nothing new.
const CHUNK_SLOTS: u32 = 32;
const BODY_AT: usize = 1 + SIGNATURE_LEN;
const BODY_LEN_MAX: usize = SLOT_LEN - BODY_AT - CHECK_LEN;

/// What is written at a time: the block of most file systems, aligned as direct writes want it.
const BLOCK_LEN: usize = 4096;
const BLOCKS: usize = SLOTS as usize * SLOT_LEN / BLOCK_LEN;
const SLOTS_PER_BLOCK: usize = BLOCK_LEN / SLOT_LEN;

#[repr(C, align(4096))]
#[derive(Clone)]
struct Block([u8; BLOCK_LEN]);

/// The appender's handle.
pub(crate) struct Ring {
    file: File,
    path: PathBuf,
    /// What the file holds.
    image: Box<[Block]>,
}

impl Ring {
    /// For the appender. Creates the file with all its blocks written: holes would cost a journal
    /// commit each.
    pub(crate) fn open(dir: &Path) -> Result<Self, Cause> {
        let path = dir.join(FILE);
        let (file, image) = prepared(&path).map_err(Cause::file("cannot write", &path))?;
        files::sync_dir(&path)?;
        Ok(Self { file, path, image })
    }

    /// Writes entries of one log, consecutive and in order, and syncs once. Durable when it
    /// returns `Ok`; on `Err` none of them is part of the log.
    pub(crate) fn append(
        &mut self,
        log: LogId,
        entries: &[(u32, SignedEntry)],
    ) -> Result<(), Cause> {
        let (Some((first, _)), Some((last, _))) = (entries.first(), entries.last()) else {
            return Ok(());
        };
        for (seq, entry) in entries {
            *self.slot(*seq) = slot_of(log, *seq, entry)?;
        }
        let written = self.write(*first, *last);
        if written.is_err() {
            // What the kernel made of them is unknown: nothing may read as written that was
            // answered as failed.
            for (seq, _) in entries {
                *self.slot(*seq) = [0; SLOT_LEN];
            }
            let _wiped = self.write(*first, *last);
        }
        written.map_err(Cause::file("cannot write", &self.path))
    }

    fn slot(&mut self, seq: u32) -> &mut [u8; SLOT_LEN] {
        let at = (seq % SLOTS) as usize;
        let (slots, _) = self.image[at / SLOTS_PER_BLOCK].0.as_chunks_mut();
        &mut slots[at % SLOTS_PER_BLOCK]
    }

    /// The blocks that hold these seqs, around the end of the ring if need be.
    fn write(&self, first: u32, last: u32) -> std::io::Result<()> {
        let block_of = |seq: u32| seq as usize / SLOTS_PER_BLOCK;
        for block in block_of(first)..=block_of(last) {
            let block = block % BLOCKS;
            write_at(&self.file, &self.image[block].0, (block * BLOCK_LEN) as u64)?;
        }
        self.file.sync_data()
    }
}

/// The file at its full length, opened for direct writes where the file system has them: a tenth
/// less work than through the page cache (ADR 0003), which nobody reads here.
fn prepared(path: &Path) -> std::io::Result<(File, Box<[Block]>)> {
    use std::io::Read as _;
    let options = || {
        let mut options = files::private();
        options.read(true).write(true).create(true).truncate(false);
        options
    };
    let mut file = options().open(path)?;
    let mut image = vec![Block([0; BLOCK_LEN]); BLOCKS].into_boxed_slice();
    let whole = (BLOCKS * BLOCK_LEN) as u64;
    if file.metadata()?.len() < whole {
        let found = file.metadata()?.len();
        let missing = usize::try_from(whole - found).unwrap_or_default();
        write_at(&file, &vec![0; missing], found)?;
        file.sync_all()?;
    }
    for block in &mut image {
        file.read_exact(&mut block.0)?;
    }
    Ok((direct(path, &image[0]).unwrap_or(file), image))
}

/// `None` where the file system refuses direct writes; some refuse only the write itself.
#[cfg(target_os = "linux")]
fn direct(path: &Path, first: &Block) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::DIRECT.bits().cast_signed();
    let file = File::options()
        .write(true)
        .custom_flags(flags)
        .open(path)
        .ok()?;
    write_at(&file, &first.0, 0).ok()?;
    Some(file)
}

#[cfg(not(target_os = "linux"))]
fn direct(_path: &Path, _first: &Block) -> Option<File> {
    None
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ring({})", self.path.display())
    }
}

/// Entries of one log from `first` on, at most `limit`, as far as the ring holds them. All of them
/// are on disk.
pub(super) fn read(
    dir: &Path,
    log: LogId,
    first: u32,
    limit: u32,
) -> Result<Vec<StoredEntry>, Cause> {
    let mut found = Vec::new();
    let Some((file, path)) = existing(dir)? else {
        return Ok(found);
    };
    let mut seq = first;
    'ring: while found.len() < limit.min(SLOTS) as usize {
        let chunk = CHUNK_SLOTS.min(SLOTS - seq % SLOTS);
        let bytes = slots(&file, seq % SLOTS, chunk).map_err(Cause::file("cannot read", &path))?;
        for slot in bytes.chunks_exact(SLOT_LEN) {
            let Some(entry) = held(slot, log, seq) else {
                break 'ring;
            };
            found.push(entry);
            let Some(next) = seq.checked_add(1) else {
                break 'ring;
            };
            seq = next;
        }
        if bytes.len() < chunk as usize * SLOT_LEN {
            break;
        }
    }
    found.truncate(limit as usize);
    if !found.is_empty() {
        file.sync_data()
            .map_err(Cause::file("cannot write", &path))?;
    }
    Ok(found)
}

/// One more than the highest seq of `log` that any slot holds; 0 when none does.
pub(super) fn end(dir: &Path, log: LogId) -> Result<u32, Cause> {
    let Some((file, path)) = existing(dir)? else {
        return Ok(0);
    };
    let bytes = slots(&file, 0, SLOTS).map_err(Cause::file("cannot read", &path))?;
    let ends = bytes.chunks_exact(SLOT_LEN).filter_map(|slot| {
        let seq = Entry::decode(body_of(slot)?).ok()?.seq;
        held(slot, log, seq).map(|_| seq.saturating_add(1))
    });
    Ok(ends.max().unwrap_or(0))
}

/// Copies the ring aside, as evidence of what it held beyond the end of a log that was cut.
pub(super) fn keep(dir: &Path, log: &str) -> Result<(), Cause> {
    match files::read(&dir.join(FILE))? {
        Some(bytes) => files::write_atomically(&dir.join(format!("cut-{log}.ring")), &bytes),
        None => Ok(()),
    }
}

/// Writable, because a reader syncs; `None` when there is none yet.
fn existing(dir: &Path) -> Result<Option<(File, PathBuf)>, Cause> {
    let path = dir.join(FILE);
    match File::options().read(true).write(true).open(&path) {
        Ok(file) => Ok(Some((file, path))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Cause::file("cannot read", &path)(error)),
    }
}

/// The bytes of `count` slots from slot `first`; fewer where the file ends.
fn slots(mut file: &File, first: u32, count: u32) -> std::io::Result<Vec<u8>> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    file.seek(SeekFrom::Start(u64::from(first) * SLOT_LEN as u64))?;
    let len = count as usize * SLOT_LEN;
    let mut bytes = Vec::with_capacity(len);
    file.take(len as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn held(slot: &[u8], log: LogId, seq: u32) -> Option<StoredEntry> {
    let (content, check) = slot.split_at_checked(SLOT_LEN - CHECK_LEN)?;
    if check != check_of(log, seq, content) {
        return None;
    }
    Some(StoredEntry {
        seq,
        body: body_of(slot)?.to_vec(),
        signature: Some(slot.get(1..BODY_AT)?.to_vec()),
    })
}

fn body_of(slot: &[u8]) -> Option<&[u8]> {
    let len = usize::from(*slot.first()?);
    slot.get(BODY_AT..BODY_AT + len.min(BODY_LEN_MAX))
}

fn slot_of(log: LogId, seq: u32, entry: &SignedEntry) -> Result<[u8; SLOT_LEN], Cause> {
    let strange = || Cause::Inconsistent {
        table: FILE,
        row: seq.to_string(),
        what: "an entry of unknown size",
    };
    if entry.body.len() > BODY_LEN_MAX || entry.signature.len() != SIGNATURE_LEN {
        return Err(strange());
    }
    let mut slot = [0; SLOT_LEN];
    slot[0] = u8::try_from(entry.body.len()).map_err(|_| strange())?;
    slot[1..BODY_AT].copy_from_slice(&entry.signature);
    slot[BODY_AT..BODY_AT + entry.body.len()].copy_from_slice(&entry.body);
    let (content, check) = slot.split_at_mut(SLOT_LEN - CHECK_LEN);
    check.copy_from_slice(&check_of(log, seq, content));
    Ok(slot)
}

fn check_of(log: LogId, seq: u32, content: &[u8]) -> [u8; CHECK_LEN] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&log.0);
    hasher.update(&seq.to_be_bytes());
    hasher.update(content);
    let mut check = [0; CHECK_LEN];
    check.copy_from_slice(&hasher.finalize().as_bytes()[..CHECK_LEN]);
    check
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(not(unix))]
fn write_at(mut file: &File, bytes: &[u8], at: u64) -> std::io::Result<()> {
    use std::io::{Seek as _, SeekFrom, Write as _};
    file.seek(SeekFrom::Start(at))?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use shared::log::{DecisionFlags, EntryKind, Hlc};
    use shared::ticket::ScanProof;

    use super::*;

    const LOG: LogId = LogId([7; 16]);

    fn entries(first: u32, count: u32) -> Vec<(u32, SignedEntry)> {
        (first..first + count)
            .map(|seq| {
                let entry = Entry {
                    seq,
                    hlc: Hlc::default(),
                    kind: EntryKind::Admit,
                    gate: 0,
                    flags: DecisionFlags::default(),
                    serial: seq,
                    generation: 1,
                    proof: ScanProof([1; 8]),
                    target: None,
                };
                let body = entry.encode().expect("an entry");
                let signature = vec![9; SIGNATURE_LEN];
                (seq, SignedEntry { body, signature })
            })
            .collect()
    }

    fn seqs(dir: &Path, log: LogId, first: u32) -> Vec<u32> {
        let found = read(dir, log, first, SLOTS).expect("reads");
        found.iter().map(|entry| entry.seq).collect()
    }

    #[test]
    fn what_was_appended_is_read_back_around_the_end_and_by_a_new_handle() {
        let dir = tempfile::TempDir::new().expect("a folder");
        assert_eq!(seqs(dir.path(), LOG, 0), Vec::<u32>::new());
        let first = 2 * SLOTS - 3;
        let mut ring = Ring::open(dir.path()).expect("opens");
        ring.append(LOG, &entries(first, 40)).expect("appends");
        let mut ring = Ring::open(dir.path()).expect("opens again");
        ring.append(LOG, &entries(first + 40, 1)).expect("appends");
        let expected: Vec<u32> = (first..first + 41).collect();
        assert_eq!(seqs(dir.path(), LOG, first), expected);
        assert_eq!(seqs(dir.path(), LOG, first + 39), expected[39..]);
        assert_eq!(end(dir.path(), LOG).expect("reads"), first + 41);
        // Another lap, another log: the slots hold something else.
        assert_eq!(seqs(dir.path(), LOG, first - SLOTS), Vec::<u32>::new());
        assert_eq!(seqs(dir.path(), LogId([8; 16]), first), Vec::<u32>::new());
        assert_eq!(end(dir.path(), LogId([8; 16])).expect("reads"), 0);
        let limited = read(dir.path(), LOG, first, 5).expect("reads");
        assert_eq!(limited.len(), 5);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_could_not_be_written_is_not_kept_for_the_next_write() {
        let mut ring = Ring {
            file: File::options()
                .write(true)
                .open("/dev/full")
                .expect("opens"),
            path: PathBuf::from("/dev/full"),
            image: vec![Block([0; BLOCK_LEN]); BLOCKS].into_boxed_slice(),
        };
        assert!(ring.append(LOG, &entries(5, 2)).is_err());
        assert!(
            ring.image
                .iter()
                .all(|block| block.0.iter().all(|byte| *byte == 0))
        );
    }

    #[test]
    fn an_entry_that_fits_no_slot_is_refused() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let mut ring = Ring::open(dir.path()).expect("opens");
        let mut entries = entries(0, 1);
        entries[0].1.body = vec![0; BODY_LEN_MAX + 1];
        assert!(ring.append(LOG, &entries).is_err());
        assert_eq!(seqs(dir.path(), LOG, 0), Vec::<u32>::new());
    }
}
