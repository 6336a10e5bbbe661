//! Random schedules: orders, transfers, webhooks lost, doubled and out of order, faults, expiry and
//! restarts, then quiet. Whatever happened, the books add up.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tests::payos::{Call, Fault, Switches};

use crate::books::{balance, transferred};
use crate::shop::{PRICE, Shop};

const FAULTS: [Fault; 11] = [
    Fault::Broken,
    Fault::Proxy,
    Fault::Busy(1),
    Fault::Reset,
    Fault::BrokenAfter,
    Fault::Redirect,
    Fault::Unsigned,
    Fault::BadSignature,
    Fault::OtherLink,
    Fault::Lagging,
    Fault::NoWithData,
];
const CALLS: [Call; 3] = [Call::Create, Call::Look, Call::Cancel];
const STEPS: usize = 30;

/// `GATEHOUSE_MONEY_SEED` runs one schedule again; `GATEHOUSE_MONEY_SEEDS=0..500` runs many.
fn seeds() -> std::ops::Range<u64> {
    let number = |text: &str| text.parse::<u64>().expect("a number");
    if let Ok(seed) = std::env::var("GATEHOUSE_MONEY_SEED") {
        let seed = number(&seed);
        return seed..seed + 1;
    }
    let Ok(range) = std::env::var("GATEHOUSE_MONEY_SEEDS") else {
        return 0..8;
    };
    let (from, to) = range.split_once("..").expect("from..to");
    number(from)..number(to)
}

#[test]
fn whatever_happens_the_books_add_up() {
    // P1 P2 P3 P4
    for seed in seeds() {
        println!("seed {seed}");
        run(seed);
    }
}

fn run(seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let all = Switches::all();
    let switches = all[rng.random_range(0..all.len())];
    let mut shop = Shop::open_with(switches, 6, &[("HOLD_TTL_SECS", "3")]);
    let mut codes = Vec::new();
    let mut payments = Vec::new();
    for _ in 0..STEPS {
        match rng.random_range(0..10) {
            0..=2 => {
                let known = shop.payos.links().len();
                let Some(order) = try_order(&shop) else {
                    continue;
                };
                let started = shop.start_payment(&order);
                if let Some(id) = started.json["id"].as_str() {
                    payments.push(id.to_owned());
                }
                let links = shop.payos.links();
                codes.extend(links.iter().skip(known).map(|link| link.order_code));
            }
            3..=5 if !codes.is_empty() => {
                let code = codes[rng.random_range(0..codes.len())];
                let amount =
                    [PRICE, PRICE, PRICE, PRICE / 2, PRICE + 1_000, 1][rng.random_range(0..6)];
                shop.payos.transfer(code, amount, "&orderCode=1&p=");
            }
            6 => {
                let call = CALLS[rng.random_range(0..CALLS.len())];
                shop.payos
                    .fault(call, FAULTS[rng.random_range(0..FAULTS.len())]);
            }
            7 | 8 => {
                let waiting = shop.payos.outbox().len();
                if waiting > 0 {
                    // Any of them, sent before or not.
                    shop.payos.deliver(rng.random_range(0..waiting));
                }
            }
            9 if rng.random_range(0..4) == 0 => {
                shop.server.kill();
                shop.server.resume();
            }
            // The gateway's clock is its own.
            _ => shop.payos.pass(unix_secs() + rng.random_range(-2..3)),
        }
    }
    // Quiet: half of the webhooks are lost for good, the rest comes.
    for at in 0..shop.payos.outbox().len() {
        if rng.random_range(0..2) == 0 {
            shop.payos.deliver(at);
        }
    }
    // Every link that anybody could pay has a payment that a payer can come back to.
    balance(&shop, &all_payments(&shop, payments));
    let due: i64 = shop
        .due()
        .iter()
        .filter_map(|sum| sum["amount"]["amount"].as_i64())
        .sum();
    assert!(due <= transferred(&shop.payos.links()), "seed {seed}");
}

fn unix_secs() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.expect("a clock").as_secs()).expect("a clock")
}

/// `None` when all of it is held or sold.
fn try_order(shop: &Shop) -> Option<String> {
    let body = serde_json::json!({
        "eventId": shop.event.id,
        "items": [{"classId": shop.event.class_id, "quantity": 1}],
        "buyer": {"name": "Mai Tran", "email": "mai@example.org"},
    });
    let answer = shop.buyer.post("/orders", &body);
    Some(answer.json["id"].as_str()?.to_owned())
}

/// Also those whose start was answered with an error.
fn all_payments(shop: &Shop, mut known: Vec<String>) -> Vec<String> {
    let orders = shop.buyer.get("/orders").ok();
    let orders = orders["items"].as_array().cloned().unwrap_or_default();
    for order in orders {
        if let Some(id) = order["paymentId"].as_str() {
            known.push(id.to_owned());
        }
    }
    known.sort();
    known.dedup();
    known
}
