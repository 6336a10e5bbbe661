//! Who a seller is: what is taken, what is refused, and what the end of an account leaves.

use serde_json::{Value, json};
use shared::api::accounts::Role;

use super::{amount, documents, identify, identity, issue, shop};
use crate::invoices::model::{Billing, SellerId, Sequence};
use crate::invoices::{Invoice, export, forget_details};
use crate::notices::Notice;
use crate::orders::fixture::{Shop, draft, text};
use crate::platform::db::{DbError, Query};
use crate::platform::journal;
use crate::platform::paper::reading::lines;
use crate::testing::NOW;

const PATH: &str = "/api/v1/auth/me/invoicing";

#[tokio::test]
async fn an_identity_is_kept_as_it_was_said_and_journaled() {
    // P8 N9
    let shop = Shop::open(1).await;
    let none = shop.t.get(PATH, &shop.organizer).await;
    none.expect_error(404, "not_found");
    identify(&shop, true).await;
    let kept = shop.t.get(PATH, &shop.organizer).await.expect(200);
    assert_eq!(kept, identity(true));
    let lines = Query::on("by_action").eq("seller.identified");
    let lines = shop.t.app.db.list::<journal::Entry>(&lines).await;
    let lines = lines.expect("the journal");
    assert_eq!(lines.len(), 1);
    let words = serde_json::to_string(&lines[0].value).expect("JSON");
    assert!(!words.contains("Tràng Tiền"), "{words}");
}

#[tokio::test]
async fn what_no_invoice_may_say_is_refused_by_name() {
    // P8
    let shop = Shop::open(1).await;
    let long = "x".repeat(501);
    for (field, bad) in [
        ("legalName", json!("")),
        ("address", json!([])),
        ("address", json!(["1", "2", "3", "4", "5", "6", "7"])),
        ("country", json!("vn")),
        ("country", json!("EU")),
        ("taxNumber", json!("1".repeat(41))),
        ("email", json!("nobody")),
        ("prefix", json!("")),
        ("prefix", json!("Acme")),
        ("prefix", json!("A/B")),
        ("prefix", json!("ABCDEFGHIJKLM")),
        ("footer", json!(long)),
        ("timezone", json!("Hanoi")),
    ] {
        let mut body = identity(false);
        body[field] = bad.clone();
        let refused = shop.t.call("PUT", PATH, &shop.organizer, Some(body)).await;
        let details = refused.expect_error(400, "validation");
        assert!(details[field].is_string(), "{field} {bad}: {details}");
    }
    let mut body = identity(false);
    body["address"] = json!(["fine", "a\nb"]);
    let refused = shop.t.call("PUT", PATH, &shop.organizer, Some(body)).await;
    let details = refused.expect_error(400, "validation");
    assert!(details["address[1]"].is_string(), "{details}");
}

#[tokio::test]
async fn an_erased_buyer_leaves_the_seller_s_books_whole() {
    // P8 A7 E15: what is issued is kept, what was only said is not
    let shop = shop(4, false).await;
    let details = json!({ "company": "Ánh Dương", "address": ["12 Lê Lợi"], "country": "VN" });
    let mut orders = Vec::new();
    for _ in 0..2 {
        let mut body = shop.order_body(&json!([{ "classId": shop.class, "quantity": 1 }]));
        body["invoiceDetails"] = details.clone();
        let order = shop.t.post("/api/v1/orders", &shop.buyer, body).await;
        orders.push(order.expect(201));
        super::pay(&shop, &orders[orders.len() - 1]).await;
    }
    let invoice = issue(&shop, &orders[0], &shop.buyer).await.expect(200);
    let buyer = shop
        .t
        .app
        .tokens
        .verify(&shop.buyer, NOW)
        .expect("ours")
        .user;
    let told = crate::orders::export(&shop.t.app.db, buyer, NOW).await;
    let told = told.expect("an export");
    assert!(
        told.iter()
            .any(|order| order["invoiceDetails"]["company"] == "Ánh Dương")
    );
    let mail = format!("invoice:{}", invoice["id"].as_str().expect("an id"));
    let mail = async || shop.t.app.db.get::<Notice>(&mail).await.expect("read");
    assert!(mail().await.is_some(), "it was mailed");
    let erased = crate::orders::erase(&shop.t.app.db, buyer).await;
    erased.expect("erased");
    assert!(mail().await.is_none(), "it names the buyer");
    assert_eq!(documents(&shop, &orders[0]).await, [invoice]);
    let rows = shop.t.app.db.list::<Billing>(&Query::on("id")).await;
    let rows = rows.expect("rows");
    assert!(rows.len() == 2 && rows.iter().all(|row| row.details.is_none()));
    // The organizer may still need one, and says to whom.
    let late = issue(&shop, &orders[1], &shop.organizer).await.expect(200);
    assert_eq!(late["buyer"]["name"], "Erased");
    let mails = documents(&shop, &orders[1]).await;
    assert_eq!(mails.len(), 1);
    let again = orders[1]["id"].clone();
    let again: Result<_, DbError> = shop
        .t
        .app
        .db
        .write(move |tx| forget_details(tx, again.as_str().unwrap_or_default()))
        .await;
    again.expect("nothing more to forget");
}

#[tokio::test]
async fn a_seller_who_goes_leaves_invoices_and_the_place_of_the_numbers() {
    // P8 A7
    let shop = shop(4, false).await;
    let order = shop.buy(1).await;
    issue(&shop, &order, &shop.buyer).await.expect(200);
    let seller = shop
        .t
        .app
        .tokens
        .verify(&shop.organizer, NOW)
        .expect("ours")
        .user;
    let db = &shop.t.app.db;
    assert!(export(db, seller).await.expect("read").is_some());
    let gone: Result<_, DbError> = db.write(move |tx| crate::invoices::erase(tx, seller)).await;
    gone.expect("gone");
    assert!(export(db, seller).await.expect("read").is_none());
    assert_eq!(documents(&shop, &order).await.len(), 1);
    let key = SellerId::User(seller).key();
    let place = db.get::<Sequence>(&key).await.expect("read");
    assert_eq!(place.map(|place| place.last), Some(1));
}

#[tokio::test]
async fn an_invoice_in_euros_of_a_price_with_cents_is_exact() {
    // P8 O4
    let mut shop = shop(0, false).await;
    shop.event = draft(&shop.t, &shop.organizer).await;
    super::charge(&shop, json!({ "taxShare": 700, "taxIncluded": true })).await;
    let body = json!({ "name": "Balcony", "price": { "amount": 1_995, "currency": "EUR" } });
    let path = format!("/api/v1/events/{}/ticket-classes", shop.event);
    let class = shop.t.post(&path, &shop.organizer, body).await;
    shop.class = text(&class.expect(201)["id"]);
    shop.add_stock(&shop.class, 3).await.expect(201);
    let publish = format!("/api/v1/events/{}/publish", shop.event);
    let published = shop.t.call("POST", &publish, &shop.organizer, None);
    published.await.expect(200);
    let invoice = issue(&shop, &shop.buy(3).await, &shop.buyer).await;
    let invoice = invoice.expect(200);
    assert_eq!(amount(&invoice["total"]), 5_985);
    assert_eq!(amount(&invoice["tax"]), 392, "5,985 less 5,985 / 1.07");
    let pdf = format!("/api/v1/invoices/{}/pdf", text(&invoice["id"]));
    let words = lines(&shop.t.get(&pdf, &shop.buyer).await.bytes);
    for line in ["19.95", "55.93", "3.92", "59.85 EUR"] {
        assert!(words.iter().any(|of| of == line), "{line}: {words:?}");
    }
}

#[tokio::test]
async fn a_key_of_a_buyer_fetches_the_buyer_s_own() {
    // P8 A8: the right to money judges others' orders
    let shop = shop(2, false).await;
    let order = shop.buy(1).await;
    let invoice: Value = issue(&shop, &order, &shop.buyer).await.expect(200);
    let stranger = shop.t.stored_user(Role::Attendee).await;
    let body = json!({ "name": "Books", "scopes": ["ATTEND"] });
    let key = shop.t.post("/api/v1/auth/keys", &stranger, body).await;
    let key = text(&key.expect(201)["key"]);
    let path = format!("/api/v1/invoices/{}", text(&invoice["id"]));
    shop.t.get(&path, &key).await.expect_error(404, "not_found");
    let rows = shop.t.app.db.list::<Invoice>(&Query::on("id")).await;
    assert_eq!(rows.expect("rows").len(), 1);
}
