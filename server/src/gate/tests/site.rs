//! An event with two gates and bought tickets.

use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::api::events::EventStatus;
use shared::api::orders::{Buyer, OrderStatus};
use shared::api::tickets::TicketStatus;
use shared::ids::{ClassId, EventId, GateId, OrderId, TicketId, UserId};
use shared::money::{Currency, Money};
use shared::time::Timestamp;

use super::device::Device;
use crate::events::model::{Event, Gate, TicketClass, epoch_of};
use crate::inventory::model::IssuedTicket;
use crate::orders::model::Order;
use crate::platform::db::{DbError, Entity};
use crate::testing::{NOW, TestApp};

pub(crate) struct Site {
    pub(crate) test: TestApp,
    pub(crate) organizer: String,
    pub(crate) attendee: String,
    pub(crate) event: EventId,
    pub(crate) gates: Vec<GateId>,
    pub(crate) tickets: Vec<TicketId>,
    pub(crate) order: OrderId,
}

impl Site {
    /// An event that admits now, with `bought` paid tickets; the first has a seat.
    pub(crate) async fn with_tickets(bought: u32) -> Self {
        Self::over(TestApp::new().await, bought).await
    }

    /// The same in an application of one's own.
    pub(crate) async fn over(test: TestApp, bought: u32) -> Self {
        let user = |byte| UserId::from_bytes([byte; 16]);
        let (organizer, attendee) = (user(1), user(2));
        let event = event(organizer, bought);
        let class = class(&event);
        let gates: Vec<Gate> = ["Gate A", "Gate B"]
            .iter()
            .zip(0..)
            .map(|(name, index)| gate(&event, name, index))
            .collect();
        let order = order(&event, attendee, bought);
        let tickets: Vec<IssuedTicket> = (0..bought)
            .map(|serial| ticket(&event, &class, &order, serial))
            .collect();
        let site = Self {
            organizer: test.token(organizer, Role::Organizer),
            attendee: test.token(attendee, Role::Attendee),
            event: event.id,
            gates: gates.iter().map(|gate| gate.id).collect(),
            tickets: tickets.iter().map(|ticket| ticket.id).collect(),
            order: order.id,
            test,
        };
        site.put(vec![event]).await;
        site.put(vec![class]).await;
        site.put(gates).await;
        site.put(vec![order]).await;
        site.put(tickets).await;
        site
    }

    pub(crate) async fn put<E: Entity>(&self, entities: Vec<E>) {
        self.test
            .app
            .db
            .write(move |tx| -> Result<(), DbError> {
                entities
                    .iter()
                    .try_for_each(|entity| tx.insert(entity).map(drop))
            })
            .await
            .expect("stored");
    }

    /// Changes a stored entity.
    pub(crate) async fn change<E: Entity>(&self, id: &str, change: fn(&mut E)) {
        let id = id.to_owned();
        self.test
            .app
            .db
            .write(move |tx| -> Result<(), DbError> {
                let mut entity = tx.get::<E>(&id)?.expect("it exists");
                change(&mut entity);
                tx.replace(&mut entity)
            })
            .await
            .expect("changed");
    }

    /// Replaces how the event checks in.
    pub(crate) async fn check_in_settings(&self, settings: Value) {
        let path = self.path("/check-in");
        let set = self
            .test
            .call("PUT", &path, &self.organizer, Some(settings));
        set.await.expect(200);
    }

    pub(crate) fn claim_body(&self, ticket: usize) -> Value {
        json!({ "ticketId": self.tickets[ticket], "attendee": { "name": "Ann Lee", "email": "ann@example.org" } })
    }

    /// Claims a ticket and gives what its holder gets.
    pub(crate) async fn claim(&self, ticket: usize) -> Value {
        let answer = self
            .test
            .post(
                "/api/v1/claimed-tickets/claim",
                &self.attendee,
                self.claim_body(ticket),
            )
            .await;
        answer.expect(201)
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/api/v1/events/{}{rest}", self.event)
    }

    /// Invites a device to a gate; the answer of `POST …/devices`.
    pub(crate) async fn invite(&self, name: &str, gate: usize) -> Value {
        let body = json!({ "name": name, "gateId": self.gates[gate], "role": "kiosk" });
        self.test
            .post(&self.path("/devices"), &self.organizer, body)
            .await
            .expect(201)
    }

    /// Invites and enrols; `seed` makes the device's key.
    pub(crate) async fn enrol(&self, name: &str, gate: usize, seed: u8) -> Device {
        let invited = self.invite(name, gate).await;
        let mut device = Device::new(seed, u16::try_from(gate).expect("few gates"));
        device.enrol(&self.test, &invited).await.expect(200);
        device
    }

    pub(crate) async fn redemptions(&self) -> Vec<Value> {
        let answer = self
            .test
            .get(&self.path("/redemptions"), &self.organizer)
            .await;
        answer.expect(200)["items"]
            .as_array()
            .expect("items")
            .clone()
    }

    pub(crate) async fn ticket_status(&self, ticket: usize) -> TicketStatus {
        let stored = self
            .test
            .app
            .db
            .get::<IssuedTicket>(&self.tickets[ticket].to_string())
            .await;
        stored.expect("read").expect("there").status
    }
}

fn event(organizer: UserId, bought: u32) -> Event {
    Event {
        id: EventId::from_bytes([0xE0; 16]),
        organizer_id: organizer,
        organization_id: None,
        title: "Night of the Open Gates".to_owned(),
        description: String::new(),
        venue_id: None,
        start: NOW.plus_secs(3600),
        end: NOW.plus_secs(5 * 3600),
        timezone: "Asia/Ho_Chi_Minh".to_owned(),
        status: EventStatus::Published,
        capacity: 1000,
        names_at_gate: false,
        confirm_devices: false,
        guest_checkout: true,
        charges: shared::api::selling::Charges::default(),
        epoch: epoch_of(NOW),
        serial_next: bought,
        seat_next: 1,
        seating: None,
        zones: Vec::new(),
        revision: 1,
        created_at: NOW,
        updated_at: NOW,
        published_at: Some(NOW),
        approval: None,
        series: None,
        archived: None,
    }
}

fn class(event: &Event) -> TicketClass {
    TicketClass {
        id: ClassId::from_bytes([0xC0; 16]),
        event_id: event.id,
        index: 0,
        name: "VIP".to_owned(),
        price: Money::new(250_000, Currency::VND),
        zones: 0,
        max_per_order: 10,
        entry_from: None,
        entry_until: None,
        rotating: false,
        sealed: false,
        seated: false,
        terms: shared::api::selling::Terms::default(),
        pools: Vec::new(),
        counting: 0,
        created_at: NOW,
        archived: None,
    }
}

fn gate(event: &Event, name: &str, index: u16) -> Gate {
    let [high, low] = index.to_be_bytes();
    let mut id = [0x6A; 16];
    id[14..].copy_from_slice(&[high, low]);
    Gate {
        id: GateId::from_bytes(id),
        event_id: event.id,
        index,
        name: name.to_owned(),
        zones: 0,
        created_at: NOW,
        archived: None,
    }
}

fn order(event: &Event, buyer: UserId, bought: u32) -> Order {
    Order {
        id: OrderId::from_bytes([0x0D; 16]),
        event_id: event.id,
        user_id: buyer,
        status: OrderStatus::Paid,
        buyer: Buyer {
            email: "ann@example.org".to_owned(),
            name: "Ann Lee".to_owned(),
        },
        lines: Vec::new(),
        seats: Vec::new(),
        total: Money::new(250_000 * i64::from(bought), Currency::VND),
        tickets: (0..bought).map(ticket_id).collect(),
        expires_at: Timestamp::UNIX_EPOCH,
        payment_id: None,
        created_at: NOW,
        paid_at: Some(NOW),
        closed_at: None,
        note: String::new(),
        later: None,
        tax_included: false,
        tax_share: None,
        voucher: None,
        dispute: None,
        returned: Vec::new(),
        refunded: 0,
        guest: None,
        named: false,
        overdue: None,
    }
}

fn ticket_id(serial: u32) -> TicketId {
    let mut id = [0x71; 16];
    id[12..].copy_from_slice(&serial.to_be_bytes());
    TicketId::from_bytes(id)
}

fn ticket(event: &Event, class: &TicketClass, order: &Order, serial: u32) -> IssuedTicket {
    let is_seated = serial == 0;
    IssuedTicket {
        id: ticket_id(serial),
        event_id: event.id,
        class_id: class.id,
        serial,
        seat: is_seated.then(|| "A-12".to_owned()),
        seat_index: is_seated.then_some(0),
        place: None,
        status: TicketStatus::Paid,
        hold_order: None,
        hold_expires_at: None,
        order_id: Some(order.id),
        replaced: false,
    }
}
