//! An event made over REST, one device at its gate, and one ticket that is shown there again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use scanner_core::{
    Answer, Direction, Edge, Invitation, Reading, ScanOptions, Scanned, Scanner, enrol,
};
use serde_json::{Value, json};
use server::platform::clock::FixedClock;
use shared::time::Timestamp;
use tempfile::TempDir;
use tests::api::Api;
use tests::hosted::Hosted;
use tests::journey::{self, Event, text};

/// Midnight of Saturday, 2 January 2027, in Saigon.
const FIRST_DAY: i64 = 1_798_822_800;
/// Each event has four weeks of its own, so every one begins on a Saturday.
const DAYS_APART: i64 = 28;
const SAIGON_SECS: i64 = 7 * 3600;
const PIN: &str = "482913";
/// What a verdict says; the rest is how the device was doing.
const WORDS: [&str; 8] = [
    "verdict",
    "reason",
    "also",
    "serial",
    "generation",
    "class",
    "explanation",
    "earlier",
];

/// One server and its people. The clock only goes forward.
#[derive(Clone)]
pub(super) struct World {
    pub(super) organizer: Api,
    pub(super) buyer: Api,
    clock: Arc<FixedClock>,
    edge: Edge,
    day: Arc<AtomicI64>,
}

impl World {
    pub(super) fn of(server: &Hosted) -> Self {
        let api = server.api();
        Self {
            organizer: journey::account(&api, "lan"),
            buyer: journey::account(&api, "mai"),
            clock: Arc::clone(&server.clock),
            edge: server.edge(),
            day: Arc::new(AtomicI64::new(FIRST_DAY)),
        }
    }

    pub(super) fn first_moment() -> Timestamp {
        Timestamp::from_secs(FIRST_DAY)
    }
}

pub(super) struct Show {
    pub(super) world: World,
    pub(super) event: Event,
    /// Standard and VIP.
    pub(super) classes: [String; 2],
    pub(super) gates: [String; 2],
    /// What is shown: a claimed ticket, or whatever a reader reads.
    pub(super) ticket: Value,
    pub(super) code: Option<String>,
    /// The device hears no more news.
    pub(super) alone: bool,
    /// Nobody stands at the gate.
    attended: bool,
    midnight: i64,
    device: Option<(TempDir, Scanner)>,
}

impl Show {
    /// From six to eleven in the evening of day 0; tickets enter from six in the morning.
    pub(super) fn evening(world: &World) -> Self {
        Self::open(world, "Asia/Ho_Chi_Minh", &[])
    }

    /// Tickets enter from day 0 to day 15.
    pub(super) fn long(world: &World) -> Self {
        Self::open(world, "Asia/Ho_Chi_Minh", &["0 01:00", "15 00:00"])
    }

    pub(super) fn long_in_tokyo(world: &World) -> Self {
        Self::open(world, "Asia/Tokyo", &["0 03:00", "15 00:00"])
    }

    fn open(world: &World, timezone: &str, window: &[&str]) -> Self {
        let days = DAYS_APART * 86_400;
        let midnight = world.day.fetch_add(days, Ordering::Relaxed);
        world.clock.set(Timestamp::from_secs(midnight + 1_800));
        let zone_secs = if timezone == "Asia/Tokyo" {
            9 * 3600
        } else {
            SAIGON_SECS
        };
        let mut show = Self {
            world: world.clone(),
            event: Event {
                api: world.organizer.clone(),
                id: String::new(),
                class_id: String::new(),
                gate_id: String::new(),
                gate_name: "Gate A".to_owned(),
            },
            classes: Default::default(),
            gates: Default::default(),
            ticket: Value::Null,
            code: None,
            alone: false,
            attended: true,
            midnight: midnight + SAIGON_SECS - zone_secs,
            device: None,
        };
        show.build(timezone, window);
        show
    }

    fn build(&mut self, timezone: &str, window: &[&str]) {
        let organizer = self.world.organizer.clone();
        let event = json!({
            "title": "River Festival", "description": "Doors open early.", "timezone": timezone,
            "startDate": self.at("0 18:00"), "endDate": self.at("0 23:00"), "capacity": 100,
        });
        let id = text(&organizer.post("/events", &event).ok(), "id");
        let made = |rest: &str, body: &Value| {
            text(
                &organizer.post(&format!("/events/{id}/{rest}"), body).ok(),
                "id",
            )
        };
        for (at, name) in ["Standard", "VIP"].iter().enumerate() {
            let price = json!({ "amount": 250_000, "currency": "VND" });
            let mut class = json!({ "name": name, "price": price });
            if let [from, until] = window {
                class["entryFrom"] = json!(self.at(from));
                class["entryUntil"] = json!(self.at(until));
            }
            self.classes[at] = made("ticket-classes", &class);
        }
        for (at, name) in ["Gate A", "Gate B"].iter().enumerate() {
            self.gates[at] = made("gates", &json!({ "name": name }));
        }
        for class in &self.classes {
            let batch = json!({ "eventId": id, "classId": class, "quantity": 40 });
            organizer.post("/issued-tickets/batch", &batch).ok();
        }
        organizer
            .post(&format!("/events/{id}/publish"), &json!({}))
            .ok();
        self.event.id = id;
        self.event.class_id.clone_from(&self.classes[0]);
        self.event.gate_id.clone_from(&self.gates[0]);
    }

    /// `"1 00:10"` is ten past midnight of the second day, on the event's clock.
    pub(super) fn at(&self, when: &str) -> Timestamp {
        let (day, time) = when.split_once(' ').expect("a day and a time");
        let mut parts = time
            .split(':')
            .map(|part| part.parse::<i64>().expect("a number"));
        let mut next = || parts.next().unwrap_or(0);
        let (hours, minutes, secs) = (next(), next(), next());
        let day: i64 = day.parse().expect("a day");
        Timestamp::from_secs(self.midnight + day * 86_400 + hours * 3600 + minutes * 60 + secs)
    }

    pub(super) fn settings(self, settings: &Value) -> Self {
        self.set(settings);
        self
    }

    pub(super) fn set(&self, settings: &Value) {
        let path = format!("/events/{}/check-in", self.event.id);
        self.event.api.put(&path, settings).ok();
    }

    /// Gate A is of one list, in the way that `more` says.
    pub(super) fn list(self, more: &Value) -> Self {
        let mut list = json!({ "name": "Main", "gateIds": [self.gates[0]] });
        for (name, value) in more.as_object().expect("fields") {
            list[name] = value.clone();
        }
        self.settings(&json!({ "lists": [list] }))
    }

    /// As often as one likes, under this rule.
    pub(super) fn rule(self, logic: &Value) -> Self {
        let rules = json!([{ "name": "House rule", "logic": logic }]);
        self.list(&json!({ "entries": "UNLIMITED", "rules": rules }))
    }

    pub(super) fn buys(mut self, class: usize) -> Self {
        self.ticket = self.bought(class, 1).remove(0);
        self
    }

    pub(super) fn bought(&self, class: usize, quantity: u32) -> Vec<Value> {
        let event = self.selling(&self.classes[class]);
        journey::tickets(&self.world.buyer, &event, quantity)
    }

    /// One ticket of a class that the show was not built with.
    pub(super) fn bought_of(&self, class: &str) -> Value {
        journey::tickets(&self.world.buyer, &self.selling(class), 1).remove(0)
    }

    /// One ticket of a class, claimed as an add-on to another.
    pub(super) fn added(&self, class: &str, main: &Value) -> Value {
        let bought = journey::buy(&self.world.buyer, &self.selling(class), 1);
        let claim = json!({
            "ticketId": bought["tickets"][0]["id"], "addOnTo": main["id"],
            "attendee": { "name": "Mai Tran", "email": "guest@example.org" },
        });
        self.world.buyer.post("/claimed-tickets/claim", &claim).ok()
    }

    fn selling(&self, class: &str) -> Event {
        Event {
            class_id: class.to_owned(),
            id: self.event.id.clone(),
            api: self.event.api.clone(),
            gate_id: self.event.gate_id.clone(),
            gate_name: self.event.gate_name.clone(),
        }
    }

    /// A ticket of an order that pays later on these terms; and the order.
    pub(super) fn owes(mut self, terms: &Value) -> (Self, String) {
        let order = journey::order(&self.world.buyer, &self.event, 1);
        let id = text(&order, "id");
        self.event
            .api
            .post(&format!("/orders/{id}/pay-later"), terms)
            .ok();
        let ticket = text(&order["tickets"][0], "id");
        self.ticket = journey::claim(&self.world.buyer, &ticket, "Mai Tran");
        (self, id)
    }

    /// Something is done to the ticket over REST.
    pub(super) fn post(self, verb: &str) -> Self {
        let path = format!("/claimed-tickets/{}/{verb}", text(&self.ticket, "id"));
        self.event.api.post(&path, &json!({})).ok();
        self
    }

    pub(super) fn put(self, rest: &str, body: &Value) -> Self {
        let path = format!("/claimed-tickets/{}/{rest}", text(&self.ticket, "id"));
        self.event.api.put(&path, body).ok();
        self
    }

    pub(super) fn shows(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self
    }

    pub(super) fn unattended(mut self) -> Self {
        self.attended = false;
        self
    }

    /// The device has its list, and no network from here.
    pub(super) fn goes_offline(mut self) -> Self {
        self.sync();
        self.alone = true;
        self
    }

    pub(super) fn supervised(self) -> Self {
        let path = format!("/events/{}/supervisors/2", self.event.id);
        self.event
            .api
            .put(&path, &json!({ "name": "Linh", "pin": PIN }))
            .ok();
        self
    }

    pub(super) fn pin() -> scanner_core::Pin {
        scanner_core::Pin::new(PIN)
    }

    pub(super) fn is(&self, when: &str) {
        self.world.clock.set(self.at(when));
    }

    pub(super) fn scanner(&mut self) -> &mut Scanner {
        if self.device.is_none() {
            let body = json!({
                "name": "Turnstile 1", "gateId": self.gates[0], "role": "kiosk",
                "attended": self.attended,
            });
            let path = format!("/events/{}/devices", self.event.id);
            let invited = self.event.api.post(&path, &body).ok();
            let link = Invitation::parse(&text(&invited, "enrolmentUrl"), None).expect("a link");
            let folder = tempfile::tempdir().expect("a folder");
            let edge = &self.world.edge;
            let report = enrol(folder.path(), &link, edge).expect("enrols");
            assert_eq!(report.sync_error, None);
            let scanner = Scanner::open(folder.path(), edge.clone()).expect("opens");
            self.device = Some((folder, scanner.expect("is enrolled")));
        }
        let (_, scanner) = self.device.as_mut().expect("a device");
        scanner
    }

    pub(super) fn sync(&mut self) {
        let report = self.scanner().sync().expect("syncs");
        assert_eq!(report.refused, [] as [&str; 0]);
    }

    pub(super) fn text(&self) -> String {
        let ticket = || text(&self.ticket, "token");
        self.code.clone().unwrap_or_else(ticket)
    }

    /// What the device says, without a network.
    pub(super) fn scan(&mut self, options: ScanOptions, answers: &[Answer]) -> Scanned {
        let reading = Reading::from(self.text());
        let scanned = self.scanner().scan_answered(&reading, options, answers);
        assert!(scanned.error.is_none(), "{:?}", scanned.error);
        scanned
    }

    /// What the server says over REST, to the text that was read and to the ticket by its id.
    pub(super) fn validate(&self, gate: usize, direction: Direction) -> Value {
        let way = match direction {
            Direction::In => "in",
            Direction::Out => "out",
        };
        let (event, gate) = (&self.event.id, &self.gates[gate]);
        let body = json!({
            "code": self.text(), "gateId": gate, "direction": way, "attended": self.attended,
        });
        let path = format!("/events/{event}/validate");
        let by_code = self.event.api.post(&path, &body).ok();
        if self.code.is_none() {
            let id = text(&self.ticket, "id");
            let query = format!("gateId={gate}&direction={way}&attended={}", self.attended);
            let path = format!("/claimed-tickets/{id}/validate?{query}");
            let by_id = self.event.api.get(&path).ok();
            assert_eq!(by_code, by_id, "the text and the ticket");
        }
        by_code
    }

    /// Both say the same, and this. Gives what the device said.
    pub(super) fn both(&mut self, gate: usize, direction: Direction, place: &str) -> Scanned {
        if !self.alone {
            self.sync();
        }
        let online = self.validate(gate, direction);
        let options = ScanOptions {
            direction,
            gate: Some(u16::try_from(gate).expect("two gates")),
            confirmed: false,
        };
        let scanned = self.scan(options, &[]);
        let offline = serde_json::to_value(&scanned.verdict).expect("JSON");
        for word in WORDS {
            assert_eq!(
                online[word], offline[word],
                "{word}, {place}:\n{online}\n{offline}"
            );
        }
        let asked: Vec<&String> = scanned.questions.iter().map(|of| &of.id).collect();
        let list = |name: &str| online.get(name).cloned().unwrap_or_else(|| json!([]));
        assert_eq!(list("questions"), json!(asked), "{place}: {online}");
        assert_eq!(list("notes"), json!(scanned.notes), "{place}: {online}");
        scanned
    }
}
