//! A series over HTTP: made, changed from a date on, one date called off.

use serde_json::{Value, json};

use crate::orders::fixture::{Shop, text};
use crate::testing::Answer;

async fn call(shop: &Shop, method: &str, path: &str, body: Value) -> Answer {
    let path = format!("/api/v1{path}");
    shop.t
        .call(method, &path, &shop.organizer, Some(body))
        .await
}

/// The shop's event every Monday, four times in all.
async fn series(shop: &Shop) -> (String, Vec<String>) {
    let wanted = json!({ "eventId": shop.event, "weekly": { "count": 3 } });
    let series = call(shop, "POST", "/series", wanted).await.expect(201);
    let dates = series["dates"].as_array().expect("dates").iter();
    let ids = dates.map(|date| text(&date["eventId"])).collect();
    (text(&series["id"]), ids)
}

fn all<'a>(series: &'a Value, field: &str) -> Vec<&'a str> {
    let dates = series["dates"].as_array().expect("dates").iter();
    dates
        .map(|date| date[field].as_str().expect("a text"))
        .collect()
}

#[tokio::test]
async fn a_series_has_its_dates_with_their_own_classes_and_gates() {
    // E17
    let shop = Shop::open(3).await;
    let gate = json!({ "name": "North" });
    let gates = format!("/events/{}/gates", shop.event);
    call(&shop, "POST", &gates, gate).await.expect(201);
    let (id, dates) = series(&shop).await;
    assert_eq!(dates[0], shop.event);
    let shown = call(&shop, "GET", &format!("/series/{id}"), json!({}))
        .await
        .expect(200);
    assert_eq!(
        all(&shown, "startDate"),
        [
            "2026-10-12T12:00:00.000Z",
            "2026-10-19T12:00:00.000Z",
            "2026-10-26T12:00:00.000Z",
            "2026-11-02T12:00:00.000Z",
        ]
    );
    assert_eq!(
        all(&shown, "status"),
        ["PUBLISHED", "DRAFT", "DRAFT", "DRAFT"]
    );
    let second = format!("/api/v1/events/{}", dates[1]);
    let second = shop.t.get(&second, &shop.organizer).await.expect(200);
    assert_eq!(second["seriesId"], json!(id));
    assert_eq!(second["classes"][0]["name"], "General");
    assert_eq!(second["gates"][0]["name"], "North");
    let stats = format!("/api/v1/issued-tickets/stats/{}", dates[1]);
    let stats = shop.t.get(&stats, &shop.organizer).await.expect(200);
    assert_eq!(stats["classes"][0]["total"], 0, "stock is each date's own");
    let more = json!({ "dates": ["2026-12-24T17:00:00Z"], "weekly": { "count": 1 } });
    let more = call(&shop, "POST", &format!("/series/{id}/dates"), more)
        .await
        .expect(201);
    let starts = all(&more, "startDate");
    assert_eq!(
        starts[4..],
        ["2026-11-09T12:00:00.000Z", "2026-12-24T17:00:00.000Z"]
    );
    let published = call(&shop, "POST", &format!("/series/{id}/publish"), json!({})).await;
    assert_eq!(all(&published.expect(200), "status"), ["PUBLISHED"; 6]);
    let mine = call(&shop, "GET", "/series", json!({})).await.expect(200);
    assert_eq!(mine["items"][0]["id"], json!(id));
    let again = json!({ "eventId": dates[1], "weekly": { "count": 1 } });
    let refused = call(&shop, "POST", "/series", again).await;
    refused.expect_error(409, "in_series");
    for body in [
        json!({ "dates": [] }),
        json!({ "weekly": { "count": 100 } }),
    ] {
        let refused = call(&shop, "POST", &format!("/series/{id}/dates"), body).await;
        refused.expect_error(400, "validation");
    }
    let path = format!("/api/v1/series/{id}");
    shop.t
        .get(&path, &shop.buyer)
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn one_date_and_all_after_it_change_together_or_not_at_all() {
    // E17
    let shop = Shop::open(3).await;
    let (id, dates) = series(&shop).await;
    let path = format!("/series/{id}/events");
    let changes = json!({ "from": dates[2], "title": "Winter Strings", "moveMinutes": -30 });
    let changed = call(&shop, "PATCH", &path, changes).await.expect(200);
    let titles = all(&changed, "title");
    assert_eq!(titles[1..3], ["Night of Strings", "Winter Strings"]);
    let starts = all(&changed, "startDate");
    assert_eq!(
        starts[1..3],
        ["2026-10-19T12:00:00.000Z", "2026-10-26T11:30:00.000Z"]
    );
    let price = json!({
        "from": dates[1], "className": "General",
        "changes": {
            "price": { "amount": 300_000, "currency": "VND" },
            "terms": { "saleUntil": "2026-10-18T12:00:00Z" },
        },
    });
    let classes = format!("/series/{id}/ticket-classes");
    call(&shop, "PATCH", &classes, price).await.expect(200);
    let class = async |date: &str| {
        let event = shop
            .t
            .get(&format!("/api/v1/events/{date}"), &shop.organizer)
            .await;
        event.expect(200)["classes"][0].clone()
    };
    assert_eq!(class(&dates[0]).await["basePrice"]["amount"], 250_000);
    let second = class(&dates[1]).await;
    assert_eq!(second["basePrice"]["amount"], 300_000);
    assert_eq!(second["terms"]["saleUntil"], "2026-10-18T12:00:00.000Z");
    let last = class(&dates[3]).await;
    assert_eq!(
        last["terms"]["saleUntil"], "2026-11-01T11:30:00.000Z",
        "it moves with the start"
    );
    // One date has more stock than the new capacity: nothing changes anywhere.
    let too_small = json!({ "from": dates[0], "capacity": 2 });
    let refused = call(&shop, "PATCH", &path, too_small).await;
    refused.expect_error(409, "capacity_exceeded");
    let last = shop
        .t
        .get(&format!("/api/v1/events/{}", dates[3]), &shop.organizer)
        .await;
    assert_eq!(last.expect(200)["capacity"], 200_000);
    let elsewhere = json!({ "from": id, "title": "x" });
    let refused = call(&shop, "PATCH", &path, elsewhere).await;
    refused.expect_error(404, "not_found");
}

#[tokio::test]
async fn one_date_is_called_off_and_the_others_stand() {
    // E17, E4
    let shop = Shop::open(3).await;
    let (id, dates) = series(&shop).await;
    let order = text(&shop.buy(1).await["id"]);
    call(&shop, "POST", &format!("/series/{id}/publish"), json!({}))
        .await
        .expect(200);
    let cancel = format!("/events/{}/cancel", dates[1]);
    call(&shop, "POST", &cancel, json!({ "reason": "Illness" }))
        .await
        .expect(202);
    shop.run_jobs().await;
    let shown = call(&shop, "GET", &format!("/series/{id}"), json!({}))
        .await
        .expect(200);
    assert_eq!(
        all(&shown, "status"),
        ["PUBLISHED", "CANCELLED", "PUBLISHED", "PUBLISHED"]
    );
    assert_eq!(
        shop.order_now(&order).await["status"],
        "PAID",
        "another date's"
    );
    let path = format!("/series/{id}/events");
    let changes = json!({ "from": dates[0], "title": "On Tour" });
    let changed = call(&shop, "PATCH", &path, changes).await.expect(200);
    let titles = all(&changed, "title");
    assert_eq!(
        titles,
        ["On Tour", "Night of Strings", "On Tour", "On Tour"]
    );
}

#[tokio::test]
async fn a_date_that_is_given_away_leaves_the_series() {
    // E17, A9: the last, then the first, then all the others
    let shop = Shop::open(3).await;
    let (id, dates) = series(&shop).await;
    let event = async |date: &str, by: &str| {
        let path = format!("/api/v1/events/{date}");
        shop.t.get(&path, by).await.expect(200)
    };
    let edit = json!({ "from": dates[1], "title": "On Tour" });
    let path = format!("/series/{id}/events");
    let (_, next) = shop.give_away(&dates[3]).await;
    let changed = call(&shop, "PATCH", &path, edit.clone()).await.expect(200);
    assert_eq!(
        all(&changed, "title"),
        ["Night of Strings", "On Tour", "On Tour"]
    );
    let given = event(&dates[3], &next).await;
    assert_eq!(
        (&given["title"], &given["seriesId"]),
        (&json!("Night of Strings"), &Value::Null)
    );
    let class = json!({ "from": dates[0], "className": "General",
        "changes": { "price": { "amount": 1, "currency": "VND" } } });
    let classes = format!("/series/{id}/ticket-classes");
    let (_, other) = shop.give_away(&dates[0]).await;
    let from_first = call(&shop, "PATCH", &classes, class.clone()).await;
    from_first.expect_error(404, "not_found");
    let stranger = shop.t.get(&format!("/api/v1/series/{id}"), &other).await;
    stranger.expect_error(404, "not_found");
    let published = call(&shop, "POST", &format!("/series/{id}/publish"), json!({})).await;
    assert_eq!(all(&published.expect(200), "status"), ["PUBLISHED"; 2]);
    for (date, by) in [(&dates[3], &next), (&dates[0], &other)] {
        let event = event(date, by).await;
        assert_eq!(event["classes"][0]["basePrice"]["amount"], 250_000);
    }
    assert_eq!(event(&dates[3], &next).await["status"], "DRAFT");
    // The others are laid out like the date that is the first now.
    let more = json!({ "weekly": { "count": 1 } });
    let more = call(&shop, "POST", &format!("/series/{id}/dates"), more).await;
    let more = more.expect(201);
    assert_eq!(all(&more, "title"), ["On Tour"; 3]);
    for date in all(&more, "eventId") {
        shop.give_away(date).await;
    }
    let gone = call(&shop, "GET", &format!("/series/{id}"), json!({})).await;
    gone.expect_error(404, "not_found");
    let mine = call(&shop, "GET", "/series", json!({})).await.expect(200);
    assert_eq!(mine["items"], json!([]));
}
