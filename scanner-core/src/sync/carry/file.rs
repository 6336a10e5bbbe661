//! Reading the file: all of it once, for its sum; again for what lies where. Entries and pieces of
//! the list stay in the file until they are asked for.
//!
//! Invariants: nothing is believed for being in the file; memory is bounded whatever is in it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use shared::log::{Entry, ForkProof, Genesis, LogHead, LogId, LogSegment};
use shared::sync::Carried;
use shared::sync::carried::{CARRIED_BYTES_MAX, DIGEST_LEN, HEADER_BYTES_MAX, LENGTH_LEN, MAGIC};
use shared::sync::frame::{FRAME_BYTES_MAX, Frame, Message};
use shared::sync::message::LOGS_MAX;
use shared::trust::{Signed, StatementKind};

use crate::error::Cause;
use crate::sync::gossip::{Stray, quarantined};

/// Of statements, proofs and quarantined entries: those are kept in memory.
const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Places that are remembered: of segments of 512 entries and of pieces of 16 KiB.
const PLACES_MAX: usize = 1_000_000;
const HASH_BYTES: usize = 256 * 1024;

/// What a file holds, and where.
pub(super) struct CarriedFile {
    path: PathBuf,
    file: RefCell<File>,
    /// The frame that was read last: entries are asked for in order.
    last: RefCell<Option<(Place, Frame)>>,
    pub(super) header: Carried,
    pub(super) statements: Vec<Signed>,
    pub(super) logs: BTreeMap<LogId, FileLog>,
    chunks: BTreeMap<[u8; 32], Place>,
}

pub(super) struct FileLog {
    pub(super) genesis: Genesis,
    /// As far as its entries make a chain.
    pub(super) head: LogHead,
    /// Why there is no more of it.
    pub(super) fault: Option<String>,
    pub(super) fork: Option<ForkProof>,
    pub(super) strays: BTreeMap<[u8; 32], Stray>,
    segments: Vec<(u32, Place)>,
}

/// Of a frame's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    at: u64,
    len: usize,
}

impl CarriedFile {
    pub(super) fn open(path: &Path) -> Result<Self, Cause> {
        let unreadable = || Cause::input("cannot read", path);
        let meta = std::fs::metadata(path).map_err(unreadable())?;
        if !meta.is_file() {
            return Err(said(path, "is no file"));
        }
        if meta.len() > CARRIED_BYTES_MAX {
            return Err(said(
                path,
                "is larger than any file that `kiosk carry` writes",
            ));
        }
        let mut file = File::open(path).map_err(unreadable())?;
        let body = whole(path, &mut file, meta.len())?;
        file.seek(SeekFrom::Start(MAGIC.len() as u64))
            .map_err(unreadable())?;
        let mut blocks = Blocks {
            path,
            from: BufReader::new(&mut file),
            at: MAGIC.len() as u64,
            end: body,
        };
        let first = blocks.next(HEADER_BYTES_MAX)?;
        let (header, _) = first.ok_or_else(|| strange(path))?;
        let header = Carried::from_wire(&header).map_err(|_| strange(path))?;
        let mut index = Index::default();
        while let Some((bytes, place)) = blocks.next(FRAME_BYTES_MAX)? {
            let Frame::V1(messages) = Frame::from_wire(&bytes).map_err(|_| strange(path))?;
            for message in messages {
                index
                    .add(message, place)
                    .map_err(|what| said(path, &format!("makes no sense: {what}")))?;
            }
        }
        Ok(Self {
            path: path.to_owned(),
            file: RefCell::new(file),
            last: RefCell::new(None),
            header,
            statements: index.statements,
            logs: index.logs,
            chunks: index.chunks,
        })
    }

    /// Of all logs.
    pub(super) fn entries(&self) -> u64 {
        self.logs
            .values()
            .map(|of| u64::from(of.head.next_seq))
            .sum()
    }

    /// The segment in which an entry lies.
    pub(super) fn segment(&self, log: LogId, seq: u32) -> Result<Option<LogSegment>, Cause> {
        let Some(of) = self.logs.get(&log).filter(|of| seq < of.head.next_seq) else {
            return Ok(None);
        };
        let after = of.segments.partition_point(|(first, _)| *first <= seq);
        let Some((first, place)) = after.checked_sub(1).and_then(|at| of.segments.get(at)) else {
            return Ok(None);
        };
        self.find(*place, |message| match message {
            Message::Segments(segments) => segments
                .iter()
                .find(|of| of.log == log && of.first_seq == *first)
                .cloned(),
            _ => None,
        })
    }

    /// A piece of the ticket list.
    pub(super) fn chunk(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, Cause> {
        let Some(place) = self.chunks.get(hash) else {
            return Ok(None);
        };
        self.find(*place, |message| match message {
            Message::Snapshot(chunks) => chunks
                .iter()
                .find(|(known, _)| known == hash)
                .map(|(_, wire)| wire.clone()),
            _ => None,
        })
    }

    fn find<T>(
        &self,
        place: Place,
        wanted: impl Fn(&Message) -> Option<T>,
    ) -> Result<Option<T>, Cause> {
        let mut last = self.last.borrow_mut();
        if last.as_ref().is_none_or(|(known, _)| *known != place) {
            let mut bytes = vec![0; place.len];
            let mut file = self.file.borrow_mut();
            file.seek(SeekFrom::Start(place.at))
                .and_then(|_| file.read_exact(&mut bytes))
                .map_err(Cause::input("cannot read", &self.path))?;
            let frame = Frame::from_wire(&bytes)
                .map_err(|_| said(&self.path, "changed while it was read"))?;
            *last = Some((place, frame));
        }
        let messages = last.as_ref().map(|(_, Frame::V1(messages))| messages);
        Ok(messages.and_then(|of| of.iter().find_map(wanted)))
    }
}

/// Compares the sum; gives where it begins.
fn whole(path: &Path, file: &mut File, len: u64) -> Result<u64, Cause> {
    let unreadable = || Cause::input("cannot read", path);
    let ours = || said(path, "was not written by `kiosk carry`");
    let least = MAGIC.len() + LENGTH_LEN + DIGEST_LEN;
    let mut start = [0; MAGIC.len()];
    if len < MAGIC.len() as u64 {
        return Err(ours());
    }
    file.read_exact(&mut start).map_err(unreadable())?;
    if start != *MAGIC {
        return Err(ours());
    }
    let damaged = || said(path, "is damaged or was cut short: copy or write it again");
    if len < least as u64 {
        return Err(damaged());
    }
    let body = len - DIGEST_LEN as u64;
    let mut sum = blake3::Hasher::new();
    sum.update(&start);
    let mut rest = body - MAGIC.len() as u64;
    let mut buffer = vec![0; HASH_BYTES];
    while rest > 0 {
        let wanted = usize::try_from(rest).unwrap_or(HASH_BYTES).min(HASH_BYTES);
        let part = &mut buffer[..wanted];
        file.read_exact(part).map_err(unreadable())?;
        sum.update(part);
        rest -= wanted as u64;
    }
    let mut told = [0; DIGEST_LEN];
    file.read_exact(&mut told).map_err(unreadable())?;
    if *sum.finalize().as_bytes() == told {
        Ok(body)
    } else {
        Err(damaged())
    }
}

struct Blocks<'a> {
    path: &'a Path,
    from: BufReader<&'a mut File>,
    at: u64,
    end: u64,
}

impl Blocks<'_> {
    /// `None` at the mark of the end, after which nothing may come.
    fn next(&mut self, max: usize) -> Result<Option<(Vec<u8>, Place)>, Cause> {
        let mut length = [0; LENGTH_LEN];
        self.read(&mut length)?;
        let len = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if len == 0 {
            let is_end = self.at == self.end;
            return if is_end {
                Ok(None)
            } else {
                Err(strange(self.path))
            };
        }
        if len > max {
            return Err(strange(self.path));
        }
        let place = Place { at: self.at, len };
        let mut bytes = vec![0; len];
        self.read(&mut bytes)?;
        Ok(Some((bytes, place)))
    }

    fn read(&mut self, into: &mut [u8]) -> Result<(), Cause> {
        let after = self.at + into.len() as u64;
        if after > self.end {
            return Err(strange(self.path));
        }
        self.at = after;
        self.from
            .read_exact(into)
            .map_err(Cause::input("cannot read", self.path))
    }
}

#[derive(Default)]
struct Index {
    statements: Vec<Signed>,
    logs: BTreeMap<LogId, FileLog>,
    chunks: BTreeMap<[u8; 32], Place>,
    places: usize,
    kept: usize,
}

impl Index {
    fn add(&mut self, message: Message, place: Place) -> Result<(), &'static str> {
        let size = message.size_hint();
        match message {
            Message::Statement(signed) => {
                if signed.kind() == Ok(StatementKind::Checkpoint) {
                    return Err("a checkpoint, which is not carried");
                }
                self.keep(size)?;
                self.statements.push(signed);
            }
            Message::Names(names) => {
                for name in names {
                    let genesis = name.genesis.filter(|of| of.log_id() == name.log);
                    self.begin(name.log, genesis.ok_or("a log without its beginning")?)?;
                }
            }
            Message::Segments(segments) => {
                for segment in segments {
                    self.note_place()?;
                    self.log(segment.log)?.extend(&segment, place);
                }
            }
            Message::Forks(proofs) => {
                self.keep(size)?;
                for proof in proofs {
                    let log = self.log(proof.genesis.log_id())?;
                    log.fork = Some(proof);
                }
            }
            Message::Branches(branches) => {
                // Each entry keeps two hashes beside itself.
                let entries: usize = branches.iter().map(|of| of.segment.bodies.len()).sum();
                self.keep(size + entries * 256)?;
                for branch in branches {
                    let log = self.log(branch.segment.log)?;
                    let strays = quarantined(&branch).into_iter();
                    log.strays.extend(strays.map(|of| (of.hash, of)));
                }
            }
            Message::Snapshot(chunks) => {
                for (hash, _) in chunks {
                    self.note_place()?;
                    self.chunks.insert(hash, place);
                }
            }
            _ => return Err("it holds what devices say to each other only in person"),
        }
        Ok(())
    }

    fn begin(&mut self, log: LogId, genesis: Genesis) -> Result<(), &'static str> {
        if self.logs.len() >= LOGS_MAX {
            return Err("more logs than an event can have");
        }
        self.logs.entry(log).or_insert_with(|| FileLog {
            head: genesis.head(),
            genesis,
            fault: None,
            fork: None,
            strays: BTreeMap::new(),
            segments: Vec::new(),
        });
        Ok(())
    }

    fn log(&mut self, log: LogId) -> Result<&mut FileLog, &'static str> {
        let known = self.logs.get_mut(&log);
        known.ok_or("entries of a log whose beginning is missing")
    }

    fn keep(&mut self, bytes: usize) -> Result<(), &'static str> {
        self.kept = self.kept.saturating_add(bytes);
        if self.kept > KEPT_BYTES_MAX {
            return Err("more statements and proofs than an event can have");
        }
        Ok(())
    }

    fn note_place(&mut self) -> Result<(), &'static str> {
        self.places += 1;
        if self.places > PLACES_MAX {
            return Err("it is cut into too many pieces");
        }
        Ok(())
    }
}

impl FileLog {
    /// Follows the chain: signatures are for the device's own node to judge.
    fn extend(&mut self, segment: &LogSegment, place: Place) {
        if self.fault.is_some() {
            return;
        }
        let mut head = self.head;
        if segment.first_seq != head.next_seq {
            self.fault = Some("the entries before the next ones are not in the file".to_owned());
            return;
        }
        for body in &segment.bodies {
            let entry = Entry::decode(body).map_err(shared::log::ChainError::from);
            match entry.and_then(|entry| head.append(segment.log, &entry)) {
                Ok(after) => head = after,
                Err(error) => {
                    self.fault = Some(format!("entry {} is none: {error}", head.next_seq));
                    return;
                }
            }
        }
        self.head = head;
        self.segments.push((segment.first_seq, place));
    }
}

fn said(path: &Path, what: &str) -> Cause {
    Cause::Input(format!("{} {what}", path.display()))
}

fn strange(path: &Path) -> Cause {
    said(
        path,
        "makes no sense: it is of another version, or was made up",
    )
}
