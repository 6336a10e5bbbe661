//! `kill -9` anywhere: what was acknowledged stays, and nothing is sold or admitted twice.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use rusqlite::Connection;
use serde_json::{Value, json};
use tests::api::{Answer, Api};
use tests::journey::{self, Event, text};
use tests::kiosk::Kiosk;
use tests::poll;
use tests::server::Server;

const KILLS: u32 = 50;
const STOCK: u32 = 2000;
const BACK_WITHIN: Duration = Duration::from_mins(1);

/// What the server and the kiosk said, and must stand by.
#[derive(Default)]
struct Acknowledged {
    /// Order id to whether its payment was acknowledged.
    orders: BTreeMap<String, bool>,
    /// Serial to ticket digits.
    claimed: BTreeMap<u64, String>,
    admitted: BTreeSet<u64>,
}

#[test]
fn fifty_kills_lose_nothing_acknowledged_and_sell_nothing_twice() {
    // V1 V2 P4 I6 H8
    let seed = seed();
    let mut server = Server::start();
    let event = journey::event(
        &journey::account(&server.api(), "lan"),
        "River Festival",
        STOCK,
    );
    let buyer = journey::account(&server.api(), "mai");
    let kiosk = Kiosk::new();
    kiosk.enrol(&journey::invite(&event, "Turnstile 1"));
    kiosk.sync();

    let told = Mutex::new(Acknowledged::default());
    let done = AtomicBool::new(false);
    let gate_pid = AtomicU32::new(0);
    let (codes, queue) = mpsc::channel();
    std::thread::scope(|scope| {
        // Ends the others also when this thread panics.
        let _end = Defer(&done);
        let (kiosk, told, done, gate_pid) = (&kiosk, &told, &done, &gate_pid);
        let (buyer, event) = (&buyer, &event);
        // Owns the sender: when buying ends, the queue closes and admitting ends.
        scope.spawn(move || buy_until(done, buyer, event, told, &codes));
        scope.spawn(move || admit_until(done, kiosk, gate_pid, told, &queue));
        kill_at_random(seed, &mut server, gate_pid);
        done.store(true, Ordering::SeqCst);
    });
    let told = told.into_inner().expect("no thread panicked");
    assert!(
        told.claimed.len() > 20,
        "the journey went on between the kills: {}",
        told.claimed.len()
    );
    assert!(!told.admitted.is_empty());
    assert_orders_stand(&buyer, &event, &told);
    assert_admissions_stand(&kiosk, &event, &told);
}

struct Defer<'a>(&'a AtomicBool);
impl Drop for Defer<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Printed, so that a failing schedule can be looked at again: `GATEHOUSE_SEED=… tests/run …`.
#[expect(clippy::print_stderr, reason = "a failing test shows its seed")]
fn seed() -> u64 {
    let given = std::env::var("GATEHOUSE_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| rand::rng().next_u64());
    eprintln!("GATEHOUSE_SEED={seed}");
    seed
}

fn kill_at_random(seed: u64, server: &mut Server, gate_pid: &AtomicU32) {
    let mut rng = StdRng::seed_from_u64(seed);
    let (_silent, never) = mpsc::channel::<()>();
    for _ in 0..KILLS {
        // Not a wait for a state: the random point in time is the test.
        let _elapsed = never.recv_timeout(Duration::from_millis(rng.random_range(1..350)));
        let which = rng.random_range(0..3);
        if which != 0 {
            kill_process(gate_pid.load(Ordering::SeqCst));
        }
        if which != 1 {
            server.kill();
            server.resume();
        }
    }
}

fn kill_process(pid: u32) {
    if pid != 0 {
        // It may have ended by itself in between.
        let _status = Command::new("kill").args(["-9", &pid.to_string()]).status();
    }
}

/// Repeats a request until it has an answer; the key makes that safe.
fn persist(done: &AtomicBool, api: &Api, path: &str, key: &str, body: &Value) -> Option<Answer> {
    poll::until(path, BACK_WITHIN, || {
        match api.try_post_once(path, key, body) {
            Ok(answer) if answer.status < 500 => Some(Some(answer)),
            _ if done.load(Ordering::SeqCst) && !api.is_ready() => Some(None),
            _ => None,
        }
    })
}

fn buy_until(
    done: &AtomicBool,
    buyer: &Api,
    event: &Event,
    told: &Mutex<Acknowledged>,
    codes: &mpsc::Sender<(u64, String)>,
) {
    for round in 0.. {
        if done.load(Ordering::SeqCst) {
            break;
        }
        let body = json!({
            "eventId": event.id, "items": [{"classId": event.class_id, "quantity": 2}],
            "buyer": {"email": "mai@example.org", "name": "Mai"},
        });
        let Some(order) = persist(done, buyer, "/orders", &format!("order-{round}"), &body) else {
            break;
        };
        if order.code() == "sold_out" {
            break;
        }
        let order_id = text(&order.ok(), "id");
        told.lock()
            .expect("lock")
            .orders
            .insert(order_id.clone(), false);
        let body = json!({"orderId": order_id, "provider": "demo"});
        let Some(payment) = persist(done, buyer, "/payments", &format!("pay-{round}"), &body)
        else {
            break;
        };
        let payment_id = text(&payment.ok(), "id");
        let pay = format!("/payments/demo/{payment_id}/pay");
        let Some(paid) = persist(done, buyer, &pay, &format!("demo-{round}"), &json!({})) else {
            break;
        };
        paid.ok();
        told.lock()
            .expect("lock")
            .orders
            .insert(order_id.clone(), true);
        let tickets = poll::until("a paid order to be PAID", BACK_WITHIN, || {
            if !buyer.is_ready() {
                return None;
            }
            let order = buyer.try_get(&format!("/orders/{order_id}")).ok()?;
            (order.json["status"] == "PAID").then(|| order.json["tickets"].clone())
        });
        for ticket in tickets.as_array().expect("tickets") {
            let id = text(ticket, "id");
            let body =
                json!({"ticketId": id, "attendee": {"name": "Mai", "email": "mai@example.org"}});
            let key = format!("claim-{id}");
            let Some(claimed) = persist(done, buyer, "/claimed-tickets/claim", &key, &body) else {
                return;
            };
            let claimed = claimed.ok();
            let serial = claimed["serial"].as_u64().expect("serial");
            let token = text(&claimed, "token");
            let before = told
                .lock()
                .expect("lock")
                .claimed
                .insert(serial, token.clone());
            assert_eq!(before, None, "serial {serial} was sold twice");
            if codes.send((serial, token)).is_err() {
                return;
            }
        }
    }
}

fn admit_until(
    done: &AtomicBool,
    kiosk: &Kiosk,
    gate_pid: &AtomicU32,
    told: &Mutex<Acknowledged>,
    queue: &mpsc::Receiver<(u64, String)>,
) {
    let mut gate = kiosk.gate(&[]);
    gate_pid.store(gate.pid(), Ordering::SeqCst);
    while let Ok((serial, token)) = queue.recv() {
        // Killed between decision and answer, the scan is repeated: then it may say "used", never
        // nothing.
        loop {
            let verdict = gate.try_scan(&token);
            match verdict {
                Some(verdict) if verdict["verdict"] == "admit" => {
                    assert_eq!(verdict["durable"], true);
                    let first = told.lock().expect("lock").admitted.insert(serial);
                    assert!(first, "serial {serial} was admitted twice");
                    break;
                }
                Some(verdict) => {
                    assert_eq!(verdict["reason"], "already_used", "{verdict}");
                    break;
                }
                None => {
                    gate = kiosk.gate(&[]);
                    gate_pid.store(gate.pid(), Ordering::SeqCst);
                }
            }
        }
        if done.load(Ordering::SeqCst) {
            break;
        }
    }
    gate_pid.store(0, Ordering::SeqCst);
}

fn assert_orders_stand(buyer: &Api, event: &Event, told: &Acknowledged) {
    let mut sold = BTreeSet::new();
    for (order_id, paid) in &told.orders {
        let order = buyer.get(&format!("/orders/{order_id}")).ok();
        if *paid {
            assert_eq!(
                order["status"], "PAID",
                "an acknowledged payment was lost: {order}"
            );
        }
        for ticket in order["tickets"].as_array().expect("tickets") {
            assert!(
                sold.insert(text(ticket, "id")),
                "a ticket is in two orders: {order}"
            );
        }
    }
    assert!(sold.len() <= STOCK as usize);
    let stock = event
        .api
        .get(&format!("/issued-tickets/stats/{}", event.id))
        .ok();
    assert_eq!(stock["classes"][0]["total"], STOCK, "{stock}");
}

fn assert_admissions_stand(kiosk: &Kiosk, event: &Event, told: &Acknowledged) {
    for (serial, token) in told
        .claimed
        .iter()
        .filter(|(serial, _)| told.admitted.contains(serial))
    {
        let verdict = kiosk.scan(&[token]).remove(0);
        assert_eq!(
            verdict["reason"], "already_used",
            "admission of {serial} was lost: {verdict}"
        );
    }
    kiosk.sync();
    let mut seen = BTreeSet::new();
    for redemption in journey::redemptions(event) {
        assert_eq!(redemption["label"], "primary", "{redemption}");
        assert!(
            seen.insert(redemption["serial"].as_u64()),
            "recorded twice: {redemption}"
        );
    }
    for serial in &told.admitted {
        assert!(
            seen.contains(&Some(*serial)),
            "the server never learnt of {serial}"
        );
    }
}

#[test]
fn a_server_killed_between_payment_and_fulfilment_fulfils_once_it_is_back() {
    // P2 P4 H8
    // The gateway has the money, and its webhook finds nobody: nothing listens on port 9.
    let mut server = Server::start_with(None, &[("PUBLIC_URL", "http://127.0.0.1:9")]);
    let event = journey::event(&journey::account(&server.api(), "lan"), "River Festival", 5);
    let buyer = journey::account(&server.api(), "mai");
    let order = journey::order(&buyer, &event, 2);
    let order_id = text(&order, "id");
    let body = json!({"orderId": order_id, "provider": "demo"});
    let payment = text(&buyer.post("/payments", &body).ok(), "id");
    let link = buyer
        .post(&format!("/payments/demo/{payment}/pay"), &json!({}))
        .ok();
    assert_eq!(link["status"], "PAID", "{link}");
    let between = buyer.get(&format!("/orders/{order_id}")).ok();
    server.kill();
    assert_eq!(
        between["status"], "PENDING",
        "the kill came between the two: {between}"
    );

    server.forget_env();
    server.resume();
    let paid = poll::until("the order to be PAID", BACK_WITHIN, || {
        let order = buyer.get(&format!("/orders/{order_id}")).ok();
        (order["status"] == "PAID").then_some(order)
    });
    assert_eq!(paid["tickets"].as_array().map(Vec::len), Some(2), "{paid}");
    let stock = event
        .api
        .get(&format!("/issued-tickets/stats/{}", event.id))
        .ok();
    assert_eq!(stock["classes"][0]["paid"], 2, "{stock}");
    assert_eq!(stock["classes"][0]["available"], 3, "{stock}");
}

#[test]
fn a_kiosk_killed_between_decision_and_answer_admitted_once() {
    // V2
    let server = Server::start();
    let event = journey::event(
        &journey::account(&server.api(), "lan"),
        "River Festival",
        40,
    );
    let buyer = journey::account(&server.api(), "mai");
    let tokens: Vec<String> = journey::tickets(&buyer, &event, 10)
        .iter()
        .map(|ticket| text(ticket, "token"))
        .collect();
    let kiosk = Kiosk::new();
    kiosk.enrol(&journey::invite(&event, "Turnstile 1"));
    kiosk.sync();
    for token in &tokens {
        let mut gate = kiosk.gate(&[]);
        gate.send(token);
        gate.kill();
        // The answer may or may not have been written; the truth is what the disk holds.
        let shown = gate.read();
        let verdict = kiosk.scan(&[token]).remove(0);
        match shown {
            Some(shown) => {
                assert_eq!(shown["verdict"], "admit", "{shown}");
                assert_eq!(
                    verdict["reason"], "already_used",
                    "shown, so it is on disk: {verdict}"
                );
            }
            None => assert!(
                verdict["reason"] == "already_used" || verdict["verdict"] == "admit",
                "{verdict}"
            ),
        }
    }
    kiosk.sync();
    let redemptions = journey::redemptions(&event);
    assert_eq!(redemptions.len(), tokens.len(), "each once");
}

#[test]
fn a_server_that_was_killed_at_work_is_relieved_at_once() {
    // H3 H8: its successor holds the folder's lock, so nobody else can be at it
    let mut server = Server::start();
    let file = server.data().join("gatehouse.sqlite");
    server.kill();
    let open = Connection::open(&file).expect("the database");
    // The reminders that every server plans, as if they had been under way for ten seconds.
    let taken = open.execute(
        "UPDATE jobs SET due_at = (unixepoch() + 50) * 1000, dedupe_key = NULL, \
         body = json_set(body, '$.status', json_object('is', 'running', \
         'lease_until', strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '+50 seconds'))) \
         WHERE kind = 'mail.remind'",
        [],
    );
    assert_eq!(taken.expect("a job"), 1);
    drop(open);
    server.resume();
    assert!(
        server
            .log()
            .contains("went on with what a server before this one was at"),
        "{}",
        server.log()
    );
}
