//! Tickets that need a step at the gate, with real processes: not paid for yet, or with a question
//! open. Server and offline kiosk say the same words, and what was said at the gate reaches the
//! server.

use serde_json::{Value, json};
use tests::api::Api;
use tests::journey::{self, Event, text};
use tests::kiosk::Kiosk;
use tests::mongo::ReplicaSet;
use tests::server::Server;

#[test]
fn unpaid_tickets_and_questions_on_sqlite() {
    // S6 S7 S8 S14 S15 S16 S17 S56 S26 S27 S57 S58 S59 S78 S81 S100 S101 S120 S125 S126 S132 V4 V9
    play(&Server::start());
}

#[test]
fn unpaid_tickets_and_questions_on_a_mongodb_replica_set() {
    // S6 S7 S8 S14 S15 S16 S17 S56 S26 S27 S57 S58 S59 S78 S81 S100 S101 S120 S125 S126 S132 V4 V9
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    play(&Server::start_with(Some(&mongo.url), &[]));
}

fn play(server: &Server) {
    let api = server.api();
    let organizer = journey::account(&api, "lan");
    let event = journey::event(&organizer, "River Festival", 30);
    let buyer = journey::account(&api, "mai");
    let kiosk = Kiosk::new();
    kiosk.enrol(&journey::invite(&event, "Turnstile 1"));
    let desk = Desk {
        event,
        buyer,
        kiosk,
    };
    desk.pays_at_the_door();
    desk.enters_on_other_terms();
    desk.is_asked_at_the_gate();
    desk.has_answered_ahead();
    desk.eats_at_the_buffet();
    desk.wears_a_band();
}

struct Desk {
    event: Event,
    buyer: Api,
    kiosk: Kiosk,
}

impl Desk {
    fn set(&self, settings: &Value) {
        let path = format!("/events/{}/check-in", self.event.id);
        self.event.api.put(&path, settings).ok();
    }

    fn takes_unpaid(&self, takes: bool) {
        let gates = [&self.event.gate_id];
        let list = json!({ "name": "Main", "gateIds": gates, "includePending": takes });
        self.set(&json!({ "lists": [list] }));
    }

    /// A claimed ticket of an order that may pay later, and the order's id.
    fn unpaid(&self, terms: &Value) -> (Value, String) {
        let order = journey::order(&self.buyer, &self.event, 1);
        let id = text(&order, "id");
        let path = format!("/orders/{id}/pay-later");
        self.event.api.post(&path, terms).ok();
        let ticket = text(&order["tickets"][0], "id");
        (journey::claim(&self.buyer, &ticket, "Mai Tran"), id)
    }

    /// What both say to a ticket; the kiosk has no network while it is asked.
    fn both(&self, ticket: &Value, reason: &str) -> Value {
        self.kiosk.sync();
        let path = format!(
            "/claimed-tickets/{}/validate?gateId={}",
            text(ticket, "id"),
            self.event.gate_id
        );
        let online = self.event.api.get(&path).ok();
        let offline = self.kiosk.scan(&[&text(ticket, "token")]).remove(0);
        let place = format!("server {online}\nkiosk {offline}");
        assert_eq!(offline["reason"], reason, "{place}");
        for word in ["verdict", "reason", "explanation", "class"] {
            assert_eq!(online[word], offline[word], "{word}: {place}");
        }
        offline
    }

    fn scan_with(&self, ticket: &Value, more: &[&str]) -> Value {
        let mut gate = self.kiosk.gate(more);
        let verdict = gate.scan(&text(ticket, "token"));
        gate.finish();
        verdict
    }

    fn pays_at_the_door(&self) {
        self.takes_unpaid(true);
        let (ticket, order) = self.unpaid(&json!({}));
        let asked = self.both(&ticket, "needs_payment");
        assert_eq!(asked["verdict"], "attention");
        assert_eq!(asked["class"], "Standard");
        let paid = self.scan_with(&ticket, &["--confirmed"]);
        assert_eq!(paid["reason"], "ok");
        self.both(&ticket, "already_used");
        // The cash desk counts its money: from now on it is an ordinary ticket that was used.
        let path = format!("/orders/{order}/settle");
        let settled = self.event.api.post(&path, &json!({})).ok();
        assert_eq!(settled["status"], "PAID");
        self.both(&ticket, "already_used");
    }

    fn enters_on_other_terms(&self) {
        self.takes_unpaid(false);
        let (ticket, _) = self.unpaid(&json!({}));
        self.both(&ticket, "unpaid");
        let confirmed = self.scan_with(&ticket, &["--confirmed"]);
        assert_eq!(
            confirmed["reason"], "unpaid",
            "nobody at this gate takes money"
        );
        let (ticket, _) = self.unpaid(&json!({ "validIfPending": true }));
        self.both(&ticket, "ok");
        self.takes_unpaid(true);
        let (ticket, _) = self.unpaid(&json!({ "validIfPending": true }));
        self.both(&ticket, "ok");
        let (ticket, _) = self.unpaid(&json!({ "validIfPending": true, "needsApproval": true }));
        self.both(&ticket, "unpaid");
        let confirmed = self.scan_with(&ticket, &["--confirmed"]);
        assert_eq!(
            confirmed["reason"], "unpaid",
            "nobody at a gate can approve"
        );
    }

    fn asks(&self) {
        let options = json!([{ "id": "s", "text": "Small" }, { "id": "l", "text": "Large" }]);
        let shirt =
            json!({ "id": "shirt", "text": "Which size?", "kind": "CHOICE", "options": options });
        self.set(&json!({ "questions": [shirt] }));
    }

    fn is_asked_at_the_gate(&self) {
        self.asks();
        let ticket = journey::tickets(&self.buyer, &self.event, 1).remove(0);
        let asked = self.both(&ticket, "needs_answer");
        assert_eq!(asked["questions"][0]["id"], "shirt", "{asked}");
        assert_eq!(asked["questions"][0]["options"][1]["text"], "Large");
        let wrong = self.scan_with(&ticket, &["--answer", "shirt=huge"]);
        assert_eq!(wrong["reason"], "needs_answer");
        assert_eq!(wrong["durable"], false);
        let good = self.scan_with(&ticket, &["--answer", "shirt=Large"]);
        assert_eq!(
            (&good["reason"], &good["durable"]),
            (&json!("ok"), &json!(true))
        );
        self.both(&ticket, "already_used");
        let path = format!("/claimed-tickets/{}/answers", text(&ticket, "id"));
        let kept = self.event.api.get(&path).ok();
        assert_eq!(kept["answers"][0]["value"], "l", "{kept}");
        assert!(kept["answers"][0]["deviceId"].is_string(), "{kept}");
    }

    fn has_answered_ahead(&self) {
        let ticket = journey::tickets(&self.buyer, &self.event, 1).remove(0);
        let path = format!("/claimed-tickets/{}/answers", text(&ticket, "id"));
        let answers = json!({ "answers": [{ "question": "shirt", "value": "s" }] });
        self.buyer.put(&path, &answers).ok();
        self.both(&ticket, "ok");
    }

    /// One code for the door and for the buffet.
    fn eats_at_the_buffet(&self) {
        let path = format!("/events/{}/ticket-classes", self.event.id);
        let meal = json!({ "name": "Meal", "price": { "amount": 50_000, "currency": "VND" } });
        let class = text(&self.event.api.post(&path, &meal).ok(), "id");
        let batch = json!({ "eventId": self.event.id, "classId": class, "quantity": 2 });
        self.event.api.post("/issued-tickets/batch", &batch).ok();
        let list = |matching: bool| {
            let gates = [&self.event.gate_id];
            let list = json!({
                "name": "Buffet", "gateIds": gates, "classIds": [class], "matchAddOns": matching,
            });
            let note = json!({ "classId": class, "text": "Hand out a tray" });
            self.set(&json!({ "lists": [list], "classNotes": [note] }));
        };
        let main = journey::tickets(&self.buyer, &self.event, 1).remove(0);
        let meals = Event {
            class_id: class.clone(),
            id: self.event.id.clone(),
            api: self.event.api.clone(),
            gate_id: self.event.gate_id.clone(),
            gate_name: self.event.gate_name.clone(),
        };
        let bought = journey::buy(&self.buyer, &meals, 1);
        let claim = json!({
            "ticketId": bought["tickets"][0]["id"], "addOnTo": main["id"],
            "attendee": { "name": "Mai Tran", "email": "guest@example.org" },
        });
        let added = self.buyer.post("/claimed-tickets/claim", &claim).ok();
        list(false);
        self.both(&main, "wrong_class");
        list(true);
        let eaten = self.both(&main, "ok");
        assert_eq!(eaten["serial"], added["serial"], "{eaten}");
        assert_eq!(eaten["notes"], json!(["Hand out a tray"]));
        let again = self.both(&main, "already_used");
        assert_eq!(again["serial"], added["serial"], "{again}");
        // Its own code is as used as that.
        self.both(&added, "already_used");
    }

    /// A wristband in place of the code, until it is lost.
    fn wears_a_band(&self) {
        self.set(&json!({}));
        let ticket = journey::tickets(&self.buyer, &self.event, 1).remove(0);
        let path = format!("/events/{}/media/04A22B9A5C6180", self.event.id);
        let says = |reason: &str| {
            self.kiosk.sync();
            let at = format!("{path}/validate?gateId={}", self.event.gate_id);
            let online = self.event.api.get(&at).ok();
            let offline = self.kiosk.scan(&["04:A2:2B:9A:5C:61:80"]).remove(0);
            let place = format!("server {online}\nkiosk {offline}");
            assert_eq!(offline["reason"], reason, "{place}");
            for word in ["verdict", "reason", "explanation", "class", "serial"] {
                assert_eq!(online[word], offline[word], "{word}: {place}");
            }
        };
        says("not_a_ticket");
        let lost = json!({ "ticketIds": [ticket["id"]], "active": false });
        self.event.api.put(&path, &lost).ok();
        says("blocked");
        let found = json!({ "ticketIds": [ticket["id"]] });
        self.event.api.put(&path, &found).ok();
        says("ok");
        says("already_used");
        self.both(&ticket, "already_used");
    }
}
