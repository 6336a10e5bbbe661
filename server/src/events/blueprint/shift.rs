//! Moving times on a zone's clock.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use shared::api::selling::{Pricing, Terms};
use shared::time::Timestamp;

/// From one moment to another, as the hands of the clock go.
#[derive(Clone, Debug)]
pub struct Shift {
    zone: TimeZone,
    by: SignedDuration,
}

impl Shift {
    /// `timezone` is an IANA name.
    pub fn between(timezone: &str, from: Timestamp, to: Timestamp) -> Self {
        // Zones were checked when the event was saved.
        let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
        let local = |at: Timestamp| zone.to_datetime(at.to_jiff());
        let by = local(to).duration_since(local(from));
        Self { zone, by }
    }

    /// So much earlier or later.
    pub fn by_minutes(timezone: &str, minutes: i32) -> Self {
        let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
        let by = SignedDuration::from_mins(minutes.into());
        Self { zone, by }
    }

    /// A class' terms with their times moved.
    pub fn terms(&self, terms: &Terms) -> Terms {
        let mut terms = terms.clone();
        let later = |at: &mut Timestamp| *at = self.apply(*at);
        terms.sale_from.iter_mut().for_each(later);
        terms.sale_until.iter_mut().for_each(later);
        let releases = terms.releases.iter_mut();
        releases.filter_map(|of| of.at.as_mut()).for_each(later);
        if let Pricing::Tiers { tiers } = &mut terms.pricing {
            for tier in tiers {
                later(&mut tier.until);
            }
        }
        terms
    }

    /// The moment when the clock shows so much later. A time that the clock skips is taken after the
    /// gap, one that it shows twice is the first.
    pub fn apply(&self, at: Timestamp) -> Timestamp {
        let there = self.zone.to_datetime(at.to_jiff()).saturating_add(self.by);
        moment(&self.zone, there).unwrap_or(at)
    }

    /// A text of a local time, moved.
    pub(super) fn apply_local(&self, at: DateTime) -> DateTime {
        at.saturating_add(self.by)
    }
}

/// When the zone's clock shows it.
pub(crate) fn moment(zone: &TimeZone, local: DateTime) -> Option<Timestamp> {
    let at = zone.to_ambiguous_timestamp(local).compatible().ok()?;
    Some(Timestamp::from_millis(at.as_millisecond()))
}
