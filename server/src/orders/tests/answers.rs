//! Names and answers that come with an order, over HTTP.

use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::ids::{ClassId, OrderId, TicketId};

use super::paid_unheard;
use crate::events::model::Event;
use crate::inventory::model::IssuedTicket;
use crate::orders::fixture::{Shop, text};
use crate::orders::form::OrderForm;
use crate::testing::{Answer, NOW};

fn questions() -> Value {
    json!([
        { "id": "diet", "text": "What do you eat?", "kind": "CHOICE", "atCheckout": true,
            "options": [{ "id": "veg", "text": "Vegetarian" }, { "id": "all", "text": "All" }] },
        { "id": "news", "text": "How did you hear of us?", "required": false,
            "perOrder": true, "atCheckout": true },
        { "id": "arrival", "text": "When do you arrive?", "kind": "DATE", "atGate": false },
    ])
}

async fn set_up(shop: &Shop, settings: Value) {
    let path = format!("/api/v1/events/{}/check-in", shop.event);
    let set = shop.t.call("PUT", &path, &shop.organizer, Some(settings));
    set.await.expect(200);
}

async fn asking() -> Shop {
    let shop = Shop::open_for_a_day(9).await;
    set_up(&shop, json!({ "questions": questions() })).await;
    shop
}

fn named(name: &str, diet: &str) -> Value {
    let email = format!("{}@example.org", name.to_lowercase());
    json!({ "attendee": { "name": name, "email": email },
        "answers": [{ "question": "diet", "value": diet }] })
}

async fn order(shop: &Shop, quantity: u32, attendees: Value, answers: Value) -> Answer {
    let mut body = shop.order_body(&json!([{ "classId": shop.class, "quantity": quantity }]));
    body["attendees"] = attendees;
    body["answers"] = answers;
    shop.t.post("/api/v1/orders", &shop.buyer, body).await
}

async fn answers(shop: &Shop, token: &str, order: &Value) -> Answer {
    let path = format!("/api/v1/orders/{}/answers", text(&order["id"]));
    shop.t.get(&path, token).await
}

async fn put_answers(shop: &Shop, token: &str, order: &Value, body: Value) -> Answer {
    let path = format!("/api/v1/orders/{}/answers", text(&order["id"]));
    shop.t.call("PUT", &path, token, Some(body)).await
}

async fn pay(shop: &Shop, order: &Value) {
    let told = paid_unheard(shop, order).await;
    shop.deliver(&told).await.expect(200);
    shop.run_jobs().await;
}

#[tokio::test]
async fn what_must_be_answered_is_told_field_by_field() {
    // O3
    let shop = asking().await;
    let silent = order(&shop, 2, json!([]), json!([])).await;
    let details = silent.expect_error(400, "validation");
    let missing = json!({ "attendees[0].answers.diet": "must be answered",
        "attendees[1].answers.diet": "must be answered" });
    assert_eq!(details, missing);
    let mut wrong = named("Ann", "meat");
    wrong["attendee"]["email"] = json!("nowhere");
    let news = json!([{ "question": "diet", "value": "veg" }]);
    let refused = order(&shop, 1, json!([wrong]), news).await;
    let details = refused.expect_error(400, "validation");
    let expected = json!({
        "answers.diet": "is not asked of this order",
        "attendees[0].answers.diet": "must be one of the options",
        "attendees[0].attendee.email": "is not an e-mail address",
    });
    assert_eq!(details, expected);
    let few = order(&shop, 2, json!([named("Ann", "veg")]), json!([])).await;
    let details = few.expect_error(400, "validation");
    assert_eq!(
        details["attendees"],
        "must be 2, one for each ticket, or none"
    );
    assert_eq!(shop.stats().await[0]["held"], 0, "nothing was held");
}

#[tokio::test]
async fn answers_keep_the_words_of_the_question_as_it_was_put() {
    // O3
    let shop = asking().await;
    let news = json!([{ "question": "news", "value": "A poster" }]);
    let all = json!([named("Ann", "veg"), named("Binh", "All")]);
    let placed = order(&shop, 2, all, news).await.expect(201);
    let mut reworded = questions();
    reworded[0]["text"] = json!("Do you eat fish?");
    reworded[0]["options"][0]["text"] = json!("No fish");
    set_up(&shop, json!({ "questions": reworded })).await;
    let seen = answers(&shop, &shop.buyer, &placed).await.expect(200);
    assert_eq!(seen["answers"][0]["text"], "How did you hear of us?");
    assert_eq!(seen["answers"][0]["value"], "A poster");
    let first = &seen["tickets"][0];
    assert_eq!(first["attendee"]["name"], "Ann");
    let diet = &first["answers"][0];
    assert_eq!(
        (&diet["value"], &diet["text"], &diet["words"]),
        (
            &json!("veg"),
            &json!("What do you eat?"),
            &json!("Vegetarian")
        )
    );
    assert_eq!(seen["tickets"][1]["answers"][0]["value"], "all");
    let stranger = shop.t.token_for(Role::Attendee);
    answers(&shop, &stranger, &placed)
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn a_claim_takes_along_what_the_order_said() {
    // O3, T1, S56
    let shop = asking().await;
    let all = json!([named("Ann", "veg"), { "answers": [{ "question": "diet", "value": "all" }] }]);
    let placed = order(&shop, 2, all, json!([])).await.expect(201);
    pay(&shop, &placed).await;
    let claim = async |at: usize| {
        let body = json!({ "ticketId": placed["tickets"][at]["id"] });
        let path = "/api/v1/claimed-tickets/claim";
        shop.t.post(path, &shop.buyer, body).await
    };
    let ticket = claim(0).await.expect(201);
    assert_eq!(ticket["attendee"]["name"], "Ann");
    let nameless = claim(1).await.expect_error(400, "validation");
    assert_eq!(nameless["attendee"], "is missing");
    let path = format!("/api/v1/claimed-tickets/{}/answers", text(&ticket["id"]));
    let seen = shop.t.get(&path, &shop.buyer).await.expect(200);
    assert_eq!(seen["answers"][0]["value"], "veg");
    let open = seen["open"].as_array().expect("a list");
    assert_eq!((open.len(), &open[0]["id"]), (1, &json!("arrival")));
    // From now on the ticket answers.
    let arrival = json!({ "answers": [{ "question": "arrival", "value": "2026-10-11" }] });
    let put = shop.t.call("PUT", &path, &shop.buyer, Some(arrival)).await;
    put.expect(200);
    let seen = answers(&shop, &shop.buyer, &placed).await.expect(200);
    assert_eq!(
        seen["tickets"][0]["answers"].as_array().map(Vec::len),
        Some(2)
    );
    let late = json!({ "attendees": [{ "ticketId": placed["tickets"][0]["id"] }] });
    let refused = put_answers(&shop, &shop.buyer, &placed, late).await;
    let details = refused.expect_error(400, "validation");
    let why = "is claimed: answer on the ticket itself";
    assert_eq!(details["attendees[0].ticketId"], why);
}

#[tokio::test]
async fn named_tickets_are_claimed_by_themselves_where_the_organizer_wants_it() {
    // O3, T1
    let shop = asking().await;
    let settings = json!({ "questions": questions(), "claimAtCheckout": true });
    set_up(&shop, settings).await;
    let one = json!({ "answers": [{ "question": "diet", "value": "all" }] });
    let placed = order(&shop, 2, json!([named("Ann", "veg"), one]), json!([])).await;
    pay(&shop, &placed.expect(201)).await;
    let mine = shop
        .t
        .get("/api/v1/claimed-tickets", &shop.buyer)
        .await
        .expect(200);
    let mine = mine["items"].as_array().expect("a list");
    assert_eq!(mine.len(), 1, "the other has no name yet");
    assert_eq!(mine[0]["attendee"]["name"], "Ann");
    assert!(mine[0]["token"].is_string());
}

#[tokio::test]
async fn answers_close_for_buyers_and_not_for_the_organizer() {
    // O3
    let shop = asking().await;
    let until = NOW.plus_secs(120);
    let settings = json!({ "questions": questions(), "answersUntil": until });
    set_up(&shop, settings).await;
    let placed = order(&shop, 1, json!([named("Ann", "veg")]), json!([]))
        .await
        .expect(201);
    let said = json!({ "answers": [{ "question": "news", "value": "Radio" }],
        "attendees": [{ "ticketId": placed["tickets"][0]["id"],
            "attendee": { "name": "Cam", "email": "cam@example.org" },
            "answers": [{ "question": "arrival", "value": "2026-10-12" }] }] });
    let seen = put_answers(&shop, &shop.buyer, &placed, said.clone())
        .await
        .expect(200);
    assert_eq!(seen["answers"][0]["value"], "Radio");
    let ticket = &seen["tickets"][0];
    assert_eq!(ticket["attendee"]["name"], "Cam");
    let given: Vec<_> = ticket["answers"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    assert_eq!(
        (&given[0]["value"], &given[1]["value"]),
        (&json!("2026-10-12"), &json!("veg"))
    );
    pay(&shop, &placed).await;
    let body = json!({ "ticketId": placed["tickets"][0]["id"] });
    let claim = shop
        .t
        .post("/api/v1/claimed-tickets/claim", &shop.buyer, body)
        .await;
    let page = format!(
        "/api/v1/claimed-tickets/{}/answers",
        text(&claim.expect(201)["id"])
    );
    shop.t.clock.advance(120_000);
    let late = put_answers(&shop, &shop.buyer, &placed, said).await;
    late.expect_error(409, "answers_closed");
    let diet = json!({ "answers": [{ "question": "diet", "value": "all" }] });
    let late = shop
        .t
        .call("PUT", &page, &shop.buyer, Some(diet.clone()))
        .await;
    late.expect_error(409, "answers_closed");
    shop.t
        .call("PUT", &page, &shop.organizer, Some(diet))
        .await
        .expect(200);
    let radio = json!({ "answers": [{ "question": "news", "value": "TV" }] });
    put_answers(&shop, &shop.organizer, &placed, radio)
        .await
        .expect(200);
}

#[tokio::test]
async fn seats_get_the_names_that_were_given_for_them() {
    // O3, I3
    let shop = Shop::open(0).await;
    shop.add_seats(&shop.class, &["A-1", "A-2", "A-3"])
        .await
        .expect(201);
    let mut body = shop.order_body(&json!([]));
    body["seats"] = json!(["A-3", "A-1"]);
    let of = |name: &str| json!({ "attendee": { "name": name, "email": "ann@example.org" } });
    body["attendees"] = json!([of("Third"), of("First")]);
    let placed = shop
        .t
        .post("/api/v1/orders", &shop.buyer, body)
        .await
        .expect(201);
    let seen = answers(&shop, &shop.buyer, &placed).await.expect(200);
    let mut names: Vec<_> = seen["tickets"].as_array().expect("a list").iter().collect();
    names.sort_by_key(|ticket| text(&ticket["seat"]));
    let names: Vec<_> = names
        .iter()
        .map(|of| text(&of["attendee"]["name"]))
        .collect();
    assert_eq!(names, ["First", "Third"]);
}

#[tokio::test]
async fn the_organizer_lists_and_exports_answers_and_no_cell_is_a_formula() {
    // O3, R5
    let shop = asking().await;
    let news = json!([{ "question": "news", "value": "=HYPERLINK(\"http://x\")" }]);
    let placed = order(&shop, 1, json!([named("Ann", "veg")]), news)
        .await
        .expect(201);
    let given_up = order(&shop, 1, json!([named("Eve", "all")]), json!([]))
        .await
        .expect(201);
    super::cancel(&shop, &shop.buyer, &given_up)
        .await
        .expect(200);
    let path = format!("/api/v1/events/{}/answers", shop.event);
    let list = shop.t.get(&path, &shop.organizer).await.expect(200);
    let seen = answers(&shop, &shop.organizer, &placed).await.expect(200);
    assert_eq!(
        list["items"],
        json!([seen]),
        "what has no tickets is left out"
    );
    let csv = shop.t.get(&format!("{path}/csv"), &shop.organizer).await;
    assert_eq!(csv.status, 200);
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    let table = String::from_utf8(csv.bytes).expect("UTF-8");
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(
        lines[1].contains("\"'=HYPERLINK(\"\"http://x\"\")\""),
        "{table}"
    );
    assert!(
        lines[2].contains("\"Ann\"") && lines[2].contains("\"Vegetarian\""),
        "{table}"
    );
    for path in [path.clone(), format!("{path}/csv")] {
        shop.t
            .get(&path, &shop.buyer)
            .await
            .expect_error(404, "not_found");
    }
}

#[tokio::test]
async fn buyers_read_the_questions_before_they_buy() {
    // O3
    let shop = asking().await;
    let path = format!("/api/v1/events/{}/questions", shop.event);
    let asked = shop.t.get(&path, "").await.expect(200);
    assert_eq!(asked["questions"].as_array().map(Vec::len), Some(3));
    let news = &asked["questions"][1];
    assert_eq!(
        (&news["perOrder"], &news["atGate"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(asked["claimAtCheckout"], false);
}

#[tokio::test]
async fn a_guest_answers_with_the_orders_token() {
    // O3
    let shop = asking().await;
    let mut body = shop.order_body(&json!([{ "classId": shop.class, "quantity": 1 }]));
    body["attendees"] = json!([named("Gus", "veg")]);
    let placed = shop
        .t
        .post("/api/v1/guest/orders", "", body)
        .await
        .expect(201);
    let token = text(&placed["guestToken"]);
    let said = json!({ "answers": [{ "question": "news", "value": "Radio" }] });
    let seen = put_answers(&shop, &token, &placed["order"], said)
        .await
        .expect(200);
    assert_eq!(seen["answers"][0]["value"], "Radio");
    assert_eq!(seen["tickets"][0]["attendee"]["name"], "Gus");
}

#[tokio::test]
async fn what_was_said_goes_to_the_tickets_that_a_late_payment_got() {
    // O3, P3
    let shop = Shop::open_for_a_day(2).await;
    set_up(&shop, json!({ "questions": questions() })).await;
    let placed = order(&shop, 1, json!([named("Ann", "veg")]), json!([]))
        .await
        .expect(201);
    let told = paid_unheard(&shop, &placed).await;
    shop.t.clock.advance(600_000);
    // Others take its ticket and another; then one of them comes free again.
    let all = json!([named("Eve", "all"), named("Eli", "all")]);
    let others = order(&shop, 2, all, json!([])).await.expect(201);
    super::cancel(&shop, &shop.buyer, &others).await.expect(200);
    let one = order(&shop, 1, json!([named("Eve", "all")]), json!([]))
        .await
        .expect(201);
    shop.deliver(&told).await.expect(200);
    let seen = answers(&shop, &shop.buyer, &placed).await.expect(200);
    assert_eq!(seen["status"], "PAID");
    assert_eq!(seen["tickets"][0]["attendee"]["name"], "Ann");
    assert_ne!(seen["tickets"][0]["ticketId"], one["tickets"][0]["id"]);
}

#[tokio::test]
async fn a_name_follows_to_a_ticket_of_the_same_class_and_seat_only() {
    // O3
    let shop = asking().await;
    let placed = order(&shop, 1, json!([named("Ann", "veg")]), json!([]))
        .await
        .expect(201);
    let id = text(&placed["id"]);
    let form = shop.t.app.db.get::<OrderForm>(&id).await.expect("read");
    let mut form = form.expect("a form").into_inner();
    assert_eq!(form.order, id.parse::<OrderId>().expect("an id"));
    let event = shop.t.app.db.get::<Event>(&shop.event).await.expect("read");
    let ticket = |at: u8, class: ClassId, seat: Option<&str>| IssuedTicket {
        id: TicketId::from_bytes([at; 16]),
        event_id: event.as_ref().expect("the event").id,
        class_id: class,
        serial: 0,
        seat: seat.map(str::to_owned),
        seat_index: None,
        place: None,
        status: shared::api::tickets::TicketStatus::Held,
        hold_order: None,
        hold_expires_at: None,
        order_id: None,
        replaced: false,
    };
    let class = form.tickets[0].class;
    let before = form.tickets[0].ticket;
    let other = ticket(1, ClassId::from_bytes([9; 16]), None);
    let seated = ticket(2, class, Some("A-1"));
    form.follow(&[&other, &seated]);
    assert_eq!(form.tickets[0].ticket, before, "neither fits");
    let same = ticket(3, class, None);
    form.follow(&[&other, &seated, &same]);
    assert_eq!(form.tickets[0].ticket, same.id);
}
