//! Notes for staff, and questions to a guest.

use serde_json::{Value, json};
use tests::api::Api;
use tests::journey::{self, Event, text};
use tests::poll;
use tests::server::Server;

use super::driver::{Look, Window};
use super::{WITHIN, audit, event_with_names, fresh_device, set_up, wait_for_answer, wait_until};

/// As `event_with_names`, with questions of every kind of control, notes, and two tickets.
fn event_that_asks(api: &Api) -> (Event, Vec<Value>) {
    let event = event_with_names(api);
    let sizes = json!([{ "id": "s", "text": "Small" }, { "id": "l", "text": "Large" }]);
    let settings = json!({
        "questions": [
            { "id": "shirt", "text": "Which size?", "kind": "CHOICE", "options": sizes },
            { "id": "age", "text": "How old is the youngest child in your group?", "kind": "NUMBER" },
            { "id": "rules", "text": "Has the guest read the rules of the site?", "kind": "YES_NO" },
            { "id": "from", "text": "Where from?", "required": false },
        ],
        "classNotes": [{ "classId": event.class_id, "text": "Blue wristband, left hand" }],
    });
    let path = format!("/events/{}/check-in", event.id);
    event.api.put(&path, &settings).ok();
    let bought = journey::tickets(&journey::account(api, "mai"), &event, 2);
    let note = json!({ "text": "Wheelchair: open the side door" });
    let path = format!("/claimed-tickets/{}/note", text(&bought[0], "id"));
    event.api.put(&path, &note).ok();
    (event, bought)
}

fn say(window: &Window, age: &str) {
    window.choose("#asked-0", "l");
    window.fill("#asked-1", age);
    window.choose("#asked-2", "yes");
    window.click("#said");
}

#[test]
fn notes_and_questions_are_whole_in_the_window() {
    // S58 S59 S91 S101 S125 S127 V12
    let server = Server::start();
    let (event, bought) = event_that_asks(&server.api());
    let (_folder, data) = fresh_device();
    let window = Window::open(&data, Look::PHONE);
    set_up(&window, &event, "Phone 1");

    window.press(&format!("{}\n", text(&bought[0], "token")));
    wait_for_answer(&window, "attention");
    for note in [
        "Wheelchair: open the side door",
        "Blue wristband, left hand",
    ] {
        assert!(
            window.text("#notes").contains(note),
            "{}",
            window.text("#notes")
        );
    }
    audit::assert_readable(&window, "notes");
    window.screenshot("11-notes");
    window.click("#confirm");
    assert!(window.is_shown("#asking"));
    for question in [
        "Which size?",
        "youngest child in your group?",
        "(may be left open)",
    ] {
        assert!(
            window.text("#asked").contains(question),
            "{}",
            window.text("#asked")
        );
    }
    window.screenshot("12-questions");

    // An answer that is none is said to be none, and asked for again; the good ones are kept.
    say(&window, "five");
    poll::until("the one question again", WITHIN, || {
        window.is_shown("#asking-problem").then_some(())
    });
    assert!(!window.text("#asked").contains("Which size?"));
    assert_eq!(window.text("#admitted"), "0");
    window.fill("#asked-0", "05");
    window.click("#said");
    wait_for_answer(&window, "admit");
    assert!(!window.is_shown("#asking"));
    assert!(
        window.text("#notes").contains("side door"),
        "they stay with the answer"
    );

    // Staff decide that a guest need not answer.
    window.press(&format!("{}\n", text(&bought[1], "token")));
    wait_for_answer(&window, "attention");
    window.click("#confirm");
    window.click("#waive");
    wait_until(&window, "#admitted", "2");
    window.click("#sync");
    wait_until(&window, "#pending", "0");
    let path = format!("/claimed-tickets/{}/answers", text(&bought[0], "id"));
    let kept = event.api.get(&path).ok();
    let kept = kept["answers"].as_array().expect("answers");
    for (id, value) in [("shirt", "l"), ("age", "5"), ("rules", "yes")] {
        let answer = kept.iter().find(|answer| answer["question"] == id);
        assert_eq!(answer.expect("kept")["value"], value);
    }
}
