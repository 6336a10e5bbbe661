//! What a rush is for: one class, a hall of seats, or two classes that share a pool.

use serde_json::{Value, json};

use crate::api::Api;
use crate::journey::{self, Event, text};

/// The ways in which the same number of tickets is on sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One class with so much stock.
    Class,
    /// So many seats of a plan; half of the buyers pick one, the others take the best.
    Seats,
    /// Two classes with so much stock each, of which the pool lets go so much in all.
    Pool,
}

pub const KINDS: [Kind; 3] = [Kind::Class, Kind::Seats, Kind::Pool];

const SEATS_IN_A_ROW: u32 = 20;

/// An event of which `tickets` can be sold.
pub struct Sale {
    pub event: Event,
    pub tickets: u32,
    /// Who picks, and what: seats, or the classes.
    picks: Vec<String>,
    kind: Kind,
}

impl Sale {
    /// # Panics
    /// When the server refuses.
    pub fn open(organizer: &Api, kind: Kind, tickets: u32) -> Self {
        // The seats and the pool have classes of their own.
        let stock = if kind == Kind::Class { tickets } else { 1 };
        let event = journey::event(organizer, "River Festival", stock);
        let picks = match kind {
            Kind::Class => Vec::new(),
            Kind::Seats => vec![seats(&event, tickets)],
            Kind::Pool => pool(&event, tickets),
        };
        Self {
            event,
            tickets,
            picks,
            kind,
        }
    }

    /// What buyer `i` asks for, and then instead.
    pub fn wishes(&self) -> Box<dyn Fn(usize) -> Vec<Value> + Send + Sync> {
        let (event, class) = (self.event.id.clone(), self.event.class_id.clone());
        let (kind, tickets, picks) = (self.kind, self.tickets as usize, self.picks.clone());
        Box::new(move |buyer| match kind {
            Kind::Class => vec![of_class(&event, &class, buyer)],
            Kind::Pool => vec![of_class(&event, &picks[buyer % 2], buyer)],
            Kind::Seats => {
                let best = of_class(&event, &picks[0], buyer);
                if buyer % 2 == 0 {
                    return vec![best];
                }
                let mut picked = best.clone();
                picked["items"] = json!([]);
                picked["seats"] = json!([seat_label(buyer * 7 % tickets)]);
                vec![picked, best]
            }
        })
    }

    /// Of all stock of the event: paid, held, and there.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn stats(&self) -> [u64; 3] {
        let path = format!("/issued-tickets/stats/{}", self.event.id);
        let stats = self.event.api.get(&path).ok();
        let classes = stats["classes"].as_array().expect("classes");
        ["paid", "held", "available"].map(|of| {
            let counts = classes.iter().map(|class| class[of].as_u64());
            counts.map(|count| count.expect("a count")).sum()
        })
    }

    /// What is left when all are sold: the one ticket that nobody asked for, and what the pool's
    /// classes have above its limit.
    pub const fn left(&self) -> u64 {
        match self.kind {
            Kind::Class => 0,
            Kind::Seats => 1,
            Kind::Pool => self.tickets as u64 + 1,
        }
    }
}

fn of_class(event: &str, class: &str, buyer: usize) -> Value {
    json!({
        "eventId": event, "items": [{"classId": class, "quantity": 1}],
        "buyer": {"email": format!("buyer{buyer}@example.org"), "name": "Mai Tran"},
    })
}

fn class(event: &Event, name: &str) -> String {
    let body = json!({"name": name, "price": {"amount": 90_000, "currency": "VND"}});
    let path = format!("/events/{}/ticket-classes", event.id);
    text(&event.api.post(&path, &body).ok(), "id")
}

fn seat_label(at: usize) -> String {
    let row = SEATS_IN_A_ROW as usize;
    format!("{}-{}", at / row + 1, at % row + 1)
}

/// A hall with so many seats, all on sale in one class: its id.
fn seats(event: &Event, count: u32) -> String {
    let api = &event.api;
    let venue = json!({"name": "Hall", "address": "1 Street", "capacity": count});
    let venue = text(&api.post("/venues", &venue).ok(), "id");
    let labels: Vec<Value> = (0..count as usize)
        .map(|at| json!({"label": seat_label(at)}))
        .collect();
    let rows: Vec<Value> = labels
        .chunks(SEATS_IN_A_ROW as usize)
        .enumerate()
        .map(|(at, seats)| json!({"name": (at + 1).to_string(), "seats": seats}))
        .collect();
    let plan = json!({"sections": [{"name": "Stalls", "rows": rows}]});
    api.put(&format!("/venues/{venue}/seating"), &plan).ok();
    let tie = json!({"venueId": venue});
    api.put(&format!("/events/{}/seating", event.id), &tie).ok();
    let class = class(event, "Stalls");
    let batch = json!({"eventId": event.id, "classId": class, "sections": ["Stalls"]});
    let made = api.post("/issued-tickets/batch", &batch).ok();
    assert_eq!(made["created"], count, "{made}");
    class
}

/// Two classes, each with all the stock, in a pool of half of that: their ids.
fn pool(event: &Event, limit: u32) -> Vec<String> {
    let classes: Vec<String> = ["Adult", "Child"]
        .map(|name| class(event, name))
        .into_iter()
        .collect();
    for class in &classes {
        let batch = json!({"eventId": event.id, "classId": class, "quantity": limit});
        event.api.post("/issued-tickets/batch", &batch).ok();
    }
    let pool = json!({"name": "Hall", "limit": limit, "classIds": classes});
    let path = format!("/events/{}/pools", event.id);
    event.api.post(&path, &pool).ok();
    classes
}
