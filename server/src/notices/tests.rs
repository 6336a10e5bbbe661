//! The outbox and what readers choose, over HTTP.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::api::notices::Topic;
use shared::ids::EventId;

use super::{Mail, Outgoing, holders, muted};
use crate::orders::fixture::Shop;
use crate::testing::{NOW, TestApp};

async fn post(test: &TestApp, about: &str, to: &str, mail: Mail) {
    let mail = Outgoing::new(&test.app, about.to_owned(), to, mail, NOW);
    test.app
        .db
        .write(move |tx| {
            mail.post(tx)?;
            // A job that runs again writes nothing new.
            mail.post(tx)
        })
        .await
        .expect("posted");
}

#[tokio::test]
async fn without_a_mail_server_administrators_read_the_mails() {
    // N2
    let test = TestApp::new().await;
    let name = "Ann".to_owned();
    post(
        &test,
        "password_changed:1",
        "Ann@Example.org",
        Mail::PasswordChanged { name },
    )
    .await;
    assert!(
        test.app.jobs.is_clean().await.expect("counted"),
        "nothing leaves"
    );
    let admin = test.stored_user(Role::Admin).await;
    let outbox = test.get("/api/v1/notices", &admin).await.expect(200);
    let mails = outbox["items"].as_array().expect("a list");
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["recipient"], "ann@example.org");
    assert_eq!(mails[0]["status"], "KEPT");
    assert_eq!(mails[0]["template"], "password_changed");
    assert!(
        mails[0]["text"]
            .as_str()
            .expect("text")
            .starts_with("Hello Ann,")
    );
    let other = test.stored_user(Role::Organizer).await;
    test.get("/api/v1/notices", &other)
        .await
        .expect_error(403, "forbidden");
}

#[tokio::test]
async fn every_template_can_be_previewed_in_both_forms() {
    // N2
    let test = TestApp::new().await;
    let admin = test.stored_user(Role::Admin).await;
    let list = test
        .get("/api/v1/notices/templates", &admin)
        .await
        .expect(200);
    let templates = list["items"].as_array().expect("a list");
    assert_eq!(templates.len(), Mail::samples().len());
    for template in templates {
        let name = template["name"].as_str().expect("a name");
        let path = format!("/api/v1/notices/templates/{name}/preview");
        let shown = test.get(&path, &admin).await.expect(200);
        assert_eq!(shown["subject"], template["subject"], "{name}");
        let both = [&shown["text"], &shown["html"]].map(|face| face.as_str().unwrap_or_default());
        let stops = both.map(|face| face.contains("/unsubscribe/"));
        assert_eq!(stops, [!template["topic"].is_null(); 2], "{name}");
        assert!(
            both[1].starts_with("<!DOCTYPE html>") && !both[0].contains('<'),
            "{name}"
        );
    }
    let nowhere = "/api/v1/notices/templates/nothing/preview";
    test.get(nowhere, &admin)
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn one_click_stops_mails_of_one_kind_and_a_look_does_not() {
    // N2, A7
    let test = TestApp::new().await;
    let token = muted::token(&test.app.vault, "Ann@Example.org", Topic::Reminders);
    let path = format!("/unsubscribe/{token}");
    let is_muted = async |topic| muted::is_muted(&test.app.db, "ann@example.org", topic).await;
    let page = test.get(&path, "").await;
    assert_eq!(page.status, 200);
    assert!(
        !is_muted(Topic::Reminders).await.expect("read"),
        "only a look"
    );
    let click = Request::post(&path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from("List-Unsubscribe=One-Click"))
        .expect("a request");
    assert_eq!(test.send(click).await.status, 200);
    assert!(is_muted(Topic::Reminders).await.expect("read"));
    assert!(!is_muted(Topic::EventChanges).await.expect("read"));
    let again = test.call("POST", &path, "", None).await;
    assert_eq!(again.status, 200, "a second click is no fault");
    for forged in [format!("{path}A"), "/unsubscribe/AAAA".to_owned()] {
        assert_eq!(test.get(&forged, "").await.status, 404);
        assert_eq!(test.call("POST", &forged, "", None).await.status, 404);
    }
}

#[tokio::test]
async fn the_outbox_lies_in_the_database_without_secrets() {
    // N2, A7
    let test = TestApp::new().await;
    let event = EventId::from_bytes([1; 16]);
    let (title, when) = ("Night".to_owned(), "tomorrow".to_owned());
    let mail = Mail::EventSoon { event, title, when };
    post(&test, "soon:1", "ann@example.org", mail).await;
    let token = shared::ids::OneTimeId::from_bytes([9; 16]);
    let name = "Ann".to_owned();
    post(
        &test,
        "reset:1",
        "ann@example.org",
        Mail::ResetPassword { name, token },
    )
    .await;
    let query = crate::platform::db::Query::on("by_time");
    let rows = test
        .app
        .db
        .list::<super::Notice>(&query)
        .await
        .expect("read");
    let text = rows
        .iter()
        .map(|row| serde_json::to_string(&row.value).expect("JSON"));
    let text: String = text.collect();
    let secret = test.app.vault.token("reset", token.as_bytes());
    assert!(!text.contains(&secret), "{text}");
    let admin = test.stored_user(Role::Admin).await;
    let outbox: Value = test.get("/api/v1/notices", &admin).await.expect(200);
    assert!(
        outbox.to_string().contains(&secret),
        "kept mails are read whole"
    );
}

/// Which mails there are to an address, by the names of their templates.
async fn mails(shop: &Shop, to: &str) -> Vec<&'static str> {
    shop.run_jobs().await;
    let query = crate::platform::db::Query::on("by_recipient").eq(to);
    let mails = shop.t.app.db.list::<super::Notice>(&query).await;
    let mails = mails.expect("read").into_iter();
    mails.map(|notice| notice.mail.name()).collect()
}

#[tokio::test]
async fn holders_are_told_news_changes_and_that_it_is_near_once_each() {
    // E16
    let shop = Shop::open(3).await;
    let order = shop.buy(2).await;
    let attendee = json!({ "name": "Bob", "email": "Bob@example.org" });
    let claim = json!({ "ticketId": order["tickets"][0]["id"], "attendee": attendee });
    let path = "/api/v1/claimed-tickets/claim";
    shop.t.post(path, &shop.buyer, claim).await.expect(201);
    let bob = "bob@example.org";
    assert!(mails(&shop, bob).await.is_empty());

    let path = format!("/api/v1/events/{}/announcements", shop.event);
    let words = json!({ "words": "Doors open late.\nUse the north gate." });
    let said = shop.t.post(&path, &shop.organizer, words.clone()).await;
    let said = said.expect(202);
    assert!(
        said["text"]
            .as_str()
            .is_some_and(|text| text.starts_with("Doors open late."))
    );
    shop.t
        .post(&path, &shop.buyer, words)
        .await
        .expect_error(404, "not_found");
    let empty = json!({ "words": " " });
    shop.t
        .post(&path, &shop.organizer, empty)
        .await
        .expect_error(400, "validation");
    assert_eq!(mails(&shop, bob).await, ["event_news"]);
    let ann = mails(&shop, "ann@example.org").await;
    assert_eq!(
        ann.iter().filter(|name| **name == "event_news").count(),
        1,
        "{ann:?}"
    );

    // A new title is no news; another date is.
    let event = format!("/api/v1/events/{}", shop.event);
    for (change, count) in [
        (json!({ "description": "Five quartets." }), 1),
        (json!({ "endDate": "2026-10-12T17:00:00Z" }), 2),
    ] {
        let edited = shop
            .t
            .call("PATCH", &event, &shop.organizer, Some(change))
            .await;
        edited.expect(200);
        assert_eq!(mails(&shop, bob).await.len(), count);
    }
    let list = shop.t.get(&path, &shop.organizer).await;
    assert_eq!(list.expect(200)["items"].as_array().map(Vec::len), Some(2));

    holders::remind(&shop.t.app).await.expect("looked");
    assert_eq!(mails(&shop, bob).await.len(), 2, "three weeks are not near");
    shop.t
        .clock
        .set("2026-10-11T13:00:00Z".parse().expect("a time"));
    for _ in 0..2 {
        holders::remind(&shop.t.app).await.expect("looked");
        let told = mails(&shop, bob).await;
        let near = told.iter().filter(|name| **name == "event_soon");
        assert_eq!((near.count(), told.len()), (1, 3), "{told:?}");
    }
}
