//! Passkeys, over HTTP, with a device in software.

mod add;
mod enter;
mod tend;

use serde_json::{Value, json};

use super::device::Device;
use crate::orders::fixture::text as string;
use crate::platform::db::Query;
use crate::platform::journal;
use crate::testing::{Answer, TestApp};

const HOST: &str = "tickets.example";
const PASSWORD: &str = "lavender-tram-39";
const LOGIN: &str = "/api/v1/auth/login/passkey";

/// A server with two people.
struct Stage {
    test: TestApp,
    ann: String,
    bob: String,
}

impl Stage {
    async fn set() -> Self {
        let test = TestApp::with_environment(&[("PUBLIC_URL", "https://tickets.example")]).await;
        let mut tokens = Vec::new();
        for name in ["ann", "bob"] {
            let email = format!("{name}@example.org");
            let body = json!({ "email": email, "username": name, "password": PASSWORD });
            test.post("/api/v1/auth/register", "", body)
                .await
                .expect(201);
            tokens.push(log_in(&test, name).await);
        }
        let bob = tokens.pop().expect("a token");
        let ann = tokens.pop().expect("a token");
        Self { test, ann, bob }
    }

    async fn call(&self, path: &str, token: &str, body: Value) -> Answer {
        let path = format!("/api/v1/auth/passkeys{path}");
        self.test.post(&path, token, body).await
    }

    /// What a browser is asked for, of somebody who adds a passkey.
    async fn begun(&self, token: &str) -> Value {
        // So that the limit on passwords is not what is tested.
        self.test.clock.advance(7_000);
        let body = json!({ "password": PASSWORD });
        self.call("", token, body).await.expect(200)
    }

    async fn finish(&self, token: &str, question: &Value, credential: Value) -> Answer {
        let ceremony = &question["ceremony"];
        let body = json!({ "ceremony": ceremony, "name": "Phone", "credential": credential });
        self.call("/finish", token, body).await
    }

    /// Adds the device's passkey, and gives its id.
    async fn add(&self, token: &str, device: &mut Device) -> String {
        let question = self.begun(token).await;
        let credential = device.create(&question);
        let added = self.finish(token, &question, credential).await;
        string(&added.expect(201)["id"])
    }

    async fn asked(&self) -> Value {
        self.test.post(LOGIN, "", json!({})).await.expect(200)
    }

    async fn show(&self, question: &Value, credential: Value) -> Answer {
        let body = json!({ "ceremony": question["ceremony"], "credential": credential });
        let path = format!("{LOGIN}/finish");
        self.test.post(&path, "", body).await
    }

    async fn enter(&self, device: &Device) -> Answer {
        let question = self.asked().await;
        self.show(&question, device.get(&question)).await
    }

    async fn names(&self, token: &str) -> Vec<String> {
        let list = self.test.get("/api/v1/auth/passkeys", token).await;
        let list = list.expect(200);
        let items = list["items"].as_array().expect("a list");
        items.iter().map(|item| string(&item["name"])).collect()
    }

    async fn journal(&self, action: &str) -> Vec<Value> {
        let query = Query::on("by_time");
        let lines = self.test.app.db.list::<journal::Entry>(&query).await;
        let lines = lines.expect("the journal");
        let lines = lines.into_iter().filter(|line| line.value.action == action);
        lines.map(|line| line.value.details.clone()).collect()
    }
}

async fn log_in(test: &TestApp, name: &str) -> String {
    let body = json!({ "username": name, "password": PASSWORD });
    let session = test.post("/api/v1/auth/login", "", body).await.expect(200);
    string(&session["accessToken"])
}

#[track_caller]
fn refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status.as_u16(), 401, "{what}: {}", answer.json());
    let mut body = answer.json();
    assert_eq!(body["code"], "bad_passkey", "{what}");
    let said = body["message"].take();
    let same = "This passkey does not work here, or it took too long. Try again, or log in with your password.";
    assert_eq!(said, same, "{what}");
    assert_eq!(body["details"], json!({}), "{what}");
}
