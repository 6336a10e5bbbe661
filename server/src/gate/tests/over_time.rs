//! Rules and windows over hours and days: what the server says to a ticket by REST, while a device
//! lets it in again and again.

use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::ids::{ClassId, SessionId, UserId};
use shared::time::Timestamp;

use super::device::Device;
use super::site::Site;
use crate::events::model::{Event, TicketClass};
use crate::platform::http::Caller;
use crate::testing::NOW;

/// 21:13:20 on 21 September in Saigon, 23:13:20 in Tokyo; midnight there is 2,800 s away, here
/// 10,000 s, and 22:00 here is 2,800 s away.
const START: i64 = 0;
const MIDNIGHT_TOKYO: i64 = 2_800;
const TEN_IN_SAIGON: i64 = 2_800;
const MIDNIGHT_SAIGON: i64 = 10_000;
const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

/// Which ticket is shown, when, and what is said to it. What is let in is recorded.
type Step = (usize, i64, &'static str);

struct Night {
    site: Site,
    device: Device,
    tickets: Vec<Value>,
    at: i64,
}

impl Night {
    /// Ten days in this time zone; tickets enter as long.
    async fn of(timezone: &'static str) -> Self {
        let site = Site::with_tickets(2).await;
        let event = site.event.to_string();
        site.change::<Event>(&event, |event| event.end = NOW.plus_secs(10 * DAY))
            .await;
        if timezone == "Asia/Tokyo" {
            site.change::<Event>(&event, |event| "Asia/Tokyo".clone_into(&mut event.timezone))
                .await;
        }
        Self::open(site).await
    }

    async fn open(site: Site) -> Self {
        let tickets = vec![site.claim(0).await, site.claim(1).await];
        Self {
            device: site.enrol("North 1", 0, 7).await,
            site,
            tickets,
            at: START,
        }
    }

    /// Enters as often as it likes under this rule.
    async fn rule(self, logic: Value) -> Self {
        let rules = json!([{ "name": "House rule", "logic": logic }]);
        let gates = [self.site.gates[0]];
        let list =
            json!({ "name": "Passes", "gateIds": gates, "entries": "UNLIMITED", "rules": rules });
        self.set(json!({ "lists": [list], "doorsDate": NOW.plus_secs(600) }))
            .await;
        self
    }

    async fn set(&self, settings: Value) {
        let path = self.site.path("/check-in");
        let set = self
            .site
            .test
            .call("PUT", &path, &self.site.organizer, Some(settings));
        set.await.expect(200);
    }

    /// The organizer, logged in again: nights are longer than an access token.
    fn organizer(&self, now: Timestamp) -> String {
        let caller = Caller::new(
            UserId::from_bytes([1; 16]),
            Role::Organizer,
            SessionId::from_bytes([1; 16]),
        );
        self.site.test.app.tokens.issue(&caller, now)
    }

    async fn play(mut self, numbers: &str, steps: &[Step]) {
        for (ticket, at, expected) in steps {
            self.site.test.clock.advance((at - self.at) * 1000);
            self.at = *at;
            let now = NOW.plus_secs(*at);
            let ticket = &self.tickets[*ticket];
            let path = format!(
                "/api/v1/claimed-tickets/{}/validate?gateId={}",
                ticket["id"].as_str().expect("an id"),
                self.site.gates[0]
            );
            let answer = self.site.test.get(&path, &self.organizer(now)).await;
            let verdict = answer.expect(200);
            assert_eq!(verdict["reason"], *expected, "{numbers} at {at}: {verdict}");
            if *expected == "ok" {
                let serial = ticket["serial"]
                    .as_u64()
                    .and_then(|serial| u32::try_from(serial).ok());
                let token = ticket["token"].as_str().expect("digits");
                self.device.admit(serial.expect("a serial"), token, now);
                self.device.sync(&self.site.test).await;
            }
        }
    }
}

#[tokio::test]
async fn entries_are_counted_by_the_days_of_the_event() {
    // S37 S38 S109
    let three_a_day = json!({"<": [{"var": "entries_today"}, 3]});
    let night = Night::of("Asia/Tokyo").await.rule(three_a_day).await;
    let steps = [
        (0, START, "ok"),
        (0, MINUTE, "ok"),
        (0, 2 * MINUTE, "ok"),
        (0, 3 * MINUTE, "rule"),
        (0, MIDNIGHT_TOKYO - 1, "rule"),
        (0, MIDNIGHT_TOKYO, "ok"),
        (0, MIDNIGHT_TOKYO + 1, "ok"),
        (0, MIDNIGHT_TOKYO + 2, "ok"),
        (0, MIDNIGHT_TOKYO + 3, "rule"),
    ];
    night.play("S37", &steps).await;

    let any_two_days = json!({"or": [
        {">": [{"var": "entries_today"}, 0]}, {"<": [{"var": "entries_days"}, 2]}]});
    let night = Night::of("Asia/Tokyo").await.rule(any_two_days).await;
    let third_day = MIDNIGHT_TOKYO + DAY;
    let steps = [
        (0, START, "ok"),
        (0, MINUTE, "ok"),
        (0, third_day, "ok"),
        (0, third_day + MINUTE, "ok"),
        (0, third_day + DAY, "rule"),
    ];
    night.play("S38", &steps).await;
}

#[tokio::test]
async fn entries_are_counted_since_and_before_a_moment() {
    // S40 S41 S43
    let ten = json!({"buildTime": ["customtime", "22:00"]});
    let midnight = json!({"buildTime": ["customtime", "00:00"]});
    let once_each = json!({"if": [
        {"isAfter": [{"var": "now"}, ten, null]},
        {"<": [{"entries_since": [ten]}, 1]},
        {"<": [{"entries_since": [midnight]}, 1]}]});
    let night = Night::of("Asia/Ho_Chi_Minh").await.rule(once_each).await;
    let steps = [
        (0, START, "ok"),
        (0, MINUTE, "rule"),
        (0, TEN_IN_SAIGON, "ok"),
        (0, TEN_IN_SAIGON + MINUTE, "rule"),
        (0, DAY, "ok"),
        (0, DAY + MINUTE, "rule"),
        (0, DAY + TEN_IN_SAIGON, "ok"),
        (0, DAY + TEN_IN_SAIGON + MINUTE, "rule"),
    ];
    night.play("S40", &steps).await;

    let cutoff = json!({"buildTime": ["custom", NOW.plus_secs(3600)]});
    let came_early = json!({"or": [
        {"isBefore": [{"var": "now"}, cutoff, null]}, {">=": [{"entries_before": [cutoff]}, 1]}]});
    let night = Night::of("Asia/Ho_Chi_Minh").await.rule(came_early).await;
    let steps = [(0, START, "ok"), (0, 3600, "ok"), (1, 3601, "rule")];
    night.play("S41", &steps).await;

    let cutoff = json!({"buildTime": ["custom", "2026-09-23T00:00:00"]});
    let two_days = json!({"or": [
        {"isBefore": [{"var": "now"}, cutoff]}, {">=": [{"entries_days_before": [cutoff]}, 2]}]});
    let night = Night::of("Asia/Ho_Chi_Minh").await.rule(two_days).await;
    let cutoff = MIDNIGHT_SAIGON + DAY;
    let steps = [
        (0, START, "ok"),
        (1, MINUTE, "ok"),
        (1, 2 * MINUTE, "ok"),
        (0, cutoff - 1, "ok"),
        (0, cutoff, "ok"),
        (1, cutoff + 1, "rule"),
    ];
    night.play("S43", &steps).await;
}

#[tokio::test]
async fn time_passes_since_an_entry_the_doors_and_an_hour_of_the_day() {
    // S45 S47 S52
    let since_first = json!({"var": "minutes_since_first_entry"});
    let three_hours = json!({"or": [{"<": [since_first, 0]}, {"<": [since_first, 180]}]});
    let night = Night::of("Asia/Ho_Chi_Minh").await.rule(three_hours).await;
    let steps = [
        (0, START, "ok"),
        (0, 175 * MINUTE, "ok"),
        (0, 181 * MINUTE, "rule"),
    ];
    night.play("S45", &steps).await;

    let doors = json!({"isAfter": [{"var": "now"}, {"buildTime": ["date_admission"]}, null]});
    let night = Night::of("Asia/Ho_Chi_Minh").await.rule(doors).await;
    night.play("S47", &[(0, 599, "rule"), (0, 600, "ok")]).await;

    let ten = json!({"buildTime": ["customtime", "22:00"]});
    let late = json!({"isAfter": [{"var": "now"}, ten, null]});
    let night = Night::of("Asia/Ho_Chi_Minh").await.rule(late).await;
    let steps = [
        (0, TEN_IN_SAIGON - 1, "rule"),
        (0, TEN_IN_SAIGON, "ok"),
        // The next day begins again.
        (0, MIDNIGHT_SAIGON, "rule"),
    ];
    night.play("S52", &steps).await;
}

#[tokio::test]
async fn the_window_of_a_ticket_opens_and_closes_with_its_tolerance() {
    // S11 S12 S68 S69 V3
    let site = Site::with_tickets(2).await;
    let class = ClassId::from_bytes([0xC0; 16]).to_string();
    // 14:30 and 15:00 UTC; doors are open five minutes longer at either side.
    site.change::<TicketClass>(&class, |class| {
        class.entry_from = Some(NOW.plus_secs(1_000));
        class.entry_until = Some(NOW.plus_secs(2_800));
    })
    .await;
    let night = Night::open(site).await;
    let steps = [
        (0, 699, "too_early"),
        (0, 700, "ok"),
        (1, 3_101, "too_late"),
    ];
    night.play("S12", &steps).await;
}
