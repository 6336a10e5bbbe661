//! Random schedules: orders, transfers, webhooks lost, doubled and out of order, faults, expiry and
//! restarts, then quiet. Whatever happened, the books add up.
//!
//! A schedule is a seed. Ten of them share a server, each with an event and switches of its own, and
//! take turns. `GATEHOUSE_MONEY_SEED=7` runs one again, `GATEHOUSE_MONEY_SEEDS=0..500` runs many.

use std::ops::Range;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tests::api::{Answer, Api};
use tests::journey::{self, Event, text};
use tests::mongo::ReplicaSet;
use tests::payos::{Call, Fault, Status, Switches};

use crate::books::{Books, balance};
use crate::shop::{PRICE, Plan, Shop};

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
const AMOUNTS: [i64; 7] = [
    PRICE,
    PRICE,
    PRICE * 2,
    PRICE * 2,
    PRICE / 2,
    PRICE + 1_000,
    1,
];
/// What payers and banks do to a link by themselves.
const FORCED: [Status; 4] = [
    Status::Cancelled,
    Status::Expired,
    Status::Failed,
    Status::Processing,
];
const STEPS: usize = 30;
const TOGETHER: u64 = 10;

pub(crate) fn seeds(ordinary: Range<u64>) -> Range<u64> {
    let number = |text: &str| text.parse::<u64>().expect("a number");
    if let Ok(seed) = std::env::var("GATEHOUSE_MONEY_SEED") {
        let seed = number(&seed);
        return seed..seed + 1;
    }
    let Ok(range) = std::env::var("GATEHOUSE_MONEY_SEEDS") else {
        return ordinary;
    };
    let (from, to) = range.split_once("..").expect("from..to");
    number(from)..number(to)
}

#[test]
fn whatever_happens_the_books_add_up() {
    // P1 P2 P3 P4
    let seeds = seeds(0..20);
    for from in seeds.clone().step_by(10) {
        run(from..seeds.end.min(from + TOGETHER), None);
    }
}

#[test]
fn whatever_happens_the_books_add_up_on_mongodb() {
    // P1 P2 P3 P4
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    run(1_000..1_006, Some(&mongo.url_of("money")));
}

struct Schedule {
    rng: StdRng,
    event: Event,
    switches: Switches,
    codes: Vec<i64>,
    orders: Vec<String>,
}

#[expect(clippy::print_stderr, reason = "a failure is run again by its seed")]
fn run(seeds: Range<u64>, database_url: Option<&str>) {
    eprintln!("seeds {seeds:?}");
    let mut shop = Shop::open(Plan {
        hold_secs: 3,
        database_url,
        ..Plan::default()
    });
    let all = Switches::all();
    let mut schedules: Vec<Schedule> = seeds
        .map(|seed| {
            let mut rng = StdRng::seed_from_u64(seed);
            let switches = all[rng.random_range(0..all.len())];
            Schedule {
                rng,
                event: journey::event(&shop.organizer, "Any night", 4),
                switches,
                codes: Vec::new(),
                orders: Vec::new(),
            }
        })
        .collect();
    for _ in 0..STEPS {
        for schedule in &mut schedules {
            schedule.step(&mut shop);
        }
    }
    // Quiet: no more faults, banks are done, half of the webhooks are lost for good, the rest comes.
    shop.payos.heal();
    for link in shop.payos.links() {
        if link.status() == Status::Processing {
            shop.payos.force(link.order_code, None);
        }
    }
    for at in 0..shop.payos.outbox().len() {
        if at % 2 == 0 {
            shop.payos.deliver(at);
        }
    }
    let totals = balance(&shop, &Books::of(&shop).payments());
    let due = schedules.iter().flat_map(|schedule| {
        let path = format!("/events/{}/refunds", schedule.event.id);
        let due = shop.organizer.get(&path).ok();
        due.as_array().cloned().unwrap_or_default()
    });
    let due: i64 = due.filter_map(|sum| sum["amount"]["amount"].as_i64()).sum();
    assert_eq!(due, totals.owed, "all that is owed can be seen");
    assert!(totals.transferred > 0, "somebody paid");
}

impl Schedule {
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.rng.random_range(0..from.len())]
    }

    fn step(&mut self, shop: &mut Shop) {
        match self.rng.random_range(0..12) {
            0..=2 => self.buy(shop),
            3..=5 if !self.codes.is_empty() => {
                let code = self.pick(&self.codes.clone());
                let amount = self.pick(&AMOUNTS);
                shop.payos.transfer(code, amount, "&orderCode=1&p=");
            }
            6 => {
                let (call, fault) = (self.pick(&CALLS), self.pick(&FAULTS));
                shop.payos.fault(call, fault);
            }
            7 | 8 => {
                let waiting = shop.payos.outbox().len();
                if waiting > 0 {
                    // Anybody's, sent before or not.
                    shop.payos.deliver(self.rng.random_range(0..waiting));
                }
            }
            9 if self.rng.random_range(0..10) == 0 => {
                shop.server.kill();
                shop.server.resume();
            }
            10 if !self.codes.is_empty() => self.force(shop),
            11 if !self.orders.is_empty() => {
                let order = &self.orders[self.rng.random_range(0..self.orders.len())];
                let answer = refund_one(&shop.organizer, order);
                assert!(matches!(answer.status, 200 | 409), "{}", answer.text);
            }
            _ => {}
        }
    }

    /// Only what can happen: a link that is paid or dead is left to its money.
    fn force(&mut self, shop: &Shop) {
        let code = self.pick(&self.codes.clone());
        let links = shop.payos.links();
        let link = links.iter().rev().find(|link| link.order_code == code);
        match link.map(tests::payos::Link::status) {
            Some(Status::Pending) => shop.payos.force(code, Some(self.pick(&FORCED))),
            Some(Status::Processing) => {
                let ends = self.pick(&[None, Some(Status::Failed)]);
                shop.payos.force(code, ends);
            }
            _ => {}
        }
    }

    fn buy(&mut self, shop: &Shop) {
        shop.payos.switch(self.switches);
        let body = json!({
            "eventId": self.event.id,
            "items": [{"classId": self.event.class_id, "quantity": self.pick(&[1, 2])}],
            "buyer": {"name": "Mai Tran", "email": "mai@example.org"},
        });
        let answer = shop.buyer.post("/orders", &body);
        if answer.status == 409 {
            // All of it is held or sold.
            return;
        }
        let known = shop.payos.links();
        // Refused where the gateway was in no mood; the link may be there all the same.
        let order = text(&answer.ok(), "id");
        let started = shop.start_payment(&order);
        assert!(matches!(started.status, 201 | 502), "{}", started.text);
        self.orders.push(order);
        let links = shop.payos.links();
        let new = links.iter().filter(|link| !known.contains(link));
        self.codes.extend(new.map(|link| link.order_code));
    }
}

/// Gives back what the first ticket cost that is still good; 409 where the order is not paid.
pub(crate) fn refund_one(organizer: &Api, order: &str) -> Answer {
    let path = format!("/orders/{order}");
    let tickets = organizer.get(&path).ok()["tickets"].clone();
    let tickets = tickets.as_array().into_iter().flatten();
    let good = tickets.filter(|ticket| ticket["status"] != "CANCELLED");
    let one: Vec<_> = good.take(1).map(|ticket| ticket["id"].clone()).collect();
    organizer.post(&format!("{path}/refund"), &json!({"tickets": one}))
}
