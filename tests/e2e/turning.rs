//! Tickets whose code turns: bought, activated by a phone, admitted at a real kiosk; screenshots.

use serde_json::{Value, json};
use shared::ticket::{CHAIN_TOKEN_DIGITS, Token};
use tests::browser::{Browser, zbar};
use tests::journey::{self, Event, text};
use tests::kiosk::Kiosk;
use tests::mongo::ReplicaSet;
use tests::phone::Phone;
use tests::server::Server;

/// Everything that the page's service worker must hold before the network may go.
const KEPT: &str = "{ const cache = await caches.open('gatehouse-ticket-2'); \
    const needed = [location.href, '/assets/page.css', '/assets/ticket.js', '/assets/qr.js', \
    '/assets/turning.js']; \
    return (await Promise.all(needed.map((one) => cache.match(one)))).every(Boolean); }";

struct Site {
    server: Server,
    event: Event,
    tickets: Vec<Value>,
}

fn site(server: Server, tickets: u32) -> Site {
    let class = json!({
        "name": "Front row", "price": {"amount": 250_000, "currency": "VND"}, "rotating": true,
    });
    let organizer = journey::account(&server.api(), "lan");
    let event = journey::event_of(&organizer, "River Festival", 20, &class);
    let buyer = journey::account(&server.api(), "mai");
    let tickets = journey::tickets(&buyer, &event, tickets);
    Site {
        server,
        event,
        tickets,
    }
}

fn kiosk(site: &Site, name: &str) -> Kiosk {
    let kiosk = Kiosk::new();
    kiosk.enrol(&journey::invite(&site.event, name));
    kiosk.sync();
    kiosk
}

#[test]
fn a_turning_code_is_admitted_and_its_screenshots_are_refused() {
    // T9 V2 screenshot_second_gate_refused
    at_two_gates(&site(Server::start(), 2));
}

#[test]
fn a_turning_code_is_admitted_on_a_mongodb_replica_set() {
    // T9 N5
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    at_two_gates(&site(Server::start_with(Some(&mongo.url), &[]), 2));
}

fn at_two_gates(site: &Site) {
    let api = site.server.api();
    let (first, second) = (kiosk(site, "Turnstile 1"), kiosk(site, "Turnstile 2"));
    let ticket = &site.tickets[0];
    assert_eq!(ticket["rotating"], true);
    assert!(ticket["token"].is_null(), "no code before the activation");
    let page = text(ticket, "pageUrl");
    let phone = Phone::activated(&api, &page, 0x5E);

    // Both gates heard of no activation: the code itself proves the ticket.
    let old = first.scan(&[&phone.code(-90)]).remove(0);
    assert_eq!(
        (&old["verdict"], &old["reason"]),
        (&json!("refuse"), &json!("expired"))
    );
    let sentence = text(&old, "explanation");
    assert!(
        sentence.starts_with("This code is from ") && sentence.contains("Open the ticket"),
        "{sentence}"
    );
    let ahead = first.scan(&[&phone.code(3600)]).remove(0);
    assert_eq!(ahead["reason"], "expired", "{ahead}");
    let shown = phone.code(0);
    let verdict = first.scan(&[&shown]).remove(0);
    assert_eq!(verdict["verdict"], "admit", "{verdict}");
    assert_eq!(verdict["durable"], true);

    // A screenshot of 90 s ago at a gate that the first has not talked to.
    let late = second.scan(&[&phone.code(-90)]).remove(0);
    assert_eq!(late["reason"], "expired", "{late}");
    // A copy of the very code, once the gates have talked.
    first.sync();
    second.sync();
    let copy = second.scan(&[&shown, &phone.code(0)]);
    for verdict in &copy {
        assert_eq!(verdict["verdict"], "refuse", "{verdict}");
        assert_eq!(verdict["earlier"]["gate"], "Gate B", "{verdict}");
    }
    second.sync();
    let redemptions = journey::redemptions(&site.event);
    assert_eq!(redemptions.len(), 1, "{redemptions:?}");
    assert_eq!(redemptions[0]["label"], "primary");
    assert_eq!(second.status()["contradicted"], 0);
    // Who is in activates no second phone.
    let answer = Phone::offered(&api, &page, 0x77).post(&api, &page);
    assert_eq!(answer.code(), "not_activatable", "{}", answer.text);
    // Another ticket's phone cannot show this ticket's codes, nor a made-up link.
    let other = Phone::activated(&api, &text(&site.tickets[1], "pageUrl"), 0x5E);
    let mut forged = other.code(0);
    let digit = if forged.ends_with('1') { "2" } else { "1" };
    forged.replace_range(CHAIN_TOKEN_DIGITS - 1.., digit);
    let forged = first.scan(&[&forged]).remove(0);
    assert!(
        ["bad_signature", "misread"].contains(&forged["reason"].as_str().unwrap_or("")),
        "{forged}"
    );
    let good = first.scan(&[&other.code(0)]).remove(0);
    assert_eq!(good["verdict"], "admit", "{good}");
}

#[test]
fn the_page_turns_the_code_in_a_real_browser_without_a_network() {
    // T9 T2
    let mut site = site(Server::start(), 1);
    let gate = kiosk(&site, "Turnstile 1");
    let page = text(&site.tickets[0], "pageUrl");
    let mut browser = Browser::new();
    browser.open(&page);
    browser.until("document.body?.dataset.step && document.querySelector('#turning svg')");
    let online = zbar(&browser.screenshot("online.png"));
    assert_eq!(online.len(), CHAIN_TOKEN_DIGITS, "{online}");
    let token = Token::from_digits(&online).expect("a frame");
    let step = token.step().expect("a code that turns");
    browser.until(KEPT);
    // The seed stays in the browser: the server never got it.
    let kept = "JSON.parse(localStorage.getItem(`gatehouse-chain:${location.pathname}`)).seed";
    let seed = browser.value(kept).as_str().expect("a seed").to_owned();
    assert_eq!(seed.len(), 32);
    assert!(!site.server.log().contains(&seed));

    // From here neither phone nor gate has a network.
    site.server.stop();
    // A phone whose clock is two minutes ahead shows another code, and is told so.
    browser.before_pages(
        "if (sessionStorage.getItem('ahead')) { \
            const now = Date.now; Date.now = () => now() + 120000; }",
    );
    browser.value("sessionStorage.setItem('ahead', '1')");
    browser.open(&page);
    browser.until(&format!(
        "Number(document.body?.dataset.step) >= {} && document.querySelector('#turning svg')",
        step + 4
    ));
    let ahead = zbar(&browser.screenshot("ahead.png"));
    assert_ne!(ahead, online);
    let verdict = gate.scan(&[&ahead]).remove(0);
    assert_eq!(verdict["reason"], "expired", "{verdict}");

    browser.value("sessionStorage.removeItem('ahead')");
    browser.open(&page);
    browser.until("document.body?.dataset.step && document.querySelector('#turning svg')");
    browser.until("!document.getElementById('offline').hidden");
    let shot = browser.screenshot("offline.png");
    let offline = zbar(&shot);
    let token = Token::from_digits(&offline).expect("a frame");
    assert!(token.step() >= Some(step));
    let shown = gate.succeed(&["scan", "--json", "--image", &shot.display().to_string()]);
    let verdict: Value = serde_json::from_str(shown.trim()).expect("JSON");
    assert_eq!(verdict["verdict"], "admit", "{verdict}");
    let again = gate.scan(&[&offline]).remove(0);
    assert_eq!(again["verdict"], "refuse", "{again}");

    site.server.resume();
    gate.sync();
    let redemptions = journey::redemptions(&site.event);
    assert_eq!(redemptions.len(), 1, "{redemptions:?}");
    assert_eq!(redemptions[0]["label"], "primary");
}
