//! A shop for the tests of events, inventory, orders and payments: one published event with stock,
//! its organizer and a buyer.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::api::payments::Provider;
use shared::ids::{OrderId, PaymentId};

use crate::payments::demo::{Telling, secret, signature};
use crate::payments::gateway;
use crate::payments::model::Payment;
use crate::platform::db::Query;
use crate::router;
use crate::testing::{Answer, TestApp};

pub(crate) struct Shop {
    pub(crate) t: TestApp,
    pub(crate) organizer: String,
    pub(crate) buyer: String,
    pub(crate) event: String,
    pub(crate) class: String,
}

impl Shop {
    /// With `stock` tickets at 250,000 VND.
    pub(crate) async fn open(stock: u32) -> Self {
        Self::over(TestApp::new().await, stock).await
    }

    /// As [`open`](Self::open), with logins that outlast a sale's windows and offers.
    pub(crate) async fn open_for_a_day(stock: u32) -> Self {
        let t = TestApp::configured(&[], |config| config.access_ttl_secs = 86_400).await;
        Self::over(t, stock).await
    }

    /// As [`open`](Self::open), and reachable by its own webhook over a real socket.
    pub(crate) async fn open_with_socket(stock: u32) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let t = TestApp::with_environment(&[("PUBLIC_URL", &url)]).await;
        let router = router::build(t.app.clone());
        drop(tokio::spawn(
            async move { axum::serve(listener, router).await },
        ));
        Self::over(t, stock).await
    }

    pub(crate) async fn over(t: TestApp, stock: u32) -> Self {
        let organizer = t.token_for(Role::Organizer);
        let buyer = t.token_for(Role::Attendee);
        let event = draft(&t, &organizer).await;
        let mut shop = Self {
            t,
            organizer,
            buyer,
            event,
            class: String::new(),
        };
        shop.class = shop.add_class("General", 250_000).await;
        if stock > 0 {
            shop.add_stock(&shop.class, stock).await.expect(201);
        }
        let publish = format!("/api/v1/events/{}/publish", shop.event);
        shop.t
            .call("POST", &publish, &shop.organizer, None)
            .await
            .expect(200);
        shop
    }

    /// An administrator gives an event to an organization of somebody else; gives its id and its owner.
    pub(crate) async fn give_away(&self, event: &str) -> (String, String) {
        let owner = self.t.stored_user(Role::Organizer).await;
        let body = json!({ "name": "Opera house" });
        let founded = self.t.post("/api/v1/organizations", &owner, body).await;
        let id = text(&founded.expect(201)["id"]);
        let path = format!("/api/v1/events/{event}/organization");
        let to = json!({ "organizationId": id });
        let admin = self.t.token_for(Role::Admin);
        let given = self.t.call("PUT", &path, &admin, Some(to)).await;
        given.expect(200);
        (id, owner)
    }

    pub(crate) async fn add_class(&self, name: &str, price: i64) -> String {
        let body = json!({ "name": name, "price": { "amount": price, "currency": "VND" } });
        let path = format!("/api/v1/events/{}/ticket-classes", self.event);
        let class = self.t.post(&path, &self.organizer, body).await.expect(201);
        text(&class["id"])
    }

    pub(crate) async fn add_stock(&self, class: &str, quantity: u32) -> Answer {
        let body = json!({ "eventId": self.event, "classId": class, "quantity": quantity });
        self.t
            .post("/api/v1/issued-tickets/batch", &self.organizer, body)
            .await
    }

    pub(crate) async fn add_seats(&self, class: &str, seats: &[&str]) -> Answer {
        let body = json!({ "eventId": self.event, "classId": class, "seats": seats });
        self.t
            .post("/api/v1/issued-tickets/batch", &self.organizer, body)
            .await
    }

    pub(crate) async fn order(&self, quantity: u32) -> Answer {
        self.order_as(&self.buyer, quantity).await
    }

    pub(crate) async fn order_as(&self, buyer: &str, quantity: u32) -> Answer {
        let body = self.order_body(&json!([{ "classId": self.class, "quantity": quantity }]));
        self.t.post("/api/v1/orders", buyer, body).await
    }

    pub(crate) async fn order_seats(&self, seats: &[&str]) -> Answer {
        let mut body = self.order_body(&json!([]));
        body["seats"] = json!(seats);
        self.t.post("/api/v1/orders", &self.buyer, body).await
    }

    pub(crate) fn order_body(&self, items: &Value) -> Value {
        json!({
            "eventId": self.event,
            "items": items,
            "buyer": { "email": "ann@example.org", "name": "Ann" },
        })
    }

    pub(crate) async fn order_now(&self, id: &str) -> Value {
        self.t
            .get(&format!("/api/v1/orders/{id}"), &self.buyer)
            .await
            .expect(200)
    }

    /// Starts a demo payment; gives its id.
    pub(crate) async fn payment(&self, order: &str) -> String {
        let body = json!({ "orderId": order, "provider": Provider::Demo });
        let payment = self
            .t
            .post("/api/v1/payments", &self.buyer, body)
            .await
            .expect(201);
        text(&payment["id"])
    }

    pub(crate) async fn payment_now(&self, id: &str) -> Value {
        self.t
            .get(&format!("/api/v1/payments/{id}"), &self.buyer)
            .await
            .expect(200)
    }

    /// The payer pays at the gateway.
    pub(crate) async fn pay(&self, payment: &str) -> Answer {
        let path = format!("/api/v1/payments/demo/{payment}/pay");
        self.t.call("POST", &path, "", None).await
    }

    /// What the gateway wants to tell the shop of a payment: the exact bytes.
    pub(crate) async fn telling(&self, payment: &str) -> String {
        let tellings = self
            .t
            .app
            .db
            .list::<Telling>(&Query::on("id").limit(10_000))
            .await;
        let mut of_payment = tellings
            .expect("the tellings")
            .into_iter()
            .filter(|telling| telling.link.to_string() == payment);
        let one = of_payment.next().expect("a telling").into_inner().body;
        assert!(of_payment.next().is_none(), "a payment is told of once");
        one
    }

    /// Delivers a webhook, signed as the gateway would now.
    pub(crate) async fn deliver(&self, body: &str) -> Answer {
        let secret = secret(&self.t.app).await.expect("the secret");
        let now = self.t.app.clock.now();
        let header = signature::sign(&secret, body.as_bytes(), now);
        self.webhook(&[&header], body).await
    }

    /// Delivers bytes with these signature headers.
    pub(crate) async fn webhook(&self, signatures: &[&str], body: &str) -> Answer {
        let mut request = Request::post("/api/v1/payments/webhook/demo")
            .header(header::CONTENT_TYPE, "application/json");
        for signature in signatures {
            request = request.header(signature::HEADER, *signature);
        }
        let request = request
            .body(Body::from(body.to_owned()))
            .expect("a request");
        self.t.send(request).await
    }

    /// Pays an order and delivers the webhook; the order is PAID then.
    pub(crate) async fn buy(&self, quantity: u32) -> Value {
        let order = text(&self.order(quantity).await.expect(201)["id"]);
        let payment = self.payment(&order).await;
        self.pay(&payment).await.expect(200);
        self.deliver(&self.telling(&payment).await)
            .await
            .expect(200);
        let order = self.order_now(&order).await;
        assert_eq!(order["status"], "PAID", "{order}");
        order
    }

    pub(crate) async fn stats(&self) -> Value {
        let path = format!("/api/v1/issued-tickets/stats/{}", self.event);
        self.t.get(&path, &self.organizer).await.expect(200)["classes"].clone()
    }

    /// With an `Idempotency-Key`.
    pub(crate) async fn keyed(&self, path: &str, token: &str, key: &str, body: &Value) -> Answer {
        self.t.keyed(path, token, key, body).await
    }

    /// Runs every job that is due.
    pub(crate) async fn run_jobs(&self) {
        self.t.app.runner().run_due().await.expect("the jobs run");
    }

    /// What the demo gateway says of a payment when it is asked to close it.
    pub(crate) async fn ask_gateway(&self, payment: &str) -> gateway::State {
        let stored = self
            .t
            .app
            .db
            .get::<Payment>(payment)
            .await
            .expect("storage");
        let stored = stored.expect("the payment");
        gateway::close(&self.t.app, &stored)
            .await
            .expect("an answer")
    }
}

pub(crate) async fn draft(t: &TestApp, organizer: &str) -> String {
    text(
        &t.post("/api/v1/events", organizer, event_body())
            .await
            .expect(201)["id"],
    )
}

/// An event three weeks from now, as `testing::NOW` has it.
pub(crate) fn event_body() -> Value {
    json!({
        "title": "Night of Strings",
        "description": "Four quartets.",
        "startDate": "2026-10-12T12:00:00Z",
        "endDate": "2026-10-12T16:00:00Z",
        "timezone": "Asia/Ho_Chi_Minh",
        "capacity": 200_000,
    })
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

pub(crate) fn order_id(text: &str) -> OrderId {
    text.parse().expect("an order id")
}

pub(crate) fn payment_id(text: &str) -> PaymentId {
    text.parse().expect("a payment id")
}
