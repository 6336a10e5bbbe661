//! Who did what, over HTTP; and a journal that somebody changed in the database's file.

use std::path::Path;

use axum::http::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::journal::{Expected, Fault, Line, Report, Verifier};

use super::{check, public_key, seal_due};
use crate::orders::fixture::{Shop, text};
use crate::platform::db::{Db, DbError, Query};
use crate::platform::journal::Entry;
use crate::router::{ACCESS, leaves_trace};
use crate::testing::TestApp;

/// What changes something and leaves no entry by its route alone, and why.
const NOT_ACTS: &[(&str, &[&str])] = &[
    (
        "the use case records it: nobody is known before it",
        &[
            "POST /auth/register",
            "POST /auth/login",
            "POST /auth/login/passkey",
            "POST /auth/login/passkey/finish",
            "POST /auth/refresh",
            "POST /auth/logout",
            "POST /auth/verify-email",
            "POST /auth/password/forgot",
            "POST /auth/password/reset",
            "POST /organizations/join",
            "POST /guest/orders",
            "POST /guest/orders/find",
            "POST /gate/enrolment/challenge",
            "POST /gate/enrolment",
        ],
    ),
    (
        "kept with its signature",
        &[
            "POST /gate/sync",
            "POST /gate/segments",
            "POST /gate/scan-keys",
            "POST /gate/answers",
            "POST /gate/checkpoint",
            "POST /payments/webhook",
            "POST /payments/webhook/demo",
            "POST /payments/webhook/payos",
            "POST /payments/webhook/stripe",
            "POST /payments/webhook/stripe/{organizationId}",
            "POST /payments/webhook/payos/{organizationId}",
            "POST /payments/demo/{id}/pay",
            "POST /payments/demo/{id}/decline",
        ],
    ),
    (
        "people's own orders and tickets tell it themselves",
        &[
            "POST /orders",
            "POST /orders/{id}/cancel",
            "POST /payments",
            "POST /claimed-tickets/claim",
            "POST /claimed-tickets/{id}/pre-check-in",
            "POST /claimed-tickets/{id}/transfers",
            "POST /transfers/{id}/accept",
            "POST /transfers/{id}/decline",
            "POST /transfers/{id}/withdraw",
            "POST /events/{id}/waitlist/join",
            "DELETE /waitlist/{waitId}",
        ],
    ),
];

#[test]
fn every_route_that_changes_something_is_an_act_or_says_why_not() {
    // N9
    let mut excused: Vec<_> = NOT_ACTS.iter().flat_map(|(_, rows)| *rows).collect();
    for (method, path, access) in ACCESS {
        let row = format!("{method} {path}");
        let place = excused.iter().position(|excuse| **excuse == row);
        if let Some(place) = place {
            excused.swap_remove(place);
        }
        let changes = *method != Method::GET;
        let is_told = leaves_trace(method, *access) || place.is_some();
        assert!(!changes || is_told, "{row} leaves no trace");
        let is_once = !(leaves_trace(method, *access) && place.is_some());
        assert!(is_once, "{row} needs no excuse");
    }
    assert!(excused.is_empty(), "no such routes: {excused:?}");
}

async fn journal(t: &TestApp) -> Vec<Entry> {
    let query = Query::on("by_time").limit(10_000);
    let rows = t.app.db.list::<Entry>(&query).await.expect("a journal");
    rows.into_iter().map(|row| row.value).collect()
}

#[tokio::test]
async fn what_an_organizer_does_is_in_the_journal_with_the_rows_it_changed() {
    // N9
    let shop = Shop::open(5).await;
    let event = format!("/api/v1/events/{}", shop.event);
    let class = format!("/ticket-classes/{}", shop.class);
    let acts = [
        ("PATCH", "", json!({ "title": "Night of Winds" })),
        ("POST", "/gates", json!({ "name": "North" })),
        ("PUT", "/check-in", json!({})),
        ("PATCH", &*class, json!({ "maxPerOrder": 3 })),
        (
            "POST",
            "/vouchers",
            json!({ "code": "SECRETHUSH", "unlocks": true }),
        ),
        ("PUT", "/transfer-rules", json!({ "allowed": true })),
        ("POST", "/cancel", json!({ "reason": "Storm" })),
    ];
    let mut walked = 0;
    for (method, path, body) in acts {
        // Entries of one moment are in no order.
        shop.t.clock.advance(1_000);
        let before = journal(&shop.t).await.len();
        let url = format!("{event}{path}");
        let answer = shop.t.call(method, &url, &shop.organizer, Some(body)).await;
        if !answer.status.is_success() {
            // A body that has changed since is not what this is about.
            answer.expect_error(400, "validation");
            assert_eq!(
                journal(&shop.t).await.len(),
                before,
                "a refusal changes nothing"
            );
            continue;
        }
        walked += 1;
        let entries = journal(&shop.t).await;
        let entry = entries.last().expect("an entry");
        assert_eq!(entries.len(), before + 1, "{method} {path}: {entry:?}");
        let via = entry.via.clone().unwrap_or_default();
        assert!(
            via.starts_with(&format!("{method} /events/{{id}}")),
            "{via}"
        );
        assert_eq!(entry.scope, Some(format!("event/{}", shop.event)));
        assert!(entry.actor.to_string().starts_with("user/"));
        assert!(!entry.changes.is_empty(), "{via}");
    }
    assert!(walked >= 5, "{walked}");
    let list = shop
        .t
        .get(&format!("{event}/journal"), &shop.organizer)
        .await;
    let list = list.expect(200);
    let newest = &list["items"][0];
    assert_eq!(newest["action"], "event.cancelled", "{newest}");
    let of_event = format!("events/{}", shop.event);
    let changes = newest["changes"].as_array().expect("changes");
    let event_row = changes
        .iter()
        .find(|change| change["of"] == json!(of_event));
    let event_row = event_row.expect("the event's row");
    assert_ne!(event_row["before"], event_row["after"]);
    assert!(!list.to_string().contains("HUSH"), "no codes: {list}");
    let stranger = shop.t.token_for(Role::Organizer);
    let other = shop.t.get(&format!("{event}/journal"), &stranger).await;
    other.expect_error(404, "not_found");
}

#[tokio::test]
async fn administrators_find_entries_by_who_what_and_when() {
    // N9
    let shop = Shop::open(5).await;
    let admin = shop.t.token_for(Role::Admin);
    let all = shop.t.get("/api/v1/journal", &admin).await.expect(200);
    let all = all["items"].as_array().expect("entries").clone();
    let published = "POST%20/events/%7Bid%7D/publish";
    let found = shop
        .t
        .get(&format!("/api/v1/journal?action={published}"), &admin)
        .await;
    let found = found.expect(200);
    let items = found["items"].as_array().expect("entries");
    assert_eq!(items.len(), 1, "{found}");
    let actor = text(&items[0]["actor"]["id"]);
    let by_actor = shop
        .t
        .get(&format!("/api/v1/journal?actor={actor}"), &admin)
        .await;
    let by_actor = by_actor.expect(200);
    let theirs = |entry: &&Value| entry["actor"]["id"] == json!(actor);
    let expected = all.iter().filter(theirs).count();
    assert_eq!(by_actor["items"].as_array().map(Vec::len), Some(expected));
    let later = shop
        .t
        .get("/api/v1/journal?from=2027-01-01T00:00:00Z", &admin)
        .await;
    assert_eq!(later.expect(200)["items"], json!([]));
    let refused = shop.t.get("/api/v1/journal", &shop.organizer).await;
    refused.expect_error(403, "forbidden");
}

#[tokio::test]
async fn the_export_is_verified_by_whoever_knows_the_key() {
    // N9
    let shop = Shop::open(2).await;
    shop.buy(1).await;
    let admin = shop.t.token_for(Role::Admin);
    seal_due(&shop.t.app).await.expect("sealed");
    let head = shop.t.get("/api/v1/journal/head", &admin).await.expect(200);
    assert_eq!(
        (&head["number"], &head["unsealed"]),
        (&json!(0), &json!(0)),
        "{head}"
    );
    let export = shop.t.get("/api/v1/journal/export", &admin).await;
    assert_eq!(export.status, 200);
    let seen = Expected {
        number: 0,
        hash: text(&head["hash"]),
    };
    let verify = |lines: &[String]| -> Report {
        let mut verifier = Verifier::new(Some(text(&head["key"])), Some(seen.clone()));
        for line in lines {
            verifier.line(line);
        }
        verifier.finish()
    };
    let lines = String::from_utf8(export.bytes).expect("text");
    let lines: Vec<_> = lines.lines().map(str::to_owned).collect();
    let report = verify(&lines);
    assert!(report.is_clean(), "{report}");
    assert_eq!(json!(report.sealed), head["sealed"]);
    assert_eq!(report.unsealed, 1, "the export itself");
    let mut tampered = lines.clone();
    tampered[2] = tampered[2].replace("\"action\":\"", "\"action\":\"not.");
    assert_ne!(tampered, lines);
    let Ok(Line::Entry(first)) = serde_json::from_str(&lines[2]) else {
        panic!("an entry");
    };
    let altered = Fault::Altered {
        seq: 1,
        id: first.id,
    };
    assert_eq!(verify(&tampered).faults, [altered]);
}

/// A sealed journal in a file: eight entries, three seals.
async fn sealed(file: &Path) -> (String, Expected, Vec<Entry>) {
    let url = format!("sqlite:{}", file.display());
    let t = TestApp::with_environment(&[("DATABASE_URL", &url)]).await;
    let organizer = t.stored_user(Role::Organizer).await;
    for number in 0..8 {
        let name = json!({ "name": format!("House {number}") });
        t.post("/api/v1/organizations", &organizer, name)
            .await
            .expect(201);
        if number % 3 == 2 || number == 7 {
            seal_due(&t.app).await.expect("sealed");
        }
        t.clock.advance(1_000);
    }
    let admin = t.token_for(Role::Admin);
    let head = t.get("/api/v1/journal/head", &admin).await.expect(200);
    let seen = Expected {
        number: head["number"].as_u64().expect("a number"),
        hash: text(&head["hash"]),
    };
    let entries = journal(&t).await;
    t.app.db.close().await;
    (public_key(&t.app.vault), seen, entries)
}

/// What the verifier says after these statements were run on a copy of the file.
async fn after(file: &Path, sql: &str, key: &str, seen: &Expected) -> Result<Report, DbError> {
    let copy = file.with_extension("copy");
    std::fs::copy(file, &copy).expect("copied");
    let connection = Connection::open(&copy).expect("opened");
    connection.execute_batch(sql).expect("tampered with");
    drop(connection);
    let db = Db::open(&format!("sqlite:{}", copy.display())).await?;
    let report = check(&db, Some(key.to_owned()), Some(seen.clone())).await;
    db.close().await;
    report
}

#[tokio::test]
async fn tampering_with_the_database_file_is_found_and_named() {
    // N9
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("journal.sqlite");
    let (key, seen, entries) = sealed(&file).await;
    let (fourth, fifth) = (&entries[3], &entries[4]);
    let whole = after(&file, "", &key, &seen).await.expect("read");
    assert!(whole.is_clean(), "{whole}");
    assert_eq!((whole.sealed, whole.seals), (entries.len() as u64, 3));
    let first_fault = async |sql: String| {
        let report = after(&file, &sql, &key, &seen).await.expect("read");
        report.faults.first().cloned()
    };
    let (id, seq) = (fifth.id, fifth.seq.expect("sealed"));
    let altered =
        format!("UPDATE journal SET body = replace(body, 'founded', 'renamed') WHERE id = '{id}'");
    assert_eq!(first_fault(altered).await, Some(Fault::Altered { seq, id }));
    let removed = format!("DELETE FROM journal WHERE id = '{id}'");
    assert_eq!(first_fault(removed).await, Some(Fault::Removed { seq, id }));
    // Hidden among what is not sealed yet.
    let hidden = format!("UPDATE journal SET seq = NULL WHERE id = '{id}'");
    assert_eq!(first_fault(hidden).await, Some(Fault::Removed { seq, id }));
    let forged = "01900000-0000-7000-8000-000000000001";
    let inserted = format!(
        "INSERT INTO journal (id, rev, body, at, subject, action, actor, scope, seq) \
         SELECT '{forged}', 1, replace(body, '{id}', '{forged}'), at, subject, action, actor, scope, seq \
         FROM journal WHERE id = '{id}'"
    );
    let stranger = Fault::Inserted {
        id: forged.parse().expect("an id"),
    };
    assert_eq!(first_fault(inserted).await, Some(stranger));
    let place = fourth.seq.expect("sealed");
    let swapped = format!(
        "UPDATE journal SET body = json_set(body, '$.seq', {seq}), seq = {seq} WHERE id = '{}'; \
         UPDATE journal SET body = json_set(body, '$.seq', {place}), seq = {place} WHERE id = '{id}'",
        fourth.id
    );
    let moved = Fault::Moved {
        seq: place,
        id: fourth.id,
        stands_at: Some(seq),
    };
    assert_eq!(first_fault(swapped).await, Some(moved));
    let seal = "DELETE FROM journal_seals WHERE id LIKE '%1'";
    let fault = first_fault(seal.to_owned()).await;
    assert_eq!(fault, Some(Fault::SealMissing { number: 1 }));
    let cut = "DELETE FROM journal_seals WHERE id LIKE '%2'; DELETE FROM journal WHERE seq >= 6";
    let lost = Fault::HeadLost { number: 2 };
    assert!(
        after(&file, cut, &key, &seen)
            .await
            .expect("read")
            .faults
            .contains(&lost)
    );
}
