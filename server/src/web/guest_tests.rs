//! The page of a guest's order, from the order to the payment.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::orders::fixture::{Shop, text};
use crate::testing::{Answer, TestApp};

const DENIED: &str = "http://127.0.0.1:9";

/// A shop and its guest's order.
struct Bought {
    shop: Shop,
    page: String,
    order: Value,
}

async fn bought(environment: &[(&str, &str)]) -> Bought {
    let mut shop = Shop::over(TestApp::with_environment(environment).await, 9).await;
    let body = shop.order_body(&json!([{ "classId": shop.class, "quantity": 2 }]));
    let placed = shop.t.post("/api/v1/guest/orders", "", body).await;
    let placed = placed.expect(201);
    shop.buyer = text(&placed["guestToken"]);
    Bought {
        page: format!("/guest/{}", shop.buyer),
        order: placed["order"].clone(),
        shop,
    }
}

impl Bought {
    async fn look(&self) -> String {
        let answer = self.shop.t.get(&self.page, "").await;
        assert_eq!(answer.status, StatusCode::OK);
        html(&answer)
    }

    async fn press(&self, provider: &str) -> Answer {
        let request = Request::post(format!("{}/pay", self.page))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("provider={provider}")));
        self.shop.t.send(request.expect("a request")).await
    }

    async fn payment(&self) -> Value {
        let order = self.shop.order_now(&text(&self.order["id"])).await;
        order["paymentId"].clone()
    }
}

fn html(answer: &Answer) -> String {
    String::from_utf8(answer.bytes.clone()).expect("text")
}

#[tokio::test]
async fn a_button_leads_a_guest_to_the_gateway_and_goes_when_it_is_paid() {
    // O3 P2
    let bought = bought(&[]).await;
    let waiting = bought.look().await;
    for said in [
        "Not paid yet.",
        // NOW is 14:13:20 in UTC, and an order is held for ten minutes.
        "held for you until <strong>21:23</strong> (Ho Chi Minh City): for 10 more minutes.",
        "After that others can have them.",
        "Pay 500,000 VND with play money",
    ] {
        assert!(waiting.contains(said), "{said} is missing in {waiting}");
    }
    assert!(!waiting.contains("by card") && !waiting.contains("by bank transfer"));
    assert_eq!(bought.payment().await, Value::Null, "a look starts nothing");

    let leading = bought.press("demo").await;
    assert_eq!(leading.status, StatusCode::OK);
    let policy = leading.headers[header::CONTENT_SECURITY_POLICY].to_str();
    // A redirect would be the form's, and held to this.
    assert!(policy.expect("text").contains("form-action 'self'"));
    assert_eq!(leading.headers[header::REFERRER_POLICY], "no-referrer");
    let payment = text(&bought.payment().await);
    let gateway = format!("http://gatehouse.test/pay/demo/{payment}");
    let leading = html(&leading);
    assert!(leading.contains(&format!("content=\"0; url={gateway}\"")));
    assert!(
        leading.contains(&format!("href=\"{gateway}\"")),
        "{leading}"
    );
    let again = html(&bought.press("demo").await);
    assert!(
        again.contains(&gateway),
        "the same attempt goes on: {again}"
    );

    let shop = &bought.shop;
    shop.pay(&payment).await.expect(200);
    shop.deliver(&shop.telling(&payment).await)
        .await
        .expect(200);
    let paid = bought.look().await;
    assert!(paid.contains("Paid. Thank you!"), "{paid}");
    assert!(paid.contains("/papers\">Receipt and invoice"), "{paid}");
    assert!(!paid.contains("Pay 500,000") && !paid.contains("held for you"));
    assert_eq!(bought.press("demo").await.status, StatusCode::SEE_OTHER);
    assert_eq!(text(&bought.payment().await), payment);
}

#[tokio::test]
async fn a_guests_page_says_what_stands_after_the_hold() {
    // O3 I6
    let bought = bought(&[]).await;
    let waiting = bought.look().await;
    assert!(
        waiting.contains("content=\"601; url=/guest/gho_"),
        "it looks again: {waiting}"
    );
    bought.shop.t.clock.advance(600_000);
    let over = bought.look().await;
    for said in [
        "not paid in time: others can have its tickets now.",
        "or goes back to you",
        "What can still be had",
    ] {
        assert!(over.contains(said), "{said} is missing in {over}");
    }
    assert!(!over.contains("<form") && !over.contains("http-equiv"));
    assert_eq!(bought.press("demo").await.status, StatusCode::SEE_OTHER);
    assert_eq!(bought.payment().await, Value::Null);
}

#[tokio::test]
async fn a_guest_hears_when_a_gateway_does_not_answer_and_keeps_to_one() {
    // O3 P2
    let keys = [
        ("STRIPE_SECRET_KEY", "sk_test_guest_0001"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_guest_0001"),
        ("STRIPE_BASE_URL", DENIED),
    ];
    let bought = bought(&keys).await;
    let both = bought.look().await;
    assert!(
        both.contains("by card") && both.contains("with play money"),
        "{both}"
    );
    let failed = bought.press("stripe").await;
    assert_eq!(failed.status, StatusCode::BAD_GATEWAY);
    let failed = html(&failed);
    assert!(failed.contains("role=\"alert\"") && failed.contains("Nothing was charged."));
    // The attempt stands; another one beside it could be paid too.
    let one = bought.look().await;
    assert!(
        one.contains("by card") && !one.contains("with play money"),
        "{one}"
    );
    assert_eq!(bought.press("demo").await.status, StatusCode::SEE_OTHER);
    assert_eq!(bought.press("payos").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_buttons_address_leads_back_and_opens_nothing_for_strangers() {
    // O3
    let bought = bought(&[]).await;
    let pay = format!("{}/pay", bought.page);
    let back = bought.shop.t.get(&pay, "").await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    assert_eq!(back.headers[header::LOCATION], bought.page);
    let stranger = Bought {
        page: "/guest/gho_nothing".to_owned(),
        ..bought
    };
    assert_eq!(stranger.press("demo").await.status, StatusCode::NOT_FOUND);
}
