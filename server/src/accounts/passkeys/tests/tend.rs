//! Renaming, removing, and the end of an account.

use serde_json::{Value, json};
use shared::api::accounts::Role;

use super::{HOST, PASSWORD, Stage, refused};
use crate::accounts::model::Session;
use crate::accounts::passkeys::device::Device;
use crate::accounts::passkeys::model::{Passkey, hash};
use crate::orders::fixture::text as string;
use crate::platform::db::Query;

#[tokio::test]
async fn a_removed_passkey_ends_what_it_began_and_opens_nothing() {
    // A8
    let stage = Stage::set().await;
    let (mut phone, mut key) = (Device::new(1, HOST), Device::new(2, HOST));
    let id = stage.add(&stage.ann, &mut phone).await;
    stage.add(&stage.ann, &mut key).await;
    let own = stage.enter(&phone).await.expect(200);
    let other = stage.enter(&phone).await.expect(200);
    let by_key = stage.enter(&key).await.expect(200);
    let own_token = string(&own["accessToken"]);
    let path = format!("/{id}/remove");
    let wrong = json!({ "password": "not-her-password" });
    let answer = stage.call(&path, &own_token, wrong).await;
    answer.expect_error(422, "wrong_password");
    let right = json!({ "password": PASSWORD });
    // Bob's password says nothing about what is Ann's.
    let answer = stage.call(&path, &stage.bob, right.clone()).await;
    answer.expect(204);
    stage.enter(&phone).await.expect(200);
    let answer = stage.call(&path, &own_token, right.clone()).await;
    answer.expect(204);
    let answer = stage.call(&path, &own_token, right).await;
    answer.expect(204);
    refused(&stage.enter(&phone).await, "removed");
    stage.enter(&key).await.expect(200);
    let refresh = async |session: &Value| {
        let body = json!({ "refreshToken": session["refreshToken"] });
        stage.test.post("/api/v1/auth/refresh", "", body).await
    };
    refresh(&own).await.expect(200);
    refresh(&by_key).await.expect(200);
    refresh(&other).await.expect_error(401, "bad_refresh_token");
    let told = stage.journal("user.passkey_removed").await;
    assert_eq!(told, [json!({ "passkey": id, "sessions": 2 })]);
}

#[tokio::test]
async fn an_erased_account_has_no_passkeys_and_an_export_has_no_keys() {
    // A8, A7
    let stage = Stage::set().await;
    let mut phone = Device::new(1, HOST);
    stage.add(&stage.ann, &mut phone).await;
    stage.enter(&phone).await.expect(200);
    let export = stage.test.get("/api/v1/auth/me/export", &stage.ann).await;
    let export = export.expect(200);
    assert_eq!(export["passkeys"][0]["name"], "Phone");
    let fields = export["passkeys"][0].as_object().expect("an object");
    let fields: Vec<_> = fields.keys().map(String::as_str).collect();
    assert_eq!(fields, ["createdAt", "id", "lastUsedAt", "name"]);
    stage.test.clock.advance(60_000);
    let body = json!({ "password": PASSWORD });
    let erased = stage.test.post("/api/v1/auth/me/erase", &stage.ann, body);
    erased.await.expect(200);
    refused(&stage.enter(&phone).await, "erased");
    let left = stage.test.app.db.get::<Passkey>(&hash(&phone.id)).await;
    assert!(left.expect("read").is_none());
    let query = Query::on("by_expiry");
    let sessions = stage.test.app.db.list::<Session>(&query).await;
    let sessions = sessions.expect("read");
    let open = sessions.iter().filter(|session| session.ended.is_none());
    assert_eq!(open.count(), 1, "Bob's");
}

#[tokio::test]
async fn a_passkey_has_the_name_that_its_owner_gives_it() {
    // A8
    let stage = Stage::set().await;
    let mut phone = Device::new(1, HOST);
    let question = stage.begun(&stage.ann).await;
    let mut body = json!({ "ceremony": question["ceremony"], "name": " ", "credential": phone.create(&question) });
    let answer = stage.call("/finish", &stage.ann, body.clone()).await;
    answer.expect_error(400, "validation");
    // The ceremony was not spent by that.
    body["name"] = json!(" Ann's phone ");
    let added = stage.call("/finish", &stage.ann, body).await.expect(201);
    assert_eq!(added["name"], "Ann's phone");
    let path = format!("/api/v1/auth/passkeys/{}", string(&added["id"]));
    let rename = async |token: &str, name: &str| {
        let body = Some(json!({ "name": name }));
        stage.test.call("PATCH", &path, token, body).await
    };
    rename(&stage.bob, "Mine")
        .await
        .expect_error(404, "not_found");
    for bad in ["", "A\u{202E}B", &"x".repeat(61)] {
        let answer = rename(&stage.ann, bad).await;
        answer.expect_error(400, "validation");
    }
    rename(&stage.ann, &"ệ".repeat(60)).await.expect(200);
    assert_eq!(stage.names(&stage.ann).await, ["ệ".repeat(60)]);
    stage.enter(&phone).await.expect(200);
}

#[tokio::test]
async fn who_proves_the_mailbox_has_no_strangers_passkeys() {
    // A8, A7: whoever registers somebody else's address keeps no key to the account.
    let stage = Stage::set().await;
    let (mut strangers, mut own) = (Device::new(1, HOST), Device::new(2, HOST));
    stage.add(&stage.ann, &mut strangers).await;
    stage.add(&stage.bob, &mut own).await;
    let test = &stage.test;
    let verify = json!({ "token": mailed(&stage, "bob", "/account/verify/").await });
    let verified = test.post("/api/v1/auth/verify-email", "", verify).await;
    verified.expect(204);
    for name in ["ann", "bob"] {
        let forgot = json!({ "email": format!("{name}@example.org") });
        let asked = test.post("/api/v1/auth/password/forgot", "", forgot).await;
        asked.expect(202);
        let token = mailed(&stage, name, "/account/reset/").await;
        let reset = json!({ "token": token, "password": "violet-harbour-77" });
        let reset = test.post("/api/v1/auth/password/reset", "", reset).await;
        reset.expect(204);
    }
    refused(&stage.enter(&strangers).await, "a stranger's");
    stage.enter(&own).await.expect(200);
}

/// The end of the newest mailed link of that kind.
async fn mailed(stage: &Stage, name: &str, link: &str) -> String {
    stage.test.app.runner().run_due().await.expect("jobs");
    let admin = stage.test.stored_user(Role::Admin).await;
    let outbox = stage.test.get("/api/v1/notices?limit=200", &admin).await;
    let outbox = outbox.expect(200);
    let address = format!("{name}@example.org");
    let mails = outbox["items"].as_array().expect("a list");
    let mails = mails.iter().filter(|mail| mail["recipient"] == address);
    let mut links = mails.filter_map(|mail| mail["text"].as_str()?.split_once(link));
    let end = links.next().expect("a link").1;
    end.split_whitespace().next().expect("a token").to_owned()
}
