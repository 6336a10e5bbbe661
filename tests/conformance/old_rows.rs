//! Rows as the version of migration 59 wrote them. They are what is in people's databases: nothing
//! here follows a change of an entity.

use serde_json::{Value, json};
use server::events::model::{Event, Gate, TicketClass};
use server::gate::GateStaff;
use server::inventory::model::IssuedTicket;
use server::orders::model::Order;
use server::payments::ledger::Refund;
use server::payments::model::Payment;
use server::payments::{payos, stripe};
use server::platform::journal::Entry;
use server::tickets::transfer::Transfer;
use server::tickets::{ClaimedTicket, TicketAnswers};
use server::venues::model::Venue;

use crate::old_data::Old;

pub(crate) const EVENT: &str = "01a0c2a0-0000-7000-8000-000000000001";
pub(crate) const ORDER: &str = "01a0c2a0-0000-7000-8000-000000000002";
const OWNER: &str = "01a0c2a0-0000-7000-8000-000000000003";
const BUYER: &str = "01a0c2a0-0000-7000-8000-000000000004";
const CLASS: &str = "01a0c2a0-0000-7000-8000-000000000005";
const STOCK: &str = "01a0c2a0-0000-7000-8000-000000000006";
const TICKET: &str = "01a0c2a0-0000-7000-8000-000000000007";
const PAYMENT: &str = "01a0c2a0-0000-7000-8000-000000000008";
const OTHER: &str = "01a0c2a0-0000-7000-8000-000000000009";
const VENUE: &str = "01a0c2a0-0000-7000-8000-00000000000a";
const AT: &str = "2026-09-20T10:00:00.000Z";
const AT_MS: i64 = 1_789_898_400_000;
const END: &str = "2026-10-12T16:00:00.000Z";
const END_MS: i64 = 1_791_820_800_000;

pub(crate) fn all() -> Vec<Old> {
    let mut all = event_and_its_parts();
    all.extend(order_and_its_money());
    all.extend(ticket_and_its_ways());
    all.extend(journal());
    all
}

fn price() -> Value {
    json!({ "amount": 250_000, "currency": "VND" })
}

fn event_and_its_parts() -> Vec<Old> {
    let event = json!({
        "id": EVENT, "organizer_id": OWNER, "title": "Night of Strings", "description": "Four quartets.",
        "venue_id": VENUE, "start": "2026-10-12T12:00:00.000Z", "end": END, "timezone": "Asia/Ho_Chi_Minh",
        "status": "PUBLISHED", "capacity": 200, "names_at_gate": true, "epoch": "2026-09-19T00:00:00.000Z",
        "serial_next": 10, "seat_next": 0, "zones": ["Balcony"], "revision": 3,
        "created_at": AT, "updated_at": AT, "published_at": AT,
    });
    let class = json!({
        "id": CLASS, "event_id": EVENT, "index": 0, "name": "General", "price": price(), "zones": 1,
        "max_per_order": 10, "entry_from": null, "entry_until": null, "created_at": AT,
    });
    let gate = json!({ "id": OTHER, "event_id": EVENT, "index": 1, "name": "Gate B", "zones": 0, "created_at": AT });
    let staff = json!({ "event": EVENT, "user": OTHER, "username": "gina", "added_at": AT });
    let venue = json!({
        "id": VENUE, "organizer_id": OWNER, "name": "Hall", "address": "1 Quay", "coordinates": null,
        "capacity": 200, "seating": 0, "revision": 1, "created_at": AT, "updated_at": AT,
    });
    vec![
        Old::row::<Event>(
            EVENT,
            event,
            &[
                ("organizer_id", json!(OWNER)),
                ("status", json!("PUBLISHED")),
                ("end_at", json!(END_MS)),
            ],
        ),
        Old::row::<TicketClass>(CLASS, class, &of_event(0)),
        Old::row::<Gate>(OTHER, gate, &of_event(1)),
        Old::row::<GateStaff>(
            &format!("{EVENT}:{OTHER}"),
            staff,
            &[("event_id", json!(EVENT))],
        ),
        Old::row::<Venue>(VENUE, venue, &[("organizer_id", json!(OWNER))]),
    ]
}

fn of_event(position: u32) -> [(&'static str, Value); 2] {
    [("event_id", json!(EVENT)), ("position", json!(position))]
}

fn order_and_its_money() -> Vec<Old> {
    let line = json!({ "class_id": CLASS, "name": "General", "quantity": 1, "unit_price": price(), "total": price() });
    let order = json!({
        "id": ORDER, "event_id": EVENT, "user_id": BUYER, "status": "PAID", "lines": [line],
        "buyer": { "email": "ann@example.org", "name": "Ann" }, "seats": [], "total": price(),
        "tickets": [STOCK], "expires_at": "2026-09-20T10:10:00.000Z", "payment_id": PAYMENT,
        "created_at": AT, "paid_at": AT, "closed_at": null, "note": "",
    });
    let payment = json!({
        "id": PAYMENT, "order_id": ORDER, "event_id": EVENT, "user_id": BUYER, "provider": "stripe",
        "status": "PAID", "amount": price(), "received": price(), "owed": 0, "created_at": AT,
        "paid_at": AT, "closed_at": null, "note": "",
    });
    let session = json!({
        "payment": PAYMENT, "amount": price(), "form": "mode=payment", "spent_keys": 0,
        "session_id": "cs_1", "payment_intent": "pi_1", "checkout_url": null, "expires_at": AT,
        "ask_at": null, "looks": 1, "looked_at": AT, "busy_until": null,
    });
    let link = json!({
        "order_code": 5_000_000_000_i64, "payment": OTHER, "amount": 250_000, "link_id": null,
        "checkout_url": null, "expires_at": AT, "ask_at": AT, "looks": 0, "looked_at": null,
        "busy_until": null,
    });
    let refund = json!({
        "id": OTHER, "payment_id": PAYMENT, "order_id": ORDER, "event_id": EVENT, "provider": "stripe",
        "status": "DUE", "amount": price(), "why": "too much", "created_at": AT, "closed_at": null,
        "proof": null, "closed_by": null,
    });
    vec![
        Old::row::<Order>(ORDER, order, &[("user_id", json!(BUYER))]),
        Old::row::<Payment>(
            PAYMENT,
            payment,
            &[("order_id", json!(ORDER)), ("live_order", json!(ORDER))],
        ),
        Old::row::<stripe::model::Session>(PAYMENT, session, &[]),
        Old::row::<payos::model::Link>(
            "5000000000",
            link,
            &[("payment_id", json!(OTHER)), ("ask_at", json!(AT_MS))],
        ),
        Old::row::<Refund>(
            OTHER,
            refund,
            &[
                ("payment_id", json!(PAYMENT)),
                ("event_id", json!(EVENT)),
                ("due_since", json!(AT_MS)),
            ],
        ),
    ]
}

fn ticket_and_its_ways() -> Vec<Old> {
    let ticket = json!({
        "id": TICKET, "ticket_id": STOCK, "event_id": EVENT, "class_id": CLASS, "order_id": ORDER,
        "user_id": BUYER, "attendee": { "name": "Ann Lee", "email": "ann@example.org" }, "kid": 0,
        "serial": 4, "generation": 1, "class_index": 0, "zones": 1, "not_before": 2_200,
        "not_after": 2_260, "flags": 0, "seat": null, "seat_index": null,
        "commitment": [1, 2, 3, 4, 5, 6, 7, 8], "page_hash": "00ff", "claimed_at": AT, "revoked_at": null,
    });
    let answers = json!({
        "ticket": TICKET, "event": EVENT,
        "given": { "diet": { "value": "vegan", "at": AT, "device": null } },
    });
    let taken = json!({
        "id": OTHER, "ticket": TICKET, "event": EVENT, "event_title": "Night of Strings", "from": BUYER,
        "from_name": "Ann Lee", "from_email": "ann@example.org", "from_generation": 0,
        "to_email": "Bob@example.org", "to_key": "bob@example.org", "to": OWNER, "to_name": "Bob",
        "to_generation": 1, "status": "ACCEPTED", "offered_at": AT, "expires_at": END, "settled_at": AT,
    });
    let mut offered = taken.clone();
    for (name, value) in [
        ("id", json!(VENUE)),
        ("to", Value::Null),
        ("to_name", Value::Null),
        ("to_generation", Value::Null),
        ("status", json!("OFFERED")),
        ("settled_at", Value::Null),
    ] {
        offered[name] = value;
    }
    let of_transfer = [
        ("ticket", json!(TICKET)),
        ("offered_at", json!(AT_MS)),
        ("to_key", json!("bob@example.org")),
    ];
    let mut of_offer = of_transfer.to_vec();
    of_offer.push(("open_ticket", json!(TICKET)));
    let stock = json!({
        "id": STOCK, "event_id": EVENT, "class_id": CLASS, "serial": 4, "seat": "A-2", "seat_index": 1,
        "place": { "run": 7, "at": 1 }, "status": "CLAIMED", "hold_order": null,
        "hold_expires_at": null, "order_id": ORDER,
    });
    vec![
        Old::row::<IssuedTicket>(
            STOCK,
            stock,
            &[
                ("event_id", json!(EVENT)),
                ("class_id", json!(CLASS)),
                ("status", json!("CLAIMED")),
                ("serial", json!(4)),
                ("seat", json!("A-2")),
            ],
        ),
        Old::row::<ClaimedTicket>(
            TICKET,
            ticket,
            &[
                ("event_id", json!(EVENT)),
                ("serial", json!(4)),
                ("ticket_id", json!(STOCK)),
                ("user_id", json!(BUYER)),
                ("claimed_at", json!(AT_MS)),
                ("page_hash", json!("00ff")),
            ],
        ),
        Old::row::<TicketAnswers>(TICKET, answers, &[]),
        Old::row::<Transfer>(OTHER, taken, &of_transfer),
        Old::row::<Transfer>(VENUE, offered, &of_offer),
    ]
}

fn journal() -> Vec<Old> {
    let actors = [
        (OWNER, json!({ "is": "user", "id": OWNER })),
        (BUYER, json!({ "is": "gateway", "id": "payos" })),
        (CLASS, json!({ "is": "system" })),
    ];
    let entry = |(id, actor): (&str, Value)| {
        let body = json!({
            "id": id, "at": AT, "actor": actor, "action": "order.paid",
            "subject": format!("order/{ORDER}"), "details": { "amount": 250_000 },
        });
        Old::row::<Entry>(
            id,
            body,
            &[
                ("at", json!(AT_MS)),
                ("subject", json!(format!("order/{ORDER}"))),
                ("action", json!("order.paid")),
            ],
        )
    };
    actors.into_iter().map(entry).collect()
}
