//! Issuing, by itself and on request; what is issued stays.

use serde_json::{Value, json};
use shared::api::accounts::Role;

use super::{
    amount, assert_adds_up, assert_keeps, charge, documents, identify, identity, issue, number,
    order_of, pay, shop,
};
use crate::orders::fixture::{Shop, text};
use crate::platform::paper::reading::lines;

#[tokio::test]
async fn a_paid_order_gets_its_invoice_by_itself_and_only_one() {
    // P8
    let shop = shop(5, true).await;
    let order = shop.buy(2).await;
    assert!(
        documents(&shop, &order).await.is_empty(),
        "a payment waits for none"
    );
    shop.run_jobs().await;
    let written = documents(&shop, &order).await;
    let [invoice] = &written[..] else {
        panic!("one invoice: {written:?}");
    };
    assert_eq!(number(invoice), "NHL-2026-000001");
    assert_eq!(invoice["total"], order["total"]);
    assert_eq!(invoice["seller"]["name"], "Nhà hát Lớn Hà Nội GmbH");
    assert_eq!(invoice["buyer"]["name"], "Ann");
    assert_adds_up(invoice);
    for token in [&shop.buyer, &shop.organizer] {
        let again = issue(&shop, &order, token).await.expect(200);
        assert_eq!(&again, invoice, "the one that stands");
    }
    let admin = shop.t.stored_user(Role::Admin).await;
    let outbox = shop.t.get("/api/v1/notices", &admin).await.expect(200);
    let mails = outbox["items"].as_array().expect("mails").iter();
    let told = mails.filter(|mail| text(&mail["subject"]).contains("NHL-2026-000001"));
    assert_eq!(told.count(), 1, "{outbox}");
}

#[tokio::test]
async fn without_an_identity_there_are_receipts_only() {
    // P8
    let shop = Shop::open(5).await;
    let order = shop.buy(1).await;
    shop.run_jobs().await;
    let refused = issue(&shop, &order, &shop.buyer).await;
    refused.expect_error(409, "no_invoicing_identity");
    let receipt = format!("/api/v1/orders/{}/receipt", text(&order["id"]));
    assert_eq!(shop.t.get(&receipt, &shop.buyer).await.status, 200);
    // From then on, on request.
    identify(&shop, false).await;
    shop.run_jobs().await;
    assert!(documents(&shop, &order).await.is_empty());
    issue(&shop, &order, &shop.buyer).await.expect(200);
}

#[tokio::test]
async fn nothing_is_written_for_what_is_not_paid_costs_nothing_or_went_back() {
    // P8
    let shop = shop(5, true).await;
    let held = shop.order(1).await.expect(201);
    let refused = issue(&shop, &held, &shop.buyer).await;
    refused.expect_error(409, "not_paid");
    let gift = shop.add_class("Gift", 0).await;
    shop.add_stock(&gift, 2).await.expect(201);
    let given = order_of(&shop, &gift, 1).await;
    shop.run_jobs().await;
    let refused = issue(&shop, &given, &shop.buyer).await;
    refused.expect_error(409, "nothing_sold");
    identify(&shop, false).await;
    let order = shop.buy(1).await;
    super::refund(&shop, &order, json!({})).await;
    let refused = issue(&shop, &order, &shop.organizer).await;
    refused.expect_error(409, "nothing_sold");
    let stranger = shop.t.token_for(Role::Attendee);
    let answer = issue(&shop, &order, &stranger).await;
    answer.expect_error(404, "not_found");
}

#[tokio::test]
async fn the_buyer_says_whom_it_is_made_out_to_until_it_is_issued() {
    // P8 O3: at checkout, and a guest through the link
    let mut shop = shop(5, false).await;
    let company = json!({ "company": "Công ty Ánh Dương", "address": ["12 Lê Lợi"], "country": "VN", "taxNumber": "0312345678" });
    let mut body = shop.order_body(&json!([{ "classId": shop.class, "quantity": 1 }]));
    body["invoiceDetails"] = company.clone();
    let placed = shop.t.post("/api/v1/guest/orders", "", body.clone()).await;
    let placed = placed.expect(201);
    let order = placed["order"].clone();
    shop.buyer = text(&placed["guestToken"]);
    let path = format!("/api/v1/orders/{}/invoice-details", text(&order["id"]));
    assert_eq!(shop.t.get(&path, &shop.buyer).await.expect(200), company);
    let mut moved = company.clone();
    moved["address"] = json!(["14 Lê Lợi", "Quận 1"]);
    let put = |body: Value| shop.t.call("PUT", &path, &shop.buyer, Some(body));
    put(moved.clone()).await.expect(200);
    let bad = json!({ "country": "XX", "address": ["a\u{202e}b"], "taxNumber": "1".repeat(41) });
    let details = put(bad).await.expect_error(400, "validation");
    for field in ["country", "address[0]", "taxNumber"] {
        assert!(details[field].is_string(), "{field}: {details}");
    }
    body["invoiceDetails"]["country"] = json!("XX");
    let refused = shop.t.post("/api/v1/guest/orders", "", body).await;
    let details = refused.expect_error(400, "validation");
    assert!(details["invoiceDetails.country"].is_string(), "{details}");
    pay(&shop, &order).await;
    let invoice = issue(&shop, &order, &shop.buyer).await.expect(200);
    assert_eq!(invoice["buyer"]["name"], "Công ty Ánh Dương");
    assert_eq!(invoice["buyer"]["person"], "Ann");
    assert_eq!(invoice["buyer"]["address"], moved["address"]);
    put(company).await.expect_error(409, "invoice_issued");
    let pdf = format!("/api/v1/invoices/{}/pdf", text(&invoice["id"]));
    let pdf = shop.t.get(&pdf, &shop.buyer).await;
    assert_eq!(pdf.status, 200);
    assert!(lines(&pdf.bytes).contains(&"Tax number 0312345678".to_owned()));
}

#[tokio::test]
async fn what_is_issued_does_not_change_with_what_it_tells_of() {
    // P8: other names, other prices, another rate, another identity
    let shop = shop(5, false).await;
    charge(&shop, json!({ "taxShare": 800, "taxIncluded": true })).await;
    let order = shop.buy(2).await;
    // Between the sale and the invoice: the rate is the one that was sold at.
    charge(&shop, json!({ "taxShare": 1_000 })).await;
    let invoice = issue(&shop, &order, &shop.buyer).await.expect(200);
    assert_eq!(invoice["taxes"][0]["share"], 800);
    assert_eq!(
        amount(&invoice["tax"]),
        37_037,
        "500,000 less 500,000 / 1.08"
    );
    let path = format!("/api/v1/invoices/{}/pdf", text(&invoice["id"]));
    let printed = shop.t.get(&path, &shop.buyer).await.bytes;
    let event = format!("/api/v1/events/{}", shop.event);
    let body = Some(json!({ "title": "Another night" }));
    let edit = shop.t.call("PATCH", &event, &shop.organizer, body).await;
    edit.expect(200);
    let mut other = identity(true);
    other["legalName"] = json!("Another house");
    other["prefix"] = json!("NEW");
    let put = "/api/v1/auth/me/invoicing";
    let set = shop.t.call("PUT", put, &shop.organizer, Some(other)).await;
    set.expect(200);
    assert_eq!(documents(&shop, &order).await, [invoice]);
    assert_eq!(shop.t.get(&path, &shop.buyer).await.bytes, printed);
    // The next one is the other house's, and the sequence goes on.
    let next = issue(&shop, &shop.buy(1).await, &shop.buyer)
        .await
        .expect(200);
    assert_eq!(number(&next), "NEW-2026-000002");
}

#[tokio::test]
async fn the_organizer_corrects_by_a_credit_note_and_a_new_invoice() {
    // P8
    let shop = shop(5, false).await;
    charge(&shop, json!({ "taxShare": 800 })).await;
    let order = shop.buy(3).await;
    let path = format!("/api/v1/orders/{}/invoice/correct", text(&order["id"]));
    let company = json!({ "company": "Ánh Dương", "country": "VN" });
    let correct = |token: &str| {
        let token = token.to_owned();
        let (shop, path, body) = (&shop, &path, company.clone());
        async move { shop.t.post(path, &token, body).await }
    };
    let none = correct(&shop.organizer).await;
    none.expect_error(409, "no_invoice");
    issue(&shop, &order, &shop.buyer).await.expect(200);
    let first = json!({ "tickets": [order["tickets"][0]["id"]] });
    super::refund(&shop, &order, first).await;
    correct(&shop.buyer).await.expect_error(403, "forbidden");
    let stranger = shop.t.token_for(Role::Organizer);
    correct(&stranger).await.expect_error(404, "not_found");
    let new = correct(&shop.organizer).await.expect(200);
    assert_eq!(new["buyer"]["name"], "Ánh Dương");
    let kinds = |documents: &[Value]| -> Vec<String> {
        let kinds = documents
            .iter()
            .map(|of| format!("{} {}", text(&of["kind"]), &number(of)[9..]));
        kinds.collect()
    };
    let written = documents(&shop, &order).await;
    let expected = [
        "INVOICE 000001",
        "CREDIT_NOTE 000002",
        "CREDIT_NOTE 000003",
        "INVOICE 000004",
        "CREDIT_NOTE 000005",
    ];
    assert_eq!(kinds(&written), expected);
    assert_eq!(written[2]["invoiceNumber"], "NHL-2026-000001");
    assert_eq!(written[4]["invoiceNumber"], "NHL-2026-000004");
    let of_first: i64 = written[1..3].iter().map(|of| amount(&of["total"])).sum();
    assert_eq!(
        of_first,
        amount(&written[0]["total"]),
        "nothing of it stands"
    );
    let taxes: i64 = written[1..3].iter().map(|of| amount(&of["tax"])).sum();
    assert_eq!(taxes, amount(&written[0]["tax"]));
    assert_keeps(&shop, &order).await;
    super::refund(&shop, &order, json!({})).await;
    assert_keeps(&shop, &order).await;
    let over = correct(&shop.organizer).await;
    over.expect_error(409, "nothing_sold");
}
