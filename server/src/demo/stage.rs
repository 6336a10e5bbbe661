//! Setting the stage: people, an event that admits now, a ticket, a device to enrol.

use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use serde::Serialize;
use serde_json::json;
use shared::api::accounts::{LoginResponse, RegisterRequest, Role};
use shared::api::events::{EventView, GateView, TicketClassView};
use shared::api::gate::DeviceEnrolment;
use shared::api::orders::{OrderStatus, OrderView};
use shared::api::payments::PaymentView;
use shared::api::tickets::{BatchView, ClaimedTicketView};
use shared::ids::{ClassId, EventId, GateId};
use shared::time::Timestamp;

use super::rest::{Rest, RestError};
use crate::accounts;
use crate::app::App;
use crate::platform::journal::Actor;

const TITLE: &str = "Night Market Concert";
const STANDARD_STOCK: u32 = 500;
const VIP_STOCK: u32 = 50;
/// Tickets whose code turns; their activation is open at once, because the gates admit now.
const FRONT_ROW_STOCK: u32 = 50;
const HOUR_SECS: i64 = 60 * 60;
/// The demo gateway tells the shop by a webhook; this long we wait for it.
const PAID_TRIES: u32 = 100;
const PAID_TRY_EVERY: Duration = Duration::from_millis(100);

/// All that somebody needs to try things. The first fields are what scripts rely on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stage {
    pub url: String,
    pub admin: Login,
    pub organizer: Login,
    pub attendee: Login,
    pub event_id: EventId,
    pub class_id: ClassId,
    pub gate_id: GateId,
    pub vip_class_id: ClassId,
    pub turning_class_id: ClassId,
    pub vip_gate_id: GateId,
    pub ticket: Ticket,
    pub enrolment: Enrolment,
    #[serde(skip)]
    pub title: &'static str,
    #[serde(skip)]
    pub starts_at: Timestamp,
}

/// A name and its password, to be printed once.
#[derive(Clone, Serialize)]
pub struct Login {
    pub username: String,
    pub password: String,
}

/// A bought and claimed ticket.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// The digits of its QR code.
    pub token: String,
    pub code: String,
    pub page_url: String,
}

/// Enrols one device at the main gate, once.
#[derive(Serialize)]
pub struct Enrolment {
    pub url: String,
    pub code: String,
}

#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error("the demo cannot be prepared")]
    Rest(#[from] RestError),
    #[error("the demo's accounts cannot be made")]
    Accounts(#[from] accounts::Error),
    #[error("the demo's order was not paid in time")]
    NotPaid,
    #[error("the demo's ticket has no code")]
    NoCode,
}

/// Prepares the stage on a server that answers.
pub async fn prepare(app: &App) -> Result<Stage, StageError> {
    let admin = account(app, "admin", Role::Admin).await?;
    let organizer = account(app, "organizer", Role::Organizer).await?;
    let attendee = account(app, "attendee", Role::Attendee).await?;
    let host = log_in(app, &organizer).await?;
    let event = event(&host, app.clock.now()).await?;
    let buyer = log_in(app, &attendee).await?;
    let ticket = ticket(&buyer, &event).await?;
    let device = json!({ "name": "Kiosk 1", "gateId": event.gate, "role": "kiosk" });
    let path = format!("/events/{}/devices", event.id);
    let device: DeviceEnrolment = host.post(&path, &device).await?;
    Ok(Stage {
        url: app.config.public_url.clone(),
        admin,
        organizer,
        attendee,
        event_id: event.id,
        class_id: event.standard,
        gate_id: event.gate,
        vip_class_id: event.vip,
        turning_class_id: event.front_row,
        vip_gate_id: event.vip_gate,
        ticket: Ticket {
            token: ticket.token.ok_or(StageError::NoCode)?,
            code: ticket.code,
            page_url: ticket.page_url,
        },
        enrolment: Enrolment {
            url: device.enrolment_url,
            code: device.enrolment_code,
        },
        title: TITLE,
        starts_at: event.starts_at,
    })
}

async fn account(app: &App, username: &str, role: Role) -> Result<Login, accounts::Error> {
    let login = Login {
        username: username.to_owned(),
        password: password(app),
    };
    let request = RegisterRequest {
        email: format!("{username}@demo.example"),
        username: login.username.clone(),
        password: login.password.clone(),
    };
    accounts::register::create(app, request, role, Some(Actor::Operator)).await?;
    Ok(login)
}

/// 100 random bits that can be read aloud: `k7m2x-…`.
fn password(app: &App) -> String {
    let mut random = [0; 13];
    app.entropy.fill(&mut random);
    let mut text = BASE32_NOPAD.encode(&random).to_lowercase();
    text.truncate(20);
    for at in [15, 10, 5] {
        text.insert(at, '-');
    }
    text
}

async fn log_in(app: &App, login: &Login) -> Result<Rest, RestError> {
    let mut rest = Rest {
        http: app.http.clone(),
        base: format!("{}/api/v1", app.config.public_url),
        token: None,
    };
    let session: LoginResponse = rest.post("/auth/login", login).await?;
    rest.token = Some(session.access_token);
    Ok(rest)
}

struct DemoEvent {
    id: EventId,
    standard: ClassId,
    vip: ClassId,
    front_row: ClassId,
    gate: GateId,
    vip_gate: GateId,
    starts_at: Timestamp,
}

/// Where it takes place.
pub(super) const ZONE: &str = "Asia/Ho_Chi_Minh";

/// It starts in an hour; entry begins hours before the start, so its gates admit now.
async fn event(host: &Rest, now: Timestamp) -> Result<DemoEvent, RestError> {
    let starts_at = now.plus_secs(HOUR_SECS);
    let wanted = json!({
        "title": TITLE,
        "description": "Music between the food stalls. Bring an appetite.",
        "startDate": starts_at,
        "endDate": now.plus_secs(8 * HOUR_SECS),
        "timezone": ZONE,
        "capacity": STANDARD_STOCK + VIP_STOCK + FRONT_ROW_STOCK,
        "namesAtGate": true,
    });
    let event: EventView = host.post("/events", &wanted).await?;
    let path = |what: &str| format!("/events/{}/{what}", event.id);
    let price = |amount: i64| json!({ "amount": amount, "currency": "VND" });
    let standard = json!({ "name": "Standard", "price": price(250_000) });
    let standard: TicketClassView = host.post(&path("ticket-classes"), &standard).await?;
    let vip = json!({ "name": "VIP", "price": price(900_000), "zones": ["VIP"] });
    let vip: TicketClassView = host.post(&path("ticket-classes"), &vip).await?;
    let front_row = json!({ "name": "Front row", "price": price(600_000), "rotating": true });
    let front_row: TicketClassView = host.post(&path("ticket-classes"), &front_row).await?;
    let gate: GateView = host
        .post(&path("gates"), &json!({ "name": "Main gate" }))
        .await?;
    let vip_gate = json!({ "name": "VIP gate", "zones": ["VIP"] });
    let vip_gate: GateView = host.post(&path("gates"), &vip_gate).await?;
    for (class, quantity) in [
        (standard.id, STANDARD_STOCK),
        (vip.id, VIP_STOCK),
        (front_row.id, FRONT_ROW_STOCK),
    ] {
        let batch = json!({ "eventId": event.id, "classId": class, "quantity": quantity });
        let _made: BatchView = host.post("/issued-tickets/batch", &batch).await?;
    }
    let _published: EventView = host.post(&path("publish"), &json!({})).await?;
    Ok(DemoEvent {
        id: event.id,
        standard: standard.id,
        vip: vip.id,
        front_row: front_row.id,
        gate: gate.id,
        vip_gate: vip_gate.id,
        starts_at,
    })
}

/// Bought, paid at the demo gateway, claimed.
async fn ticket(buyer: &Rest, event: &DemoEvent) -> Result<ClaimedTicketView, StageError> {
    let person = json!({ "name": "Linh Nguyen", "email": "attendee@demo.example" });
    let order = json!({
        "eventId": event.id,
        "items": [{ "classId": event.standard, "quantity": 1 }],
        "buyer": person,
    });
    let order: OrderView = buyer.post("/orders", &order).await?;
    let payment = json!({ "orderId": order.id, "provider": "demo" });
    let payment: PaymentView = buyer.post("/payments", &payment).await?;
    let pay = format!("/payments/demo/{}/pay", payment.id);
    let _paid: serde_json::Value = buyer.post(&pay, &json!({})).await?;
    let order = paid(buyer, &format!("/orders/{}", order.id)).await?;
    let ticket = order.tickets.first().ok_or(StageError::NotPaid)?;
    let claim = json!({ "ticketId": ticket.id, "attendee": person });
    Ok(buyer.post("/claimed-tickets/claim", &claim).await?)
}

async fn paid(buyer: &Rest, path: &str) -> Result<OrderView, StageError> {
    for _ in 0..PAID_TRIES {
        let order: OrderView = buyer.get(path).await?;
        if order.status == OrderStatus::Paid {
            return Ok(order);
        }
        tokio::time::sleep(PAID_TRY_EVERY).await;
    }
    Err(StageError::NotPaid)
}
