//! Seats: which are picked, what a map shows, and that none is ever sold twice (I3).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::convert::Infallible;

use proptest::prelude::*;
use serde_json::{Value, json};
use shared::api::accounts::Role;

use crate::inventory::best::{Free, Pick, choose, pick};
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

/// A house of one hall: which seats of each row there are, in the order of the plan.
fn rows(lengths: impl IntoIterator<Item = u32>) -> Vec<Vec<String>> {
    let row = |(row, length): (usize, u32)| {
        let seats = (1..=length).map(|seat| format!("A{}-{seat}", row + 1));
        seats.collect()
    };
    lengths.into_iter().enumerate().map(row).collect()
}

#[tokio::test]
async fn a_row_that_came_in_two_batches_is_seen_whole() {
    // I3: the end of the first row came later, behind more free seats than one look reads
    let lengths: Vec<u32> = std::iter::once(5).chain([10; 60]).collect();
    let shop = theatre(&[("A", &lengths)]).await;
    let mut early = rows(lengths);
    let late = early[0].pop().expect("five");
    let early: Vec<&str> = early.iter().flatten().map(String::as_str).collect();
    shop.add_seats(&shop.class, &early).await.expect(201);
    shop.add_seats(&shop.class, &[&late]).await.expect(201);
    let order = shop.order(4).await.expect(201);
    assert_eq!(seats_of(&order), ["A2-1", "A2-2", "A2-3", "A2-4"]);
    // All five fit, and so do two beside three.
    let order = shop.order(2).await.expect(201);
    assert_eq!(seats_of(&order), ["A1-1", "A1-2"]);
}

#[tokio::test]
async fn a_seat_of_another_class_is_not_left_alone_either() {
    // I3: the row's last seat is dearer
    let shop = theatre(&[("A", &[3, 4])]).await;
    let dear = shop.add_class("Aisle", 400_000).await;
    let cheap = ["A1-1", "A1-2", "A2-1", "A2-2", "A2-3", "A2-4"];
    shop.add_seats(&shop.class, &cheap).await.expect(201);
    shop.add_seats(&dear, &["A1-3"]).await.expect(201);
    let order = shop.order(2).await.expect(201);
    assert_eq!(seats_of(&order), ["A2-1", "A2-2"]);
    // Who comes alone leaves two of the row together.
    assert_eq!(seats_of(&shop.order(1).await.expect(201)), ["A1-1"]);
}

/// A free or taken seat; of the class that is bought, and seen at the first look, or not.
#[derive(Clone, Copy, Debug)]
struct Spot {
    is_free: bool,
    is_ours: bool,
    is_seen: bool,
}

fn house() -> impl Strategy<Value = Vec<Vec<Spot>>> {
    let spot = (any::<bool>(), 0..4_u8, any::<bool>());
    let spot = spot.prop_map(|(is_free, class, is_seen)| Spot {
        is_free,
        is_ours: class > 0,
        is_seen,
    });
    prop::collection::vec(prop::collection::vec(spot, 1..12), 1..6)
}

/// The free seats of a house that are chosen by `is`.
fn free(house: &[Vec<Spot>], is: impl Fn(&Spot) -> bool) -> Vec<Free> {
    let mut free = Vec::new();
    for (run, row) in (0_u32..).zip(house) {
        let seats = (0_u32..).zip(row);
        free.extend(
            seats
                .filter(|(_, spot)| spot.is_free && is(spot))
                .map(|(at, spot)| Free {
                    place: Place {
                        run,
                        at,
                        reserved: false,
                    },
                    is_ours: spot.is_ours,
                }),
        );
    }
    free
}

type Seats = HashSet<(u32, u32)>;

fn spots<'a>(free: impl IntoIterator<Item = &'a Free>) -> Seats {
    let spot = |seat: &Free| (seat.place.run, seat.place.at);
    free.into_iter().map(spot).collect()
}

/// Free seats with a taken one, or a wall, on both sides.
fn alone(free: &Seats) -> usize {
    let is_alone = |(run, at): &&(u32, u32)| {
        let left = at
            .checked_sub(1)
            .is_some_and(|left| free.contains(&(*run, left)));
        !left && !free.contains(&(*run, at + 1))
    };
    free.iter().filter(is_alone).count()
}

/// Every way to sit side by side.
fn side_by_side(free: &Seats, quantity: u32) -> Vec<Seats> {
    let starts = free
        .iter()
        .map(|(run, at)| (0..quantity).map(|n| (*run, at + n)).collect());
    starts
        .filter(|seats: &Seats| seats.is_subset(free))
        .collect()
}

/// What is wrong with who sits where, against every way there is to sit.
fn wrong(house: &[Free], picked: Option<(&[Free], &Pick)>, quantity: usize) -> Option<String> {
    let all = spots(house);
    let ours = spots(house.iter().filter(|seat| seat.is_ours));
    let Some((list, picked)) = picked else {
        return (ours.len() >= quantity).then(|| "nobody sits, and enough are free".to_owned());
    };
    let taken = spots(picked.seats.iter().map(|seat| &list[*seat]));
    if taken.len() != quantity || !taken.is_subset(&ours) {
        return Some(format!("{taken:?}: a seat twice, or not ours"));
    }
    let ways = side_by_side(&ours, u32::try_from(quantity).expect("small"));
    if ways.is_empty() {
        return None;
    }
    if !ways.contains(&taken) {
        return Some(format!(
            "a party that could sit together is apart: {taken:?}"
        ));
    }
    // A seat that was alone before may go to who comes alone; nobody is left alone for it.
    let before = alone(&all);
    let leaves = |seats: &Seats| alone(&all.difference(seats).copied().collect());
    let could = ways.iter().any(|way| leaves(way) <= before);
    let does = leaves(&taken) <= before;
    (could && !does).then(|| format!("{taken:?} leaves a seat alone"))
}

proptest! {
    #[test]
    fn a_pick_is_together_and_leaves_none_alone_where_it_can(house in house(), quantity in 1..6_usize, spread in 0..8_usize) {
        // I3: against every way there is to sit
        let free = free(&house, |_| true);
        let picked = pick(&free, quantity, spread);
        let picked = picked.as_ref().map(|picked| (free.as_slice(), picked));
        prop_assert_eq!(wrong(&free, picked, quantity), None);
    }
}

proptest! {
    #[test]
    fn what_was_not_seen_at_first_is_not_left_alone(house in house(), quantity in 1..6_usize, spread in 0..8_usize) {
        // I3: seats of other classes are seen with their run only
        let all = free(&house, |_| true);
        let mut seen = free(&house, |spot| spot.is_ours);
        let mut known = BTreeSet::new();
        let picked = choose(&mut seen, &mut known, (quantity, spread), |run| {
            let rest = all.iter().filter(|seat| seat.place.run == run && !seat.is_ours);
            Ok::<_, Infallible>(rest.copied().collect())
        });
        let Ok(picked) = picked;
        let picked = picked.as_ref().map(|picked| (seen.as_slice(), picked));
        prop_assert_eq!(wrong(&all, picked, quantity), None);
    }
}

proptest! {
    #[test]
    fn what_is_called_whole_is_whole_in_the_house(house in house(), quantity in 1..6_usize, spread in 0..8_usize) {
        // I3: of a large house only a part is read, rows in two pieces among it
        let all = free(&house, |_| true);
        let mut seen = free(&house, |spot| spot.is_ours && spot.is_seen);
        let mut known = BTreeSet::new();
        let picked = choose(&mut seen, &mut known, (quantity, spread), |run| {
            let is_new = |seat: &&Free| {
                let spot = house[seat.place.run as usize][seat.place.at as usize];
                seat.place.run == run && !(spot.is_ours && spot.is_seen)
            };
            Ok::<_, Infallible>(all.iter().filter(is_new).copied().collect())
        });
        let Ok(picked) = picked;
        if let Some(picked) = picked.filter(|picked| picked.is_whole) {
            let taken = spots(picked.seats.iter().map(|seat| &seen[*seat]));
            let house = spots(&all);
            let before = alone(&house);
            let left: Seats = house.difference(&taken).copied().collect();
            prop_assert_eq!(taken.len(), quantity);
            prop_assert!(alone(&left) <= before, "{:?} leaves a seat alone", taken);
        }
    }
}

proptest! {
    #[test]
    fn a_party_apart_is_in_as_few_pieces_as_longest_first_gives(house in house(), quantity in 2..8_usize) {
        // I3
        let free = free(&house, |spot| spot.is_ours);
        prop_assume!(free.len() >= quantity);
        let picked = pick(&free, quantity, 0).expect("enough are free");
        let mut taken: Vec<Place> = picked.seats.iter().map(|seat| free[*seat].place).collect();
        taken.sort_unstable();
        let beside = |a: &Place, b: &Place| a.run == b.run && a.at + 1 == b.at;
        let pieces = taken.chunk_by(beside).count();
        let places: Vec<Place> = free.iter().map(|seat| seat.place).collect();
        let mut lengths: Vec<usize> = places.chunk_by(beside).map(<[Place]>::len).collect();
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
