//! Receipts, read back.

use serde_json::json;
use shared::api::accounts::Role;

use crate::orders::fixture::{Shop, text};
use crate::platform::paper::reading::lines;

#[tokio::test]
async fn a_receipt_says_what_was_paid_and_what_went_back() {
    // P8
    let shop = Shop::open(5).await;
    let order = text(&shop.buy(2).await["id"]);
    let path = format!("/api/v1/orders/{order}/receipt");
    let answer = shop.t.get(&path, &shop.buyer).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/pdf");
    let words = lines(&answer.bytes);
    for line in [
        "2 × General at 250,000 VND",
        "500,000 VND",
        "ann@example.org",
    ] {
        assert!(words.iter().any(|of| of == line), "{line}: {words:?}");
    }
    let refund = format!("/api/v1/orders/{order}/refund");
    shop.t
        .post(&refund, &shop.organizer, json!({ "reason": "rain" }))
        .await
        .expect(200);
    shop.run_jobs().await;
    let answer = shop.t.get(&path, &shop.organizer).await;
    let words = lines(&answer.bytes);
    assert!(words.iter().any(|of| of == "-500,000 VND"), "{words:?}");
    assert!(
        words.iter().any(|of| of.starts_with("Given back ")),
        "{words:?}"
    );
}

#[tokio::test]
async fn there_is_none_before_the_money_and_none_for_strangers() {
    // P8 A6
    let shop = Shop::open(5).await;
    let order = text(&shop.order(1).await.expect(201)["id"]);
    let path = format!("/api/v1/orders/{order}/receipt");
    let answer = shop.t.get(&path, &shop.buyer).await;
    answer.expect_error(409, "illegal_transition");
    let stranger = shop.t.token_for(Role::Attendee);
    let answer = shop.t.get(&path, &stranger).await;
    answer.expect_error(404, "not_found");
}
