//! A sale under pressure, over real HTTP and on both backends: seats, a pool, a code and a waitlist,
//! with buyers at once.

use std::collections::HashSet;
use std::sync::Barrier;
use std::time::Duration;

use serde_json::{Value, json};
use tests::api::{Answer, Api};
use tests::journey::{self, Event, text};
use tests::mongo::ReplicaSet;
use tests::poll::until;
use tests::server::Server;

const BUYERS: usize = 8;

#[test]
fn a_sale_under_pressure_on_sqlite() {
    // I3 I6 I9 I10
    sale(&Server::start());
}

#[test]
fn a_sale_under_pressure_on_a_mongodb_replica_set() {
    // I3 I6 I9 I10
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    sale(&Server::start_with(Some(&mongo.url), &[]));
}

fn sale(server: &Server) {
    let api = server.api();
    let organizer = journey::account(&api, "lan");
    let buyers: Vec<Api> = (0..BUYERS)
        .map(|number| journey::account(&api, &format!("buyer{number}")))
        .collect();
    let event = journey::event(&organizer, "Opera", 40);
    no_seat_goes_twice(&event, &buyers);
    no_pool_is_overdrawn(&event, &buyers);
    no_code_is_used_too_often(&event, &buyers);
    who_waits_comes_first(&event, &buyers);
}

/// All at once, each as often as it takes.
fn at_once(
    buyers: &[Api],
    times: usize,
    order: impl Fn(usize, usize) -> Value + Sync,
) -> Vec<Answer> {
    let start = Barrier::new(buyers.len());
    let run = |number: usize, buyer: &Api| {
        start.wait();
        let tries = (0..times).map(|time| buyer.post("/orders", &order(number, time)));
        tries.collect::<Vec<Answer>>()
    };
    std::thread::scope(|scope| {
        let (run, all) = (&run, buyers.iter().enumerate());
        let threads: Vec<_> = all
            .map(|(number, buyer)| scope.spawn(move || run(number, buyer)))
            .collect();
        let answers = threads
            .into_iter()
            .map(|one| one.join().expect("the buyer ends"));
        answers.flatten().collect()
    })
}

fn order(event: &Event, class: &str, quantity: usize) -> Value {
    json!({
        "eventId": event.id, "items": [{ "classId": class, "quantity": quantity }],
        "buyer": { "email": "mai@example.org", "name": "Mai" },
    })
}

fn class(event: &Event, name: &str, terms: &Value, stock: u32) -> String {
    let body = json!({
        "name": name, "price": { "amount": 90_000, "currency": "VND" }, "terms": terms,
    });
    let class = event
        .api
        .post(&format!("/events/{}/ticket-classes", event.id), &body)
        .ok();
    let class = text(&class, "id");
    if stock > 0 {
        let batch = json!({ "eventId": event.id, "classId": class, "quantity": stock });
        event.api.post("/issued-tickets/batch", &batch).ok();
    }
    class
}

fn taken(answers: &[Answer]) -> Vec<Value> {
    let good = answers.iter().filter(|answer| answer.status == 201);
    let tickets = good.filter_map(|answer| answer.json["tickets"].as_array().cloned());
    tickets.flatten().collect()
}

/// Everybody else heard one of these.
fn refused(answers: &[Answer], codes: &[&str]) {
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert!(
            codes.contains(&answer.code()),
            "{} {}",
            answer.status,
            answer.text
        );
    }
}

fn no_seat_goes_twice(event: &Event, buyers: &[Api]) {
    let venue = json!({ "name": "Hall", "address": "1 Street", "capacity": 100 });
    let venue = text(&event.api.post("/venues", &venue).ok(), "id");
    let row = |row: usize| {
        let seats: Vec<Value> = (1..=10)
            .map(|seat| json!({ "label": format!("{row}-{seat}") }))
            .collect();
        json!({ "name": row.to_string(), "seats": seats })
    };
    let plan = json!({ "sections": [{ "name": "Stalls", "rows": [row(1), row(2)] }] });
    event
        .api
        .put(&format!("/venues/{venue}/seating"), &plan)
        .ok();
    event
        .api
        .put(
            &format!("/events/{}/seating", event.id),
            &json!({ "venueId": venue }),
        )
        .ok();
    let stalls = class(event, "Stalls", &json!({}), 0);
    let batch = json!({ "eventId": event.id, "classId": stalls, "sections": ["Stalls"] });
    assert_eq!(
        event.api.post("/issued-tickets/batch", &batch).ok()["created"],
        20
    );
    let answers = at_once(buyers, 3, |number, time| {
        if number % 2 == 0 {
            return order(event, &stalls, 2);
        }
        let mut body = order(event, &stalls, 1);
        body["items"] = json!([]);
        body["seats"] = json!([format!("{}-{}", time % 2 + 1, number + 1)]);
        body
    });
    let tickets = taken(&answers);
    let seats: HashSet<String> = tickets.iter().map(|ticket| text(ticket, "seat")).collect();
    assert_eq!(seats.len(), tickets.len(), "a seat went twice");
    assert!(seats.len() >= 16, "{seats:?}");
    refused(&answers, &["all_held"]);
    let map = event.api.get(&format!("/events/{}/seats", event.id)).ok();
    let held = map["items"]
        .as_array()
        .expect("seats")
        .iter()
        .filter(|seat| seat["status"] == "HELD");
    assert_eq!(held.count(), seats.len());
}

fn no_pool_is_overdrawn(event: &Event, buyers: &[Api]) {
    let classes = ["Adult", "Child"].map(|name| class(event, name, &json!({}), 30));
    let pool = json!({ "name": "Hall", "limit": 9, "classIds": classes });
    event
        .api
        .post(&format!("/events/{}/pools", event.id), &pool)
        .ok();
    let answers = at_once(buyers, 3, |number, _| order(event, &classes[number % 2], 1));
    assert_eq!(taken(&answers).len(), 9);
    refused(&answers, &["all_held"]);
}

fn no_code_is_used_too_often(event: &Event, buyers: &[Api]) {
    let voucher = json!({ "code": "OPENING", "maxUses": 5, "discount": { "kind": "PERCENT", "percent": 50 } });
    event
        .api
        .post(&format!("/events/{}/vouchers", event.id), &voucher)
        .ok();
    let answers = at_once(buyers, 2, |_, _| {
        let mut body = order(event, &event.class_id, 1);
        body["code"] = json!("opening");
        body
    });
    let sold: Vec<&Answer> = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .collect();
    assert_eq!(sold.len(), 5);
    assert!(
        sold.iter()
            .all(|answer| answer.json["total"]["amount"] == 125_000)
    );
    refused(&answers, &["code_all_held"]);
}

fn who_waits_comes_first(event: &Event, buyers: &[Api]) {
    let terms = json!({ "waitlist": { "offerMinutes": 30 }, "maxPerPerson": 1 });
    let rare = class(event, "Box", &terms, 1);
    let [first, waits, others @ ..] = buyers else {
        panic!("too few buyers");
    };
    let held = first.post("/orders", &order(event, &rare, 1)).ok();
    let join = json!({
        "classId": rare, "quantity": 1, "buyer": { "email": "w@example.org", "name": "Wait" },
    });
    waits
        .post(&format!("/events/{}/waitlist/join", event.id), &join)
        .ok();
    first
        .post(&format!("/orders/{}/cancel", text(&held, "id")), &json!({}))
        .ok();
    let answers = at_once(others, 3, |_, _| order(event, &rare, 1));
    assert_eq!(taken(&answers).len(), 0);
    refused(&answers, &["waiting", "all_held"]);
    // The sweeper looks every second.
    let offered = until("the offer", Duration::from_secs(20), || {
        let place = waits.get("/waitlist").ok()["items"][0].clone();
        (place["status"] == "OFFERED").then_some(place)
    });
    let order = waits
        .get(&format!("/orders/{}", text(&offered, "orderId")))
        .ok();
    assert_eq!(order["tickets"].as_array().map(Vec::len), Some(1));
}
