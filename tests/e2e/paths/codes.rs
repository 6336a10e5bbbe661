//! Whatever is shown: texts, typed codes, other events' tickets, wristbands, one code for several tickets.

use scanner_core::Direction;
use serde_json::{Value, json};
use tests::journey::text;

use super::show::{Show, World};

const BAND: &str = "04:A2:2B:9A:5C:61:80";

pub(super) fn tell(world: &World) {
    readers_add_to_codes(world);
    strangers_codes(world);
    typed_codes(world);
    wristbands(world);
    wristband_of_two_days(world);
    one_code_for_the_buffet(world);
}

/// What both say at gate A at this moment.
fn says(show: &mut Show, when: &str, reason: &str) -> scanner_core::Verdict {
    show.is(when);
    let place = format!("{:?} at {when}", show.code);
    let verdict = show.both(0, Direction::In, &place).verdict;
    assert_eq!(verdict.reason.word(), reason, "{place}: {verdict:?}");
    verdict
}

/// S3.
fn readers_add_to_codes(world: &World) {
    let mut show = Show::evening(world).buys(0);
    let digits = text(&show.ticket, "token");
    let mut reason = "ok";
    for read in [
        format!("\\000026{digits}"),
        format!("]Q1{digits}\r"),
        digits,
    ] {
        show = show.shows(&read);
        says(&mut show, "0 18:00", reason);
        reason = "already_used";
    }
}

/// S4 S73 S75 S77.
fn strangers_codes(world: &World) {
    let foreign = Show::evening(world).buys(0);
    let mut show = Show::evening(world).buys(0);
    let digits = text(&show.ticket, "token");
    for read in ["https://example.org/t/1", "4006381333931", "Hello"] {
        show = show.shows(read);
        says(&mut show, "0 18:00", "not_a_ticket");
    }
    show = show.shows(&digits[..digits.len() - 4]);
    says(&mut show, "0 18:00", "misread");
    // Its last digits are of the signature.
    let (head, tail) = digits.split_at(digits.len() - 20);
    let broken: String = tail.chars().rev().collect();
    show = show.shows(&format!("{head}{broken}"));
    show.is("0 18:00");
    let verdict = show.both(0, Direction::In, "a broken signature").verdict;
    let word = verdict.reason.word();
    assert!(["bad_signature", "misread"].contains(&word), "{word}");
    show = show.shows(&text(&foreign.ticket, "token"));
    let verdict = says(&mut show, "0 18:00", "unknown_event");
    assert_eq!(
        (verdict.serial, verdict.class),
        (None, None),
        "nothing of the other event is named"
    );
    show = show.shows(&digits);
    says(&mut show, "0 18:00", "ok");
}

/// T6: what they find, what wrong ones cost, and that both count for themselves.
fn typed_codes(world: &World) {
    let foreign = Show::evening(world).buys(0);
    let mut show = Show::evening(world).buys(0);
    let code = text(&show.ticket, "code");
    show = show.shows(&code);
    says(&mut show, "0 18:00", "ok");
    says(&mut show, "0 18:01", "already_used");
    let slip = code.replace(|c: char| c.is_ascii_digit(), "1");
    show = show.shows(&slip);
    says(&mut show, "0 18:02", "misread");
    show = show.shows(&text(&foreign.ticket, "code"));
    for _ in 0..5 {
        says(&mut show, "0 18:03", "not_a_ticket");
    }
    says(&mut show, "0 18:03", "rate_limited");
    show = show.shows(&code);
    says(&mut show, "0 18:03:59", "rate_limited");
    says(&mut show, "0 18:04", "already_used");
    show = show.shows(&text(&foreign.ticket, "code"));
    for _ in 0..5 {
        says(&mut show, "0 18:05", "not_a_ticket");
    }
    says(&mut show, "0 18:06:59", "rate_limited");
    says(&mut show, "0 18:07", "not_a_ticket");
}

fn linked(show: &Show, tickets: &[&Value], more: &Value) {
    let ids: Vec<&Value> = tickets.iter().map(|ticket| &ticket["id"]).collect();
    let mut link = json!({ "ticketIds": ids });
    for (name, value) in more.as_object().expect("fields") {
        link[name] = value.clone();
    }
    let path = format!("/events/{}/media/04A22B9A5C6180", show.event.id);
    show.event.api.put(&path, &link).ok();
}

/// S78 S79 S80 S81 S120 S121.
fn wristbands(world: &World) {
    let mut show = Show::evening(world).shows(BAND);
    let tickets = show.bought(0, 2);
    let (one, two) = (&tickets[0], &tickets[1]);
    let none = json!({});
    says(&mut show, "0 18:00", "not_a_ticket");
    linked(&show, &[one], &json!({ "active": false }));
    says(&mut show, "0 18:01", "blocked");
    linked(&show, &[one], &json!({ "until": show.at("0 17:00") }));
    says(&mut show, "0 18:02", "expired");
    linked(&show, &[one, two], &none);
    says(&mut show, "0 18:03", "wrong_class");
    linked(&show, &[one], &none);
    says(&mut show, "0 18:04", "ok");
    says(&mut show, "0 18:05", "already_used");
    linked(&show, &[two], &none);
    says(&mut show, "0 18:06", "ok");
    // At another event the same band is nothing, until it stands for a ticket there as well: then for
    // that one.
    let mut other = Show::evening(world).shows(BAND);
    let spare = other.bought(1, 1);
    says(&mut other, "0 18:00", "not_a_ticket");
    linked(&other, &[&spare[0]], &none);
    let there = says(&mut other, "0 18:01", "ok");
    assert_eq!(there.class.as_deref(), Some("VIP"));
    assert_eq!(json!(there.serial), spare[0]["serial"]);
}

/// S83.
fn wristband_of_two_days(world: &World) {
    let mut show = Show::evening(world).shows(BAND);
    let days: Vec<Value> = ["0", "1"].map(|day| day_ticket(&show, day)).into();
    linked(&show, &[&days[0], &days[1]], &json!({}));
    says(&mut show, "0 09:00", "too_early");
    let first = says(&mut show, "0 12:00", "ok");
    let second = says(&mut show, "1 12:00", "ok");
    let serials = [first.serial, second.serial].map(|serial| json!(serial));
    assert_eq!(
        serials,
        [days[0]["serial"].clone(), days[1]["serial"].clone()]
    );
    says(&mut show, "2 12:00", "too_late");
}

/// A ticket of a class that enters on this day only.
fn day_ticket(show: &Show, day: &str) -> Value {
    let window = json!({
        "entryFrom": show.at(&format!("{day} 10:00")), "entryUntil": show.at(&format!("{day} 22:00")),
    });
    let class = class(show, &format!("Day {day}"), &window);
    show.bought_of(&class)
}

fn class(show: &Show, name: &str, more: &Value) -> String {
    let price = json!({ "amount": 50_000, "currency": "VND" });
    let mut class = json!({ "name": name, "price": price });
    for (name, value) in more.as_object().expect("fields") {
        class[name] = value.clone();
    }
    let path = format!("/events/{}/ticket-classes", show.event.id);
    let class = text(&show.event.api.post(&path, &class).ok(), "id");
    let batch = json!({ "eventId": show.event.id, "classId": class, "quantity": 4 });
    show.event.api.post("/issued-tickets/batch", &batch).ok();
    class
}

/// S26 S27 S28 S132.
fn one_code_for_the_buffet(world: &World) {
    let mut show = Show::evening(world).buys(0);
    let meal = class(&show, "Meal", &json!({}));
    let parking = class(&show, "Parking", &json!({}));
    let gates = [show.gates[0].clone()];
    let list = |classes: &[&String], matching: bool| {
        let list = json!({
            "name": "Buffet", "gateIds": gates, "classIds": classes, "matchAddOns": matching,
        });
        json!({ "lists": [list] })
    };
    let main = show.ticket.clone();
    let add_on = show.added(&meal, &main);
    show.set(&list(&[&meal], false));
    says(&mut show, "0 18:00", "wrong_class");
    show.set(&list(&[&meal], true));
    let eaten = says(&mut show, "0 18:01", "ok");
    assert_eq!(json!(eaten.serial), add_on["serial"]);
    says(&mut show, "0 18:02", "already_used");
    // Its own code is as used as that.
    show = show.shows(&text(&add_on, "token"));
    says(&mut show, "0 18:03", "already_used");
    // Of several kinds none is guessed.
    show = show.shows(&text(&main, "token"));
    show.added(&parking, &main);
    show.set(&list(&[&meal, &parking], true));
    let unclear = says(&mut show, "0 18:04", "wrong_class");
    assert!(
        unclear.explanation.contains("Meal or Parking"),
        "{unclear:?}"
    );
}
