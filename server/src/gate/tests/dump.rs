//! The threat row "server DB dump": what a copy of the database is worth without the key that wraps
//! its secrets.

use std::path::Path;

use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::ids::{ClassId, UserId};

use super::site::Site;
use crate::events::model::TicketClass;
use crate::gate::keys;
use crate::platform::db::{DbError, Meta, Tx};
use crate::testing::{NOW, TestApp};

async fn over(database: &Path, kek: &str) -> TestApp {
    let url = format!("sqlite:{}", database.display());
    let environment = [("DATABASE_URL", url.as_str()), ("KEY_ENCRYPTION_KEY", kek)];
    TestApp::with_environment(&environment).await
}

/// A server refuses to start on a database that needs another key (`app.rs` tests that). Whoever has
/// the file takes the note out.
async fn forget_the_note(test: &TestApp) {
    let forget = |tx: &mut Tx<'_>| -> Result<(), DbError> {
        let note = tx.get::<Meta>("kek")?.expect("noted");
        tx.delete(&note)
    };
    test.app.db.write(forget).await.expect("taken out");
    test.app.db.close().await;
}

fn text<'a>(ticket: &'a Value, field: &str) -> &'a str {
    ticket[field].as_str().expect("a text")
}

#[expect(
    clippy::too_many_lines,
    reason = "one story: fill a database, read its file, restore it elsewhere"
)]
#[tokio::test]
async fn server_db_dump_without_the_kek_signs_lists_and_rotates_nothing() {
    // T2 T6 T9
    let dir = tempfile::tempdir().expect("a folder");
    let database = dir.path().join("gatehouse.sqlite");
    let (ours, theirs) = ("5a".repeat(32), "a5".repeat(32));
    let site = Site::over(over(&database, &ours).await, 3).await;
    let ticket = site.claim(0).await;
    let class = ClassId::from_bytes([0xC0; 16]).to_string();
    site.change::<TicketClass>(&class, |class| class.rotating = true)
        .await;
    let turning = site.claim(1).await;
    let page = text(&turning, "pageUrl")
        .strip_prefix("http://gatehouse.test")
        .expect("ours")
        .to_owned();
    let activation = json!({ "generation": 1, "anchor": "5e".repeat(16) });
    let chain = format!("{page}/chain");
    let activated = site.test.post(&chain, "", activation.clone()).await;
    let signed = activated.expect(200)["signed"].clone();
    let held = keys::for_event(&site.test.app, site.event, NOW)
        .await
        .expect("keys");
    let seeds = [
        held.issuing(0).expect("a key").to_bytes(),
        held.issuing(1).expect("a key").to_bytes(),
        held.snapshot.to_bytes(),
        *held.secret(),
    ];
    let body = site.claim_body(2);
    let Site {
        test, event, gates, ..
    } = site;
    forget_the_note(&test).await;
    drop(test);

    // The file itself: no token, code, link, chain or seed, in any of the usual spellings.
    let dump = std::fs::read(&database).expect("the dump");
    let holds = |needle: &[u8]| dump.windows(needle.len()).any(|at| at == needle);
    let code = text(&ticket, "code");
    let link = text(&ticket, "pageUrl").rsplit('/').next().expect("a link");
    for hidden in [
        text(&ticket, "token"),
        code,
        &code.replace('-', ""),
        link,
        page.rsplit('/').next().expect("a link"),
        signed.as_str().expect("hex"),
    ] {
        assert!(!holds(hidden.as_bytes()), "{hidden}");
    }
    for seed in seeds {
        assert!(!holds(&seed));
        assert!(!holds(data_encoding::HEXLOWER.encode(&seed).as_bytes()));
        assert!(!holds(data_encoding::BASE64.encode(&seed).as_bytes()));
    }
    // It is the right file: what is no secret stands there.
    assert!(holds(b"Night of the Open Gates"));

    // Restored by somebody who has another key, and who may be whom he likes.
    let thief = over(&database, &theirs).await;
    let user = |byte| UserId::from_bytes([byte; 16]);
    let attendee = thief.token(user(2), Role::Attendee);
    let organizer = thief.token(user(1), Role::Organizer);
    let admin = thief.token(user(1), Role::Admin);
    let id = text(&ticket, "id");
    let claim = "/api/v1/claimed-tickets/claim";
    let invite = json!({ "name": "Rogue", "gateId": gates[0], "role": "kiosk" });
    let mut answers = vec![
        thief.post(claim, &attendee, body).await,
        thief
            .get(&format!("/api/v1/claimed-tickets/{id}"), &attendee)
            .await,
        thief.get("/api/v1/claimed-tickets", &attendee).await,
        thief
            .get(&format!("/api/v1/claimed-tickets/qr/{id}"), &attendee)
            .await,
        thief.post(&chain, "", activation).await,
    ];
    for caller in [&organizer, &admin] {
        let path = format!("/api/v1/events/{event}/devices");
        answers.push(thief.post(&path, caller, invite.clone()).await);
    }
    for answer in answers {
        let shown = String::from_utf8_lossy(&answer.bytes);
        assert!(answer.status.as_u16() >= 400, "{}: {shown}", answer.status);
        assert!(!shown.contains("token\":\""), "{shown}");
    }
    let error = keys::for_event(&thief.app, event, NOW).await;
    let error = error.expect_err("wrapped under another key").to_string();
    assert!(
        !error.contains(&ours) && !error.contains(&theirs),
        "{error}"
    );
    forget_the_note(&thief).await;
    // With its own key the same file gives the same ticket, digit for digit.
    let restored = over(&database, &ours).await;
    let path = format!("/api/v1/claimed-tickets/{id}");
    let attendee = restored.token(user(2), Role::Attendee);
    assert_eq!(restored.get(&path, &attendee).await.expect(200), ticket);
}
