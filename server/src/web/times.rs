//! Moments as people at the event read them.

use jiff::Zoned;
use jiff::tz::TimeZone;
use shared::time::Timestamp;

/// `Mon 21 September 2026, 18:02`, in the event's zone.
pub(crate) fn long(at: Timestamp, zone: &str) -> String {
    local(at, zone).strftime("%a %-d %B %Y, %H:%M").to_string()
}

/// `18:02` on the day of `now`, with the date on any other.
pub(crate) fn short(at: Timestamp, now: Timestamp, zone: &str) -> String {
    let at = local(at, zone);
    if at.date() == local(now, zone).date() {
        at.strftime("%H:%M").to_string()
    } else {
        at.strftime("%H:%M on %-d %B").to_string()
    }
}

/// `2026-09-21T18:02`: as a browser's field for a date and time has it.
pub(crate) fn typed(at: Timestamp, zone: &str) -> String {
    local(at, zone).strftime("%Y-%m-%dT%H:%M").to_string()
}

/// From start to end; the end's date only where it is another day.
pub(crate) fn span(start: Timestamp, end: Timestamp, zone: &str) -> String {
    let (from, until) = (local(start, zone), local(end, zone));
    let until = if from.date() == until.date() {
        until.strftime("%H:%M").to_string()
    } else {
        until.strftime("%a %-d %B, %H:%M").to_string()
    };
    format!("{} – {until}", long(start, zone))
}

/// The city that names the zone: `Ho Chi Minh City` of `Asia/Ho_Chi_Minh`.
pub(crate) fn city(zone: &str) -> String {
    let city = zone.rsplit_once('/').map_or(zone, |(_, city)| city);
    match city {
        // The database leaves out what people always say.
        "Ho_Chi_Minh" => "Ho Chi Minh City".to_owned(),
        city => city.replace('_', " "),
    }
}

fn local(at: Timestamp, zone: &str) -> Zoned {
    // Zones were checked when the event was saved.
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    at.to_jiff().to_zoned(zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_the_events_own() {
        // V3
        let zone = "Asia/Ho_Chi_Minh";
        let at = Timestamp::from_secs(1_790_000_000);
        assert_eq!(long(at, zone), "Mon 21 September 2026, 21:13");
        assert_eq!(short(at, at.plus_secs(60), zone), "21:13");
        assert_eq!(
            short(at, at.plus_secs(86_400), zone),
            "21:13 on 21 September"
        );
        assert_eq!(typed(at, zone), "2026-09-21T21:13");
        assert_eq!(city(zone), "Ho Chi Minh City");
        assert_eq!(city("America/Argentina/Buenos_Aires"), "Buenos Aires");
        assert_eq!(city("UTC"), "UTC");
        assert_eq!(
            span(at, at.plus_secs(3600), zone),
            "Mon 21 September 2026, 21:13 – 22:13"
        );
        assert_eq!(
            span(at, at.plus_secs(4 * 3600), zone),
            "Mon 21 September 2026, 21:13 – Tue 22 September, 01:13"
        );
    }
}
