//! What custom rules may ask about a ticket at a gate.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::log::{TicketState, Use};
use crate::time::Timestamp;
use crate::trust::{ClassPolicy, GatePolicy, Policy};

use super::rules::{Counter, Moment, Value, Variable, Variables};

pub(super) struct RuleFacts<'a> {
    pub(super) policy: &'a Policy,
    pub(super) class: Option<&'a ClassPolicy>,
    pub(super) gate: Option<&'a GatePolicy>,
    pub(super) state: Option<&'a TicketState>,
    pub(super) inside: bool,
    /// By this device's clock, as its own entries.
    pub(super) now: Timestamp,
    /// For times of day and dates.
    pub(super) corrected: Timestamp,
}

impl Variables for RuleFacts<'_> {
    fn value(&self, variable: Variable) -> Value {
        match variable {
            Variable::Product | Variable::Variation => {
                text(self.class.map(|class| class.id.to_string()))
            }
            Variable::Class => text(self.class.map(|class| class.name.clone())),
            Variable::Gate => text(self.gate.map(|gate| gate.id.to_string())),
            Variable::GateName => text(self.gate.map(|gate| gate.name.clone())),
            Variable::Now => Value::Number(seconds(self.corrected)),
            Variable::NowIsoweekday => {
                let weekday = self.day(self.corrected).weekday();
                Value::Number(f64::from(weekday.to_monday_one_offset()))
            }
            Variable::EntriesNumber => count(self.entries().count()),
            Variable::EntriesToday => {
                let today = self.day(self.now);
                let entries = self.entries();
                count(entries.filter(|at| self.day(*at) == today).count())
            }
            Variable::EntriesDays => self.days(self.entries()),
            Variable::MinutesSinceFirstEntry => self.minutes_since(self.entries().next()),
            Variable::MinutesSinceLastEntry => self.minutes_since(self.entries().last()),
            Variable::EntryStatus => {
                let status = if self.inside { "present" } else { "absent" };
                Value::Text(status.to_owned())
            }
        }
    }

    fn moment(&self, moment: &Moment) -> Value {
        let local = |at: jiff::civil::DateTime| {
            // A time that a change of clocks leaves out is the one after the gap; one that comes
            // twice is the first.
            let zoned = at.to_zoned(self.zone()).ok()?;
            Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
        };
        let at = match moment {
            Moment::DateFrom => Some(self.policy.starts),
            Moment::DateTo => Some(self.policy.ends),
            Moment::DateAdmission => Some(self.policy.doors.unwrap_or(self.policy.starts)),
            Moment::Custom(at) => Some(*at),
            Moment::CustomLocal(at) => local(*at),
            Moment::CustomTime(time) => local(self.day(self.corrected).to_datetime(*time)),
        };
        at.map_or(Value::Null, |at| Value::Number(seconds(at)))
    }

    fn count(&self, counter: Counter, moment: f64) -> Value {
        let since = self.entries().filter(|at| seconds(*at) >= moment);
        let before = self.entries().filter(|at| seconds(*at) < moment);
        match counter {
            Counter::EntriesSince => count(since.count()),
            Counter::EntriesBefore => count(before.count()),
            Counter::EntriesDaysSince => self.days(since),
            Counter::EntriesDaysBefore => self.days(before),
        }
    }
}

impl RuleFacts<'_> {
    fn entries(&self) -> impl Iterator<Item = Timestamp> {
        let standing = self
            .state
            .into_iter()
            .flat_map(TicketState::standing_admissions);
        standing.map(|use_: &Use| use_.hlc.at())
    }
    fn zone(&self) -> TimeZone {
        zone(&self.policy.timezone)
    }
    fn day(&self, at: Timestamp) -> Date {
        at.to_jiff().to_zoned(self.zone()).date()
    }
    fn days(&self, entries: impl Iterator<Item = Timestamp>) -> Value {
        let days: BTreeSet<_> = entries.map(|at| self.day(at)).collect();
        count(days.len())
    }
    fn minutes_since(&self, entry: Option<Timestamp>) -> Value {
        integer(entry.map_or(-1, |at| self.now.millis_since(at).div_euclid(60_000).max(0)))
    }
}

/// The event's clock; UTC when nobody knows its zone.
pub(super) fn zone(timezone: &str) -> TimeZone {
    TimeZone::get(timezone).unwrap_or(TimeZone::UTC)
}

fn text(text: Option<String>) -> Value {
    text.map_or(Value::Null, Value::Text)
}

fn count(count: usize) -> Value {
    integer(i64::try_from(count).unwrap_or(i64::MAX))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts, minutes and milliseconds stay far below 2^53"
)]
fn integer(number: i64) -> Value {
    Value::Number(number as f64)
}

#[expect(clippy::cast_precision_loss, reason = "as above")]
fn seconds(at: Timestamp) -> f64 {
    at.as_millis() as f64 / 1000.0
}
