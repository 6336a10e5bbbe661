//! The pages, as a browser gets them.

use axum::http::header;
use serde_json::json;
use shared::api::orders::OrderStatus;
use shared::api::tickets::TicketStatus;

use crate::gate::tests::Site;
use crate::inventory::model::IssuedTicket;
use crate::orders::fixture::Shop;
use crate::orders::model::Order;
use crate::testing::{Answer, NOW};

struct Page {
    path: String,
    token: String,
}

async fn claimed(site: &Site) -> Page {
    let ticket = site.claim(0).await;
    let url = ticket["pageUrl"].as_str().expect("a link");
    Page {
        path: url
            .strip_prefix("http://gatehouse.test")
            .expect("ours")
            .to_owned(),
        token: ticket["token"].as_str().expect("digits").to_owned(),
    }
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.bytes.clone()).expect("text")
}

async fn state(site: &Site, page: &Page) -> serde_json::Value {
    site.test
        .get(&format!("{}/state", page.path), "")
        .await
        .expect(200)
}

#[tokio::test]
async fn the_page_shows_the_ticket_and_keeps_it_private() {
    // T1, T2
    let site = Site::with_tickets(1).await;
    let page = claimed(&site).await;
    let answer = site.test.get(&page.path, "").await;
    assert_eq!(answer.status, 200);
    let html = text(&answer);
    for shown in [
        "Night of the Open Gates",
        "Mon 21 September 2026, 22:13",
        "Asia/Ho_Chi_Minh",
        "Ann Lee",
        "VIP",
        "A-12",
        "Ready",
        "Offline — this ticket still works.",
        "<svg",
    ] {
        assert!(html.contains(shown), "{shown} is missing in {html}");
    }
    // The policy forbids inline scripts and styles: there must be none to miss.
    assert!(!html.contains("style=") && !html.contains("<style") && !html.contains("onclick"));
    assert_eq!(html.matches("<script").count(), 1);
    assert!(
        !html.contains("https://"),
        "nothing is loaded from elsewhere"
    );
    assert_eq!(answer.headers[header::CACHE_CONTROL], "private, no-cache");
    assert_eq!(answer.headers[header::REFERRER_POLICY], "no-referrer");
    assert_eq!(answer.headers["x-robots-tag"], "noindex, nofollow");
    let policy = answer.headers[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .expect("text");
    assert!(
        !policy.contains("unsafe") && policy.contains("default-src 'none'"),
        "{policy}"
    );
    // The digits themselves are in the symbol only.
    assert!(!html.contains(&page.token));
}

#[tokio::test]
async fn the_live_page_tells_nothing_until_somebody_logs_in() {
    // V10, N5
    let site = Site::with_tickets(1).await;
    let path = format!("/events/{}/live", site.event);
    let answer = site.test.get(&path, "").await;
    assert_eq!(answer.status, 200);
    let html = text(&answer);
    assert!(
        html.contains("Log in") && html.contains("<noscript>"),
        "{html}"
    );
    // Without its script the form sends nothing, least of all in an address.
    assert!(html.contains("method=\"post\"") && html.contains("<button disabled>"));
    for secret in ["Night of the Open Gates", "Gate A"] {
        assert!(!html.contains(secret), "{secret} in {html}");
    }
    assert!(!html.contains("style=") && !html.contains("<style") && !html.contains("onclick"));
    assert_eq!(html.matches("<script").count(), 1);
    assert!(
        !html.contains("https://"),
        "nothing is loaded from elsewhere"
    );
    assert_eq!(answer.headers[header::CACHE_CONTROL], "private, no-cache");
    for asset in ["/assets/live.js", "/assets/live.css"] {
        assert_eq!(site.test.get(asset, "").await.status, 200, "{asset}");
    }
    let script = text(&site.test.get("/assets/live.js", "").await);
    for store in ["localStorage", "sessionStorage", "cookie", "access_token="] {
        assert!(!script.contains(store), "{store}");
    }
    let nowhere = site.test.get("/events/not-an-id/live", "").await;
    assert_eq!(nowhere.status, 404);
}

#[tokio::test]
async fn the_page_of_passkeys_tells_nothing_and_keeps_nothing() {
    // A8, N5
    let site = Site::with_tickets(1).await;
    let answer = site.test.get("/account/passkeys", "").await;
    assert_eq!(answer.status, 200);
    let html = text(&answer);
    assert!(html.contains("method=\"post\"") && html.contains("<noscript>"));
    assert!(!html.contains("style=") && !html.contains("<style") && !html.contains("onclick"));
    assert_eq!(html.matches("<script").count(), 1);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "private, no-cache");
    let script = text(&site.test.get("/assets/passkeys.js", "").await);
    assert!(script.contains("/login/passkey/finish"));
    for store in ["localStorage", "sessionStorage", "cookie", "innerHTML"] {
        assert!(!script.contains(store), "{store}");
    }
}

#[tokio::test]
async fn links_that_lead_nowhere_say_so() {
    // T2
    let site = Site::with_tickets(1).await;
    let page = claimed(&site).await;
    let mut wrong = page.path.clone();
    wrong.pop();
    for path in [
        wrong.clone() + "a",
        wrong,
        page.path.to_uppercase().replace("/T/", "/t/"),
    ] {
        if path == page.path {
            continue;
        }
        let answer = site.test.get(&path, "").await;
        assert_eq!(answer.status, 404);
        assert!(text(&answer).contains("This is not a ticket"));
        site.test
            .get(&format!("{path}/state"), "")
            .await
            .expect_error(404, "not_found");
    }
}

#[tokio::test]
async fn the_state_follows_gate_and_till() {
    // T5, V2
    let site = Site::with_tickets(1).await;
    let page = claimed(&site).await;
    assert_eq!(state(&site, &page).await["state"], "ready");

    let mut device = site.enrol("South 1", 1, 7).await;
    device.admit(0, &page.token, NOW.plus_secs(-660));
    device.sync(&site.test).await;
    let used = state(&site, &page).await;
    assert_eq!(used["headline"], "Used");
    // 14:02:20 UTC in Viet Nam.
    assert_eq!(used["detail"], "Used at 21:02 at Gate B.");
    assert!(text(&site.test.get(&page.path, "").await).contains("Used at 21:02 at Gate B."));

    let stock = site.tickets[0].to_string();
    site.change::<IssuedTicket>(&stock, |stock| stock.status = TicketStatus::Cancelled)
        .await;
    assert_eq!(
        state(&site, &page).await["detail"],
        "This ticket was cancelled."
    );
    let order = site.order.to_string();
    site.change::<Order>(&order, |order| order.status = OrderStatus::Refunded)
        .await;
    let refunded = state(&site, &page).await;
    assert_eq!(refunded["state"], "cancelled");
    assert_eq!(
        refunded["detail"],
        "This ticket was cancelled and refunded."
    );
}

#[tokio::test]
async fn before_and_after_the_entry_window() {
    // V3
    let site = Site::with_tickets(1).await;
    let page = claimed(&site).await;
    site.test.clock.set(NOW.plus_secs(-12 * 3600));
    let early = state(&site, &page).await;
    assert_eq!(
        (&early["state"], &early["headline"]),
        (&json!("early"), &json!("Ready"))
    );
    assert_eq!(
        early["detail"],
        "Entry opens on Mon 21 September 2026, 10:00."
    );
    site.test.clock.set(NOW.plus_secs(6 * 3600));
    let over = state(&site, &page).await;
    assert_eq!(
        (&over["state"], &over["detail"]),
        (&json!("over"), &json!("Entry ended at 02:15."))
    );
}

#[tokio::test]
async fn scripts_and_styles_are_ours_and_revalidated() {
    // T2: the page works offline once it was opened.
    let site = Site::with_tickets(1).await;
    for (path, kind) in [
        ("/t/sw.js", "text/javascript; charset=utf-8"),
        ("/assets/ticket.js", "text/javascript; charset=utf-8"),
        ("/assets/qr.js", "text/javascript; charset=utf-8"),
        ("/assets/turning.js", "text/javascript; charset=utf-8"),
        ("/assets/page.css", "text/css; charset=utf-8"),
    ] {
        let answer = site.test.get(path, "").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers[header::CONTENT_TYPE], kind);
        assert!(answer.headers.contains_key(header::ETAG));
    }
    let worker = site.test.get("/t/sw.js", "").await;
    let policy = worker.headers[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .expect("text");
    assert!(
        policy.contains("connect-src 'self'"),
        "the worker fetches under its own policy"
    );
    let kept = text(&worker);
    for asset in [
        "/assets/ticket.js",
        "/assets/page.css",
        "/assets/qr.js",
        "/assets/turning.js",
    ] {
        assert!(kept.contains(asset), "the worker keeps {asset}");
    }
}

#[tokio::test]
async fn the_other_pages_stand() {
    // V6, E1
    let site = Site::with_tickets(1).await;
    let front = site.test.get("/", "").await;
    assert_eq!(front.status, 200);
    let front = text(&front);
    assert!(
        front.contains("Night of the Open Gates") && front.contains("250,000 VND"),
        "{front}"
    );
    assert!(
        front.contains("Mon 21 September 2026, 22:13 – ") && front.contains(", Ho Chi Minh City"),
        "{front}"
    );
    let enrol = site.test.get("/enrol", "").await;
    assert_eq!(enrol.status, 200);
    assert!(text(&enrol).contains("kiosk enrol"));
}

#[tokio::test]
async fn an_event_has_a_page_for_people() {
    // E1, I2
    let shop = Shop::open(3).await;
    shop.add_class("Balcony", 1_250_000).await;
    let path = format!("/events/{}", shop.event);
    let front = text(&shop.t.get("/", "").await);
    assert!(front.contains(&format!("href=\"{path}\"")), "{front}");
    assert!(!front.contains("/api/"), "people are not sent to JSON");
    let page = shop.t.get(&path, "").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.headers[header::CONTENT_TYPE],
        "text/html; charset=utf-8"
    );
    let html = text(&page);
    for shown in [
        "<h1>Night of Strings</h1>",
        "Mon 12 October 2026, 19:00 – 23:00",
        "Times in Ho Chi Minh City (Asia/Ho_Chi_Minh)",
        "Four quartets.",
        "250,000 VND",
        "Only 3 left",
        "1,250,000 VND",
        "Not on sale yet",
    ] {
        assert!(html.contains(shown), "{shown} is missing in {html}");
    }
    assert!(!html.contains("<script") && !html.contains("style="));
    shop.buy(3).await;
    assert!(text(&shop.t.get(&path, "").await).contains("Sold out"));
    shop.t.clock.set(NOW.plus_secs(60 * 86_400));
    let over = text(&shop.t.get(&path, "").await);
    assert!(
        over.contains("This event is over.") && !over.contains("Sold out"),
        "{over}"
    );
}

#[tokio::test]
async fn an_events_page_says_where_it_is_and_when_the_sale_opens() {
    // E5, I5
    let shop = Shop::open(3).await;
    let venue = json!({ "name": "Nhà hát Lớn", "address": "1 Tràng Tiền", "capacity": 600 });
    let venue = shop.t.post("/api/v1/venues", &shop.organizer, venue).await;
    let path = format!("/api/v1/events/{}", shop.event);
    let body = json!({ "venueId": venue.expect(201)["id"] });
    let event = shop
        .t
        .call("PATCH", &path, &shop.organizer, Some(body))
        .await;
    event.expect(200);
    let class = format!("{path}/ticket-classes/{}", shop.class);
    let terms = json!({ "terms": { "saleFrom": "2026-09-21T15:00:00Z" } });
    let edited = shop
        .t
        .call("PATCH", &class, &shop.organizer, Some(terms))
        .await;
    edited.expect(200);
    let page = format!("/events/{}", shop.event);
    let html = text(&shop.t.get(&page, "").await);
    for shown in [
        "Nhà hát Lớn, 1 Tràng Tiền",
        "The sale opens on Mon 21 September 2026, 22:00",
    ] {
        assert!(html.contains(shown), "{shown} is missing in {html}");
    }
    shop.t.clock.advance(2_800_000);
    assert!(text(&shop.t.get(&page, "").await).contains("Only 3 left"));
}

#[tokio::test]
async fn where_there_is_nothing_people_get_a_page_and_programs_json() {
    // E1, N1
    let shop = Shop::open(0).await;
    let draft = crate::orders::fixture::draft(&shop.t, &shop.organizer).await;
    for path in [
        format!("/events/{draft}"),
        "/events/nonsense".to_owned(),
        "/events/01900000-0000-7000-8000-000000000000".to_owned(),
    ] {
        let answer = shop.t.get(&path, "").await;
        assert_eq!(answer.status, 404);
        assert!(text(&answer).contains("There is no such event."), "{path}");
    }
    let ask = async |path: &str, accept: &str| {
        let request = axum::http::Request::get(path)
            .header(header::ACCEPT, accept)
            .body(axum::body::Body::empty())
            .expect("a request");
        shop.t.send(request).await
    };
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let page = ask("/nowhere", browser).await;
    assert_eq!(page.status, 404);
    assert_eq!(page.headers[header::VARY], "accept");
    assert!(text(&page).contains("There is no such page."));
    for (path, accept) in [
        ("/nowhere", "*/*"),
        ("/nowhere", "application/json"),
        ("/api/v1/nowhere", browser),
    ] {
        ask(path, accept).await.expect_error(404, "not_found");
    }
}
