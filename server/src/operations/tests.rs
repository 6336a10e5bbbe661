//! The console over HTTP.

use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::ids::JobId;

use crate::platform::breaker::State;
use crate::platform::db::DbError;
use crate::platform::jobs::{Job, JobStatus, Priority};
use crate::testing::{NOW, TestApp};

fn job(seed: u8, kind: &str, status: JobStatus) -> Job {
    Job {
        id: JobId::new(NOW, [seed; 10]),
        kind: kind.to_owned(),
        payload: json!({ "refundId": "x" }),
        run_at: NOW.plus_secs(600),
        priority: Priority::Normal,
        dedupe_key: None,
        status,
        attempts: 10,
        holder: None,
        last_error: Some("the gateway's answer is unclear".to_owned()),
    }
}

async fn with(jobs: Vec<Job>) -> (TestApp, String) {
    let test = TestApp::new().await;
    let put: Result<(), DbError> = test.app.db.write(move |tx| tx.insert_all(&jobs)).await;
    put.expect("stored");
    let admin = test.token_for(Role::Admin);
    (test, admin)
}

fn kinds(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("a list").iter();
    items
        .map(|job| job["kind"].as_str().expect("a kind"))
        .collect()
}

#[tokio::test]
async fn dead_letters_are_seen_and_live_again() {
    // H3
    let dead = job(1, "payments.pay_back", JobStatus::Dead { at: NOW });
    let id = dead.id;
    let (test, admin) = with(vec![dead, job(2, "mail.order_paid", JobStatus::Queued)]).await;
    let counts = test.get("/api/v1/jobs/counts", &admin).await.expect(200);
    assert_eq!(counts, json!({ "live": 1, "dead": 1 }));
    let list = test.get("/api/v1/jobs?dead=true", &admin).await.expect(200);
    assert_eq!(kinds(&list), ["payments.pay_back"]);
    let seen = &list["items"][0];
    assert_eq!(
        (&seen["state"], &seen["attempts"], &seen["lastError"]),
        (
            &json!("DEAD"),
            &json!(10),
            &json!("the gateway's answer is unclear")
        )
    );
    let retry = format!("/api/v1/jobs/{id}/retry");
    let again = test.post(&retry, &admin, json!({})).await.expect(200);
    assert_eq!(
        (&again["state"], &again["attempts"]),
        (&json!("QUEUED"), &json!(0))
    );
    let list = test.get("/api/v1/jobs", &admin).await.expect(200);
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    let list = test.get("/api/v1/jobs?kind=mail.order_paid", &admin).await;
    assert_eq!(kinds(&list.expect(200)), ["mail.order_paid"]);
}

#[tokio::test]
async fn what_waits_is_due_now_and_what_runs_is_left_alone() {
    // H3
    let lease_until = NOW.plus_secs(60);
    let running = job(1, "a.running", JobStatus::Running { lease_until });
    let waiting = job(2, "a.waiting", JobStatus::Queued);
    let ids = [running.id, waiting.id];
    let (test, admin) = with(vec![running, waiting]).await;
    let retry = |id: JobId| format!("/api/v1/jobs/{id}/retry");
    let answer = test.post(&retry(ids[0]), &admin, json!({})).await;
    answer.expect_error(409, "job_running");
    let hastened = test
        .post(&retry(ids[1]), &admin, json!({}))
        .await
        .expect(200);
    assert_eq!(hastened["at"], json!(NOW));
    let nowhere = JobId::new(NOW, [9; 10]);
    for path in [retry(nowhere), format!("/api/v1/jobs/{nowhere}")] {
        let method = if path.ends_with("retry") {
            "POST"
        } else {
            "GET"
        };
        let answer = test.call(method, &path, &admin, None).await;
        answer.expect_error(404, "not_found");
    }
    let organizer = test.token_for(Role::Organizer);
    let answer = test.get("/api/v1/jobs", &organizer).await;
    answer.expect_error(403, "forbidden");
}

#[tokio::test]
async fn a_mail_server_that_is_away_is_left_alone_and_its_mails_wait() {
    // H6: the mail's own tries are for what it is told, not for an outage
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = listener.local_addr().expect("its address");
    drop(listener);
    let url = format!("smtp://{nobody}");
    let test = TestApp::with_environment(&[("SMTP_URL", &url)]).await;
    let mut writers = 0;
    while test.app.breakers.mail.state() == State::Closed {
        writers += 1;
        let body = json!({
            "email": format!("ann{writers}@example.org"), "username": format!("ann{writers}"),
            "password": "lavender-tram-39",
        });
        test.post("/api/v1/auth/register", "", body)
            .await
            .expect(201);
        test.app.runner().run_due().await.expect("jobs");
        assert!(writers < 30, "it opens");
    }
    let admin = test.token_for(Role::Admin);
    let breakers = test.get("/api/v1/jobs/breakers", &admin).await.expect(200);
    let mail = &breakers["items"][0];
    assert_eq!(
        (&mail["service"], &mail["state"]),
        (&json!("mail"), &json!("OPEN"))
    );
    let late =
        json!({ "email": "zoe@example.org", "username": "zoe", "password": "lavender-tram-39" });
    test.post("/api/v1/auth/register", "", late)
        .await
        .expect(201);
    let ran = test.app.runner().run_due().await.expect("jobs");
    assert!(ran >= 1, "a job found the mail server left alone");
    let jobs = test
        .get("/api/v1/jobs?kind=mail.send&limit=200", &admin)
        .await
        .expect(200);
    let waits = jobs["items"].as_array().expect("a list").iter();
    let waits = waits.filter(|job| {
        job["lastError"]
            .as_str()
            .is_some_and(|why| why.contains("left alone"))
    });
    let attempts: Vec<_> = waits.map(|job| job["attempts"].clone()).collect();
    assert!(
        !attempts.is_empty() && attempts.iter().all(|of| *of == 0),
        "{jobs}"
    );
    let organizer = test.token_for(Role::Organizer);
    let refused = test.get("/api/v1/jobs/breakers", &organizer).await;
    refused.expect_error(403, "forbidden");
}
