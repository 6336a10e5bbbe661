//! A guest's way from the order to an account and out again, over real HTTP and mail, on both
//! databases.

use std::sync::Barrier;
use std::time::Duration;

use serde_json::{Value, json};
use tests::api::{Answer, Api};
use tests::journey::{self, Event, PASSWORD, text};
use tests::mongo::ReplicaSet;
use tests::poll;
use tests::server::Server;
use tests::smtp::Sink;

const WITHIN: Duration = Duration::from_secs(30);
const GUEST: &str = "gus@example.org";
const TITLE: &str = "Open air";
const PER_PERSON: usize = 2;
const AT_ONCE: usize = 6;

#[test]
fn a_guest_buys_comes_back_as_an_account_and_goes_on_sqlite() {
    // O3 A7
    walk(None);
}

#[test]
fn a_guest_buys_comes_back_as_an_account_and_goes_on_a_mongodb_replica_set() {
    // O3 A7
    if let Some(mongo) = ReplicaSet::start_if_available() {
        walk(Some(&mongo.url));
    }
}

fn walk(database: Option<&str>) {
    let sink = Sink::start();
    let url = sink.url();
    let from = "Box office <office@example.org>";
    let env = [("SMTP_URL", url.as_str()), ("MAIL_FROM", from)];
    let server = Server::start_with(database, &env);
    let api = server.api();
    let event = journey::event(&journey::account(&api, "lan"), TITLE, 20);
    ask_at_checkout(&event);
    let placed = order_at_once(&api, &event);
    let order = pay_with_the_token(&api, &placed[0]);
    let mail = poll::until("the link", WITHIN, || {
        sink.to(GUEST)
            .into_iter()
            .find_map(|mail| mail.after("/guest/"))
    });
    assert_eq!(mail, text(&placed[0], "guestToken"));
    let account = adopt(&api, &sink, &placed);
    listed_by_the_organizer(&event, &order);
    erase(&event, &account, &placed);
}

fn ask_at_checkout(event: &Event) {
    let settings = json!({ "claimAtCheckout": true, "questions": [
        { "id": "diet", "text": "What do you eat?", "kind": "CHOICE", "atCheckout": true,
            "options": [{ "id": "veg", "text": "Vegetarian" }] },
    ] });
    let path = format!("/events/{}/check-in", event.id);
    event.api.put(&path, &settings).ok();
    let path = format!("/events/{}/ticket-classes/{}", event.id, event.class_id);
    let terms = json!({ "terms": { "maxPerPerson": PER_PERSON } });
    event.api.patch(&path, &terms).ok();
}

fn wanted(event: &Event) -> Value {
    json!({
        "eventId": event.id, "items": [{ "classId": event.class_id, "quantity": 1 }],
        "buyer": { "email": GUEST, "name": "Gus Green" },
        "attendees": [{ "attendee": { "name": "Gus Green", "email": GUEST },
            "answers": [{ "question": "diet", "value": "veg" }] }],
    })
}

/// Whoever orders at once with one address gets as many as one person may have.
fn order_at_once(api: &Api, event: &Event) -> Vec<Value> {
    let start = Barrier::new(AT_ONCE);
    let run = || {
        start.wait();
        api.post("/guest/orders", &wanted(event))
    };
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(run)).collect();
        let answers = threads.into_iter();
        answers.map(|one| one.join().expect("an answer")).collect()
    });
    let (placed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|of| of.status == 201);
    assert_eq!(placed.len(), PER_PERSON, "{refused:?}");
    assert!(
        refused.iter().all(|of| of.code() == "max_per_person"),
        "{refused:?}"
    );
    placed.into_iter().map(|of| of.json).collect()
}

/// Gives the id of the order, whose ticket has claimed itself.
fn pay_with_the_token(api: &Api, placed: &Value) -> String {
    let guest = api.with_bearer(&text(placed, "guestToken"));
    let order = text(&placed["order"], "id");
    let payment = json!({ "orderId": order, "provider": "demo" });
    let payment = text(&guest.post("/payments", &payment).ok(), "id");
    let path = format!("/payments/demo/{payment}/pay");
    guest.post(&path, &json!({})).ok();
    let ticket = poll::until("the claimed ticket", WITHIN, || {
        let mine = guest.get("/claimed-tickets").ok();
        mine["items"].get(0).cloned()
    });
    assert_eq!(ticket["attendee"]["name"], "Gus Green");
    order
}

fn adopt(api: &Api, sink: &Sink, placed: &[Value]) -> Api {
    let account = journey::account(api, "gus");
    assert_eq!(account.get("/orders").ok()["items"], json!([]));
    let link = poll::until("the link", WITHIN, || {
        let mut mails = sink.to(GUEST).into_iter();
        mails.find_map(|mail| mail.after("/account/verify/"))
    });
    api.post("/auth/verify-email", &json!({ "token": link }))
        .ok();
    poll::until("the orders", WITHIN, || {
        let mine = account.get("/orders").ok();
        (mine["items"].as_array()?.len() == PER_PERSON).then_some(())
    });
    let tickets = account.get("/claimed-tickets").ok();
    assert_eq!(tickets["items"].as_array().map(Vec::len), Some(1));
    for of in placed {
        let dead = api.with_bearer(&text(of, "guestToken")).get("/orders");
        assert_eq!((dead.status, dead.code()), (401, "token_invalid"));
    }
    account
}

fn listed_by_the_organizer(event: &Event, order: &str) {
    let path = format!("/events/{}/answers", event.id);
    let list = event.api.get(&path).ok();
    let items = list["items"].as_array().expect("a list");
    let of = items.iter().find(|of| of["orderId"] == order);
    let ticket = &of.expect("the order")["tickets"][0];
    assert_eq!(ticket["answers"][0]["words"], "Vegetarian");
    let table = event.api.get(&format!("{path}/csv"));
    assert_eq!(table.status, 200);
    assert_eq!(table.text.lines().count(), 1 + PER_PERSON, "{}", table.text);
}

fn erase(event: &Event, account: &Api, placed: &[Value]) {
    let staff = format!("/events/{}/staff", event.id);
    event.api.post(&staff, &json!({ "username": "gus" })).ok();
    let body = json!({ "password": PASSWORD });
    let open = account.post("/auth/me/erase", &body);
    assert_eq!((open.status, open.code()), (409, "orders_open"));
    let order = text(&placed[1]["order"], "id");
    let path = format!("/orders/{order}/cancel");
    account.post(&path, &json!({})).ok();
    account.post("/auth/me/erase", &body).ok();
    let left = event.api.get(&staff).ok();
    assert!(!left.to_string().contains("gus"), "{left}");
    poll::until("the form to go", WITHIN, || {
        let list = event.api.get(&format!("/events/{}/answers", event.id)).ok();
        list["items"].as_array()?.is_empty().then_some(())
    });
}
