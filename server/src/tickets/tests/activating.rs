//! Rotating tickets: claimed without a code, activated by a phone, moved to another.

use serde_json::{Value, json};
use shared::api::tickets::TicketStatus;
use shared::ids::ClassId;
use shared::ticket::chain::step_at;
use shared::ticket::{Chain, Link, SignedChain, Token, verify};
use shared::time::Timestamp;

use super::super::ClaimedTicket;
use super::super::activate::{ACTIVATION_LEAD_SECS, ACTIVATIONS_MAX};
use crate::events::model::TicketClass;
use crate::gate::tests::Site;
use crate::inventory::model::IssuedTicket;
use crate::testing::{Answer, NOW};

/// A site whose only class turns, with one claimed ticket.
struct Guest {
    site: Site,
    ticket: Value,
    /// Of the page, under the server's root.
    page: String,
}

impl Guest {
    async fn new() -> Self {
        let site = Site::with_tickets(1).await;
        let class = ClassId::from_bytes([0xC0; 16]).to_string();
        site.change::<TicketClass>(&class, |class| class.rotating = true)
            .await;
        let ticket = site.claim(0).await;
        let page = ticket["pageUrl"].as_str().expect("a link");
        let page = page.strip_prefix("http://gatehouse.test").expect("ours");
        Self {
            page: page.to_owned(),
            ticket,
            site,
        }
    }

    async fn offer(&self) -> Value {
        let path = format!("{}/chain", self.page);
        self.site.test.get(&path, "").await.expect(200)
    }

    async fn post(&self, generation: u64, anchor: &str) -> Answer {
        let body = json!({ "generation": generation, "anchor": anchor });
        let path = format!("{}/chain", self.page);
        self.site.test.post(&path, "", body).await
    }

    /// What a phone with this seed does.
    async fn activate(&self, seed: u8) -> Phone {
        let mut phone = Phone::of(self, &self.offer().await, seed);
        let answer = self.post(phone.generation(), &phone.anchor()).await;
        phone.sign(&answer.expect(200));
        phone
    }

    async fn stored(&self) -> ClaimedTicket {
        let id = self.ticket["id"].as_str().expect("an id");
        let found = self.site.test.app.db.get::<ClaimedTicket>(id).await;
        found.expect("read").expect("stored").into_inner()
    }
}

struct Phone {
    chain: Chain,
    seed: Link,
    last: u16,
    start: Timestamp,
    signed: Option<SignedChain>,
}

impl Phone {
    fn of(guest: &Guest, offer: &Value, seed: u8) -> Self {
        let number = |field: &str| offer[field].as_i64().expect("a number");
        let event = data_encoding::HEXLOWER.encode(guest.site.event.as_bytes());
        assert_eq!(offer["event"], event);
        Self {
            chain: Chain {
                event: guest.site.event,
                serial: u32::try_from(number("serial")).expect("24 bits"),
                generation: u8::try_from(number("generation")).expect("a byte"),
            },
            seed: Link([seed; 16]),
            last: u16::try_from(number("steps")).expect("16 bits"),
            start: Timestamp::from_millis(number("notBefore")),
            signed: None,
        }
    }

    fn generation(&self) -> u64 {
        u64::from(self.chain.generation)
    }

    fn anchor(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.chain.walk(self.last, 0, self.seed).0)
    }

    fn sign(&mut self, answer: &Value) {
        let signed = answer["signed"].as_str().expect("hex");
        let signed = data_encoding::HEXLOWER.decode(signed.as_bytes());
        let signed = signed.expect("hex").try_into().expect("99 bytes");
        self.signed = Some(SignedChain::from_bytes(signed));
    }

    fn code(&self, now: Timestamp) -> Token {
        let step = step_at(self.start, self.last, now);
        let reveal = self.chain.walk(self.last, step, self.seed);
        self.signed.expect("activated").show(step, reveal)
    }
}

#[tokio::test]
async fn a_rotating_ticket_has_no_code_until_its_phone_makes_one() {
    // T9
    let guest = Guest::new().await;
    assert_eq!(guest.ticket["rotating"], true);
    assert!(guest.ticket.get("token").is_none(), "{}", guest.ticket);
    let id = guest.ticket["id"].as_str().expect("an id");
    let path = format!("/api/v1/claimed-tickets/qr/{id}");
    let test = &guest.site.test;
    test.get(&path, &guest.site.attendee)
        .await
        .expect_error(409, "rotating");
    let page = test.get(&guest.page, "").await;
    let page = String::from_utf8(page.bytes).expect("text");
    assert!(
        page.contains("id=\"turning\"") && !page.contains("<svg"),
        "{page}"
    );

    let offer = guest.offer().await;
    assert_eq!(
        (&offer["active"], &offer["generation"], &offer["open"]),
        (&Value::Null, &json!(1), &json!(true))
    );
    let phone = guest.activate(0x5E).await;
    let keys = crate::gate::keys::for_event(&test.app, guest.site.event, NOW)
        .await
        .expect("keys");
    let token = phone.code(NOW);
    let key = keys.issuing(token.kid()).expect("a key").verifying_key();
    let payload = verify(&token, guest.site.event, &key).expect("a good code");
    assert_eq!((payload.serial, payload.generation), (0, 1));
    assert_eq!(guest.offer().await["active"], 1);

    // Nothing that makes a code is stored.
    let row = serde_json::to_string(&guest.stored().await).expect("json");
    assert!(!row.contains(&format!("{:?}", phone.seed.0)), "{row}");
    // And the REST check goes on making sense.
    let path = format!("/api/v1/claimed-tickets/{id}/validate");
    let verdict = test.get(&path, &guest.site.attendee).await.expect(200);
    assert_eq!(
        (&verdict["verdict"], &verdict["generation"]),
        (&json!("admit"), &json!(1))
    );
}

#[tokio::test]
async fn asking_again_gives_the_same_and_another_phone_the_next_generation() {
    // T9 T4
    let guest = Guest::new().await;
    let first = guest.activate(1).await;
    let again = guest.post(1, &first.anchor()).await.expect(200);
    assert_eq!(again["generation"], 1);
    let mut repeated = Phone::of(&guest, &guest.offer().await, 1);
    assert_eq!(repeated.generation(), 2);
    repeated.sign(&again);
    assert_eq!(repeated.signed, first.signed);

    // The wrong generation, too soon, and then the next.
    let second = Phone::of(&guest, &guest.offer().await, 2);
    guest
        .post(1, &second.anchor())
        .await
        .expect_error(409, "activated_elsewhere");
    guest
        .post(2, &second.anchor())
        .await
        .expect_error(429, "rate_limited");
    guest.site.test.clock.set(NOW.plus_secs(30));
    let second = guest.activate(2).await;
    assert_eq!(second.generation(), 2);
    assert_eq!(guest.offer().await["active"], 2);
    let row = guest.stored().await.row(TicketStatus::Claimed);
    assert_eq!(row.generation, 2);
    // The first phone's request, repeated late, revives nothing.
    guest
        .post(1, &first.anchor())
        .await
        .expect_error(409, "activated_elsewhere");

    // A bounded number of times.
    for count in 3..=ACTIVATIONS_MAX {
        let at = NOW.plus_secs(30 * i64::from(count));
        guest.site.test.clock.set(at);
        guest.activate(count).await;
    }
    guest.site.test.clock.set(NOW.plus_secs(7200));
    let offer = guest.offer().await;
    let next = Phone::of(&guest, &offer, 0x77);
    guest
        .post(next.generation(), &next.anchor())
        .await
        .expect_error(409, "activated_too_often");
}

#[tokio::test]
async fn racing_phones_get_one_activation() {
    // T9
    let guest = Guest::new().await;
    let offer = guest.offer().await;
    let phones: Vec<Phone> = (1..=6)
        .map(|seed| Phone::of(&guest, &offer, seed))
        .collect();
    let anchors: Vec<String> = phones.iter().map(Phone::anchor).collect();
    let posts = anchors.iter().map(|anchor| guest.post(1, anchor));
    let answers = futures::future::join_all(posts).await;
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(done, 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.expect_error(409, "activated_elsewhere");
    }
}

#[tokio::test]
async fn what_may_not_come_in_is_not_activated() {
    // T9 T5
    let guest = Guest::new().await;
    let phone = Phone::of(&guest, &guest.offer().await, 3);
    let anchor = phone.anchor();
    for bad in [
        "",
        "00",
        &"00".repeat(16),
        &"zz".repeat(16),
        &"11".repeat(17),
    ] {
        guest.post(1, bad).await.expect_error(400, "validation");
    }
    let opens = phone.start.plus_secs(-ACTIVATION_LEAD_SECS);
    guest.site.test.clock.set(opens.plus_secs(-1));
    assert_eq!(guest.offer().await["open"], false);
    guest.post(1, &anchor).await.expect_error(409, "not_open");
    guest.site.test.clock.set(opens);
    assert_eq!(guest.offer().await["open"], true);
    let stock = guest.site.tickets[0].to_string();
    let cancelled = |stock: &mut IssuedTicket| stock.status = TicketStatus::Cancelled;
    guest.site.change::<IssuedTicket>(&stock, cancelled).await;
    assert_eq!(guest.offer().await["open"], false);
    guest
        .post(1, &anchor)
        .await
        .expect_error(409, "not_activatable");
    // Issued again on the second day of a pass: nothing was signed for it yet.
    let used = |stock: &mut IssuedTicket| stock.status = TicketStatus::Validated;
    guest.site.change::<IssuedTicket>(&stock, used).await;
    assert_eq!(guest.offer().await["open"], true);
    guest.post(1, &anchor).await.expect(200);
    // Who is in activates no second phone.
    assert_eq!(guest.offer().await["open"], false);
    guest
        .post(2, &anchor)
        .await
        .expect_error(409, "not_activatable");
    // A still ticket has no chain, and a link of nobody has nothing.
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    let page = ticket["pageUrl"].as_str().expect("a link");
    let page = page.strip_prefix("http://gatehouse.test").expect("ours");
    let body = json!({ "generation": 1, "anchor": anchor });
    for page in [page, "/t/aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let path = format!("{page}/chain");
        site.test
            .get(&path, "")
            .await
            .expect_error(404, "not_found");
        site.test
            .post(&path, "", body.clone())
            .await
            .expect_error(404, "not_found");
    }
    assert_eq!(ticket["rotating"], false);
    assert!(ticket["token"].is_string());
}

#[tokio::test]
async fn an_entry_by_the_first_phones_code_counts_after_the_ticket_moved() {
    // T9 T10: the gate was offline while the guest changed phones.
    let guest = Guest::new().await;
    let mut device = guest.site.enrol("South 1", 1, 7).await;
    let first = guest.activate(1).await;
    device.admit(0, &first.code(NOW).to_digits(), NOW);
    guest.site.test.clock.set(NOW.plus_secs(30));
    guest.activate(2).await;
    device.sync(&guest.site.test).await;
    let redemptions = guest.site.redemptions().await;
    assert_eq!(redemptions.len(), 1, "{redemptions:?}");
    assert_eq!(redemptions[0]["label"], "primary");
    assert_eq!(guest.site.ticket_status(0).await, TicketStatus::Validated);
}

#[tokio::test]
async fn before_its_activation_a_ticket_stands_in_no_gates_way() {
    // T9: a row of before must not contradict the first code.
    let guest = Guest::new().await;
    let dormant = guest.stored().await;
    assert!(dormant.is_dormant());
    let row = dormant.row(TicketStatus::Claimed);
    assert_eq!(row.generation, 0);
    assert_eq!(dormant.commitment_of(1), None);
    guest.activate(1).await;
    let active = guest.stored().await;
    assert_eq!(active.row(TicketStatus::Claimed).generation, 1);
    assert_eq!(active.commitment_of(1), Some(active.commitment));
}

#[tokio::test]
async fn a_class_whose_codes_turn_has_a_window_that_steps_can_count() {
    // T9 I7
    let site = Site::with_tickets(1).await;
    // A quarter of an hour, as windows are counted.
    let from = Timestamp::from_secs(NOW.as_secs().div_euclid(900) * 900);
    let class = async |name: &str, days: i64| {
        let body = json!({
            "name": name, "price": { "amount": 1, "currency": "VND" }, "rotating": true,
            "entryFrom": from, "entryUntil": from.plus_secs(days * 86_400),
        });
        let path = site.path("/ticket-classes");
        site.test.post(&path, &site.organizer, body).await
    };
    let wide = class("Month", 23).await.expect_error(400, "validation");
    assert!(
        wide["entryUntil"]
            .as_str()
            .expect("why")
            .contains("22 days"),
        "{wide}"
    );
    assert_eq!(class("Front row", 22).await.expect(201)["rotating"], true);
    let classes = site
        .test
        .get(&site.path("/ticket-classes"), "")
        .await
        .expect(200);
    let turning = |of: &Value| of["rotating"] == true;
    let all = classes["items"].as_array().or(classes.as_array());
    let all = all.expect("a list");
    assert_eq!(all.iter().filter(|of| turning(of)).count(), 1, "{classes}");
}
