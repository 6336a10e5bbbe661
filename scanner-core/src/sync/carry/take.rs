//! Taking a file up: visits between the device's node and the file, until one brings nothing new.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use shared::ids::DeviceId;
use shared::log::{Genesis, LogId};
use shared::sync::Carried;
use shared::trust::Roster;

use super::file::CarriedFile;
use super::peer::{FilePeer, begin, let_through, node_of, node_of_file};
use super::report::{CarriedFrom, CarriedIn, NotTaken};
use super::write::of_store;
use crate::cache::Cache;
use crate::clock::Edge;
use crate::error::{Cause, Error};
use crate::sync::gossip::{
    CloseReason, Input, LinkId, LogView, Node, Now, Output, Store as _, StoreError,
};
use crate::sync::peers::{DiskStore, name_of, told};

/// Long after the last question of either side; nobody waits for it, this clock is stepped.
const SILENCE_MILLIS: u64 = 3_000;
/// A visit lasts ten seconds at most by that clock, and brings megabytes each time.
const VISITS_MAX: u64 = 1_000;
/// Frames of one visit. More are made up to keep this busy.
const FRAMES_MAX: usize = 1_000_000;

/// Takes up what a file holds and this device lacks. What was taken before a failure stays.
pub fn carry_from(dir: &Path, edge: &Edge, path: &Path) -> Result<CarriedIn, Error> {
    let (cache, identity) = Cache::open(dir)?.ok_or(Cause::NotEnrolled)?;
    let file = CarriedFile::open(path)?;
    let Carried::V1 { event, .. } = file.header;
    if event != identity.event {
        let other = format!("{} is of another event", path.display());
        return Err(Cause::Input(other).into());
    }
    let mut store = DiskStore::new(cache, identity);
    let mut meeting = Meeting {
        here: node_of(&store, edge)?,
        file: FilePeer(file),
        now: begin(edge),
        notices: Vec::new(),
    };
    let before = Standing::of(&meeting.here, &store)?;
    meeting.offer_trust(&mut store).map_err(of_store)?;
    for visit in 0..VISITS_MAX {
        let so_far = Standing::of(&meeting.here, &store)?;
        let there = node_of_file(&meeting.file, edge)?;
        meeting
            .visit(LinkId(visit), there, &mut store)
            .map_err(of_store)?;
        if Standing::of(&meeting.here, &store)? == so_far {
            break;
        }
    }
    let after = Standing::of(&meeting.here, &store)?;
    store.cache.empty_wal()?;
    Ok(meeting.report(&before, &after, &store.roster()?)?)
}

/// What is here at one moment.
#[derive(PartialEq, Eq)]
struct Standing {
    logs: BTreeMap<LogId, LogView>,
    trust: [u64; 4],
    list: Option<u64>,
    /// Pieces of a list that are still missing; no more than tell that something came.
    missing: Vec<[u8; 32]>,
}

impl Standing {
    fn of(node: &Node, store: &DiskStore) -> Result<Self, Error> {
        let [.., list] = store.cache.statement_versions()?;
        let logs = node.logs().into_iter().map(|of| (of.log, of));
        Ok(Self {
            logs: logs.collect(),
            trust: store.trust().map_err(of_store)?.held,
            list: (list > 0).then_some(list),
            missing: store.missing_chunks(usize::MAX).map_err(of_store)?,
        })
    }

    /// Entries that are known of a log, whether they count or not, and those that do not.
    fn entries(&self, log: LogId) -> (u64, u64) {
        self.logs.get(&log).map_or((0, 0), |of| {
            let after_cut = u64::from(of.head.next_seq - of.counted);
            let strays = of.strays as u64;
            (u64::from(of.head.next_seq) + strays, after_cut + strays)
        })
    }
}

struct Meeting {
    here: Node,
    file: FilePeer,
    /// Stepped to whatever is due next.
    now: Now,
    notices: Vec<String>,
}

impl Meeting {
    /// Statements first, as on every link: entries are judged by the newest roster.
    fn offer_trust(&mut self, store: &mut DiskStore) -> Result<(), StoreError> {
        for set in self.file.offers(store.trust()?.held) {
            let outputs = self.here.handle(self.now, Input::Statements(set), store)?;
            self.listen(outputs, store, &mut VecDeque::new())?;
        }
        Ok(())
    }

    /// One exchange, from hello to silence or until both have the same.
    fn visit(
        &mut self,
        link: LinkId,
        mut there: Node,
        store: &mut DiskStore,
    ) -> Result<(), StoreError> {
        let (mut to_file, mut from_file) = (VecDeque::new(), VecDeque::new());
        let greeting = self.here.link_file(self.now, link);
        let mut open = self.listen(greeting, store, &mut to_file)?;
        open &= answered(there.link_file(self.now, link), &mut from_file);
        let mut spoke_at = self.now.millis;
        let mut frames = 0;
        while open && frames < FRAMES_MAX {
            if let Some(bytes) = from_file.pop_front() {
                frames += 1;
                spoke_at = self.now.millis;
                let bytes: &[u8] = &bytes;
                let heard = self
                    .here
                    .handle(self.now, Input::Frame { link, bytes }, store)?;
                open &= self.listen(heard, store, &mut to_file)?;
            } else if let Some(bytes) = to_file.pop_front() {
                frames += 1;
                spoke_at = self.now.millis;
                let bytes: &[u8] = &bytes;
                let heard = there.handle(self.now, Input::Frame { link, bytes }, &mut self.file)?;
                open &= answered(heard, &mut from_file);
            } else {
                self.step(there.next_tick());
                if self.now.millis > spoke_at + SILENCE_MILLIS {
                    break;
                }
                let due = self.here.handle(self.now, Input::Tick, store)?;
                open &= self.listen(due, store, &mut to_file)?;
                let due = there.handle(self.now, Input::Tick, &mut self.file)?;
                open &= answered(due, &mut from_file);
            }
        }
        let left = self.here.handle(self.now, Input::Down(link), store)?;
        self.listen(left, store, &mut to_file)?;
        self.settle(store)
    }

    /// What has come and waits to be committed with more of it.
    fn settle(&mut self, store: &mut DiskStore) -> Result<(), StoreError> {
        let until = self.now.millis + SILENCE_MILLIS;
        while self.here.buffered() > 0 && self.now.millis < until {
            self.step(u64::MAX);
            let due = self.here.handle(self.now, Input::Tick, store)?;
            self.listen(due, store, &mut VecDeque::new())?;
        }
        Ok(())
    }

    /// To whatever is due next here or there.
    fn step(&mut self, there: u64) {
        let next = self.here.next_tick().min(there).max(self.now.millis + 1);
        let step = i64::try_from(next - self.now.millis).unwrap_or(0);
        self.now.millis = next;
        self.now.wall = self.now.wall.plus_millis(step);
    }

    /// `false` when the device's node has ended the visit.
    fn listen(
        &mut self,
        outputs: Vec<Output>,
        store: &DiskStore,
        to_file: &mut VecDeque<Vec<u8>>,
    ) -> Result<bool, StoreError> {
        let mut open = true;
        for output in outputs {
            match output {
                Output::Send { bytes, .. } => to_file.extend(let_through(bytes, true)),
                Output::Close { why, .. } => {
                    open = false;
                    if why != CloseReason::Done {
                        let ended = "the file holds more that does not hold up than is looked at";
                        self.notices.push(ended.to_owned());
                    }
                }
                Output::Alert(alert) => {
                    let roster = store.roster().map_err(Error::from)?;
                    let notice = told(&alert, &roster, self.now.wall).text;
                    if !self.notices.contains(&notice) {
                        self.notices.push(notice);
                    }
                }
                // Other processes of this device see what was stored, and tell.
                Output::Merged(_)
                | Output::Trusted(_)
                | Output::Visit(_)
                | Output::Addresses(_)
                | Output::ClockOffset(_)
                | Output::Own(_)
                | Output::Claimed { .. } => {}
            }
        }
        Ok(open)
    }

    fn report(
        self,
        before: &Standing,
        after: &Standing,
        roster: &Roster,
    ) -> Result<CarriedIn, Cause> {
        let Carried::V1 {
            device, written, ..
        } = self.file.0.header;
        let mut devices: BTreeMap<DeviceId, CarriedFrom> = BTreeMap::new();
        let mut refused = Vec::new();
        for (log, of) in &self.file.0.logs {
            let writer = of.genesis.device;
            let ((had, had_apart), (has, has_apart)) = (before.entries(*log), after.entries(*log));
            if has > had {
                let from = devices.entry(writer).or_insert_with(|| CarriedFrom {
                    device_id: writer,
                    device: name_of(roster, writer),
                    entries: 0,
                    quarantined: 0,
                });
                from.entries += has - had;
                from.quarantined += has_apart.saturating_sub(had_apart).min(has - had);
            }
            let taken = after.logs.get(log);
            if let Some((from_seq, why)) = self.not_taken(*log, taken, roster)? {
                refused.push(NotTaken {
                    device_id: writer,
                    device: name_of(roster, writer),
                    log: log.to_string(),
                    from_seq,
                    why,
                });
            }
        }
        Ok(CarriedIn {
            writer_id: device,
            writer: name_of(roster, device),
            written_at: written,
            entries: self.file.0.entries(),
            new: devices.values().map(|of| of.entries).sum(),
            devices: devices.into_values().collect(),
            list_version: after.list.filter(|_| after.list != before.list),
            trust_changed: after.trust != before.trust,
            refused,
            notices: self.notices,
        })
    }

    /// From where on a log of the file was not taken, and why.
    fn not_taken(
        &self,
        log: LogId,
        taken: Option<&LogView>,
        roster: &Roster,
    ) -> Result<Option<(u32, String)>, Cause> {
        let Some(of) = self.file.0.logs.get(&log) else {
            return Ok(None);
        };
        // Past the place where it splits, entries are kept apart and told with the devices.
        if taken.is_some_and(|taken| taken.frozen.is_some()) {
            return Ok(None);
        }
        let head = taken.map_or_else(|| of.genesis.head(), |taken| taken.head);
        if head.next_seq < of.head.next_seq {
            let why = match stranger(&of.genesis, roster) {
                Some(why) => why.to_owned(),
                None => self
                    .file
                    .why_not(log, head)?
                    .unwrap_or_else(|| "it came too late: take the file up once more".to_owned()),
            };
            return Ok(Some((head.next_seq, why)));
        }
        let fault = of.fault.clone();
        Ok(fault.map(|why| (of.head.next_seq, why)))
    }
}

/// What keeps a log from being looked at.
fn stranger(genesis: &Genesis, roster: &Roster) -> Option<&'static str> {
    match roster.by_device(genesis.device) {
        None => Some(
            "its device is not in the roster that is known here: sync, or take up a newer file first",
        ),
        Some(of) if of.public_key != genesis.device_key => Some("its key is not the device's"),
        Some(_) => None,
    }
}

/// `false` when the file's side has ended the visit.
fn answered(outputs: Vec<Output>, from_file: &mut VecDeque<Vec<u8>>) -> bool {
    let mut open = true;
    for output in outputs {
        match output {
            Output::Send { bytes, .. } => from_file.extend(let_through(bytes, false)),
            Output::Close { .. } => open = false,
            _ => {}
        }
    }
    open
}
