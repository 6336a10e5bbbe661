//! What a rule may ask about a ticket at a gate.

use super::times::Moment;
use super::value::Value;

/// Entries are admissions of this ticket on this list that stand, before this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// Id of the ticket class.
    Product,
    /// The same id: a class here is what elsewhere is one variation of a product.
    Variation,
    /// Name of the ticket class.
    Class,
    /// Id of the gate; null without a gate.
    Gate,
    /// Name of the gate; null without a gate.
    GateName,
    /// Seconds since 1970.
    Now,
    /// 1 is Monday, 7 is Sunday, in the event's time zone.
    NowIsoweekday,
    EntriesNumber,
    /// Since midnight in the event's time zone.
    EntriesToday,
    /// Days of the event's time zone with an entry.
    EntriesDays,
    /// Whole minutes; -1 without an entry.
    MinutesSinceFirstEntry,
    MinutesSinceLastEntry,
    /// "present" or "absent".
    EntryStatus,
}

impl Variable {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "product" => Self::Product,
            "variation" => Self::Variation,
            "class" => Self::Class,
            "gate" => Self::Gate,
            "gate_name" => Self::GateName,
            "now" => Self::Now,
            "now_isoweekday" => Self::NowIsoweekday,
            "entries_number" => Self::EntriesNumber,
            "entries_today" => Self::EntriesToday,
            "entries_days" => Self::EntriesDays,
            "minutes_since_first_entry" => Self::MinutesSinceFirstEntry,
            "minutes_since_last_entry" => Self::MinutesSinceLastEntry,
            "entry_status" => Self::EntryStatus,
            _ => return None,
        })
    }
}

/// Entries counted from or up to a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counter {
    EntriesSince,
    EntriesBefore,
    /// Days of the event's time zone with such an entry.
    EntriesDaysSince,
    EntriesDaysBefore,
}

/// Gives variables their values; asked only for those that decide.
pub trait Variables {
    fn value(&self, variable: Variable) -> Value;
    /// Seconds since 1970.
    fn moment(&self, moment: &Moment) -> Value;
    /// The moment in seconds since 1970; it belongs to "since".
    fn count(&self, counter: Counter, moment: f64) -> Value;
}
