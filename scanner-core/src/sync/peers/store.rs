//! The device's cache as the gossip's disk.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use shared::log::LogId;
use shared::sync::StatementSet;
use shared::sync::claim::{ClaimId, ClaimSlot};
use shared::time::Timestamp;
use shared::trust::{Roster, Segment, SegmentRef};

use crate::cache::{Cache, Identity, LogRow, StoredEntry, Trust};
use crate::error::{Cause, Error};
use crate::sync::gossip::{Batch, Store, StoreError, StoredLog, Stray, TrustView};
use crate::sync::proto::{self, Held};

/// A database connection of its own: a scan waits for one of its commits at most.
pub(crate) struct DiskStore {
    pub(crate) cache: Cache,
    pub(crate) identity: Identity,
    fetching: RefCell<Option<Fetching>>,
}

/// What a pending snapshot lacks. A list of a million tickets has two thousand pieces and comes in
/// over a hundred frames: to check its signatures and look for every piece at each of them would
/// cost more than the pieces. A sync may have brought some of them meanwhile: then they come twice.
struct Fetching {
    snapshot: [u8; 32],
    missing: BTreeMap<[u8; 32], SegmentRef>,
}

impl DiskStore {
    pub(crate) fn new(cache: Cache, identity: Identity) -> Self {
        Self {
            cache,
            identity,
            fetching: RefCell::new(None),
        }
    }

    pub(in crate::sync) fn roster(&self) -> Result<Roster, Cause> {
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

    /// Looks at what the pending snapshot lacks; `None` when none is waited for.
    fn fetching<T>(&self, look: impl FnOnce(&mut Fetching) -> T) -> Result<Option<T>, Cause> {
        let mut fetching = self.fetching.borrow_mut();
        let Some(snapshot) = self.cache.pending_snapshot()? else {
            *fetching = None;
            return Ok(None);
        };
        if fetching.as_ref().is_none_or(|of| of.snapshot != snapshot) {
            *fetching = None;
            let Some(pending) = self.trusted()?.pending else {
                return Ok(None);
            };
            let missing = self.cache.missing_segments(&pending.body)?;
            *fetching = Some(Fetching {
                snapshot,
                missing: missing.into_iter().map(|of| (of.hash, of)).collect(),
            });
        }
        Ok(fetching.as_mut().map(look))
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
        let missing = self.fetching(|of| of.missing.keys().take(limit).copied().collect());
        Ok(missing.map_err(Error::from)?.unwrap_or_default())
    }

    fn chunk(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.cache.segment_wire(hash).map_err(Error::from)?)
    }

    fn keep_chunks(&mut self, chunks: Vec<([u8; 32], Vec<u8>)>) -> Result<bool, StoreError> {
        let keep = || -> Result<bool, Cause> {
            let good = self.fetching(|of| {
                let wanted = |(hash, wire): &([u8; 32], Vec<u8>)| {
                    let reference = of.missing.get(hash);
                    reference.is_some_and(|reference| Segment::open(reference, wire).is_ok())
                };
                chunks.into_iter().filter(wanted).collect::<Vec<_>>()
            })?;
            let good = good.unwrap_or_default();
            if good.is_empty() {
                return Ok(false);
            }
            self.cache.store_segments(&good)?;
            let whole = self.fetching(|of| {
                for (hash, _) in &good {
                    of.missing.remove(hash);
                }
                of.missing.is_empty()
            })?;
            if whole == Some(true) && !self.switch_when_whole()? {
                // Pieces of it were dropped meanwhile: looked at anew.
                *self.fetching.borrow_mut() = None;
            }
            Ok(true)
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
