//! The demo, prepared on a real server on a real socket.

use std::sync::Arc;

use shared::api::page::Page;
use shared::api::tickets::ClaimedTicketView;
use tokio_util::sync::CancellationToken;

use super::rest::Rest;
use super::{Stage, prepare, walkthrough};
use crate::app::{App, AppState};
use crate::config::{Overrides, load_with};
use crate::platform::clock::SystemClock;
use crate::platform::entropy::SystemEntropy;
use crate::platform::lifecycle::{Bound, ServeError};

/// Serves a fresh data directory for as long as `work` takes, then stops in order.
async fn on_a_server(work: impl AsyncFnOnce(&AppState)) {
    let dir = tempfile::tempdir().expect("folder");
    let overrides = Overrides {
        data_dir: Some(dir.path().to_owned()),
        listen: Some(([127, 0, 0, 1], 0).into()),
        ..Overrides::default()
    };
    let mut config = load_with(&overrides, |_| None).expect("a valid configuration");
    let bound = Bound::listen(&mut config).await.expect("a free port");
    let app = App::start(config, Arc::new(SystemClock), Arc::new(SystemEntropy))
        .await
        .expect("starts");
    let stop = CancellationToken::new();
    let shared = app.clone();
    let announce = async || {
        work(&shared).await;
        stop.cancel();
        Ok::<_, ServeError>(())
    };
    let served = bound.serve(app, stop.clone(), announce).await;
    served.expect("serves and stops");
}

async fn check(app: &AppState, stage: &Stage) {
    let digits = &stage.ticket.token;
    assert!(digits.len() == 202 && digits.bytes().all(|byte| byte.is_ascii_digit()));
    let page = app.http.get(&stage.ticket.page_url).send().await;
    assert_eq!(page.expect("an answer").status(), 200);
    let words = walkthrough(stage, "/tmp/k");
    for needed in [
        digits.as_str(),
        &stage.ticket.page_url,
        &stage.enrolment.url,
        &stage.organizer.password,
        &stage.event_id.to_string(),
        "kiosk -- enrol",
        "kiosk -- scan",
        "kiosk -- sync",
    ] {
        assert!(words.contains(needed), "{needed} is missing: {words}");
    }
    let line = words.lines().find(|line| line.contains("starts on"));
    let (_, starts) = line
        .and_then(|line| line.split_once("starts on "))
        .expect("a line");
    let (starts, zone) = starts.split_once(" (").expect("a zone");
    assert!(zone.starts_with("Ho Chi Minh City time"), "{words}");
    let read = jiff::civil::DateTime::strptime("%a %d %B %Y, %H:%M", starts);
    let read = read.unwrap_or_else(|why| panic!("{starts}: {why}"));
    let offset = jiff::tz::Offset::constant(7);
    let read = offset.to_timestamp(read).expect("a moment").as_second();
    assert_eq!(read, stage.starts_at.as_secs().div_euclid(60) * 60);
    let json = serde_json::to_value(stage).expect("json");
    for field in [
        "url",
        "admin",
        "organizer",
        "attendee",
        "eventId",
        "classId",
        "gateId",
    ] {
        assert!(!json[field].is_null(), "{field}: {json}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_is_ready_to_admit() {
    // P4, T1, V6
    on_a_server(async |app| {
        let stage = prepare(app).await.expect("prepared");
        check(app, &stage).await;
        let mut rest = Rest {
            http: app.http.clone(),
            base: format!("{}/api/v1", app.config.public_url),
            token: None,
        };
        let session: shared::api::accounts::LoginResponse = rest
            .post("/auth/login", &stage.attendee)
            .await
            .expect("logs in");
        rest.token = Some(session.access_token);
        let tickets: Page<ClaimedTicketView> = rest.get("/claimed-tickets").await.expect("a list");
        assert_eq!(tickets.items.len(), 1);
        assert_eq!(tickets.items[0].token, Some(stage.ticket.token));
    })
    .await;
}
