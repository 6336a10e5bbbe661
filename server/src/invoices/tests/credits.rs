//! What goes back after the invoice.

use serde_json::json;

use super::{
    amount, assert_keeps, charge, documents, identify, issue, number, order_of, pay, refund, shop,
};
use crate::orders;
use crate::orders::fixture::{Shop, order_id, text};
use crate::testing::NOW;

#[tokio::test]
async fn each_share_that_goes_back_has_its_credit_note() {
    // P8 O4: 3 at 333 and 8 % on top are 1,079, which no ticket is a third of
    let shop = shop(0, true).await;
    charge(&shop, json!({ "taxShare": 800 })).await;
    let class = shop.add_class("Odd", 333).await;
    shop.add_stock(&class, 3).await.expect(201);
    let order = order_of(&shop, &class, 3).await;
    pay(&shop, &order).await;
    for at in [1, 0, 2] {
        let named = json!({ "tickets": [order["tickets"][at]["id"]], "reason": "as you asked" });
        refund(&shop, &order, named).await;
        assert_keeps(&shop, &order).await;
    }
    let written = documents(&shop, &order).await;
    let (invoice, notes) = written.split_first().expect("an invoice");
    assert_eq!(notes.len(), 3);
    for note in notes {
        assert_eq!(note["invoiceNumber"], invoice["number"]);
        assert_eq!(note["reason"], "as you asked");
        assert_eq!(note["lines"][0]["quantity"], 1);
        assert!((359..=360).contains(&amount(&note["total"])), "{note}");
    }
    let numbers: Vec<String> = written.iter().map(number).collect();
    let expected = (1..=4).map(|at| format!("NHL-2026-00000{at}"));
    assert_eq!(numbers, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn what_goes_back_for_no_ticket_is_credited_too() {
    // P8: at the gateway, or by a bank; then the rest by tickets
    let shop = shop(4, false).await;
    charge(&shop, json!({ "taxShare": 1_900, "taxIncluded": true })).await;
    let order = shop.buy(2).await;
    issue(&shop, &order, &shop.buyer).await.expect(200);
    let id = order_id(&text(&order["id"]));
    let db = &shop.t.app.db;
    let part = db.write(move |tx| orders::refunded_in_part(tx, id, 300_001, NOW));
    part.await.expect("a part");
    shop.run_jobs().await;
    assert_keeps(&shop, &order).await;
    let all = json!({ "tickets": [order["tickets"][0]["id"], order["tickets"][1]["id"]] });
    refund(&shop, &order, all).await;
    assert_keeps(&shop, &order).await;
    let written = documents(&shop, &order).await;
    let totals: Vec<i64> = written.iter().map(|of| amount(&of["total"])).collect();
    assert_eq!(totals, [500_000, 300_001, 199_999]);
    assert_eq!(
        written[2]["lines"][1]["text"],
        "Less what was credited before"
    );
    shop.run_jobs().await;
    assert_eq!(documents(&shop, &order).await.len(), 3, "each once");
}

#[tokio::test]
async fn what_a_bank_gives_back_is_invoiced_anew() {
    // P8: a dispute that was lost is won after all
    let shop = shop(4, true).await;
    charge(&shop, json!({ "taxShare": 800, "taxIncluded": true })).await;
    let order = shop.buy(2).await;
    shop.run_jobs().await;
    let id = order_id(&text(&order["id"]));
    let db = &shop.t.app.db;
    let lost = db.write(move |tx| orders::refunded_in_part(tx, id, 300_001, NOW));
    lost.await.expect("a part");
    shop.run_jobs().await;
    assert_keeps(&shop, &order).await;
    let won = db.write(move |tx| orders::regained(tx, id, 300_001, NOW));
    assert_eq!(won.await.expect("regained"), 300_001);
    shop.run_jobs().await;
    assert_keeps(&shop, &order).await;
    let written = documents(&shop, &order).await;
    let totals: Vec<i64> = written.iter().map(|of| amount(&of["total"])).collect();
    assert_eq!(totals, [500_000, 300_001, 199_999, 500_000]);
    assert_eq!(written[3]["kind"], "INVOICE");
}

#[tokio::test]
async fn what_went_back_before_the_invoice_is_credited_with_it() {
    // P8
    let shop = shop(4, false).await;
    let order = shop.buy(3).await;
    let named = json!({ "tickets": [order["tickets"][2]["id"]] });
    refund(&shop, &order, named).await;
    assert!(documents(&shop, &order).await.is_empty());
    issue(&shop, &order, &shop.buyer).await.expect(200);
    let written = documents(&shop, &order).await;
    let totals: Vec<i64> = written.iter().map(|of| amount(&of["total"])).collect();
    assert_eq!(totals, [750_000, 250_000]);
    assert_keeps(&shop, &order).await;
}

#[tokio::test]
async fn an_event_that_is_called_off_credits_every_invoice() {
    // P8 E4
    let shop = shop(6, true).await;
    let mut all = Vec::new();
    for quantity in 1..=3 {
        all.push(shop.buy(quantity).await);
    }
    shop.run_jobs().await;
    let path = format!("/api/v1/events/{}/cancel", shop.event);
    let reason = json!({ "reason": "A storm" });
    shop.t
        .post(&path, &shop.organizer, reason)
        .await
        .expect(202);
    for _ in 0..8 {
        shop.run_jobs().await;
    }
    for order in &all {
        let written = documents(&shop, order).await;
        assert_eq!(written.len(), 2, "{written:?}");
        assert_eq!(
            written[0]["lines"], written[1]["lines"],
            "all of it went back"
        );
        assert_keeps(&shop, order).await;
    }
}

/// Numbers that look drawn at random, the same each time.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    *seed >> 33
}

#[tokio::test]
async fn invoices_less_credit_notes_are_what_random_orders_keep() {
    // P8 O4: prices, fees, rates, both ways of tax, and refunds in any order
    for seed in 1..=6_u64 {
        let mut draw = seed;
        let shop = Shop::open(0).await;
        let early = next(&mut draw).is_multiple_of(2);
        identify(&shop, early).await;
        let charges = json!({
            "taxShare": next(&mut draw) % 2_600, "taxIncluded": next(&mut draw).is_multiple_of(2),
            "feeMinor": next(&mut draw) % 999, "feeShare": next(&mut draw) % 1_500,
        });
        charge(&shop, charges).await;
        let mut items = Vec::new();
        for name in ["One", "Two", "Three"] {
            let price = i64::try_from(next(&mut draw) % 99_999).expect("a price");
            let class = shop.add_class(name, price).await;
            shop.add_stock(&class, 6).await.expect(201);
            items.push(json!({ "classId": class, "quantity": 1 + next(&mut draw) % 5 }));
        }
        let body = shop.order_body(&json!(items));
        let order = shop.t.post("/api/v1/orders", &shop.buyer, body).await;
        let order = order.expect(201);
        pay(&shop, &order).await;
        let mut left = order["tickets"].as_array().expect("tickets").clone();
        let mut issued = early;
        while left.len() > 1 {
            let at = usize::try_from(next(&mut draw)).expect("small") % left.len();
            let named = json!({ "tickets": [left.swap_remove(at)["id"]] });
            refund(&shop, &order, named).await;
            if !issued {
                issue(&shop, &order, &shop.buyer).await.expect(200);
                issued = true;
            }
            assert_keeps(&shop, &order).await;
        }
        refund(&shop, &order, json!({})).await;
        assert_keeps(&shop, &order).await;
        assert!(documents(&shop, &order).await.len() > 2, "seed {seed}");
    }
}
