//! Checked in ahead on the ticket's page, in a real browser; admitted at a real kiosk that has no
//! network, without a question.

use serde_json::{Value, json};
use tests::browser::Browser;
use tests::journey::{self, Event, text};
use tests::kiosk::Kiosk;
use tests::mongo::ReplicaSet;
use tests::server::Server;

struct Stage {
    server: Server,
    event: Event,
    tickets: [Value; 2],
    kiosk: Kiosk,
}

impl Stage {
    /// Two guests; the kiosk knows both tickets, and that there is something to ask.
    fn set(server: Server) -> Self {
        let organizer = journey::account(&server.api(), "lan");
        let event = journey::event(&organizer, "River Festival", 10);
        let settings = json!({
            "preCheckIn": {
                "opensAt": journey::in_seconds(-60), "closesAt": journey::in_seconds(3600),
            },
            "questions": [
                { "id": "shirt", "text": "Which shirt size?", "kind": "CHOICE",
                    "options": [{ "id": "s", "text": "Small" }, { "id": "l", "text": "Large" }] },
                { "id": "days", "text": "Which workshops?", "kind": "CHOICES", "required": false,
                    "options": [{ "id": "knots", "text": "Knots" }, { "id": "kites", "text": "Kites" }] },
                { "id": "rules", "text": "I have read the house rules.", "kind": "YES_NO" },
                { "id": "food", "text": "What do you not eat?", "required": false },
            ],
        });
        let path = format!("/events/{}/check-in", event.id);
        event.api.put(&path, &settings).ok();
        let buyer = journey::account(&server.api(), "mai");
        let tickets = journey::tickets(&buyer, &event, 2);
        let kiosk = Kiosk::new();
        kiosk.enrol(&journey::invite(&event, "Turnstile 1"));
        kiosk.sync();
        Self {
            server,
            event,
            tickets: tickets.try_into().expect("two"),
            kiosk,
        }
    }

    fn counted(&self) -> Value {
        let path = format!("/events/{}/pre-check-ins", self.event.id);
        self.event.api.get(&path).ok()
    }

    /// One guest was quick at home, the other one is asked.
    fn doors_open_without_a_network(&mut self) {
        let view = self.counted();
        assert_eq!((&view["done"], &view["of"]), (&json!(1), &json!(2)));
        self.kiosk.sync();
        self.server.stop();
        let codes = self.tickets.each_ref().map(|of| text(of, "token"));
        let verdicts = self.kiosk.scan(&[&codes[0], &codes[1], &codes[0]]);
        let said: Vec<_> = verdicts
            .iter()
            .map(|of| (text(of, "verdict"), text(of, "reason")))
            .collect();
        let expected = [
            ("admit", "ok"),
            ("attention", "needs_answer"),
            ("refuse", "already_used"),
        ];
        let expected = expected.map(|(verdict, reason)| (verdict.to_owned(), reason.to_owned()));
        assert_eq!(said, expected, "{verdicts:#?}");
        assert!(verdicts[0]["questions"].is_null(), "{}", verdicts[0]);
        self.server.resume();
        self.kiosk.sync();
        let redemptions = journey::redemptions(&self.event);
        assert_eq!(redemptions.len(), 1, "{redemptions:?}");
        assert_eq!(redemptions[0]["claimedTicketId"], self.tickets[0]["id"]);
    }
}

#[test]
fn checked_in_ahead_in_a_browser_a_guest_is_admitted_without_a_question() {
    // V7 N5 S56 S58
    let mut stage = Stage::set(Server::start());
    let mut browser = Browser::new();
    browser.open(&text(&stage.tickets[0], "pageUrl"));
    browser.until("document.querySelector('.ahead button')?.textContent === 'Check in'");
    browser.value("document.querySelector('a[href=\"#ahead\"]').click()");
    browser.until("scrollY > 0");
    // The browser itself holds back a form that is not filled in.
    browser.value("document.querySelector('.ahead button').click()");
    browser.until("document.querySelector('#q-shirt:invalid')");
    let fill = "document.querySelector('#q-shirt').value = 'l'; \
        document.querySelector('[name=days][value=kites]').checked = true; \
        document.querySelector('#q-rules').checked = true; \
        document.querySelector('.ahead button').click()";
    browser.value(fill);
    browser.until(
        "document.querySelector('.ahead .done')?.textContent === 'You are checked in ahead.'",
    );
    browser.until("document.querySelector('.qr svg') && document.body.dataset.state === 'ready'");
    // What came of it is in sight.
    browser.until("scrollY > 0");

    let path = format!("/claimed-tickets/{}/answers", text(&stage.tickets[0], "id"));
    let kept = stage.event.api.get(&path).ok();
    let kept = kept["answers"].as_array().expect("answers").iter();
    let kept: Vec<_> = kept
        .map(|of| (text(of, "question"), text(of, "value")))
        .collect();
    let expected = [
        ("days", "kites"),
        ("food", ""),
        ("rules", "yes"),
        ("shirt", "l"),
    ];
    assert_eq!(
        kept,
        expected.map(|(of, value)| (of.to_owned(), value.to_owned()))
    );
    stage.doors_open_without_a_network();
    // Who is in has nothing to do ahead.
    browser.open(&text(&stage.tickets[0], "pageUrl"));
    browser.until("document.body?.dataset.state === 'used' && !document.querySelector('.ahead')");
}

#[test]
fn checked_in_ahead_on_a_mongodb_replica_set_a_guest_is_admitted_without_a_question() {
    // V7 S56 S58
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    let mut stage = Stage::set(Server::start_with(Some(&mongo.url), &[]));
    let guest = journey::login(&stage.server.api(), "mai");
    let path = format!(
        "/claimed-tickets/{}/pre-check-in",
        text(&stage.tickets[0], "id")
    );
    let answers = json!({ "answers": [
        { "question": "shirt", "value": "Large" }, { "question": "rules", "value": "yes" },
    ] });
    for _ in 0..2 {
        let done = guest.post(&path, &answers).ok();
        assert!(done["doneAt"].is_string(), "{done}");
    }
    stage.doors_open_without_a_network();
    let again = guest.post(&path, &answers);
    assert_eq!((again.status, again.code()), (409, "already_used"));
}
