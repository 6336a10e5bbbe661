//! Taking in what a device sent: chunk by chunk, each planned on what is stored, then committed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use shared::ids::{DeviceId, EventId};
use shared::log::{Genesis, LogId, LogSegment};
use shared::time::Timestamp;

use super::super::Error;
use super::super::model::{GateDevice, GateLog};
use super::super::statements::RACES_MAX;
use super::super::validate::rules_of;
use super::authenticate::key_of;
use super::plan::{Known, Plan, plan};
use super::{apply, fork};
use crate::app::App;
use crate::platform::db::{Db, Query};

/// Entries in one commit: the writer is everybody's, and 1,024 keep it for a tenth of a second.
const COMMIT_ENTRIES_MAX: usize = 1_024;
/// Entries taken from one request; the rest is not acknowledged and comes again.
const REQUEST_ENTRIES_MAX: usize = 8_192;
/// Installs and restores of one device.
const LOGS_PER_DEVICE_MAX: u64 = 64;

/// Stores what fits and gives the refusals by log.
pub(super) async fn take(
    app: &App,
    sender: &GateDevice,
    geneses: Vec<Genesis>,
    mut segments: Vec<LogSegment>,
    now: Timestamp,
) -> Result<BTreeMap<LogId, String>, Error> {
    segments.sort_by_key(|segment| (segment.log, segment.first_seq));
    let mut refused = BTreeMap::new();
    let mut offer = Offer::new(&app.db, sender, geneses, &mut refused).await?;
    let mut waiting = VecDeque::from(segments);
    let mut taken = 0;
    loop {
        let chunk = next_chunk(&mut waiting, &refused);
        taken += chunk
            .iter()
            .map(|segment| segment.bodies.len())
            .sum::<usize>();
        let is_last = waiting.is_empty() || taken >= REQUEST_ENTRIES_MAX;
        let plan = commit(app, &offer, &chunk, now).await?;
        refused.extend(plan.refused);
        for overlap in &plan.overlaps {
            if let Some(why) = fork::examine(app, &offer, overlap, now).await? {
                refused.entry(overlap.log).or_insert(why);
            }
        }
        offer.opened.clear();
        if is_last {
            return Ok(refused);
        }
    }
}

/// What the sender says about logs, as far as the roster bears it out.
pub(super) struct Offer {
    pub(super) event: EventId,
    geneses: BTreeMap<LogId, Genesis>,
    devices: BTreeMap<DeviceId, GateDevice>,
    /// New logs of the sender itself: stored even while they are empty.
    opened: BTreeSet<LogId>,
}

impl Offer {
    async fn new(
        db: &Db,
        sender: &GateDevice,
        geneses: Vec<Genesis>,
        refused: &mut BTreeMap<LogId, String>,
    ) -> Result<Self, Error> {
        let mut offer = Self {
            event: sender.event,
            geneses: BTreeMap::new(),
            devices: BTreeMap::from([(sender.id, sender.clone())]),
            opened: BTreeSet::new(),
        };
        for genesis in geneses {
            let log = genesis.log_id();
            if db.get::<GateLog>(&log.to_string()).await?.is_some() {
                continue;
            }
            match offer.judge(db, &genesis).await? {
                Ok(()) => {
                    if genesis.device == sender.id {
                        offer.opened.insert(log);
                    }
                    offer.geneses.insert(log, genesis);
                }
                Err(why) => {
                    refused.insert(log, why.to_owned());
                }
            }
        }
        Ok(offer)
    }

    /// Whether the roster knows the genesis' device, and by this key.
    async fn judge(
        &mut self,
        db: &Db,
        genesis: &Genesis,
    ) -> Result<Result<(), &'static str>, Error> {
        if genesis.event != self.event {
            return Ok(Err("a log of another event"));
        }
        let Some(device) = self.device(db, genesis.device).await? else {
            return Ok(Err("the device is not in the roster"));
        };
        if device.public_key_bytes() != Some(genesis.device_key) {
            return Ok(Err("the key is not the device's"));
        }
        let query = Query::on("by_device").eq(genesis.device);
        if db.count::<GateLog>(&query).await? >= LOGS_PER_DEVICE_MAX {
            return Ok(Err("the device has too many logs"));
        }
        Ok(Ok(()))
    }

    async fn device(&mut self, db: &Db, id: DeviceId) -> Result<Option<&GateDevice>, Error> {
        if !self.devices.contains_key(&id)
            && let Some(device) = db.get::<GateDevice>(&id.to_string()).await?
            && device.event == self.event
        {
            self.devices.insert(id, device.into_inner());
        }
        Ok(self.devices.get(&id))
    }

    /// A log as it is stored, or as its genesis begins it. Devices are read afresh: one may have
    /// been evicted a moment ago.
    pub(super) async fn known(&self, db: &Db, log: LogId) -> Result<Option<Known>, Error> {
        let stored = db.get::<GateLog>(&log.to_string()).await?;
        let (row, is_new) = match (stored, self.geneses.get(&log)) {
            (Some(stored), _) if stored.event == self.event => (stored.into_inner(), false),
            (None, Some(genesis)) => (GateLog::new(genesis), true),
            (Some(_), _) | (None, None) => return Ok(None),
        };
        let device = db.get::<GateDevice>(&row.device.to_string()).await?;
        let device = device.ok_or(Error::Inconsistent("a log without its device"))?;
        let Some(key) = key_of(&device) else {
            return Ok(None);
        };
        Ok(Some(Known {
            cut: device.cut_of(log),
            clock_offset_ms: device.clock_offset_ms,
            log: row,
            is_new,
            key,
        }))
    }
}

/// As many segments as one commit takes, at least one; those of refused logs are dropped.
fn next_chunk(
    waiting: &mut VecDeque<LogSegment>,
    refused: &BTreeMap<LogId, String>,
) -> Vec<LogSegment> {
    let mut chunk: Vec<LogSegment> = Vec::new();
    let mut entries = 0;
    while let Some(segment) = waiting.pop_front() {
        if refused.contains_key(&segment.log) {
            continue;
        }
        if !chunk.is_empty() && entries + segment.bodies.len() > COMMIT_ENTRIES_MAX {
            waiting.push_front(segment);
            break;
        }
        entries += segment.bodies.len();
        chunk.push(segment);
    }
    chunk
}

/// Plans on what is stored and commits the plan; plans anew when somebody was faster.
async fn commit(
    app: &App,
    offer: &Offer,
    chunk: &[LogSegment],
    now: Timestamp,
) -> Result<Plan, Error> {
    for _ in 0..RACES_MAX {
        let logs = chunk.iter().map(|segment| segment.log);
        let logs: BTreeSet<LogId> = logs.chain(offer.opened.iter().copied()).collect();
        let mut known = BTreeMap::new();
        for log in logs {
            if let Some(found) = offer.known(&app.db, log).await? {
                known.insert(log, found);
            }
        }
        let (opened, segments) = (offer.opened.clone(), chunk.to_vec());
        // Hundreds of signatures may have to be verified.
        let plan = tokio::task::spawn_blocking(move || plan(&known, &opened, segments))
            .await
            .map_err(|_| Error::Inconsistent("planning was interrupted"))?;
        if plan.grown.is_empty() {
            return Ok(plan);
        }
        let (event, sent) = (offer.event, plan.clone());
        let rules = rules_of(app, event).await?;
        let stored = app
            .db
            .write(move |tx| apply::apply(tx, event, &sent, &rules, now))
            .await;
        match stored {
            Ok(true) => return Ok(plan),
            Ok(false) => {}
            Err(error) if error.is_race() => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Contended)
}
