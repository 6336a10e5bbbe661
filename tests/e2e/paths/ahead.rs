//! Checking in ahead, over REST; and what a device without a network makes of it.

use scanner_core::{Direction, ScanOptions};
use serde_json::json;
use tests::journey::text;

use super::show::{Show, World};

/// V7: opens at noon and closes when the doors do open.
pub(super) fn tell(world: &World) {
    let mut show = Show::evening(world);
    let window = json!({ "opensAt": show.at("0 12:00"), "closesAt": show.at("0 18:00") });
    let asked = json!([
        { "id": "shirt", "text": "Which size?", "kind": "CHOICE",
            "options": [{ "id": "s", "text": "Small" }, { "id": "l", "text": "Large" }] },
        { "id": "food", "text": "What do you not eat?", "required": false },
        { "id": "vip", "text": "Which lounge?", "classIds": [show.classes[1]] },
    ]);
    show.set(&json!({ "preCheckIn": window, "questions": asked }));
    let [ahead, passed_on, not_ahead] = show.bought(0, 3).try_into().expect("three");
    let path = |rest: &str, ticket| format!("/claimed-tickets/{}/{rest}", text(ticket, "id"));
    let answers = json!({ "answers": [{ "question": "shirt", "value": "Large" }] });
    let buyer = world.buyer.clone();
    let check_in = |ticket| buyer.post(&path("pre-check-in", ticket), &answers);

    show.is("0 11:59");
    let early = check_in(&ahead);
    assert_eq!((early.status, early.code()), (409, "not_open"));
    show.is("0 12:00");
    for ticket in [&ahead, &passed_on, &ahead] {
        let done = check_in(ticket).ok();
        assert_eq!(done["doneAt"], json!(show.at("0 12:00")), "{done}");
        let asked = done["questions"].as_array().expect("questions").len();
        assert_eq!(asked, 2, "the lounge is for others: {done}");
    }
    let guest = json!({ "name": "Bo Tran", "email": "bo@example.org" });
    let reissued = buyer.post(&path("reissue", &passed_on), &json!({ "attendee": guest }));
    reissued.ok();
    let passed_on = buyer
        .get(&format!("/claimed-tickets/{}", text(&passed_on, "id")))
        .ok();
    let list = format!("/events/{}/pre-check-ins", show.event.id);
    let counted = show.event.api.get(&list).ok();
    assert_eq!((&counted["done"], &counted["of"]), (&json!(1), &json!(3)));

    show.is("0 18:00");
    let late = check_in(&not_ahead);
    assert_eq!((late.status, late.code()), (409, "closed"));
    show = show.goes_offline();
    for (ticket, reason) in [
        (&ahead, "ok"),
        (&ahead, "already_used"),
        (&passed_on, "needs_answer"),
        (&not_ahead, "needs_answer"),
    ] {
        show.ticket = ticket.clone();
        let scanned = if reason == "already_used" {
            // The server has not heard of it yet.
            show.scan(ScanOptions::default(), &[])
        } else {
            show.both(0, Direction::In, reason)
        };
        assert_eq!(scanned.verdict.reason.word(), reason, "{scanned:?}");
    }
    show.alone = false;
    show.sync();
    show.ticket = ahead.clone();
    let used = show.both(0, Direction::In, "after the sync").verdict;
    assert_eq!(used.reason.word(), "already_used");
    let inside = check_in(&ahead);
    assert_eq!((inside.status, inside.code()), (409, "already_used"));
    let counted = show.event.api.get(&list).ok();
    assert_eq!((&counted["done"], &counted["of"]), (&json!(1), &json!(3)));
}
