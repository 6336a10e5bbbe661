//! Lists by time, tables for the bookkeeper, and who may see what.

use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::api::organizations::OrganizationRole;

use super::{documents, identity, issue, number, refund, shop};
use crate::orders::fixture::{Shop, event_body, text};
use crate::organizations::joined;
use crate::testing::TestApp;

/// A shop of an organization that writes invoices.
async fn house() -> (Shop, String) {
    let t = TestApp::new().await;
    let owner = t.stored_user(Role::Attendee).await;
    let body = json!({ "name": "Opera house" });
    let made = t.post("/api/v1/organizations", &owner, body).await;
    let id = text(&made.expect(201)["id"]);
    let mut event = event_body();
    event["organizationId"] = json!(id);
    let event = t.post("/api/v1/events", &owner, event).await.expect(201);
    let mut shop = Shop {
        buyer: t.token_for(Role::Attendee),
        organizer: owner,
        event: text(&event["id"]),
        class: String::new(),
        t,
    };
    shop.class = shop.add_class("General", 250_000).await;
    shop.add_stock(&shop.class, 9).await.expect(201);
    let publish = format!("/api/v1/events/{}/publish", shop.event);
    let published = shop.t.call("POST", &publish, &shop.organizer, None);
    published.await.expect(200);
    let path = format!("/api/v1/organizations/{id}/invoicing");
    let body = Some(identity(false));
    let set = shop.t.call("PUT", &path, &shop.organizer, body).await;
    set.expect(200);
    (shop, id)
}

#[tokio::test]
async fn those_who_look_after_the_money_see_all_and_others_nothing() {
    // P8 A6 A9
    let (shop, id) = house().await;
    let order = shop.buy(1).await;
    let invoice = issue(&shop, &order, &shop.buyer).await.expect(200);
    let accountant = joined(&shop.t, &id, OrganizationRole::Accountant).await;
    let box_office = joined(&shop.t, &id, OrganizationRole::BoxOffice).await;
    let stranger = shop.t.stored_user(Role::Organizer).await;
    let paths = [
        format!("/api/v1/organizations/{id}/invoices"),
        format!("/api/v1/organizations/{id}/invoices/csv"),
        format!("/api/v1/organizations/{id}/invoicing"),
        format!("/api/v1/events/{}/invoices", shop.event),
        format!("/api/v1/events/{}/invoices/csv", shop.event),
        format!("/api/v1/orders/{}/invoices", text(&order["id"])),
        format!("/api/v1/orders/{}/invoice-details", text(&order["id"])),
        format!("/api/v1/invoices/{}", text(&invoice["id"])),
        format!("/api/v1/invoices/{}/pdf", text(&invoice["id"])),
    ];
    for path in &paths {
        assert_eq!(shop.t.get(path, &accountant).await.status, 200, "{path}");
        for other in [&box_office, &stranger] {
            assert_eq!(shop.t.get(path, other).await.status, 404, "{path}");
        }
    }
    for path in &paths[5..] {
        assert_eq!(shop.t.get(path, &shop.buyer).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn whoever_sold_keeps_the_invoices_of_an_event_that_is_another_s_now() {
    // P8 A9
    let (shop, id) = house().await;
    let order = shop.buy(1).await;
    let invoice = issue(&shop, &order, &shop.buyer).await.expect(200);
    let accountant = joined(&shop.t, &id, OrganizationRole::Accountant).await;
    let body = json!({ "name": "Another house" });
    let made = shop.t.post("/api/v1/organizations", &shop.organizer, body);
    let other = json!({ "organizationId": made.await.expect(201)["id"] });
    let give = format!("/api/v1/events/{}/organization", shop.event);
    let given = shop.t.call("PUT", &give, &shop.organizer, Some(other));
    given.await.expect(200);
    let path = format!("/api/v1/invoices/{}", text(&invoice["id"]));
    assert_eq!(shop.t.get(&path, &accountant).await.expect(200), invoice);
    // What goes back is credited by whoever sold, in that sequence.
    refund(&shop, &order, json!({})).await;
    let list = format!("/api/v1/organizations/{id}/invoices");
    let list = shop.t.get(&list, &accountant).await.expect(200);
    assert_eq!(number(&list["items"][0]), "NHL-2026-000002");
}

/// Walks a list page by page.
async fn walked(shop: &Shop, path: &str) -> Vec<String> {
    let mut numbers = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = format!("{path}?limit=2&cursor={cursor}");
        let page = shop.t.get(&page, &shop.organizer).await.expect(200);
        let items = page["items"].as_array().expect("a list");
        numbers.extend(items.iter().map(number));
        match &page["nextCursor"] {
            Value::String(next) => cursor.clone_from(next),
            _ => return numbers,
        }
    }
}

#[tokio::test]
async fn lists_go_by_time_with_a_cursor_and_tables_by_span() {
    // P8
    let shop = shop(9, false).await;
    let mut middle = String::new();
    for at in 0..5 {
        if at == 2 {
            shop.t.clock.advance(60_000);
            middle = shop.t.app.clock.now().to_string();
        }
        let order = shop.buy(1).await;
        issue(&shop, &order, &shop.buyer).await.expect(200);
    }
    let all: Vec<String> = (1..=5)
        .rev()
        .map(|at| format!("NHL-2026-{at:06}"))
        .collect();
    let event = format!("/api/v1/events/{}/invoices", shop.event);
    for path in [event.as_str(), "/api/v1/auth/me/invoices"] {
        assert_eq!(walked(&shop, path).await, all, "{path}");
        for (span, count) in [("from", 3), ("until", 2)] {
            let path = format!("{path}/csv?{span}={middle}");
            let table = shop.t.get(&path, &shop.organizer).await;
            assert_eq!(table.status, 200);
            let table = String::from_utf8(table.bytes).expect("text");
            assert_eq!(table.lines().count(), 1 + count, "{table}");
        }
    }
    let bad = format!("{event}/csv?from=yesterday");
    let bad = shop.t.get(&bad, &shop.organizer).await;
    bad.expect_error(400, "validation");
}

#[tokio::test]
async fn the_table_adds_up_and_computes_nothing() {
    // P8 R5: what buyers typed is no formula, what we write are figures
    let shop = shop(9, false).await;
    super::charge(&shop, json!({ "taxShare": 825 })).await;
    let mut body = shop.order_body(&json!([{ "classId": shop.class, "quantity": 2 }]));
    body["buyer"]["name"] = json!("=HYPERLINK(\"x\")");
    body["invoiceDetails"] = json!({ "company": "+Company, \"Ltd\"", "address": ["@home", "-2"], "country": "DE", "taxNumber": "=1+1" });
    let order = shop.t.post("/api/v1/orders", &shop.buyer, body).await;
    let order = order.expect(201);
    super::pay(&shop, &order).await;
    issue(&shop, &order, &shop.buyer).await.expect(200);
    let named = json!({ "tickets": [order["tickets"][0]["id"]], "reason": "=cmd" });
    refund(&shop, &order, named).await;
    let table = shop
        .t
        .get("/api/v1/auth/me/invoices/csv", &shop.organizer)
        .await;
    assert_eq!(table.headers["content-type"], "text/csv; charset=utf-8");
    let table = String::from_utf8(table.bytes).expect("text");
    let rows: Vec<&str> = table.lines().skip(1).collect();
    let id = text(&order["id"]);
    let rest = |kind: &str| {
        format!(
            "\"{id}\",\"{}\",\"Night of Strings\",\"'+Company, \"\"Ltd\"\"\",\"'=HYPERLINK(\"\"x\"\")\",\"'@home, -2\",\"DE\",\"'=1+1\",\"VND\",8.25,{kind}",
            shop.event
        )
    };
    let expected = [
        format!(
            "\"NHL-2026-000001\",\"INVOICE\",\"2026-09-21\",\"\",\"\",{}",
            rest("500000,41250,541250")
        ),
        format!(
            "\"NHL-2026-000002\",\"CREDIT_NOTE\",\"2026-09-21\",\"NHL-2026-000001\",\"'=cmd\",{}",
            rest("-250000,-20625,-270625")
        ),
    ];
    assert_eq!(rows, expected);
    assert_eq!(documents(&shop, &order).await.len(), 2);
}
