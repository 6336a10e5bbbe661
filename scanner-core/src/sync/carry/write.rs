//! Writing the file.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use shared::ids::DeviceId;
use shared::log::LogId;
use shared::sync::Carried;
use shared::sync::carried::{CARRIED_BYTES_MAX, DIGEST_LEN, LENGTH_LEN, MAGIC};
use shared::sync::frame::{FRAME_BYTES_MAX, Frame, Message};
use shared::trust::segment::SEGMENT_BYTES_MAX;
use shared::trust::{Manifest, Signed, StatementKind};

use super::peer::node_of;
use super::report::{CarriedList, CarriedOut};
use crate::beside::{self, Beside};
use crate::cache::Cache;
use crate::clock::Edge;
use crate::error::{Cause, Error};
use crate::sync::gossip::StoreError;
use crate::sync::peers::DiskStore;

/// Kept free for what a frame adds to a piece of the list.
const FRAMING_BYTES: u64 = 64;

/// Writes what the device has: all logs, the trust, and its ticket list unless it is not wanted.
pub fn carry_to(dir: &Path, edge: &Edge, path: &Path, list: bool) -> Result<CarriedOut, Error> {
    let (cache, identity) = Cache::open(dir)?.ok_or(Cause::NotEnrolled)?;
    let header = Carried::V1 {
        event: identity.event,
        device: identity.device,
        written: edge.clock.now(),
    };
    let store = DiskStore::new(cache, identity);
    spare_other_files(path)?;
    let mut out = Out::beside(path)?;
    let written = write(&store, edge, header, list, &mut out);
    match written {
        Ok(report) => {
            out.file.take_place()?;
            Ok(report)
        }
        Err(error) => {
            out.file.discard();
            Err(error)
        }
    }
}

fn spare_other_files(path: &Path) -> Result<(), Cause> {
    beside::spare_other_files(path, "something else", |mut file| {
        let mut start = [0; MAGIC.len()];
        file.read_exact(&mut start).is_ok() && start == *MAGIC
    })
}

fn write(
    store: &DiskStore,
    edge: &Edge,
    header: Carried,
    list: bool,
    out: &mut Out,
) -> Result<CarriedOut, Error> {
    out.put(MAGIC)?;
    out.block(&header.to_wire())?;
    let mut statements = store.cache.statements_in_use()?;
    // The list follows when all of it fits.
    let manifest = statements.pop_if(|of| of.kind() == Ok(StatementKind::Snapshot));
    for signed in statements {
        out.frame(vec![Message::Statement(signed)])?;
    }
    let (entries, devices) = write_logs(store, edge, out)?;
    let list = match manifest {
        None => CarriedList::Missing,
        Some(_) if !list => CarriedList::LeftOut,
        Some(signed) => write_list(store, signed, out)?,
    };
    let bytes = out.end()?;
    Ok(CarriedOut {
        bytes,
        entries,
        devices: devices.len(),
        list,
    })
}

/// Gives the number of entries, and whose they are.
fn write_logs(
    store: &DiskStore,
    edge: &Edge,
    out: &mut Out,
) -> Result<(u64, BTreeSet<DeviceId>), Error> {
    let node = node_of(store, edge)?;
    let views = node.logs().into_iter();
    let writers: BTreeMap<LogId, DeviceId> = views.map(|of| (of.log, of.genesis.device)).collect();
    let (mut entries, mut devices) = (0, BTreeSet::new());
    let mut failed = None;
    let told = node.write_down(store, &mut |message| {
        if let Message::Segments(segments) = &message {
            for segment in segments {
                entries += segment.bodies.len() as u64;
                devices.extend(writers.get(&segment.log));
            }
        }
        out.frame(vec![message]).map_err(|cause| {
            failed = Some(cause);
            StoreError::from("the file cannot be written")
        })
    });
    match failed {
        Some(cause) => Err(cause.into()),
        None => told.map_err(of_store).map(|()| (entries, devices)),
    }
}

fn write_list(store: &DiskStore, signed: Signed, out: &mut Out) -> Result<CarriedList, Cause> {
    let trust = store
        .cache
        .trust(store.identity.event, store.identity.pin)?;
    let Some(of) = trust.snapshot.filter(|of| of.hash == signed.hash()) else {
        // A newer one came meanwhile, or its keys were replaced.
        return Ok(CarriedList::Missing);
    };
    if !out.has_room_for(&of.body) {
        return Ok(CarriedList::TooLarge);
    }
    out.frame(vec![Message::Statement(signed)])?;
    out.list(&store.cache, &of.body)?;
    Ok(CarriedList::Version(of.header.version))
}

pub(crate) fn of_store(error: StoreError) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(other) => Cause::Damaged(other.to_string()).into(),
    }
}

/// The file that is being written.
struct Out {
    file: Beside,
    sum: blake3::Hasher,
    bytes: u64,
}

impl Out {
    fn beside(path: &Path) -> Result<Self, Cause> {
        Ok(Self {
            file: Beside::open(path)?,
            sum: blake3::Hasher::new(),
            bytes: 0,
        })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Cause> {
        let after = self.bytes + bytes.len() as u64;
        if after > CARRIED_BYTES_MAX {
            return Err(Cause::Input(format!(
                "this device has more than a file may carry ({CARRIED_BYTES_MAX} bytes)"
            )));
        }
        self.bytes = after;
        self.sum.update(bytes);
        self.file.put(bytes)
    }

    fn block(&mut self, bytes: &[u8]) -> Result<(), Cause> {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.put(&length.to_be_bytes())?;
        self.put(bytes)
    }

    fn frame(&mut self, messages: Vec<Message>) -> Result<(), Cause> {
        self.block(&Frame::V1(messages).to_wire())
    }

    /// All pieces of a list, and the end of the file after them.
    fn has_room_for(&self, manifest: &Manifest) -> bool {
        let pieces = manifest.segments.iter();
        let list: u64 = pieces.map(|of| u64::from(of.bytes) + FRAMING_BYTES).sum();
        let statement = FRAME_BYTES_MAX as u64;
        self.bytes + list + statement + FRAMING_BYTES <= CARRIED_BYTES_MAX
    }

    fn list(&mut self, cache: &Cache, manifest: &Manifest) -> Result<(), Cause> {
        for piece in &manifest.segments {
            if let Some(wire) = cache.segment_wire(&piece.hash)? {
                self.frame(vec![Message::Snapshot(vec![(piece.hash, wire)])])?;
            }
        }
        Ok(())
    }

    /// Gives the size of the file.
    fn end(&mut self) -> Result<u64, Cause> {
        self.put(&[0; LENGTH_LEN])?;
        let sum = *self.sum.finalize().as_bytes();
        self.put(&sum)?;
        Ok(self.bytes)
    }
}

const _: () = assert!(DIGEST_LEN == blake3::OUT_LEN);
const _: () = assert!(SEGMENT_BYTES_MAX + 64 <= FRAME_BYTES_MAX);
