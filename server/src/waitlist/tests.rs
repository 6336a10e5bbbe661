//! Waiting over HTTP: the order of offers, their deadline, and that nobody buys past the list (I9).

use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::ids::ClassId;

use super::model::{State, Wait};
use super::offer_due;
use crate::events::model::TicketClass;
use crate::notices::Notice;
use crate::orders::expire_due;
use crate::orders::fixture::{Shop, text};
use crate::platform::db::{DbError, Query};
use crate::testing::Answer;

/// A shop that is sold out but for what `sold` leaves, with a waitlist whose offers last 30 minutes.
async fn shop(stock: u32) -> Shop {
    let shop = Shop::open_for_a_day(stock).await;
    let path = format!(
        "/api/v1/events/{}/ticket-classes/{}",
        shop.event, shop.class
    );
    let terms = json!({ "terms": { "waitlist": { "offerMinutes": 30 } } });
    shop.t
        .call("PATCH", &path, &shop.organizer, Some(terms))
        .await
        .expect(200);
    shop
}

async fn join(shop: &Shop, who: &str, quantity: u32) -> Answer {
    let path = format!("/api/v1/events/{}/waitlist/join", shop.event);
    let body = json!({
        "classId": shop.class, "quantity": quantity,
        "buyer": { "email": "wait@example.org", "name": "Wait" },
    });
    // Nobody comes at the very same moment as another.
    shop.t.clock.advance(1);
    shop.t.post(&path, who, body).await
}

/// The newest place of somebody.
async fn place(shop: &Shop, who: &str) -> Value {
    shop.t.get("/api/v1/waitlist", who).await.expect(200)["items"][0].clone()
}

async fn sweep(shop: &Shop) -> usize {
    expire_due(&shop.t.app).await.expect("swept");
    offer_due(&shop.t.app).await.expect("offered")
}

async fn cancel(shop: &Shop, who: &str, order: &Value) {
    let path = format!("/api/v1/orders/{}/cancel", text(order));
    shop.t.call("POST", &path, who, None).await.expect(200);
}

async fn pay(shop: &Shop, who: &str, order: &Value) {
    let body = json!({ "orderId": order, "provider": "demo" });
    let payment = shop.t.post("/api/v1/payments", who, body).await.expect(201);
    let payment = text(&payment["id"]);
    shop.pay(&payment).await.expect(200);
    shop.deliver(&shop.telling(&payment).await)
        .await
        .expect(200);
}

#[tokio::test]
async fn freed_stock_is_offered_in_order_with_a_deadline_and_then_to_the_next() {
    // I9
    let shop = shop(2).await;
    let order = shop.order(2).await.expect(201);
    let [ann, bob] = [(); 2].map(|()| shop.t.token_for(Role::Attendee));
    assert_eq!(join(&shop, &ann, 1).await.expect(201)["position"], 1);
    assert_eq!(join(&shop, &bob, 2).await.expect(201)["position"], 2);
    assert_eq!(sweep(&shop).await, 0, "nothing is free");
    cancel(&shop, &shop.buyer, &order["id"]).await;
    assert_eq!(sweep(&shop).await, 1);
    let offer = place(&shop, &ann).await;
    assert_eq!(offer["status"], "OFFERED");
    // She is told, or it would be lost to her.
    let told = format!("stock_offered:{}", text(&offer["orderId"]));
    let told = shop.t.app.db.get::<Notice>(&told).await.expect("read");
    assert_eq!(told.expect("a mail").mail.name(), "stock_offered");
    // Bob wants two and one is left: it waits for him.
    let waits = place(&shop, &bob).await;
    assert_eq!(
        (&waits["status"], &waits["position"]),
        (&json!("WAITING"), &json!(1))
    );
    let order = shop
        .t
        .get(&format!("/api/v1/orders/{}", text(&offer["orderId"])), &ann)
        .await;
    let order = order.expect(200);
    assert_eq!(
        (&order["status"], &order["expiresAt"]),
        (&json!("PENDING"), &offer["offerUntil"])
    );
    shop.t.clock.advance(30 * 60_000 - 1);
    assert_eq!(sweep(&shop).await, 0, "the offer stands to its last moment");
    shop.t.clock.advance(1);
    assert_eq!(sweep(&shop).await, 1);
    assert_eq!(place(&shop, &ann).await["status"], "LAPSED");
    let offer = place(&shop, &bob).await;
    assert_eq!(offer["status"], "OFFERED");
    pay(&shop, &bob, &offer["orderId"]).await;
    assert_eq!(place(&shop, &bob).await["status"], "TAKEN");
    assert_eq!(shop.stats().await[0]["paid"], 2);
}

#[tokio::test]
async fn nobody_buys_past_those_who_wait() {
    // I9: buyers race with the offer for what comes free
    let shop = shop(1).await;
    let order = shop.order(1).await.expect(201);
    let ann = shop.t.token_for(Role::Attendee);
    join(&shop, &ann, 1).await.expect(201);
    cancel(&shop, &shop.buyer, &order["id"]).await;
    let buyers: Vec<String> = (0..8).map(|_| shop.t.token_for(Role::Attendee)).collect();
    let race = futures::future::join_all(buyers.iter().map(|buyer| shop.order_as(buyer, 1)));
    let (answers, made) = futures::future::join(race, offer_due(&shop.t.app)).await;
    assert_eq!(made.expect("offered"), 1);
    for answer in answers {
        let code = answer.json()["code"].clone();
        assert!(code == "waiting" || code == "all_held", "{code}");
    }
    assert_eq!(place(&shop, &ann).await["status"], "OFFERED");
}

#[tokio::test]
async fn two_sweeps_at_once_offer_once() {
    // I9
    let shop = shop(1).await;
    let order = shop.order(1).await.expect(201);
    let [ann, bob] = [(); 2].map(|()| shop.t.token_for(Role::Attendee));
    join(&shop, &ann, 1).await.expect(201);
    join(&shop, &bob, 1).await.expect(201);
    cancel(&shop, &shop.buyer, &order["id"]).await;
    let sweeps = futures::future::join_all((0..4).map(|_| offer_due(&shop.t.app))).await;
    let made: usize = sweeps.into_iter().map(|made| made.expect("offered")).sum();
    assert_eq!(made, 1);
    assert_eq!(place(&shop, &bob).await["status"], "WAITING");
}

#[tokio::test]
async fn who_leaves_or_cannot_be_served_keeps_nobody_waiting() {
    // I9, I6: Bob has what one person may have
    let shop = shop(3).await;
    let path = format!(
        "/api/v1/events/{}/ticket-classes/{}",
        shop.event, shop.class
    );
    let terms = json!({ "terms": { "waitlist": { "offerMinutes": 30 }, "maxPerPerson": 1 } });
    shop.t
        .call("PATCH", &path, &shop.organizer, Some(terms))
        .await
        .expect(200);
    let [ann, bob, eve, first] = [(); 4].map(|()| shop.t.token_for(Role::Attendee));
    let theirs = shop.order_as(&first, 1).await.expect(201);
    shop.order_as(&bob, 1).await.expect(201);
    shop.order(1).await.expect(201);
    for who in [&ann, &bob, &eve] {
        join(&shop, who, 1).await.expect(201);
    }
    join(&shop, &bob, 1)
        .await
        .expect_error(409, "already_waiting");
    let path = format!("/api/v1/waitlist/{}", text(&place(&shop, &ann).await["id"]));
    shop.t
        .call("DELETE", &path, &bob, None)
        .await
        .expect_error(404, "not_found");
    let left = shop.t.call("DELETE", &path, &ann, None).await.expect(200);
    assert_eq!(left["status"], "LEFT");
    shop.t
        .call("DELETE", &path, &ann, None)
        .await
        .expect_error(409, "illegal_transition");
    cancel(&shop, &first, &theirs["id"]).await;
    sweep(&shop).await;
    let bobs = place(&shop, &bob).await;
    assert_eq!(bobs["status"], "LAPSED");
    assert_eq!(
        bobs["why"],
        "One person may have at most 1 tickets of General."
    );
    assert_eq!(place(&shop, &eve).await["status"], "OFFERED");
    let path = format!("/api/v1/events/{}/waitlist", shop.event);
    let all = shop.t.get(&path, &shop.organizer).await.expect(200);
    let seen: Vec<&Value> = all["items"]
        .as_array()
        .expect("places")
        .iter()
        .map(|wait| &wait["status"])
        .collect();
    assert_eq!(seen, ["LEFT", "LAPSED", "OFFERED"]);
    shop.t.get(&path, &ann).await.expect_error(404, "not_found");
}

#[tokio::test]
async fn a_list_is_joined_only_when_it_helps() {
    // I9
    let plain = Shop::open(1).await;
    plain.order(1).await.expect(201);
    join(&plain, &plain.buyer, 1)
        .await
        .expect_error(409, "no_waitlist");
    let shop = shop(2).await;
    join(&shop, &shop.buyer, 2)
        .await
        .expect_error(409, "available");
    shop.order(1).await.expect(201);
    join(&shop, &shop.buyer, 11)
        .await
        .expect_error(400, "validation");
    let mine = shop.t.token_for(Role::Attendee);
    join(&shop, &mine, 2).await.expect(201);
    // One is free, and it waits for who waits.
    shop.order(1).await.expect_error(409, "waiting");
}

#[tokio::test]
async fn queues_that_nothing_is_free_for_hide_none_behind_them() {
    // I9: as many as one sweep looks at, all before the one that something is free for.
    let shop = shop(1).await;
    let order = shop.order(1).await.expect(201)["id"].clone();
    let mai = shop.t.token_for(Role::Attendee);
    join(&shop, &mai, 1).await.expect(201);
    let db = &shop.t.app.db;
    let all = Query::on("by_queue").at_least("").limit(9);
    let wait = db.list::<Wait>(&all).await.expect("read");
    let class = db.get::<TicketClass>(&shop.class).await.expect("read");
    let (wait, class) = (wait[0].value.clone(), class.expect("a class").into_inner());
    let waits = wait.id.clone();
    let others: Vec<(TicketClass, Wait)> = (0..100_u8)
        .map(|n| {
            let (mut class, mut wait) = (class.clone(), wait.clone());
            class.id = ClassId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n]);
            class.index = n + 1;
            class.name = format!("Other {n}");
            wait.id = format!("other {n}");
            wait.class_id = class.id;
            (class, wait)
        })
        .collect();
    db.write(move |tx| {
        for (class, wait) in &others {
            tx.insert(class)?;
            tx.insert(wait)?;
        }
        Ok::<_, DbError>(())
    })
    .await
    .expect("written");
    cancel(&shop, &shop.buyer, &order).await;
    let made = [sweep(&shop).await, sweep(&shop).await];
    assert_eq!(made, [0, 1]);
    let served = db.get::<Wait>(&waits).await.expect("read");
    let served = served.expect("her place").into_inner().state;
    assert!(matches!(served, State::Offered { .. }), "{served:?}");
    // Round and round: nobody is forgotten behind the last.
    assert_eq!([sweep(&shop).await, sweep(&shop).await], [0, 0]);
}
