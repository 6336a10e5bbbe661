//! What custom rules may ask about a ticket at a gate.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::log::{TicketState, Use};
use crate::time::Timestamp;
use crate::trust::{ClassPolicy, GatePolicy, Policy};

use super::rules::{Value, Variable, Variables};

pub(super) struct RuleFacts<'a> {
    pub(super) policy: &'a Policy,
    pub(super) class: Option<&'a ClassPolicy>,
    pub(super) gate: Option<&'a GatePolicy>,
    pub(super) state: Option<&'a TicketState>,
    pub(super) now: Timestamp,
}

impl Variables for RuleFacts<'_> {
    fn value(&self, variable: Variable) -> Value {
        match variable {
            Variable::Product => text(self.class.map(|class| class.id.to_string())),
            Variable::Class => text(self.class.map(|class| class.name.clone())),
            Variable::Gate => text(self.gate.map(|gate| gate.id.to_string())),
            Variable::GateName => text(self.gate.map(|gate| gate.name.clone())),
            Variable::Now => integer(self.now.as_secs()),
            Variable::NowIsoweekday => {
                let weekday = self.day(self.now).weekday();
                Value::Number(f64::from(weekday.to_monday_one_offset()))
            }
            Variable::EntriesNumber => count(self.entries().count()),
            Variable::EntriesToday => {
                let today = self.day(self.now);
                let entries = self.entries();
                count(entries.filter(|at| self.day(*at) == today).count())
            }
            Variable::EntriesDays => {
                let days: BTreeSet<_> = self.entries().map(|at| self.day(at)).collect();
                count(days.len())
            }
            Variable::MinutesSinceFirstEntry => self.minutes_since(self.entries().next()),
            Variable::MinutesSinceLastEntry => self.minutes_since(self.entries().last()),
            Variable::EntryStatus => {
                let inside = self.state.is_some_and(TicketState::is_inside);
                let status = if inside { "present" } else { "absent" };
                Value::Text(status.to_owned())
            }
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
    /// The day on the event's calendar; UTC's when the zone is unknown.
    fn day(&self, at: Timestamp) -> Date {
        let zone = TimeZone::get(&self.policy.timezone).unwrap_or(TimeZone::UTC);
        at.to_jiff().to_zoned(zone).date()
    }
    fn minutes_since(&self, entry: Option<Timestamp>) -> Value {
        integer(entry.map_or(-1, |at| self.now.millis_since(at).div_euclid(60_000).max(0)))
    }
}

fn text(text: Option<String>) -> Value {
    text.map_or(Value::Null, Value::Text)
}

fn count(count: usize) -> Value {
    integer(i64::try_from(count).unwrap_or(i64::MAX))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts, minutes and seconds stay far below 2^53"
)]
fn integer(number: i64) -> Value {
    Value::Number(number as f64)
}
