//! Hooks over real sockets: what an address gets, and what it never gets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::post;
use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::api::organizations::OrganizationRole;

use super::{Hook, sign};
use crate::orders::fixture::{Shop, text};
use crate::organizations::joined;
use crate::platform::db::Query;
use crate::platform::jobs::Job;
use crate::testing::{NOW, TestApp};

/// A request as it came.
#[derive(Clone, Debug)]
struct Got {
    id: String,
    at: String,
    signature: String,
    body: String,
}

#[derive(Default)]
struct Seen {
    got: Vec<Got>,
    /// Answers to come; 200 when there are none.
    answers: VecDeque<u16>,
}

/// An organizer's own system.
struct Receiver {
    url: String,
    seen: Arc<Mutex<Seen>>,
}

impl Receiver {
    async fn start() -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let url = format!(
            "http://{}/hook",
            listener.local_addr().expect("its address")
        );
        let router = Router::new()
            .route("/hook", post(take))
            .with_state(Arc::clone(&seen));
        drop(tokio::spawn(
            async move { axum::serve(listener, router).await },
        ));
        Self { url, seen }
    }

    fn answer(&self, statuses: &[u16]) {
        self.seen.lock().expect("free").answers.extend(statuses);
    }

    fn got(&self) -> Vec<Got> {
        self.seen.lock().expect("free").got.clone()
    }
}

async fn take(
    State(seen): State<Arc<Mutex<Seen>>>,
    headers: HeaderMap,
    body: String,
) -> axum::response::Response {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let mut seen = seen.lock().expect("free");
    seen.got.push(Got {
        id: text("webhook-id"),
        at: text("webhook-timestamp"),
        signature: text("webhook-signature"),
        body,
    });
    let status = seen.answers.pop_front().unwrap_or(200);
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [(header::LOCATION, "/elsewhere")]).into_response()
}

async fn shop() -> Shop {
    let test = TestApp::configured(&[], |config| config.hooks.to_private_addresses = true).await;
    Shop::over(test, 10).await
}

/// Subscribes; gives the hook's path and its secret.
async fn subscribe(shop: &Shop, receiver: &Receiver, kinds: Value) -> (String, Vec<u8>) {
    let body = json!({ "url": receiver.url, "kinds": kinds, "eventId": shop.event });
    let made = shop.t.post("/api/v1/webhooks", &shop.organizer, body).await;
    let made = made.expect(201);
    let secret = text(&made["secret"]);
    let secret = secret.strip_prefix(sign::PREFIX).expect("the prefix");
    let secret = data_encoding::BASE64
        .decode(secret.as_bytes())
        .expect("base64");
    (
        format!("/api/v1/webhooks/{}", text(&made["hook"]["id"])),
        secret,
    )
}

/// Jobs of ours that wait, run or are dead.
async fn waiting(shop: &Shop) -> u64 {
    let query = Query::on("by_kind").eq("hooks.deliver");
    shop.t.app.db.count::<Job>(&query).await.expect("counted")
}

async fn log(shop: &Shop, hook: &str) -> Value {
    let path = format!("{hook}/messages");
    shop.t.get(&path, &shop.organizer).await.expect(200)["items"].clone()
}

#[tokio::test]
async fn a_sale_and_its_refund_are_told_once_and_signed() {
    // N10
    let shop = shop().await;
    let receiver = Receiver::start().await;
    let kinds = json!(["order.paid", "order.refunded"]);
    let (hook, secret) = subscribe(&shop, &receiver, kinds).await;
    let order = shop.buy(2).await;
    shop.run_jobs().await;
    // What is told in one moment is in no order.
    shop.t.clock.advance(1_000);
    let path = format!("/api/v1/orders/{}/refund", text(&order["id"]));
    shop.t
        .post(&path, &shop.organizer, json!({ "reason": "rain" }))
        .await
        .expect(200);
    shop.run_jobs().await;
    let got = receiver.got();
    assert_eq!(got.len(), 2, "{got:?}");
    for (got, kind) in got.iter().zip(["order.paid", "order.refunded"]) {
        let body: Value = serde_json::from_str(&got.body).expect("JSON");
        assert_eq!(
            (&body["type"], &body["data"]["orderId"]),
            (&json!(kind), &order["id"])
        );
        assert_eq!(body["data"]["total"]["amount"], 500_000);
        assert!(!got.body.contains("ann@example.org"), "no personal data");
        let at = got.at.parse().expect("a time");
        assert_eq!(
            got.signature,
            sign::signature(&secret, &got.id, at, &got.body)
        );
    }
    let seen = log(&shop, &hook).await;
    assert_eq!(
        (&seen[0]["kind"], &seen[0]["status"]),
        (&json!("order.refunded"), &json!("DELIVERED"))
    );
    assert_eq!(seen[0]["tries"][0]["status"], 200);
    assert_eq!(waiting(&shop).await, 0);
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_and_can_be_replayed() {
    // N10: 500, a redirect that is not followed, then yes
    let shop = shop().await;
    let receiver = Receiver::start().await;
    receiver.answer(&[500, 302, 200]);
    let (hook, _) = subscribe(&shop, &receiver, json!(["order.paid"])).await;
    shop.buy(1).await;
    shop.run_jobs().await;
    assert_eq!(receiver.got().len(), 1);
    assert_eq!(log(&shop, &hook).await[0]["status"], "WAITING");
    for waits in [5_000, 30_000] {
        shop.t.clock.advance(waits);
        shop.run_jobs().await;
    }
    let got = receiver.got();
    assert_eq!(got.len(), 3);
    assert!(
        got.iter()
            .all(|of| of.id == got[0].id && of.body == got[0].body),
        "{got:?}"
    );
    let seen = log(&shop, &hook).await;
    let statuses: Vec<_> = (0..3)
        .map(|at| seen[0]["tries"][at]["status"].clone())
        .collect();
    assert_eq!(
        (statuses, &seen[0]["status"]),
        (
            vec![json!(500), json!(302), json!(200)],
            &json!("DELIVERED")
        )
    );

    let replay = format!("{hook}/messages/{}/replay", text(&seen[0]["id"]));
    shop.t
        .post(&replay, &shop.organizer, json!({}))
        .await
        .expect(202);
    shop.run_jobs().await;
    let got = receiver.got();
    assert_eq!(
        (got.len(), &got[3].id, &got[3].body),
        (4, &got[0].id, &got[0].body)
    );
    let path = format!("{hook}/messages/{}/replay", shop.event);
    let answer = shop.t.post(&path, &shop.organizer, json!({})).await;
    answer.expect_error(404, "not_found");
}

#[tokio::test]
async fn an_address_that_never_takes_it_is_given_up() {
    // N10
    let shop = shop().await;
    let receiver = Receiver::start().await;
    receiver.answer(&[500; 10]);
    let (hook, _) = subscribe(&shop, &receiver, json!(["order.paid"])).await;
    shop.buy(1).await;
    for _ in 0..12 {
        shop.run_jobs().await;
        shop.t.clock.advance(50_400_000);
    }
    assert_eq!(receiver.got().len(), 10);
    let path = format!("{hook}/messages");
    // Logins ended meanwhile.
    let owner = shop.t.get(&path, &shop.organizer).await;
    assert_eq!(owner.status, 401);
    assert_eq!(waiting(&shop).await, 0, "no dead letters");
}

#[tokio::test]
async fn secrets_and_hooks_are_their_owners() {
    // N10 A6 N1
    let shop = shop().await;
    let receiver = Receiver::start().await;
    let (hook, secret) = subscribe(&shop, &receiver, json!(["order.paid"])).await;
    let listed = shop
        .t
        .get("/api/v1/webhooks", &shop.organizer)
        .await
        .expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    let shown = sign::shown(&secret);
    assert!(!listed.to_string().contains(&shown), "shown once");
    let stranger = shop.t.token_for(Role::Organizer);
    let messages = format!("{hook}/messages");
    let ping = format!("{hook}/ping");
    shop.t
        .get(&messages, &stranger)
        .await
        .expect_error(404, "not_found");
    for (method, path) in [("POST", &ping), ("DELETE", &hook)] {
        let answer = shop.t.call(method, path, &stranger, None).await;
        answer.expect_error(404, "not_found");
    }
    let body = json!({ "url": receiver.url, "kinds": ["order.paid"], "eventId": shop.event });
    let answer = shop.t.post("/api/v1/webhooks", &stranger, body).await;
    answer.expect_error(404, "not_found");
    shop.t
        .call("POST", &ping, &shop.organizer, None)
        .await
        .expect(202);
    shop.run_jobs().await;
    assert_eq!(receiver.got().len(), 1);
    shop.t
        .call("DELETE", &hook, &shop.organizer, None)
        .await
        .expect(204);
    shop.buy(1).await;
    shop.run_jobs().await;
    assert_eq!(receiver.got().len(), 1, "nobody listens any more");
}

#[tokio::test]
async fn nothing_is_sent_into_our_own_network() {
    // N10 N1: refused when it is typed, and again when it is sent
    let shop = Shop::open(2).await;
    let create = async |url: &str| {
        let body = json!({ "url": url, "kinds": ["ping"] });
        shop.t.post("/api/v1/webhooks", &shop.organizer, body).await
    };
    for bad in [
        "http://hooks.example.org/",
        "https://127.0.0.1/",
        "https://[::1]:1/",
        "https://10.1.2.3/",
    ] {
        create(bad).await.expect_error(400, "validation");
    }
    // A name tells nothing when it is typed.
    let made = create("https://localhost:9/").await.expect(201);
    let hook = format!("/api/v1/webhooks/{}", text(&made["hook"]["id"]));
    let ping = format!("{hook}/ping");
    shop.t
        .call("POST", &ping, &shop.organizer, None)
        .await
        .expect(202);
    shop.run_jobs().await;
    let seen = log(&shop, &hook).await;
    let tried = &seen[0]["tries"][0];
    assert_eq!(
        (&tried["status"], &tried["error"]),
        (&Value::Null, &json!("it is not a public address"))
    );
}

/// What is told of one more sale.
async fn told_of_a_sale(shop: &Shop, receiver: &Receiver) -> usize {
    let before = receiver.got().len();
    shop.t.clock.advance(1_000);
    shop.buy(1).await;
    shop.run_jobs().await;
    receiver.got().len() - before
}

#[tokio::test]
async fn a_hook_is_told_nothing_once_its_maker_may_not_see_the_event() {
    // N10, A9
    let mut shop = shop().await;
    let receiver = Receiver::start().await;
    let kinds = json!(["order.paid"]);
    subscribe(&shop, &receiver, kinds.clone()).await;
    let body = json!({ "url": receiver.url, "kinds": kinds });
    let of_all = shop.t.post("/api/v1/webhooks", &shop.organizer, body).await;
    of_all.expect(201);
    assert_eq!(told_of_a_sale(&shop, &receiver).await, 2);

    let (house, owner) = shop.give_away(&shop.event).await;
    assert_eq!(
        told_of_a_sale(&shop, &receiver).await,
        0,
        "it was given away"
    );
    let old = std::mem::replace(&mut shop.organizer, owner.clone());
    let mine = shop.t.get("/api/v1/events?mine=true", &old).await;
    assert_eq!(mine.expect(200)["items"], json!([]));
    let mine = shop.t.get("/api/v1/webhooks", &old).await.expect(200);
    assert_eq!(mine["items"].as_array().map(Vec::len), Some(2));

    let manager = joined(&shop.t, &house, OrganizationRole::Manager).await;
    shop.organizer.clone_from(&manager);
    subscribe(&shop, &receiver, json!(["order.paid"])).await;
    assert_eq!(told_of_a_sale(&shop, &receiver).await, 1);
    let manager = shop.t.app.tokens.verify(&manager, NOW).expect("ours").user;
    let path = format!("/api/v1/organizations/{house}/members/{manager}");
    let removed = shop.t.call("DELETE", &path, &owner, None).await;
    removed.expect(204);
    assert_eq!(
        told_of_a_sale(&shop, &receiver).await,
        0,
        "no member any more"
    );
    // What nobody hears takes no place from those who may.
    shop.organizer = owner;
    for _ in 0..10 {
        subscribe(&shop, &receiver, json!(["order.paid"])).await;
    }
    let body = json!({ "url": receiver.url, "kinds": ["order.paid"], "eventId": shop.event });
    let more = shop.t.post("/api/v1/webhooks", &shop.organizer, body).await;
    assert_eq!(more.status, 409);
}

#[tokio::test]
async fn a_hook_ends_with_its_makers_account() {
    // N10, A7
    let t = TestApp::new().await;
    let body =
        json!({ "email": "olga@example.org", "username": "olga", "password": "lavender-tram-39" });
    t.post("/api/v1/auth/register", "", body).await.expect(201);
    let body = json!({ "username": "olga", "password": "lavender-tram-39" });
    let olga = t.post("/api/v1/auth/login", "", body).await.expect(200);
    let olga = text(&olga["accessToken"]);
    let body = json!({ "url": "https://hooks.example.org/olga", "kinds": ["order.paid"] });
    t.post("/api/v1/webhooks", &olga, body).await.expect(201);
    let body = json!({ "password": "lavender-tram-39" });
    let erased = t.post("/api/v1/auth/me/erase", &olga, body).await;
    erased.expect(200);
    let left = t.app.db.count::<Hook>(&Query::on("by_owner")).await;
    assert_eq!(left.expect("counted"), 0);
}
