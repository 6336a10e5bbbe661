//! A series, and the dates that a rule gives. Pure.

use jiff::civil::{Date, Weekday as JiffWeekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};
use serde::{Deserialize, Serialize};
use shared::api::series::{Weekday, Weekly};
use shared::ids::{EventId, OrganizationId, SeriesId, UserId};
use shared::time::Timestamp;

use crate::events::blueprint::moment;
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};
use crate::platform::fields::{Fields, Invalid};

/// Dates of one series.
pub(super) const DATES_MAX: usize = 100;
const EVERY_WEEKS_MAX: u32 = 52;
const WEEKDAYS_MAX: usize = 7;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub id: SeriesId,
    pub organizer_id: UserId,
    pub organization_id: Option<OrganizationId>,
    pub title: String,
    /// What the other dates are made like.
    pub first: EventId,
    /// All dates, the first too.
    pub dates: Vec<EventId>,
    pub created_at: Timestamp,
}

impl Entity for Series {
    const COLLECTION: Collection = Collection {
        name: "series",
        fields: &[
            Field::text("organizer_id"),
            Field::text("organization_id").nullable(),
        ],
        indexes: &[
            Index::on("by_organizer", &["organizer_id"]),
            Index::on("by_organization", &["organization_id"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.organizer_id.into(), self.organization_id.into()]
    }
}

/// The starts that are wanted, in order: those of the rule, which goes on after `last`, and the chosen
/// ones. `taken` dates are there already.
pub(super) fn starts(
    timezone: &str,
    last: Timestamp,
    weekly: Option<&Weekly>,
    chosen: &[Timestamp],
    taken: &[Timestamp],
) -> Result<Vec<Timestamp>, Invalid> {
    let mut fields = Fields::default();
    let mut starts = chosen.to_vec();
    if let Some(rule) = weekly {
        starts.extend(of_rule(timezone, last, rule, &mut fields));
    }
    starts.sort_unstable();
    if starts.is_empty() {
        fields.wrong("dates", "name at least one date, or a weekly rule");
    }
    let is_twice = starts.windows(2).any(|pair| pair[0] == pair[1]);
    if is_twice || starts.iter().any(|start| taken.contains(start)) {
        fields.wrong("dates", "the same date is there twice");
    }
    if starts.len() + taken.len() > DATES_MAX {
        fields.wrong("dates", format!("a series has at most {DATES_MAX} dates"));
    }
    fields.done(starts)
}

fn of_rule(timezone: &str, last: Timestamp, rule: &Weekly, fields: &mut Fields) -> Vec<Timestamp> {
    let count = usize::try_from(rule.count).unwrap_or(usize::MAX);
    if count == 0 || count >= DATES_MAX {
        let why = format!("must be from 1 to {}", DATES_MAX - 1);
        fields.wrong("weekly.count", why);
        return Vec::new();
    }
    if rule.every_weeks == 0 || rule.every_weeks > EVERY_WEEKS_MAX {
        let why = format!("must be from 1 to {EVERY_WEEKS_MAX}");
        fields.wrong("weekly.everyWeeks", why);
        return Vec::new();
    }
    if rule.weekdays.len() > WEEKDAYS_MAX {
        fields.wrong("weekly.weekdays", "names a day twice");
        return Vec::new();
    }
    // Zones were checked when the event was saved.
    let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
    let local = zone.to_datetime(last.to_jiff());
    let mut days: Vec<i8> = rule.weekdays.iter().map(|day| offset(*day)).collect();
    if days.is_empty() {
        days.push(local.date().weekday().to_monday_zero_offset());
    }
    days.sort_unstable();
    days.dedup();
    let into_week = local.date().weekday().to_monday_zero_offset();
    let mut monday = later(local.date(), (-into_week).into());
    let mut starts = Vec::with_capacity(count);
    while let Some(week) = monday {
        for day in &days {
            let date = later(week, (*day).into()).filter(|date| *date > local.date());
            let start = date.and_then(|date| moment(&zone, date.to_datetime(local.time())));
            starts.extend(start);
            if starts.len() == count {
                return starts;
            }
        }
        monday = later(week, i64::from(rule.every_weeks) * 7);
    }
    starts
}

fn later(date: Date, days: i64) -> Option<Date> {
    let span: Span = days.days();
    date.checked_add(span).ok()
}

fn offset(day: Weekday) -> i8 {
    let day = match day {
        Weekday::Monday => JiffWeekday::Monday,
        Weekday::Tuesday => JiffWeekday::Tuesday,
        Weekday::Wednesday => JiffWeekday::Wednesday,
        Weekday::Thursday => JiffWeekday::Thursday,
        Weekday::Friday => JiffWeekday::Friday,
        Weekday::Saturday => JiffWeekday::Saturday,
        Weekday::Sunday => JiffWeekday::Sunday,
    };
    day.to_monday_zero_offset()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn weekly(weekdays: &[Weekday], every_weeks: u32, count: u32) -> Weekly {
        Weekly {
            weekdays: weekdays.to_vec(),
            every_weeks,
            count,
        }
    }

    #[test]
    fn a_weekly_date_keeps_its_time_of_day_when_the_clocks_change() {
        // E17: Berlin goes back on 25 October and forward on 28 March
        let first = at("2026-10-19T18:00:00Z");
        let rule = weekly(&[], 1, 2);
        let found = starts("Europe/Berlin", first, Some(&rule), &[], &[first]);
        let expected = [at("2026-10-26T19:00:00Z"), at("2026-11-02T19:00:00Z")];
        assert_eq!(found.expect("dates"), expected);
        // Half past two does not exist on the day: an hour later on the clock.
        let first = at("2027-03-21T01:30:00Z");
        let found = starts("Europe/Berlin", first, Some(&weekly(&[], 1, 1)), &[], &[]);
        assert_eq!(found.expect("dates"), [at("2027-03-28T01:30:00Z")]);
    }

    #[test]
    fn a_rule_names_its_days_and_weeks() {
        // E17: from a Wednesday; the Monday of its own week is past
        let first = at("2026-10-14T12:00:00Z");
        let rule = weekly(&[Weekday::Friday, Weekday::Monday], 2, 4);
        let found = starts("UTC", first, Some(&rule), &[], &[first]).expect("dates");
        let days: Vec<_> = found
            .iter()
            .map(|at| at.to_string()[..10].to_owned())
            .collect();
        assert_eq!(
            days,
            ["2026-10-16", "2026-10-26", "2026-10-30", "2026-11-09"]
        );
    }

    #[test]
    fn too_many_none_and_the_same_twice_are_refused() {
        // E17
        let first = at("2026-10-14T12:00:00Z");
        let refused = |rule: Option<Weekly>, chosen: &[Timestamp]| {
            starts("UTC", first, rule.as_ref(), chosen, &[first]).is_err()
        };
        assert!(refused(None, &[]));
        assert!(refused(None, &[first]));
        assert!(refused(Some(weekly(&[], 1, 100)), &[]));
        assert!(refused(Some(weekly(&[], 0, 1)), &[]));
        assert!(refused(
            Some(weekly(&[], 1, 1)),
            &[at("2026-10-21T12:00:00Z")]
        ));
        assert!(!refused(Some(weekly(&[], 1, 99)), &[]));
        assert!(refused(
            Some(weekly(&[], 1, 99)),
            &[at("2020-01-01T00:00:00Z")]
        ));
    }
}
