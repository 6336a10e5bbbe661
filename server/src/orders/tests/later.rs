//! Orders that are paid later: claimed before the money, unpaid at the gates.

use serde_json::{Value, json};

use crate::orders::expire_due;
use crate::orders::fixture::{Shop, text};
use crate::testing::Answer;

const NOT_OPEN: &str = "too_early";

/// A shop with a gate whose list takes tickets that are not paid for, and one whose does not.
struct Door {
    shop: Shop,
    order: String,
    tickets: Vec<Value>,
    takes: String,
    takes_not: String,
}

impl Door {
    /// An order of two that may pay later on these terms, its first ticket claimed.
    async fn with(terms: Value) -> Self {
        let shop = Shop::open(3).await;
        let mut gates = Vec::new();
        for name in ["North", "South"] {
            let path = format!("/api/v1/events/{}/gates", shop.event);
            let made = shop.t.post(&path, &shop.organizer, json!({ "name": name }));
            gates.push(text(&made.await.expect(201)["id"]));
        }
        let list = json!({ "name": "Box office", "gateIds": [gates[0]], "includePending": true });
        let path = format!("/api/v1/events/{}/check-in", shop.event);
        let settings = Some(json!({ "lists": [list] }));
        let set = shop.t.call("PUT", &path, &shop.organizer, settings);
        set.await.expect(200);
        let order = shop.order(2).await.expect(201);
        let mut door = Self {
            order: text(&order["id"]),
            tickets: order["tickets"].as_array().expect("tickets").clone(),
            takes: gates.remove(0),
            takes_not: gates.remove(0),
            shop,
        };
        door.pay_later(terms).await.expect(200);
        door.tickets[0] = door.claim(0).await.expect(201);
        door
    }

    async fn post(&self, rest: &str, token: &str, body: Value) -> Answer {
        let path = format!("/api/v1/orders/{}/{rest}", self.order);
        self.shop.t.call("POST", &path, token, Some(body)).await
    }

    async fn pay_later(&self, terms: Value) -> Answer {
        self.post("pay-later", &self.shop.organizer, terms).await
    }

    async fn claim(&self, ticket: usize) -> Answer {
        let body = json!({
            "ticketId": self.tickets[ticket]["id"],
            "attendee": { "name": "Ann Lee", "email": "ann@example.org" },
        });
        let path = "/api/v1/claimed-tickets/claim";
        self.shop.t.post(path, &self.shop.buyer, body).await
    }

    /// The reasons at both gates: first the one that takes unpaid tickets. The event is weeks away,
    /// so a ticket that is good is too early.
    async fn reasons(&self) -> [String; 2] {
        let mut reasons = [String::new(), String::new()];
        for (reason, gate) in reasons.iter_mut().zip([&self.takes, &self.takes_not]) {
            let id = text(&self.tickets[0]["id"]);
            let path = format!("/api/v1/claimed-tickets/{id}/validate?gateId={gate}");
            let verdict = self.shop.t.get(&path, &self.shop.buyer).await.expect(200);
            let refused = [&verdict["reason"], &verdict["also"]];
            let told = refused.map(ToString::to_string).join(" ");
            let pending = ["unpaid", "needs_payment", "cancelled"];
            let word = pending.into_iter().find(|word| told.contains(word));
            *reason = word.unwrap_or(NOT_OPEN).to_owned();
        }
        reasons
    }

    async fn statuses(&self) -> Vec<String> {
        let mut statuses = Vec::new();
        let order = self.shop.order_now(&self.order).await;
        statuses.push(text(&order["status"]));
        for ticket in order["tickets"].as_array().expect("tickets") {
            statuses.push(text(&ticket["status"]));
        }
        statuses
    }
}

#[tokio::test]
async fn a_ticket_that_is_not_paid_for_is_paid_at_the_door_where_the_list_takes_it() {
    // S6 S14 S100 S126
    let door = Door::with(json!({})).await;
    assert_eq!(door.reasons().await, ["needs_payment", "unpaid"]);
    assert_eq!(door.statuses().await, ["PENDING", "CLAIMED", "HELD"]);
    let order = door.shop.order_now(&door.order).await;
    assert_eq!(order["expiresAt"], "2026-10-12T16:00:00.000Z");
    let terms = json!({ "validIfPending": false, "needsApproval": false });
    assert_eq!(order["payLater"], terms);
}

#[tokio::test]
async fn valid_if_pending_enters_and_what_waits_for_approval_does_not() {
    // S8 S16 S17
    let door = Door::with(json!({ "validIfPending": true })).await;
    assert_eq!(door.reasons().await, [NOT_OPEN, NOT_OPEN]);
    let terms = json!({ "validIfPending": true, "needsApproval": true });
    door.pay_later(terms).await.expect(200);
    assert_eq!(door.reasons().await, ["unpaid", "unpaid"]);
    door.pay_later(json!({})).await.expect(200);
    assert_eq!(door.reasons().await, ["needs_payment", "unpaid"]);
}

#[tokio::test]
async fn money_that_comes_later_makes_an_ordinary_order_of_it() {
    // S7 S100 P3 O1
    let paid = Door::with(json!({})).await;
    let payment = paid.shop.payment(&paid.order).await;
    paid.shop.pay(&payment).await.expect(200);
    let telling = paid.shop.telling(&payment).await;
    paid.shop.deliver(&telling).await.expect(200);
    let settled = Door::with(json!({})).await;
    let token = &settled.shop.organizer;
    settled.post("settle", token, json!({})).await.expect(200);
    for door in [paid, settled] {
        assert_eq!(door.statuses().await, ["PAID", "CLAIMED", "PAID"]);
        assert_eq!(door.reasons().await, [NOT_OPEN, NOT_OPEN]);
        // The terms were of an order that was open.
        let over = door.pay_later(json!({})).await;
        over.expect_error(409, "illegal_transition");
        let again = door.post("settle", &door.shop.organizer, json!({})).await;
        again.expect_error(409, "illegal_transition");
    }
}

#[tokio::test]
async fn without_money_its_tickets_are_void_when_it_ends() {
    // S5 S96 I6
    for ends in ["cancel", "expire"] {
        let door = Door::with(json!({ "until": "2026-09-21T14:20:00Z" })).await;
        if ends == "cancel" {
            let cancelled = door.post("cancel", &door.shop.buyer, json!({})).await;
            cancelled.expect(200);
        } else {
            door.shop.t.clock.advance(410_000);
            assert_eq!(expire_due(&door.shop.t.app).await.expect("swept"), 1);
        }
        assert_eq!(door.reasons().await, ["cancelled", "cancelled"], "{ends}");
        let stats = door.shop.stats().await;
        let counts = [&stats[0]["available"], &stats[0]["cancelled"]];
        // What was held returns; what was in somebody's hands is void, and another has its place.
        assert_eq!(counts, [&json!(3), &json!(1)], "{ends}");
    }
}

#[tokio::test]
async fn only_the_organizer_lends_and_only_what_is_lent_is_claimed_early() {
    // A6 T1 S135
    let shop = Shop::open(1).await;
    let order = shop.order(1).await.expect(201);
    let claim = json!({
        "ticketId": order["tickets"][0]["id"],
        "attendee": { "name": "Ann Lee", "email": "ann@example.org" },
    });
    let early = shop
        .t
        .post("/api/v1/claimed-tickets/claim", &shop.buyer, claim);
    early.await.expect_error(409, "not_claimable");
    let id = text(&order["id"]);
    for rest in ["pay-later", "settle"] {
        let path = format!("/api/v1/orders/{id}/{rest}");
        let own = shop.t.call("POST", &path, &shop.buyer, Some(json!({})));
        own.await.expect_error(403, "forbidden");
    }
    let path = format!("/api/v1/orders/{id}/settle");
    let plain = shop.t.call("POST", &path, &shop.organizer, Some(json!({})));
    plain.await.expect_error(409, "illegal_transition");
    let path = format!("/api/v1/orders/{id}/pay-later");
    let late = json!({ "until": "2030-01-01T00:00:00Z" });
    let refused = shop
        .t
        .call("POST", &path, &shop.organizer, Some(late))
        .await;
    let fields = refused.expect_error(400, "validation");
    assert_eq!(
        fields["until"],
        "must be in the future and not after the event"
    );
}
