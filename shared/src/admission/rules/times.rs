//! Moments that a rule names: `{"buildTime": ["date_from"]}`.

use jiff::civil;
use serde_json::Value as Json;

use super::rule::RuleError;
use crate::time::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// `["date_from"]`: the event starts.
    DateFrom,
    /// `["date_to"]`: the event ends.
    DateTo,
    /// `["date_admission"]`: doors open; without such a time the event's start.
    DateAdmission,
    /// `["custom", "2026-05-02T17:00:00+07:00"]`
    Custom(Timestamp),
    /// `["custom", "2026-05-02T17:00:00"]`: on the event's clock.
    CustomLocal(civil::DateTime),
    /// `["customtime", "17:00"]`: today at this time on the event's clock.
    CustomTime(civil::Time),
}

impl Moment {
    pub(super) fn parse(arguments: &[Json]) -> Result<Self, RuleError> {
        let wrong = || RuleError::Time(Json::from(arguments).to_string());
        match arguments {
            [Json::String(kind)] => match kind.as_str() {
                "date_from" => Ok(Self::DateFrom),
                "date_to" => Ok(Self::DateTo),
                "date_admission" => Ok(Self::DateAdmission),
                _ => Err(wrong()),
            },
            [Json::String(kind), Json::String(text)] => match kind.as_str() {
                "custom" => custom(text).ok_or_else(wrong),
                "customtime" => wall_clock(text).map(Self::CustomTime).ok_or_else(wrong),
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }
}

fn custom(text: &str) -> Option<Moment> {
    if let Ok(at) = text.parse() {
        return Some(Moment::Custom(at));
    }
    // "…+07:00" that is no time must not pass for a time on the event's clock.
    let local: civil::DateTime = text.parse().ok()?;
    let is_plain = |c: char| c.is_ascii_digit() || "-:.T ".contains(c);
    (text.contains(':') && text.chars().all(is_plain)).then_some(Moment::CustomLocal(local))
}

fn wall_clock(text: &str) -> Option<civil::Time> {
    let is_plain = |c: char| c.is_ascii_digit() || ":.".contains(c);
    let full = text.contains(':') && text.chars().all(is_plain);
    full.then(|| text.parse().ok()).flatten()
}
