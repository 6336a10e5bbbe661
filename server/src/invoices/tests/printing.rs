//! Documents on paper, read back.

use serde_json::json;
use shared::api::accounts::Role;

use super::{identity, issue, pay, refund, shop};
use crate::orders::fixture::{Shop, text};
use crate::platform::paper::reading::pages;

async fn printed(shop: &Shop, id: &str) -> Vec<u8> {
    let path = format!("/api/v1/invoices/{id}/pdf");
    let answer = shop.t.get(&path, &shop.buyer).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/pdf");
    keep(id, &answer.bytes);
    answer.bytes
}

/// For eyes: with `GATEHOUSE_KEEP_PAPER` each file is left in that folder.
fn keep(name: &str, bytes: &[u8]) {
    #[expect(
        clippy::disallowed_methods,
        reason = "how a person asks a test for what it printed"
    )]
    let folder = std::env::var_os("GATEHOUSE_KEEP_PAPER");
    if let Some(folder) = folder {
        let file = std::path::Path::new(&folder).join(format!("{name}.pdf"));
        std::fs::write(file, bytes).expect("written");
    }
}

#[tokio::test]
async fn an_invoice_of_many_lines_breaks_into_pages_that_say_which_they_are() {
    // P8: as many classes as an order may have, with names as long as they may be
    let shop = shop(0, false).await;
    super::charge(&shop, json!({ "taxShare": 800, "feeMinor": 5_000 })).await;
    let mut items = Vec::new();
    for at in 0..20 {
        let name = format!(
            "Hạng {at}: ghế tầng một, khu Đông, Θέατρο, Большой театр, gồm nước uống và áo mưa, hàng"
        );
        let class = shop.add_class(&name, 1_234_567 + at).await;
        shop.add_stock(&class, 1).await.expect(201);
        items.push(json!({ "classId": class, "quantity": 1 }));
    }
    let mut body = shop.order_body(&json!(items));
    body["buyer"]["name"] = json!("Nguyễn Thị Ngọc Ánh");
    body["invoiceDetails"] = json!({
        "company": "Công ty Trách nhiệm Hữu hạn Một Thành viên Sản xuất Thương mại Dịch vụ Ánh Dương Miền Nam",
        "address": ["Tòa nhà Bitexco, tầng 42, số 2 đường Hải Triều, phường Bến Nghé", "Quận 1", "Thành phố Hồ Chí Minh"],
        "country": "VN", "taxNumber": "0312345678-001",
    });
    let order = shop.t.post("/api/v1/orders", &shop.buyer, body).await;
    let order = order.expect(201);
    pay(&shop, &order).await;
    let invoice = issue(&shop, &order, &shop.buyer).await.expect(200);
    let pages = pages(&printed(&shop, &text(&invoice["id"])).await);
    let count = pages.len();
    assert!(count > 1, "{count}");
    for (at, lines) in pages.iter().enumerate() {
        let last = format!("Invoice NHL-2026-000001, page {} of {count}", at + 1);
        assert_eq!(lines.last(), Some(&last));
    }
    let all = pages.concat();
    let has = |line: &str| all.iter().any(|of| of == line);
    assert!(has("1,234,567") && has("1,234,586"), "{all:?}");
    assert!(has("Tax 8 % on 24,791,530 VND"), "{all:?}");
    assert!(has("Registered at the court of Hanoi."));
    for lines in pages {
        let has_prices = lines.iter().any(|line| line.starts_with("1,234,5"));
        let headed = lines.iter().filter(|line| *line == "Description").count();
        assert_eq!(headed, usize::from(has_prices), "{lines:?}");
    }
}

#[tokio::test]
async fn a_credit_note_says_which_invoice_it_takes_back_and_why() {
    // P8
    let shop = shop(3, true).await;
    super::charge(&shop, json!({ "taxShare": 1_000, "taxIncluded": true })).await;
    let order = shop.buy(2).await;
    shop.run_jobs().await;
    let named = json!({ "tickets": [order["tickets"][0]["id"]], "reason": "Mưa bão" });
    refund(&shop, &order, named).await;
    let written = super::documents(&shop, &order).await;
    let bytes = printed(&shop, &text(&written[1]["id"])).await;
    let lines = pages(&bytes).concat();
    for line in [
        "Credit note NHL-2026-000002",
        "NHL-2026-000001 of 2026-09-21",
        "Mưa bão",
        "Tax 10 % on 227,273 VND",
        "250,000 VND",
    ] {
        assert!(lines.iter().any(|of| of == line), "{line}: {lines:?}");
    }
    let mut other = identity(true);
    other["footer"] = json!("");
    let path = "/api/v1/auth/me/invoicing";
    let set = shop.t.call("PUT", path, &shop.organizer, Some(other)).await;
    set.expect(200);
    let again = printed(&shop, &text(&written[1]["id"])).await;
    assert_eq!(
        again, bytes,
        "the same bytes, whatever the seller says since"
    );
}

#[tokio::test]
async fn a_guest_prints_what_the_mailed_link_leads_to_and_nothing_else() {
    // P8 O3
    let mut shop = shop(4, true).await;
    let stranger = shop.buy(1).await;
    shop.run_jobs().await;
    let of_stranger = text(&super::documents(&shop, &stranger).await[0]["id"]);
    let body = shop.order_body(&json!([{ "classId": shop.class, "quantity": 1 }]));
    let placed = shop.t.post("/api/v1/guest/orders", "", body).await;
    let placed = placed.expect(201);
    shop.buyer = text(&placed["guestToken"]);
    let link = format!("/guest/{}/papers", shop.buyer);
    let page = async || {
        let page = shop.t.get(&link, "").await;
        assert_eq!(page.status, 200);
        String::from_utf8(page.bytes).expect("text")
    };
    assert!(page().await.contains("nothing to print"));
    pay(&shop, &placed["order"]).await;
    shop.run_jobs().await;
    let admin = shop.t.stored_user(Role::Admin).await;
    let outbox = shop.t.get("/api/v1/notices", &admin).await.expect(200);
    assert!(outbox.to_string().contains("/papers"), "{outbox}");
    let own = text(&super::documents(&shop, &placed["order"]).await[0]["id"]);
    let shown = page().await;
    assert!(
        shown.contains("NHL-2026-000002") && shown.contains(&own),
        "{shown}"
    );
    for (paper, status) in [
        (own.as_str(), 200),
        ("receipt", 200),
        (&of_stranger, 404),
        ("nothing", 404),
    ] {
        let answer = shop.t.get(&format!("{link}/{paper}"), "").await;
        assert_eq!(answer.status, status, "{paper}");
    }
    let forged = shop.t.get("/guest/gho_forged/papers", "").await;
    assert_eq!(forged.status, 404);
}
