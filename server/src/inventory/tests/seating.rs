//! Seats: which are picked, what a map shows, and that none is ever sold twice (I3).

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use shared::api::accounts::Role;

use crate::inventory::best::pick;
use crate::orders::fixture::{Shop, text};
use crate::venues::model::Place;

/// A shop whose event has a plan: rows of a section by their lengths, and an aisle in the middle of
/// the section's last row. Seats are `<section><row>-<seat>`.
async fn theatre(sections: &[(&str, &[u32])]) -> Shop {
    let shop = Shop::open(0).await;
    let sections: Vec<Value> = sections
        .iter()
        .map(|(name, rows)| section(name, rows))
        .collect();
    let venue = json!({ "name": "Hall", "address": "1 Street", "capacity": 5_000 });
    let venue = shop.t.post("/api/v1/venues", &shop.organizer, venue).await;
    let venue = text(&venue.expect(201)["id"]);
    let plan = Some(json!({ "sections": sections }));
    let path = format!("/api/v1/venues/{venue}/seating");
    shop.t
        .call("PUT", &path, &shop.organizer, plan)
        .await
        .expect(200);
    let tie = Some(json!({ "venueId": venue }));
    let path = format!("/api/v1/events/{}/seating", shop.event);
    shop.t
        .call("PUT", &path, &shop.organizer, tie)
        .await
        .expect(200);
    shop
}

fn section(name: &str, rows: &[u32]) -> Value {
    let row = |(row, length): (usize, &u32)| {
        let seats: Vec<Value> = (1..=*length)
            .map(|seat| json!({ "label": format!("{name}{}-{seat}", row + 1) }))
            .collect();
        json!({ "name": (row + 1).to_string(), "seats": seats })
    };
    json!({ "name": name, "rows": rows.iter().enumerate().map(row).collect::<Vec<_>>() })
}

async fn stock_sections(shop: &Shop, sections: &[&str]) -> Value {
    let body = json!({ "eventId": shop.event, "classId": shop.class, "sections": sections });
    let batch = shop
        .t
        .post("/api/v1/issued-tickets/batch", &shop.organizer, body)
        .await;
    batch.expect(201)
}

fn seats_of(order: &Value) -> Vec<String> {
    let tickets = order["tickets"].as_array().expect("tickets");
    let mut seats: Vec<String> = tickets.iter().map(|ticket| text(&ticket["seat"])).collect();
    seats.sort();
    seats
}

async fn map(shop: &Shop) -> Vec<Value> {
    let path = format!("/api/v1/events/{}/seats", shop.event);
    let page = shop.t.get(&path, "").await.expect(200);
    page["items"].as_array().expect("seats").clone()
}

#[tokio::test]
async fn sections_become_stock_and_the_map_says_what_can_be_had() {
    // I1, I3
    let shop = theatre(&[("A", &[3]), ("B", &[2])]).await;
    assert_eq!(stock_sections(&shop, &["A", "B"]).await["created"], 5);
    let sold = shop.order_seats(&["A1-1"]).await.expect(201);
    let payment = shop.payment(&text(&sold["id"])).await;
    shop.pay(&payment).await.expect(200);
    shop.deliver(&shop.telling(&payment).await)
        .await
        .expect(200);
    shop.order_seats(&["B1-2"]).await.expect(201);
    let seats = map(&shop).await;
    let seen: Vec<_> = seats
        .iter()
        .map(|seat| (&seat["seat"], &seat["status"]))
        .collect();
    let expected = [
        ("A1-1", "SOLD"),
        ("A1-2", "AVAILABLE"),
        ("A1-3", "AVAILABLE"),
        ("B1-1", "AVAILABLE"),
        ("B1-2", "HELD"),
    ];
    let expected = expected.map(|(seat, status)| (json!(seat), json!(status)));
    assert!(
        seen.iter()
            .zip(&expected)
            .all(|(seen, wanted)| *seen == (&wanted.0, &wanted.1)),
        "{seen:?}"
    );
    assert_eq!(
        seats[1]["price"],
        json!({ "amount": 250_000, "currency": "VND" })
    );
    // The hold ends, and the map needs no sweeper to say so.
    shop.t.clock.advance(600_000);
    assert_eq!(map(&shop).await[4]["status"], "AVAILABLE");
    let first = format!("/api/v1/events/{}/seats?limit=2", shop.event);
    let page = shop.t.get(&first, "").await.expect(200);
    let next = format!("{first}&cursor={}", text(&page["nextCursor"]));
    assert_eq!(
        shop.t.get(&next, "").await.expect(200)["items"][0]["seat"],
        "A1-3"
    );
    shop.t
        .get(&format!("{first}000000"), "")
        .await
        .expect_error(400, "validation");
}

#[tokio::test]
async fn only_seats_of_the_plan_become_stock() {
    // I3
    let shop = theatre(&[("A", &[2])]).await;
    for body in [
        json!({ "seats": ["A1-1", "Z-9"] }),
        json!({ "sections": ["Z"] }),
        json!({ "sections": [] }),
        json!({ "sections": ["A", "A"] }),
        json!({ "sections": ["A"], "quantity": 2 }),
        json!({}),
    ] {
        let mut body = body;
        body["eventId"] = json!(shop.event);
        body["classId"] = json!(shop.class);
        let path = "/api/v1/issued-tickets/batch";
        let answer = shop.t.post(path, &shop.organizer, body).await;
        answer.expect_error(400, "validation");
    }
    assert_eq!(map(&shop).await, Vec::<Value>::new());
}

#[tokio::test]
async fn buyers_who_name_no_seat_sit_together_and_leave_none_alone() {
    // I3: rows of 5; the second pair would leave seat 5 of the first row alone
    let shop = theatre(&[("A", &[5, 5])]).await;
    stock_sections(&shop, &["A"]).await;
    for expected in [
        vec!["A1-1", "A1-2"],
        vec!["A2-1", "A2-2"],
        vec!["A1-3", "A1-4", "A1-5"],
        // No row has 4 side by side any more, and 3 are all there is.
    ] {
        let quantity = u32::try_from(expected.len()).expect("small");
        let order = shop.order(quantity).await.expect(201);
        assert_eq!(seats_of(&order), expected);
    }
    shop.order(4).await.expect_error(409, "all_held");
    assert_eq!(
        seats_of(&shop.order(3).await.expect(201)),
        ["A2-3", "A2-4", "A2-5"]
    );
}

#[tokio::test]
async fn places_for_wheelchairs_are_only_for_who_names_them() {
    // I3, E5
    let shop = Shop::open(0).await;
    let venue = json!({ "name": "Hall", "address": "1 Street", "capacity": 10 });
    let venue = shop.t.post("/api/v1/venues", &shop.organizer, venue).await;
    let venue = text(&venue.expect(201)["id"]);
    let seats = json!([
        { "label": "W-1", "kind": "WHEELCHAIR" }, { "label": "W-2", "kind": "COMPANION" },
        { "label": "A-1", "gapAfter": true }, { "label": "A-2" }, { "label": "A-3" },
    ]);
    let plan = json!({ "sections": [{ "name": "A", "rows": [{ "name": "1", "seats": seats }] }] });
    let path = format!("/api/v1/venues/{venue}/seating");
    shop.t
        .call("PUT", &path, &shop.organizer, Some(plan))
        .await
        .expect(200);
    let path = format!("/api/v1/events/{}/seating", shop.event);
    let tie = Some(json!({ "venueId": venue }));
    shop.t
        .call("PUT", &path, &shop.organizer, tie)
        .await
        .expect(200);
    stock_sections(&shop, &["A"]).await;
    // A-1 has the aisle at its side: A-2 is not its neighbour.
    assert_eq!(seats_of(&shop.order(2).await.expect(201)), ["A-2", "A-3"]);
    let short = shop.order(2).await;
    assert_eq!(short.json()["message"], "Only 1 is free now.");
    assert_eq!(
        seats_of(&shop.order_seats(&["W-1", "W-2"]).await.expect(201)),
        ["W-1", "W-2"]
    );
    let kinds: Vec<Value> = map(&shop)
        .await
        .iter()
        .map(|seat| seat["kind"].clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "STANDARD",
            "STANDARD",
            "STANDARD",
            "WHEELCHAIR",
            "COMPANION"
        ]
    );
}

#[tokio::test]
async fn two_people_never_have_one_seat() {
    // I3: parties that name seats and parties that do not race for two rows, until all is sold
    let shop = theatre(&[("A", &[12, 12])]).await;
    stock_sections(&shop, &["A"]).await;
    let mut owner: HashMap<String, usize> = HashMap::new();
    for round in 0..3_usize {
        let buyers: Vec<String> = (0..12).map(|_| shop.t.token_for(Role::Attendee)).collect();
        let orders = buyers.iter().enumerate().map(async |(number, buyer)| {
            let seat = |at: usize| format!("A{}-{}", number % 2 + 1, (number + at) % 12 + 1);
            let mut body = if (number + round) % 3 == 0 {
                let mut body = shop.order_body(&json!([]));
                body["seats"] = json!([seat(0), seat(1)]);
                body
            } else {
                shop.order_body(&json!([{ "classId": shop.class, "quantity": number % 3 + 1 }]))
            };
            body["buyer"]["name"] = json!(format!("Buyer {number}"));
            shop.t.post("/api/v1/orders", buyer, body).await
        });
        for (number, answer) in futures::future::join_all(orders).await.iter().enumerate() {
            if answer.status != 201 {
                let code = answer.json()["code"].clone();
                assert!(code == "all_held" || code == "sold_out", "{code}");
                continue;
            }
            for seat in seats_of(&answer.json()) {
                let before = owner.insert(seat.clone(), round * 100 + number);
                assert_eq!(before, None, "{seat} has two owners");
            }
        }
    }
    assert!(owner.len() >= 22, "only {} of 24 went", owner.len());
}

/// Rows of free and taken seats, as a map of what is free.
fn house() -> impl Strategy<Value = Vec<Vec<bool>>> {
    prop::collection::vec(prop::collection::vec(any::<bool>(), 1..12), 1..6)
}

fn free(house: &[Vec<bool>]) -> Vec<Place> {
    let mut free = Vec::new();
    for (run, row) in (0_u32..).zip(house) {
        let seats = (0_u32..).zip(row).filter(|(_, is_free)| **is_free);
        free.extend(seats.map(|(at, _)| Place {
            run,
            at,
            reserved: false,
        }));
    }
    free
}

/// Free seats with a taken one, or a wall, on both sides.
fn alone(free: &HashSet<(u32, u32)>) -> usize {
    let is_alone = |(run, at): &&(u32, u32)| {
        let left = at
            .checked_sub(1)
            .is_some_and(|left| free.contains(&(*run, left)));
        !left && !free.contains(&(*run, at + 1))
    };
    free.iter().filter(is_alone).count()
}

/// Every way to sit side by side.
fn side_by_side(free: &HashSet<(u32, u32)>, quantity: u32) -> Vec<Vec<(u32, u32)>> {
    let starts = free
        .iter()
        .map(|(run, at)| (0..quantity).map(|n| (*run, at + n)).collect());
    starts
        .filter(|seats: &Vec<_>| seats.iter().all(|seat| free.contains(seat)))
        .collect()
}

proptest! {
    #[test]
    fn a_pick_is_together_and_leaves_none_alone_where_it_can(house in house(), quantity in 1..6_usize, spread in 0..8_usize) {
        // I3: against every way there is to sit
        let free = free(&house);
        let picked = pick(&free, quantity, spread);
        if free.len() < quantity {
            prop_assert_eq!(picked, None);
            return Ok(());
        }
        let picked = picked.expect("enough are free");
        let taken: HashSet<(u32, u32)> = picked.iter().map(|seat| (free[*seat].run, free[*seat].at)).collect();
        prop_assert_eq!(taken.len(), quantity, "no seat twice");
        let all: HashSet<(u32, u32)> = free.iter().map(|place| (place.run, place.at)).collect();
        let ways = side_by_side(&all, u32::try_from(quantity).expect("small"));
        if ways.is_empty() {
            return Ok(());
        }
        let mut seats: Vec<_> = taken.iter().copied().collect();
        seats.sort_unstable();
        prop_assert!(ways.contains(&seats), "a party that could sit together is apart: {seats:?}");
        let left_alone = |seats: &[(u32, u32)]| {
            let rest: HashSet<_> = all.iter().copied().filter(|seat| !seats.contains(seat)).collect();
            alone(&rest)
        };
        // A seat that was alone before may go to who comes alone; nobody is left alone for it.
        let before = alone(&all);
        let could = ways.iter().any(|way| left_alone(way) <= before);
        prop_assert!(!could || left_alone(&seats) <= before, "{seats:?} leaves a seat alone");
    }
}

proptest! {
    #[test]
    fn a_party_apart_is_in_as_few_pieces_as_longest_first_gives(house in house(), quantity in 2..8_usize) {
        // I3
        let free = free(&house);
        prop_assume!(free.len() >= quantity);
        let picked = pick(&free, quantity, 0).expect("enough are free");
        let mut taken: Vec<Place> = picked.iter().map(|seat| free[*seat]).collect();
        taken.sort_unstable();
        let pieces = taken.chunk_by(|a, b| a.run == b.run && a.at + 1 == b.at).count();
        let mut lengths: Vec<usize> = free
            .chunk_by(|a, b| a.run == b.run && a.at + 1 == b.at)
            .map(<[Place]>::len)
            .collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        let mut missing = quantity;
        let least = lengths.iter().take_while(|length| {
            let more = missing > 0;
            missing = missing.saturating_sub(**length);
            more
        }).count();
        prop_assert!(pieces <= least, "{taken:?}: {pieces} pieces, {least} would do");
    }
}
