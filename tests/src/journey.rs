//! The steps of the journey, each over documented REST only.

use serde_json::{Value, json};

use crate::api::Api;

pub const PASSWORD: &str = "orange-turnstile-94";

/// An organizer with a published event and stock.
pub struct Event {
    pub api: Api,
    pub id: String,
    pub class_id: String,
    pub gate_id: String,
    pub gate_name: String,
}

/// Registers and logs in.
///
/// # Panics
/// When the server refuses.
pub fn account(api: &Api, username: &str) -> Api {
    let email = format!("{username}@example.org");
    let body = json!({"email": email, "username": username, "password": PASSWORD});
    api.post("/auth/register", &body).ok();
    login(api, username)
}

/// # Panics
/// When the server refuses.
pub fn login(api: &Api, username: &str) -> Api {
    let body = json!({"username": username, "password": PASSWORD});
    let session = api.post("/auth/login", &body).ok();
    api.with_bearer(session["accessToken"].as_str().expect("accessToken"))
}

/// RFC 3339, seconds from now.
///
/// # Panics
/// When the clock cannot be read.
pub fn in_seconds(seconds: i64) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("clock");
    let now = i64::try_from(now.as_secs()).expect("clock");
    shared::time::Timestamp::from_secs(now + seconds).to_string()
}

/// Creates, stocks and publishes an event that starts in an hour and admits now.
///
/// # Panics
/// When the server refuses.
pub fn event(organizer: &Api, title: &str, stock: u32) -> Event {
    let class = json!({"name": "Standard", "price": {"amount": 250_000, "currency": "VND"}});
    event_of(organizer, title, stock, &class)
}

/// The same with a ticket class of one's own.
///
/// # Panics
/// When the server refuses.
pub fn event_of(organizer: &Api, title: &str, stock: u32, class: &Value) -> Event {
    let event = organizer
        .post(
            "/events",
            &json!({
                "title": title, "description": "Doors open early.",
                "startDate": in_seconds(3600), "endDate": in_seconds(6 * 3600),
                "timezone": "Asia/Ho_Chi_Minh", "capacity": 100_000,
            }),
        )
        .ok();
    let id = text(&event, "id");
    let class = organizer
        .post(&format!("/events/{id}/ticket-classes"), class)
        .ok();
    let class_id = text(&class, "id");
    let gate = organizer
        .post(&format!("/events/{id}/gates"), &json!({"name": "Gate B"}))
        .ok();
    let batch = json!({"eventId": id, "classId": class_id, "quantity": stock});
    organizer.post("/issued-tickets/batch", &batch).ok();
    organizer
        .post(&format!("/events/{id}/publish"), &json!({}))
        .ok();
    Event {
        api: organizer.clone(),
        id,
        class_id,
        gate_id: text(&gate, "id"),
        gate_name: "Gate B".to_owned(),
    }
}

/// Orders, pays at the demo gateway, and gives the PAID order.
///
/// # Panics
/// When the server refuses.
pub fn buy(buyer: &Api, event: &Event, quantity: u32) -> Value {
    let order = order(buyer, event, quantity);
    let order_id = text(&order, "id");
    let body = json!({"orderId": order_id, "provider": "demo"});
    let payment = buyer.post("/payments", &body).ok();
    let payment_id = text(&payment, "id");
    buyer
        .post(&format!("/payments/demo/{payment_id}/pay"), &json!({}))
        .ok();
    let paid = buyer.get(&format!("/orders/{order_id}")).ok();
    assert_eq!(paid["status"], "PAID", "{paid}");
    paid
}

/// # Panics
/// When the server refuses.
pub fn order(buyer: &Api, event: &Event, quantity: u32) -> Value {
    buyer
        .post(
            "/orders",
            &json!({
                "eventId": event.id,
                "items": [{"classId": event.class_id, "quantity": quantity}],
                "buyer": {"email": "mai@example.org", "name": "Mai Tran"},
            }),
        )
        .ok()
}

/// Claims one ticket for a named attendee.
///
/// # Panics
/// When the server refuses.
pub fn claim(buyer: &Api, ticket_id: &str, name: &str) -> Value {
    let body =
        json!({"ticketId": ticket_id, "attendee": {"name": name, "email": "guest@example.org"}});
    buyer.post("/claimed-tickets/claim", &body).ok()
}

/// Buys and claims `quantity` tickets.
///
/// # Panics
/// When the server refuses.
pub fn tickets(buyer: &Api, event: &Event, quantity: u32) -> Vec<Value> {
    let order = buy(buyer, event, quantity);
    let tickets = order["tickets"].as_array().expect("tickets");
    tickets
        .iter()
        .map(|ticket| claim(buyer, &text(ticket, "id"), "Mai Tran"))
        .collect()
}

/// Invites a device to the event's gate and gives its enrolment link.
///
/// # Panics
/// When the server refuses.
pub fn invite(event: &Event, name: &str) -> String {
    let body = json!({"name": name, "gateId": event.gate_id, "role": "kiosk"});
    let device = event
        .api
        .post(&format!("/events/{}/devices", event.id), &body)
        .ok();
    text(&device, "enrolmentUrl")
}

/// All redemptions that the server knows.
///
/// # Panics
/// When the server refuses.
pub fn redemptions(event: &Event) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = event
            .api
            .get(&format!(
                "/events/{}/redemptions?limit=200{cursor}",
                event.id
            ))
            .ok();
        all.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// A string field.
///
/// # Panics
/// When it is not there.
pub fn text(value: &Value, field: &str) -> String {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field} in {value}"))
        .to_owned()
}
