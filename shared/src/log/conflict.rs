//! Why more came in on a ticket than may: the same answer on every replica.
//!
//! Invariants: a function of signed bytes only (entries, rosters' cuts, clock entries), so replicas
//! that know the same give the same category; it names a cause and judges nobody.

use serde::{Deserialize, Serialize};

use super::entry::{DecisionFlags, EntryKind};
use super::state::Use;
use crate::time::Timestamp;

/// Two gates that both heard others and still admitted within this time could not know: news takes
/// a sync interval.
const RACE_MILLIS: i64 = 60_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ConflictCategory {
    /// The gates heard each other, but not within these seconds.
    Race,
    /// A gate could not hear of the other admission.
    Partition,
    /// A supervisor let somebody in although the ticket was used.
    Forced,
    /// A clock was not to be trusted, or the corrected times tell another order.
    Clock,
    /// An admission comes from a device after it was cut off.
    Quarantined,
}

/// One admission of a ticket, with what its entry says about the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    pub use_: Use,
    pub flags: DecisionFlags,
    /// True time minus the device's clock, as its last clock entry before this one says.
    pub offset_millis: i64,
    /// Its device had been cut off.
    pub quarantined: bool,
}

impl Admission {
    /// When it happened, by a clock that is right.
    pub fn corrected_at(&self) -> Timestamp {
        self.use_.hlc.at().plus_millis(self.offset_millis)
    }
    fn heard_others(&self) -> bool {
        self.flags.contains(DecisionFlags::HEARD_SERVER)
            || self.flags.contains(DecisionFlags::HEARD_PEER)
    }
}

/// `admissions` in any order; `None` when there are not two.
pub fn category(admissions: &[Admission]) -> Option<ConflictCategory> {
    let mut admissions = admissions.to_vec();
    admissions.sort_by_key(|admission| admission.use_);
    let [first, later @ ..] = admissions.as_slice() else {
        return None;
    };
    if later.is_empty() {
        return None;
    }
    if admissions.iter().any(|admission| admission.quarantined) {
        return Some(ConflictCategory::Quarantined);
    }
    // All but the forced ones would be a conflict by themselves.
    let unforced = |admission: &&Admission| admission.use_.kind != EntryKind::Forced;
    if later.iter().filter(unforced).count() == 0 {
        return Some(ConflictCategory::Forced);
    }
    let is_unsure = |admission: &Admission| admission.flags.contains(DecisionFlags::CLOCK_UNSURE);
    let is_ordered = admissions.is_sorted_by_key(Admission::corrected_at);
    if !is_ordered || admissions.iter().any(is_unsure) {
        return Some(ConflictCategory::Clock);
    }
    let heard = admissions.iter().all(Admission::heard_others);
    let is_close =
        |later: &Admission| later.corrected_at().millis_since(first.corrected_at()) <= RACE_MILLIS;
    if heard && later.iter().all(is_close) {
        return Some(ConflictCategory::Race);
    }
    Some(ConflictCategory::Partition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::DeviceId;
    use crate::log::{Hlc, LogId};

    const HEARD: DecisionFlags = DecisionFlags::HEARD_PEER;

    fn admission(seconds: u64, flags: DecisionFlags) -> Admission {
        Admission {
            use_: Use {
                hlc: Hlc {
                    millis: 1_790_000_000_000 + seconds * 1000,
                    counter: 0,
                },
                log: LogId([1; 16]),
                seq: 0,
                kind: EntryKind::Admit,
                device: DeviceId::from_bytes([1; 16]),
                gate: 0,
                generation: 1,
                target: None,
            },
            flags,
            offset_millis: 0,
            quarantined: false,
        }
    }

    fn both_ways(a: Admission, b: Admission) -> Option<ConflictCategory> {
        let told = category(&[a, b]);
        assert_eq!(category(&[b, a]), told, "the order of arrival says nothing");
        told
    }

    #[test]
    fn a_cause_is_named() {
        // V2
        use ConflictCategory::{Clock, Forced, Partition, Quarantined, Race};
        let none = DecisionFlags::default();
        let first = admission(0, HEARD);
        assert_eq!(category(&[]), None);
        assert_eq!(category(&[first]), None);
        assert_eq!(both_ways(first, admission(60, HEARD)), Some(Race));
        assert_eq!(both_ways(first, admission(61, HEARD)), Some(Partition));
        assert_eq!(both_ways(first, admission(1, none)), Some(Partition));
        let mut forced = admission(30, HEARD);
        forced.use_.kind = EntryKind::Forced;
        assert_eq!(both_ways(first, forced), Some(Forced));
        let unsure = admission(5, HEARD.with(DecisionFlags::CLOCK_UNSURE));
        assert_eq!(both_ways(first, unsure), Some(Clock));
        // By their own clocks the second came later; it was a minute before the first.
        let mut fast = admission(5, HEARD);
        fast.offset_millis = -65_000;
        assert_eq!(both_ways(first, fast), Some(Clock));
        let mut cut_off = admission(5, HEARD);
        cut_off.quarantined = true;
        assert_eq!(both_ways(first, cut_off), Some(Quarantined));
    }

    #[test]
    fn a_forced_one_does_not_hide_a_copy() {
        // V2, V11
        let mut forced = admission(30, HEARD);
        forced.use_.kind = EntryKind::Forced;
        let all = [admission(0, HEARD), admission(300, HEARD), forced];
        assert_eq!(category(&all), Some(ConflictCategory::Partition));
    }
}
