//! The order and the check-in API under load: latency percentiles and CPU per request of a real
//! server process on SQLite, over loopback.
//!
//! `cargo bench -p tests --bench load`

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use reqwest::Client;
use serde_json::{Value, json};
use tests::journey::{self, Event, text};
use tests::process::cpu_seconds;
use tests::server::Server;

const CONNECTIONS: usize = 32;
const ORDERS: usize = 6_000;
const CHECK_INS: usize = 30_000;
const TICKETS: u32 = 200;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
async fn main() {
    let (server, event, bearer, claimed) =
        tokio::task::spawn_blocking(set_up).await.expect("set-up");
    let pid = server.pid().expect("running");
    let http = Client::builder().no_proxy().build().expect("client");
    let base = format!("{}/api/v1", server.url());
    println!("server on SQLite, {CONNECTIONS} connections, loopback");
    println!(
        "{:<34} {:>9} {:>9} {:>9} {:>9} {:>9} {:>12}",
        "", "req/s", "p50 ms", "p95 ms", "p99 ms", "max ms", "CPU ms/req"
    );

    let orders = Arc::new(json!({
        "eventId": event.id, "items": [{"classId": event.class_id, "quantity": 1}],
        "buyer": {"email": "mai@example.org", "name": "Mai Tran"},
    }));
    let report = run(pid, ORDERS, |i| {
        let request = http.post(format!("{base}/orders")).bearer_auth(&bearer);
        request
            .header("Idempotency-Key", format!("load-{i}"))
            .json(&*orders)
    });
    print_row("POST /orders", &report.await);

    let staff = bearer_of(&event);
    let report = run(pid, CHECK_INS, |i| {
        let id = &claimed[i % claimed.len()];
        http.get(format!(
            "{base}/claimed-tickets/{id}/validate?gateId={}",
            event.gate_id
        ))
        .bearer_auth(&staff)
    });
    print_row("GET /claimed-tickets/{id}/validate", &report.await);

    let report = run(pid, CHECK_INS, |_| {
        http.get(format!("{}/healthz", server.url()))
    });
    print_row("GET /healthz (the floor)", &report.await);
    let stop = tokio::task::spawn_blocking(move || drop((server, event)));
    stop.await.expect("stop");
}

fn bearer_of(event: &Event) -> String {
    event.api.bearer().expect("logged in").to_owned()
}

fn set_up() -> (Server, Event, String, Vec<String>) {
    let server = Server::start_with(None, &[("RUST_LOG", "warn")]);
    let api = server.api();
    let stock = u32::try_from(ORDERS).expect("small") + TICKETS + 100;
    let event = journey::event(&journey::account(&api, "lan"), "River Festival", stock);
    let buyer = journey::account(&api, "mai");
    let mut claimed: Vec<String> = Vec::new();
    while claimed.len() < TICKETS as usize {
        claimed.extend(
            journey::tickets(&buyer, &event, 10)
                .iter()
                .map(|ticket| text(ticket, "id")),
        );
    }
    let bearer = buyer.bearer().expect("logged in").to_owned();
    (server, event, bearer, claimed)
}

struct Report {
    latency: Histogram<u64>,
    elapsed: Duration,
    cpu_seconds: f64,
    requests: usize,
}

/// Sends `requests` requests over `CONNECTIONS` connections, each as soon as the last one answered.
async fn run(
    pid: u32,
    requests: usize,
    request: impl Fn(usize) -> reqwest::RequestBuilder,
) -> Report {
    let next = Arc::new(AtomicUsize::new(0));
    let built: Vec<_> = (0..requests).map(&request).collect();
    let built = Arc::new(built);
    let cpu_before = cpu_seconds(pid);
    let started = Instant::now();
    let workers: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (next, built) = (Arc::clone(&next), Arc::clone(&built));
            tokio::spawn(async move {
                let mut latency = Histogram::<u64>::new(3).expect("histogram");
                while let Some(request) = built.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let sent = Instant::now();
                    let answer = request
                        .try_clone()
                        .expect("a plain body")
                        .send()
                        .await
                        .expect("an answer");
                    let status = answer.status();
                    let body: Value = answer.json().await.unwrap_or(Value::Null);
                    assert!(status.is_success(), "{status} {body}");
                    let micros = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
                    latency.record(micros).expect("in range");
                }
                latency
            })
        })
        .collect();
    let mut latency = Histogram::<u64>::new(3).expect("histogram");
    for worker in workers {
        latency
            .add(worker.await.expect("worker"))
            .expect("same shape");
    }
    Report {
        latency,
        elapsed: started.elapsed(),
        cpu_seconds: cpu_seconds(pid) - cpu_before,
        requests,
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn print_row(name: &str, report: &Report) {
    let ms = |quantile| report.latency.value_at_quantile(quantile) as f64 / 1000.0;
    println!(
        "{name:<34} {:>9.0} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {:>12.3}",
        report.requests as f64 / report.elapsed.as_secs_f64(),
        ms(0.5),
        ms(0.95),
        ms(0.99),
        report.latency.max() as f64 / 1000.0,
        report.cpu_seconds * 1000.0 / report.requests as f64,
    );
}
