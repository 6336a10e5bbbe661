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
                let zone = self.zone();
                let is_today = |at: &Timestamp| is_today(*at, self.now, self.corrected, &zone);
                count(self.entries().filter(is_today).count())
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

/// Whether a use with this stamp takes today's entry.
///
/// Stamps bear the clocks of their gates, and a clock that was set back goes on stamping where it had
/// been. So it is today's by this gate's clock or by the corrected one, and so is what was stamped
/// with a time that is still to come: a pass is rather refused than good without end (ADR 0028).
pub(super) fn is_today(
    at: Timestamp,
    now: Timestamp,
    corrected: Timestamp,
    zone: &TimeZone,
) -> bool {
    let day = |at: Timestamp| at.to_jiff().to_zoned(zone.clone()).date();
    let used = day(at);
    used == day(now) || used == day(corrected) || at > now.max(corrected)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_todays_by_either_clock_and_when_it_is_still_to_come() {
        // V3 S99, ADR 0028; in Saigon a day begins at 17:00 UTC.
        let zone = zone("Asia/Ho_Chi_Minh");
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let (evening, past_midnight) = (at("2026-05-01T15:00:00Z"), at("2026-05-01T17:30:00Z"));
        let yesterday = at("2026-04-30T15:00:00Z");
        for (stamp, now, corrected, expected) in [
            (evening, evening, evening, true),
            (yesterday, evening, evening, false),
            // The clock was set right, and the log's stamps still bear the day after.
            (past_midnight, evening, evening, true),
            // It is past midnight by this clock only, or by the others' only.
            (evening, past_midnight, evening, true),
            (evening, evening, past_midnight, true),
            (evening, past_midnight, past_midnight, false),
            // Written by a right clock while this one is behind.
            (past_midnight, evening, past_midnight.plus_secs(60), true),
        ] {
            let found = is_today(stamp, now, corrected, &zone);
            assert_eq!(found, expected, "{stamp:?} {now:?} {corrected:?}");
        }
    }
}
