//! A word against the rules (V11): by the office over REST, and by a supervisor at a device, about two
//! tickets that stand alike.

use scanner_core::{Direction, Reading, ScanOptions, Subject};
use serde_json::{Value, json};
use tests::journey::text;

use super::show::{Show, World};

/// How a ticket came to stand against the rules: the reason, and what was done to it.
type Standing = (&'static str, fn(&mut Show, &Value));

const STANDINGS: &[Standing] = &[
    ("ok", |_, _| {}),
    ("already_used", |show, ticket| {
        show.ticket = ticket.clone();
        assert!(show.scan(ScanOptions::default(), &[]).verdict.durable);
    }),
    ("revoked", |show, ticket| {
        let path = format!("/claimed-tickets/{}/revoke", text(ticket, "id"));
        show.event.api.post(&path, &json!({})).ok();
    }),
    ("blocked", |show, ticket| {
        let path = format!("/claimed-tickets/{}/block", text(ticket, "id"));
        show.event
            .api
            .put(&path, &json!({ "reason": "Disputed" }))
            .ok();
    }),
    ("cancelled", |show, ticket| {
        let path = format!("/orders/{}/refund", text(ticket, "orderId"));
        show.event
            .api
            .post(&path, &json!({ "reason": "Rain" }))
            .ok();
    }),
];

pub(super) fn tell(world: &World) {
    let mut show = Show::evening(world).supervised();
    show.scanner();
    show.is("0 18:00");
    for (reason, stand) in STANDINGS {
        // Orders of their own: a refund is of an order.
        let twins = [show.bought(0, 1).remove(0), show.bought(0, 1).remove(0)];
        show.sync();
        for ticket in &twins {
            stand(&mut show, ticket);
            show.ticket = ticket.clone();
            show.sync();
            let standing = show.validate(0, Direction::In);
            assert_eq!(standing["reason"], *reason, "{standing}");
        }
        alike(&mut show, &twins, reason);
    }
    nobody_forces_what_is_no_ticket(&mut show);
}

/// S123 S131 S138.
fn alike(show: &mut Show, twins: &[Value; 2], reason: &str) {
    let (pin, options) = (Show::pin(), ScanOptions::default());
    let subject = Subject::Code(Reading::from(text(&twins[0], "token")));
    let offline = show
        .scanner()
        .force(&subject, &pin, options)
        .expect("a word");
    let offline = serde_json::to_value(&offline.verdict).expect("JSON");
    let path = |verb: &str| format!("/claimed-tickets/{}/{verb}", text(&twins[1], "id"));
    let gate = json!({ "gateId": show.gates[0] });
    let online = show.event.api.post(&path("force"), &gate).ok();
    for word in [
        "verdict",
        "reason",
        "also",
        "class",
        "explanation",
        "durable",
    ] {
        assert_eq!(
            online[word], offline[word],
            "{word} of {reason}:\n{online}\n{offline}"
        );
    }
    assert_eq!(
        (&online["verdict"], &online["durable"]),
        (&json!("admit"), &json!(true))
    );
    // Both are taken back, and both tickets stand as before.
    show.scanner().undo(&subject, &pin).expect("an undo");
    show.event.api.post(&path("annul"), &json!({})).ok();
    for ticket in twins {
        show.ticket = ticket.clone();
        let again = show.both(0, Direction::In, reason).verdict;
        assert_eq!(again.reason.word(), reason, "{again:?}");
    }
}

/// S130.
fn nobody_forces_what_is_no_ticket(show: &mut Show) {
    let subject = Subject::Code(Reading::from("4006381333931"));
    let options = ScanOptions::default();
    let offline = show
        .scanner()
        .force(&subject, &Show::pin(), options)
        .expect("a word");
    let word = offline.verdict.reason.word();
    assert_eq!((word, offline.verdict.durable), ("not_a_ticket", false));
    let path = format!("/claimed-tickets/{}/force", show.event.id);
    let online = show.event.api.post(&path, &json!({}));
    assert_eq!((online.status, online.code()), (404, "not_found"));
}
