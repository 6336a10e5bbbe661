//! Running counts of each gate and device, moved in the commit that stores the entries.
//!
//! Invariants: what a ticket adds to the counts is a function of its uses, so the counts do not
//! depend on the order in which entries arrive; a commit writes one row for each gate and device
//! that it concerns, never one a ticket; rates hold a few minutes and forget the rest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::admission::Reason;
use shared::ids::{DeviceId, EventId};
use shared::time::Timestamp;

use crate::platform::db::{Collection, DbError, Entity, Field, Index, IndexValue, Tx};

const MINUTE_MILLIS: i64 = 60_000;
/// Width of a bucket.
const BUCKET_SECS: i64 = 10;
/// Six minutes: what the five-minute rate needs, and a bucket that is under way.
const BUCKETS_KEPT: i64 = 36;

/// What is counted: a gate by its index, or a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Gate(u16),
    Device(DeviceId),
}

/// How many uses there are that stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub admitted: i64,
    /// Admissions that no exit has closed.
    pub inside: i64,
    pub exits: i64,
    /// Admissions while somebody was in on the ticket.
    pub duplicates: i64,
    pub forced: i64,
    pub typed: i64,
}

impl Counts {
    pub fn add(&mut self, other: Self) {
        self.admitted += other.admitted;
        self.inside += other.inside;
        self.exits += other.exits;
        self.duplicates += other.duplicates;
        self.forced += other.forced;
        self.typed += other.typed;
    }
    #[must_use]
    pub const fn negated(self) -> Self {
        Self {
            admitted: -self.admitted,
            inside: -self.inside,
            exits: -self.exits,
            duplicates: -self.duplicates,
            forced: -self.forced,
            typed: -self.typed,
        }
    }
}

/// How many of something in each ten seconds of the last minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent(BTreeMap<i64, u32>);

impl Recent {
    pub fn add(&mut self, at: Timestamp, count: u32) {
        let bucket = self.0.entry(bucket_of(at)).or_default();
        *bucket = bucket.saturating_add(count);
        if let Some((newest, _)) = self.0.last_key_value() {
            let oldest = newest - BUCKETS_KEPT;
            self.0 = self.0.split_off(&oldest);
        }
    }
    /// In the `secs` before `now`, the bucket under way included.
    pub fn within(&self, now: Timestamp, secs: i64) -> u32 {
        let last = bucket_of(now);
        let first = last - secs / BUCKET_SECS + 1;
        let counts = self.0.range(first..=last).map(|(_, count)| *count);
        counts.fold(0, u32::saturating_add)
    }
}

fn bucket_of(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(BUCKET_SECS * 1000)
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub event: EventId,
    pub place: Place,
    pub counts: Counts,
    /// By the contract's word.
    pub refused: BTreeMap<String, u64>,
    /// Admissions by the corrected time of the entry, so that a device that was alone for an hour
    /// is no rush.
    pub admissions: Recent,
    /// Codes that nobody issued.
    pub forged: Recent,
}

impl Tally {
    fn new(event: EventId, place: Place) -> Self {
        Self {
            event,
            place,
            counts: Counts::default(),
            refused: BTreeMap::new(),
            admissions: Recent::default(),
            forged: Recent::default(),
        }
    }
    pub fn key(event: EventId, place: Place) -> String {
        match place {
            Place::Gate(index) => format!("{event}:gate:{index}"),
            Place::Device(device) => format!("{event}:device:{device}"),
        }
    }
    fn apply(&mut self, change: &Change) {
        self.counts.add(change.counts);
        for at in &change.admissions {
            self.admissions.add(*at, 1);
        }
        for (reason, at, count) in &change.refusals {
            *self.refused.entry(reason.word().to_owned()).or_default() += u64::from(*count);
            if reason.is_forgery() {
                self.forged.add(*at, *count);
            }
        }
    }
}

impl Entity for Tally {
    const COLLECTION: Collection = Collection {
        name: "gate_tallies",
        fields: &[Field::text("event_id")],
        indexes: &[Index::on("by_event", &["event_id"])],
    };
    fn id(&self) -> String {
        Self::key(self.event, self.place)
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.event.into()]
    }
}

/// What a commit adds to one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Change {
    pub(in super::super) counts: Counts,
    /// When the new admissions happened.
    pub(in super::super) admissions: Vec<Timestamp>,
    pub(in super::super) refusals: Vec<(Reason, Timestamp, u32)>,
}

/// What a commit adds, by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Changes(BTreeMap<Place, Change>);

impl Changes {
    pub(in super::super) fn at(&mut self, place: Place) -> &mut Change {
        self.0.entry(place).or_default()
    }
    /// When so many codes that nobody issued were shown within a minute there, as this commit told
    /// it; `known` are the running counts with this commit in them, which forget.
    pub(super) fn forged_at(&self, place: Place, known: &Recent, many: u32) -> Vec<Timestamp> {
        let Some(change) = self.0.get(&place) else {
            return Vec::new();
        };
        let forged = || {
            let refusals = change.refusals.iter();
            refusals.filter(|(reason, ..)| reason.is_forgery())
        };
        let within = |at: Timestamp| {
            let of = |seen: Timestamp| (0..MINUTE_MILLIS).contains(&at.millis_since(seen));
            let told = forged().filter(|(_, seen, _)| of(*seen));
            let told = told.fold(0, |sum: u32, (.., count)| sum.saturating_add(*count));
            told.max(known.within(at, MINUTE_MILLIS / 1000))
        };
        let times = forged().map(|(_, at, _)| *at);
        times.filter(|at| within(*at) >= many).collect()
    }
    /// Writes them and gives the rows as they are now.
    pub(in super::super) fn store(
        &self,
        tx: &mut Tx<'_>,
        event: EventId,
    ) -> Result<Vec<Tally>, DbError> {
        let mut stored = Vec::with_capacity(self.0.len());
        for (place, change) in &self.0 {
            if let Some(mut row) = tx.get::<Tally>(&Tally::key(event, *place))? {
                row.value.apply(change);
                tx.replace(&mut row)?;
                stored.push(row.into_inner());
            } else {
                let mut tally = Tally::new(event, *place);
                tally.apply(change);
                tx.insert(&tally)?;
                stored.push(tally);
            }
        }
        Ok(stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    #[test]
    fn a_rate_looks_back_and_forgets() {
        // V10
        let mut recent = Recent::default();
        assert_eq!(recent.within(NOW, 60), 0);
        recent.add(NOW, 2);
        recent.add(NOW.plus_secs(-50), 3);
        recent.add(NOW.plus_secs(-60), 5);
        recent.add(NOW.plus_secs(-290), 7);
        assert_eq!(recent.within(NOW, 60), 5);
        assert_eq!(recent.within(NOW, 300), 17);
        assert_eq!(recent.within(NOW.plus_secs(60), 60), 0);
        // What is older than any rate is gone, and stays out.
        recent.add(NOW.plus_secs(400), 1);
        recent.add(NOW.plus_secs(-50), 9);
        assert_eq!(recent, {
            let mut only = Recent::default();
            only.add(NOW.plus_secs(400), 1);
            only
        });
    }

    #[test]
    fn a_row_stays_small_however_long_it_counts() {
        // V10
        let mut tally = Tally::new(EventId::from_bytes([1; 16]), Place::Gate(0));
        for second in 0..86_400 {
            let at = NOW.plus_secs(second);
            tally.apply(&Change {
                counts: Counts {
                    admitted: 1,
                    ..Counts::default()
                },
                admissions: vec![at],
                refusals: vec![(Reason::BadSignature, at, 1)],
            });
        }
        assert_eq!(tally.counts.admitted, 86_400);
        assert_eq!(tally.refused["bad_signature"], 86_400);
        let stored = serde_json::to_string(&tally).expect("json");
        assert!(stored.len() < 2_000, "{} bytes", stored.len());
        let read: Tally = serde_json::from_str(&stored).expect("json");
        assert_eq!(read, tally);
    }
}
