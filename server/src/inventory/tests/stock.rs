//! Batches, counts and lists.

use std::collections::HashSet;

use serde_json::json;
use shared::api::tickets::{CreateBatch, TicketStatus};
use shared::ids::{ClassId, EventId, JobId};

use crate::app::App;
use crate::inventory::batch::{CHUNK, Seats, put_chunk, reserve};
use crate::inventory::model::{Batch, Layout, Step, after};
use crate::orders::fixture::{Shop, text};
use crate::platform::http::Caller;
use crate::platform::http::attempt::IdempotencyKey;
use crate::testing::{NOW, TestApp};

use super::{counts, tickets};

const BATCH: &str = "/api/v1/issued-tickets/batch";

#[test]
fn every_move_is_in_the_table_and_no_other() {
    // I8
    use Step::{Claim, Expire, Hold, Release, Sell, Validate, Void};
    use TicketStatus::{Available, Cancelled, Claimed, Expired, Held, Paid, Validated};
    let legal = [
        (Available, Hold, Held),
        (Held, Hold, Held),
        (Held, Release, Available),
        (Held, Sell, Paid),
        (Paid, Claim, Claimed),
        (Held, Claim, Claimed),
        (Paid, Void, Cancelled),
        (Paid, Expire, Expired),
        (Claimed, Validate, Validated),
        (Claimed, Void, Cancelled),
        (Claimed, Expire, Expired),
        (Validated, Void, Cancelled),
    ];
    for from in [
        Available, Held, Paid, Claimed, Validated, Cancelled, Expired,
    ] {
        for step in [Hold, Release, Sell, Claim, Validate, Void, Expire] {
            let expected = legal
                .iter()
                .find(|(at, by, _)| (*at, *by) == (from, step))
                .map(|(_, _, to)| *to);
            assert_eq!(after(from, step), expected, "{from:?} {step:?}");
        }
    }
}

fn batch(quantity: u32) -> Batch {
    Batch {
        id: "b".to_owned(),
        event_id: EventId::new(NOW, [1; 10]),
        class_id: ClassId::new(NOW, [2; 10]),
        quantity,
        seated: false,
        serial_base: 7,
        seat_base: 0,
        seed: [3; 32],
        created: 0,
        attempt: None,
        request_hash: None,
        stopped: false,
        created_at: NOW,
    }
}

#[test]
fn a_batch_is_dense_shuffled_and_can_be_computed_again() {
    // I1
    let batch = batch(100_000);
    let tickets = Layout::new(&batch, &[]).tickets(0..100_000);
    let mut serials: Vec<u32> = tickets.iter().map(|ticket| ticket.serial).collect();
    let in_place = (7..)
        .zip(&serials)
        .filter(|(place, serial)| place == *serial)
        .count();
    assert!(in_place < 50, "{in_place} serials tell the order of sale");
    serials.sort_unstable();
    assert!((7..100_007).eq(serials), "serials are dense");
    let ids: Vec<String> = tickets.iter().map(|ticket| ticket.id.to_string()).collect();
    assert!(ids.is_sorted() && ids.iter().collect::<HashSet<_>>().len() == ids.len());
    let again = Layout::new(&batch, &[]).tickets(65_000..65_003);
    assert_eq!(again, tickets[65_000..65_003]);
}

#[tokio::test]
async fn stock_is_counted_exactly() {
    // I1 I2
    let shop = Shop::open(5_000).await;
    let vip = shop.add_class("VIP", 1).await;
    assert_eq!(shop.add_stock(&vip, 3).await.expect(201)["created"], 3);
    shop.order(2).await.expect(201);
    let stats = shop.stats().await;
    assert_eq!(counts(&stats[0]), [4_998, 2, 0, 5_000]);
    assert_eq!(counts(&stats[1]), [3, 0, 0, 3]);
    shop.t.clock.advance(600_000);
    assert_eq!(
        counts(&shop.stats().await[0]),
        [5_000, 0, 0, 5_000],
        "expired holds are free"
    );
}

#[tokio::test]
async fn batches_are_bounded_by_request_capacity_and_owner() {
    // I1
    let shop = Shop::open(0).await;
    let path = format!("/api/v1/events/{}", shop.event);
    let small = json!({ "capacity": 5 });
    shop.t
        .call("PATCH", &path, &shop.organizer, Some(small))
        .await
        .expect(200);
    for (quantity, seats) in [
        (json!(0), json!(null)),
        (json!(100_001), json!(null)),
        (json!(null), json!(null)),
        (json!(1), json!(["A-1"])),
        (json!(null), json!([])),
        (json!(null), json!(["A-1", " A-1"])),
        (json!(null), json!([""])),
    ] {
        let body = json!({ "eventId": shop.event, "classId": shop.class, "quantity": quantity, "seats": seats });
        let answer = shop.t.post(BATCH, &shop.organizer, body).await;
        answer.expect_error(400, "validation");
    }
    let foreign = json!({ "eventId": shop.event, "classId": shop.event, "quantity": 1 });
    let details = shop
        .t
        .post(BATCH, &shop.organizer, foreign)
        .await
        .expect_error(400, "validation");
    assert!(details["classId"].is_string());
    shop.add_stock(&shop.class, 6)
        .await
        .expect_error(409, "capacity_exceeded");
    shop.add_stock(&shop.class, 5).await.expect(201);
    shop.add_stock(&shop.class, 1)
        .await
        .expect_error(409, "capacity_exceeded");
    let smaller = json!({ "capacity": 4 });
    let answer = shop
        .t
        .call("PATCH", &path, &shop.organizer, Some(smaller))
        .await;
    answer.expect_error(409, "capacity_exceeded");
    let body = json!({ "eventId": shop.event, "classId": shop.class, "quantity": 1 });
    shop.t
        .post(BATCH, &shop.buyer, body)
        .await
        .expect_error(404, "not_found");
}

/// Leaves a batch as a process leaves it that dies after its first chunk.
async fn begin_batch(shop: &Shop, key: IdempotencyKey, wanted: &CreateBatch) -> String {
    let app: &App = &shop.t.app;
    let caller: Caller = app.tokens.verify(&shop.organizer, NOW).expect("a caller");
    let attempt = key
        .attempt("issued-tickets/batch", caller.user, wanted)
        .expect("an attempt");
    let plan = Batch {
        id: "interrupted".to_owned(),
        event_id: wanted.event_id,
        class_id: wanted.class_id,
        quantity: wanted.quantity.expect("a quantity"),
        attempt: attempt.name(),
        request_hash: attempt.request_hash().map(str::to_owned),
        serial_base: 0,
        ..batch(0)
    };
    let job = JobId::new(NOW, [9; 10]);
    let reserved = plan.clone();
    let id = app
        .db
        .write(move |tx| {
            reserve(
                tx,
                &caller,
                &reserved,
                &Seats::default(),
                (job, NOW.plus_secs(60)),
                NOW,
            )
        })
        .await;
    let id = id.expect("reserved");
    let chunk = Layout::new(&plan, &[]).tickets(0..CHUNK);
    put_chunk(app, &id, 0, CHUNK, chunk.into())
        .await
        .expect("the first chunk");
    id
}

#[tokio::test]
async fn an_interrupted_batch_is_completed_and_never_doubled() {
    // I1 O2
    let shop = Shop::open(0).await;
    let body = json!({ "eventId": shop.event, "classId": shop.class, "quantity": 5_000 });
    let wanted: CreateBatch = serde_json::from_value(body.clone()).expect("a request");
    begin_batch(&shop, IdempotencyKey::new("b-1"), &wanted).await;
    assert_eq!(counts(&shop.stats().await[0])[0], u64::from(CHUNK));
    for _ in 0..2 {
        let answer = shop
            .keyed(BATCH, &shop.organizer, "b-1", &body)
            .await
            .expect(201);
        assert_eq!(answer["created"], 5_000);
        assert_eq!(counts(&shop.stats().await[0])[0], 5_000);
    }
    let mut other = body.clone();
    other["quantity"] = json!(5_001);
    let answer = shop.keyed(BATCH, &shop.organizer, "b-1", &other).await;
    answer.expect_error(422, "idempotency_mismatch");
}

#[tokio::test]
async fn a_job_completes_what_nobody_asks_for_again() {
    // I1
    let shop = Shop::open(0).await;
    let body = json!({ "eventId": shop.event, "classId": shop.class, "quantity": 4_500 });
    let wanted: CreateBatch = serde_json::from_value(body).expect("a request");
    begin_batch(&shop, IdempotencyKey::none(), &wanted).await;
    shop.run_jobs().await;
    assert_eq!(
        counts(&shop.stats().await[0])[0],
        2_000,
        "the request has its time"
    );
    shop.t.clock.advance(60_000);
    shop.run_jobs().await;
    assert_eq!(counts(&shop.stats().await[0])[0], 4_500);
}

#[tokio::test]
async fn a_seat_exists_once_and_is_sold_once() {
    // I3
    let shop = Shop::open(0).await;
    shop.add_seats(&shop.class, &["A-1", "A-2", "A-3"])
        .await
        .expect(201);
    let vip = shop.add_class("VIP", 1).await;
    shop.add_seats(&vip, &["B-1", "A-2"])
        .await
        .expect_error(409, "seat_exists");
    assert_eq!(
        counts(&shop.stats().await[1])[3],
        0,
        "nothing of the refused chunk is kept"
    );

    let order = shop.order_seats(&["A-2", "A-1"]).await.expect(201);
    let seats: HashSet<&str> = tickets(&order)
        .map(|ticket| ticket["seat"].as_str().expect("a seat"))
        .collect();
    assert_eq!(seats, HashSet::from(["A-1", "A-2"]));
    let details = shop
        .order_seats(&["A-3", "A-1"])
        .await
        .expect_error(409, "all_held");
    assert_eq!(details["seats"], "A-1");
    shop.order_seats(&["Z-9"])
        .await
        .expect_error(400, "validation");
    shop.order_seats(&["A-3", "A-3"])
        .await
        .expect_error(400, "validation");
    assert_eq!(
        counts(&shop.stats().await[0]),
        [1, 2, 0, 3],
        "a refused order holds nothing"
    );

    let payment = shop.payment(&text(&order["id"])).await;
    shop.pay(&payment).await.expect(200);
    shop.deliver(&shop.telling(&payment).await)
        .await
        .expect(200);
    let details = shop
        .order_seats(&["A-1"])
        .await
        .expect_error(409, "sold_out");
    assert_eq!(details["sold"], "A-1");
    let refund = format!("/api/v1/orders/{}/refund", text(&order["id"]));
    shop.t
        .post(&refund, &shop.organizer, json!({ "restock": false }))
        .await
        .expect(200);
    shop.order_seats(&["A-1"])
        .await
        .expect_error(409, "sold_out");
    shop.add_seats(&shop.class, &["A-1"])
        .await
        .expect_error(409, "seat_exists");
}

#[tokio::test]
async fn lists_page_through_every_filter() {
    // I2
    let shop = Shop::open(7).await;
    let vip = shop.add_class("VIP", 1).await;
    shop.add_stock(&vip, 5).await.expect(201);
    shop.order(3).await.expect(201);
    let event = format!("eventId={}", shop.event);
    for (filter, expected) in [
        (String::new(), 12),
        (format!("&classId={}", shop.class), 7),
        (format!("&classId={vip}&status=AVAILABLE"), 5),
        ("&status=AVAILABLE".to_owned(), 9),
        ("&status=HELD".to_owned(), 3),
        ("&status=PAID".to_owned(), 0),
    ] {
        let ids = all_ids(&shop, &format!("{event}{filter}")).await;
        assert_eq!(ids.len(), expected, "{filter}");
        assert_eq!(
            ids.iter().collect::<HashSet<_>>().len(),
            expected,
            "{filter}"
        );
        if let Some(id) = ids.first() {
            let ticket = shop
                .t
                .get(&format!("/api/v1/issued-tickets/{id}"), "")
                .await
                .expect(200);
            assert_eq!(ticket["id"], *id.as_str());
        }
    }
    let bad = format!("/api/v1/issued-tickets?{event}&status=AVAILABLE&cursor=x");
    shop.t.get(&bad, "").await.expect_error(400, "validation");
    shop.t
        .get("/api/v1/issued-tickets", "")
        .await
        .expect_error(400, "validation");
}

async fn all_ids(shop: &Shop, query: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    for _ in 0..20 {
        let path = format!("/api/v1/issued-tickets?{query}&limit=2{cursor}");
        let page = shop.t.get(&path, "").await.expect(200);
        ids.extend(
            page["items"]
                .as_array()
                .expect("items")
                .iter()
                .map(|ticket| text(&ticket["id"])),
        );
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
    panic!("the list does not end");
}

#[tokio::test]
async fn stock_of_a_draft_is_hidden() {
    // I2
    let t = TestApp::new().await;
    let owner = t.token_for(shared::api::accounts::Role::Organizer);
    let event = crate::orders::fixture::draft(&t, &owner).await;
    let stats = format!("/api/v1/issued-tickets/stats/{event}");
    t.get(&stats, "").await.expect_error(404, "not_found");
    t.get(&stats, &owner).await.expect(200);
    let list = format!("/api/v1/issued-tickets?eventId={event}");
    t.get(&list, "").await.expect_error(404, "not_found");
}

#[tokio::test]
async fn a_large_batch_can_be_a_job_with_progress() {
    // I1
    let shop = Shop::open(0).await;
    let body = json!({ "eventId": shop.event, "classId": shop.class, "quantity": 4_500 });
    let request = axum::http::Request::post(BATCH)
        .header("authorization", format!("Bearer {}", shop.organizer))
        .header("content-type", "application/json")
        .header("prefer", "respond-async, wait=1")
        .body(body.to_string().into())
        .expect("a request");
    let begun = shop.t.send(request).await.expect(202);
    assert_eq!(
        (&begun["quantity"], &begun["created"]),
        (&json!(4_500), &json!(0))
    );
    let path = format!("/api/v1/issued-tickets/batches/{}", text(&begun["id"]));
    assert_eq!(shop.t.get(&path, &shop.organizer).await.expect(200), begun);
    let id = text(&begun["id"]);
    let batch = shop.t.app.db.get::<Batch>(&id).await.expect("storage");
    let plan = batch.expect("the batch").into_inner();
    let chunk = Layout::new(&plan, &[]).tickets(0..CHUNK);
    put_chunk(&shop.t.app, &id, 0, CHUNK, chunk.into())
        .await
        .expect("the first chunk");
    let half = shop.t.get(&path, &shop.organizer).await.expect(200);
    assert_eq!(half["created"], CHUNK);
    shop.run_jobs().await;
    let done = shop.t.get(&path, &shop.organizer).await.expect(200);
    assert_eq!(done["created"], 4_500);
    assert_eq!(counts(&shop.stats().await[0]), [4_500, 0, 0, 4_500]);
    shop.t
        .get(&path, &shop.buyer)
        .await
        .expect_error(404, "not_found");
}
