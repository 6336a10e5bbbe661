//! The device's cache as the gossip's disk.

use std::collections::BTreeMap;
use std::path::Path;

use shared::log::LogId;
use shared::sync::StatementSet;
use shared::sync::claim::{ClaimId, ClaimSlot};
use shared::time::Timestamp;
use shared::trust::{Roster, Segment};

use crate::cache::{Cache, Identity, LogRow, StoredEntry, Trust};
use crate::error::{Cause, Error};
use crate::sync::gossip::{Batch, Store, StoreError, StoredLog, Stray, TrustView};
use crate::sync::proto::{self, Held};

/// A database connection of its own: a scan waits for one of its commits at most.
pub(super) struct DiskStore {
    pub(super) cache: Cache,
    pub(super) identity: Identity,
}

impl DiskStore {
    pub(super) fn new(cache: Cache, identity: Identity) -> Self {
        Self { cache, identity }
    }

    pub(super) fn roster(&self) -> Result<Roster, Cause> {
        Ok(view(&self.trusted()?).roster)
    }

    fn trusted(&self) -> Result<Trust, Cause> {
        self.cache.trust(self.identity.event, self.identity.pin)
    }

    fn stored(&self, row: LogRow) -> Result<StoredLog, Cause> {
        let mut head = row.checked;
        if row.own {
            head = self.cache.walk(&row, row.checked, |_, _, _| ())?.head;
        }
        let fork = match row.frozen {
            Some(_) => self.cache.fork(row.log)?,
            None => None,
        };
        let by_this_device = row.genesis.device == self.identity.device;
        Ok(StoredLog {
            own: by_this_device,
            // One of before the data was put back from a copy came from the peers.
            closed: row.closed || !row.own,
            genesis: row.genesis,
            head,
            fork,
        })
    }

    /// All segments of the pending snapshot are here: from now on it is the one in use.
    fn switch_when_whole(&mut self) -> Result<bool, Cause> {
        let Some(pending) = self.trusted()?.pending else {
            return Ok(false);
        };
        if !self.cache.missing_segments(&pending.body)?.is_empty() {
            return Ok(false);
        }
        self.cache.switch_snapshot(&pending)
    }
}

impl Store for DiskStore {
    fn logs(&self) -> Result<Vec<StoredLog>, StoreError> {
        let rows = self.cache.logs().map_err(Error::from)?;
        let stored = rows.into_iter().map(|row| self.stored(row));
        Ok(stored.collect::<Result<_, _>>().map_err(Error::from)?)
    }

    fn log(&self, log: LogId) -> Result<Option<StoredLog>, StoreError> {
        let rows = self.cache.logs().map_err(Error::from)?;
        let row = rows.into_iter().find(|row| row.log == log);
        Ok(row
            .map(|row| self.stored(row))
            .transpose()
            .map_err(Error::from)?)
    }

    fn entries(&self, log: LogId, first: u32, limit: u32) -> Result<Vec<StoredEntry>, StoreError> {
        let Some(place) = self.cache.place_of(log).map_err(Error::from)? else {
            return Ok(Vec::new());
        };
        Ok(self
            .cache
            .entries(place, first, limit)
            .map_err(Error::from)?)
    }

    fn strays(&self, log: LogId) -> Result<Vec<Stray>, StoreError> {
        Ok(self.cache.strays(log).map_err(Error::from)?)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.cache.merge(batch).map_err(Error::from)?;
        Ok(())
    }

    fn trust(&self) -> Result<TrustView, StoreError> {
        Ok(view(&self.trusted().map_err(Error::from)?))
    }

    fn newer(&self, held: [u64; 4]) -> Result<StatementSet, StoreError> {
        let newer = || self.cache.newer(&self.trusted()?, held);
        Ok(newer().map_err(Error::from)?)
    }

    fn adopt(
        &mut self,
        offered: StatementSet,
        now: Timestamp,
    ) -> Result<(TrustView, Option<String>), StoreError> {
        let adopt = || -> Result<_, Cause> {
            let held = Held {
                event: self.identity.event,
                trust: self.trusted()?,
                logs: BTreeMap::new(),
            };
            let plan = proto::adoption(&held, offered, now);
            self.cache.apply(&plan)?;
            self.switch_when_whole()?;
            let why = plan.distrust.map(|error| error.to_string());
            Ok((view(&self.trusted()?), why))
        };
        Ok(adopt().map_err(Error::from)?)
    }

    fn missing_chunks(&self, limit: usize) -> Result<Vec<[u8; 32]>, StoreError> {
        let missing = || match self.trusted()?.pending {
            Some(pending) => self.cache.missing_segments(&pending.body),
            None => Ok(Vec::new()),
        };
        let missing = missing().map_err(Error::from)?;
        Ok(missing.iter().take(limit).map(|of| of.hash).collect())
    }

    fn chunk(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.cache.segment_wire(hash).map_err(Error::from)?)
    }

    fn keep_chunks(&mut self, chunks: Vec<([u8; 32], Vec<u8>)>) -> Result<bool, StoreError> {
        let keep = || -> Result<bool, Cause> {
            let Some(pending) = self.trusted()?.pending else {
                return Ok(false);
            };
            let missing = self.cache.missing_segments(&pending.body)?;
            let good: Vec<_> = chunks
                .into_iter()
                .filter(|(hash, wire)| {
                    let wanted = missing.iter().find(|of| of.hash == *hash);
                    wanted.is_some_and(|of| Segment::open(of, wire).is_ok())
                })
                .collect();
            self.cache.store_segments(&good)?;
            self.switch_when_whole()?;
            Ok(!good.is_empty())
        };
        Ok(keep().map_err(Error::from)?)
    }

    fn grant(&self, slot: &ClaimSlot) -> Result<Option<ClaimId>, StoreError> {
        Ok(self.cache.grant(*slot).map_err(Error::from)?)
    }

    fn grants_are_whole(&self) -> Result<bool, StoreError> {
        let whole = || self.cache.grants_are_whole(self.trusted()?.rolled_back);
        Ok(whole().map_err(Error::from)?)
    }
}

/// The disk of an enrolled device, for whoever drives a node of its own: the benchmarks.
pub fn open_disk(dir: &Path) -> Result<Box<dyn Store>, Error> {
    let (cache, identity) = Cache::open(dir)?.ok_or(Cause::NotEnrolled)?;
    Ok(Box::new(DiskStore::new(cache, identity)))
}

fn view(trust: &Trust) -> TrustView {
    TrustView {
        held: trust.held(),
        roster: trust
            .roster
            .as_ref()
            .map(|of| of.body.clone())
            .unwrap_or_default(),
    }
}
