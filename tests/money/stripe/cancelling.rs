//! An event is called off while the server is killed again and again: nobody is forgotten, nobody is
//! paid twice.

use std::time::Duration;

use serde_json::{Value, json};
use tests::journey::text;
use tests::mongo::ReplicaSet;
use tests::poll;
use tests::stripe::SessionStatus;

use super::books::balance;
use super::shop::{PRICE, Shop};

const SOLD: u32 = 12;
const KILLS: u32 = 3;
/// What a killed server was at is its own until the lease ends, a minute later.
const PATIENCE: Duration = Duration::from_mins(3);

#[test]
fn a_cancellation_survives_kills() {
    // E4 H8 H3
    cancelled(&mut Shop::configured(
        "request_timeout_secs = 2\n",
        600,
        40,
        None,
    ));
}

#[test]
fn a_cancellation_survives_kills_on_mongodb() {
    // E4 H8 H3
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    let url = mongo.url_of("cancelled");
    cancelled(&mut Shop::configured(
        "request_timeout_secs = 2\n",
        600,
        40,
        Some(&url),
    ));
}

fn cancelled(shop: &mut Shop) {
    let sold: Vec<_> = (0..SOLD).map(|_| shop.sold(1)).collect();
    let (open, _, session) = shop.open_session(2);
    let path = format!("/events/{}/cancel", shop.event.id);
    let answer = shop
        .organizer
        .post(&path, &json!({"reason": "The hall is flooded"}));
    assert_eq!(answer.status, 202, "{}", answer.text);
    // At the first step, and whenever some more was done.
    let mut kills = 0;
    let mut refunds = 0;
    loop {
        shop.server.kill();
        kills += 1;
        shop.server.resume();
        let going = poll::until("the next step", PATIENCE, || {
            let made = shop.stripe.refunds().len();
            let is_done = progress(shop)["phase"] == "DONE";
            (is_done || made > refunds).then_some((is_done, made))
        });
        refunds = going.1;
        if going.0 || kills == KILLS {
            break;
        }
    }
    poll::until("the end", PATIENCE, || {
        (progress(shop)["phase"] == "DONE").then_some(())
    });
    for (order, payment, _) in &sold {
        assert_eq!(shop.status("orders", order), "REFUNDED");
        assert_eq!(shop.status("payments", payment), "REFUNDED");
    }
    assert_eq!(shop.status("orders", &open), "CANCELLED");
    let sessions = shop.stripe.sessions();
    let shut = sessions.iter().find(|of| of.id == session.id);
    assert!(shut.is_some_and(|of| of.status == SessionStatus::Expired));
    let totals = balance(shop);
    let all = i64::from(SOLD) * PRICE;
    assert_eq!(
        (totals.charged, totals.sold, totals.owed, totals.back),
        (all, 0, all, all)
    );
    assert_eq!(shop.stripe.refunds().len(), SOLD as usize, "once each");
    let again = shop
        .organizer
        .post(&path, &json!({"reason": "The hall is flooded"}))
        .ok();
    assert_eq!(text(&again, "phase"), "DONE");
}

fn progress(shop: &Shop) -> Value {
    let path = format!("/events/{}/cancellation", shop.event.id);
    shop.organizer.get(&path).ok()
}
