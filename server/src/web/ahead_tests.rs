//! Checking in ahead on the ticket's page, as a browser without script sends it.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

use crate::gate::tests::Site;
use crate::testing::{Answer, NOW};

struct Guest {
    site: Site,
    ticket: Value,
    path: String,
}

impl Guest {
    /// Checks in ahead for ten minutes, and is asked one question of each look.
    async fn new() -> Self {
        let site = Site::with_tickets(1).await;
        let settings = json!({
            "preCheckIn": { "opensAt": NOW, "closesAt": NOW.plus_secs(600) },
            "questions": [
                { "id": "shirt", "text": "Which size?", "kind": "CHOICE",
                    "options": [{ "id": "s", "text": "Small" }, { "id": "l", "text": "Large" }] },
                { "id": "days", "text": "Which days?", "kind": "CHOICES", "required": false,
                    "options": [{ "id": "fri", "text": "Friday" }, { "id": "sat", "text": "Saturday" }] },
                { "id": "rules", "text": "I have read <the> rules.", "kind": "YES_NO" },
                { "id": "comes", "text": "When do you come?", "kind": "DATE_TIME" },
            ],
        });
        site.check_in_settings(settings).await;
        let ticket = site.claim(0).await;
        let url = ticket["pageUrl"].as_str().expect("a link");
        let path = url.strip_prefix("http://gatehouse.test").expect("ours");
        Self {
            path: path.to_owned(),
            ticket,
            site,
        }
    }

    async fn html(&self) -> String {
        let page = self.site.test.get(&self.path, "").await;
        assert_eq!(page.status, 200);
        text(&page)
    }

    async fn send(&self, form: &str) -> Answer {
        let request = Request::post(&self.path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .expect("a request");
        self.site.test.send(request).await
    }

    async fn kept(&self) -> Vec<(String, String)> {
        let id = self.ticket["id"].as_str().expect("an id");
        let path = format!("/api/v1/claimed-tickets/{id}/pre-check-in");
        let view = self.site.test.get(&path, &self.site.attendee).await;
        let view = view.expect(200);
        let answers = view["answers"].as_array().expect("a list").iter();
        let word = |of: &Value, name: &str| of[name].as_str().expect("text").to_owned();
        answers
            .map(|answer| (word(answer, "question"), word(answer, "value")))
            .collect()
    }
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.bytes.clone()).expect("text")
}

const GOOD: &str = "shirt=l&days=sat&days=fri&rules=yes&comes=2026-09-21T22%3A30";

#[tokio::test]
async fn the_form_is_sent_once_and_shown_again_with_what_was_said() {
    // V7 N5
    let guest = Guest::new().await;
    let asked = guest.html().await;
    for shown in [
        "<h2 id=\"ahead\">Check in ahead</h2>",
        "<a href=\"#ahead\">Check in ahead</a>",
        "Until 21:23.",
        "<form method=\"post\" action=\"#ahead\">",
        "<select id=\"q-shirt\" name=\"shirt\" required>",
        "type=\"checkbox\" name=\"days\" value=\"fri\"",
        "I have read &lt;the&gt; rules.",
        "type=\"datetime-local\"",
        ">Check in</button>",
    ] {
        assert!(asked.contains(shown), "{shown} is missing in {asked}");
    }
    assert!(!asked.contains("style=") && !asked.contains("onsubmit"));

    let sent = guest.send(GOOD).await;
    assert_eq!(sent.status, 303, "{}", text(&sent));
    assert_eq!(sent.headers[header::LOCATION], guest.path.as_str());
    let kept = [
        ("comes", "2026-09-21T15:30:00.000Z"),
        ("days", "fri,sat"),
        ("rules", "yes"),
        ("shirt", "l"),
    ];
    let kept = kept.map(|(question, value)| (question.to_owned(), value.to_owned()));
    assert_eq!(guest.kept().await, kept);
    let done = guest.html().await;
    for shown in [
        "You are checked in ahead.",
        "it is not used up yet",
        "<strong id=\"headline\">Ready</strong>",
        "<option value=\"l\" selected>Large</option>",
        "value=\"sat\" checked",
        "value=\"2026-09-21T22:30\"",
        ">Save</button>",
    ] {
        assert!(done.contains(shown), "{shown} is missing in {done}");
    }

    // A browser says nothing of boxes that are not ticked.
    let sent = guest
        .send("shirt=s&rules=yes&comes=2026-09-21T22%3A30")
        .await;
    assert_eq!(sent.status, 303, "{}", text(&sent));
    assert_eq!(guest.kept().await[1], ("days".to_owned(), String::new()));
}

#[tokio::test]
async fn what_is_wrong_comes_back_as_it_was_typed() {
    // V7 S59 N5
    let guest = Guest::new().await;
    let sent = guest.send("shirt=xl&comes=%22%3E%3Cb%3E&days=fri").await;
    assert_eq!(sent.status, 400);
    let html = text(&sent);
    for shown in [
        "This must be one of the options.",
        "This must be answered with yes.",
        "This must be a date and time, like 2026-05-02T17:30.",
        "value=\"&quot;&gt;&lt;b&gt;\"",
        "value=\"fri\" checked",
        "aria-describedby=\"w-shirt\" aria-invalid=\"true\"",
        "role=\"alert\"",
    ] {
        assert!(html.contains(shown), "{shown} is missing in {html}");
    }
    assert_eq!(guest.kept().await, [], "nothing of it was kept");
    let sent = guest.send(&format!("{GOOD}&age=18")).await;
    assert_eq!(sent.status, 400);
    assert!(text(&sent).contains("The questions have changed meanwhile."));
    assert!(!guest.html().await.contains("You are checked in ahead."));
}

#[tokio::test]
async fn before_and_after_its_hours_the_page_only_tells() {
    // V7
    let guest = Guest::new().await;
    guest.site.test.clock.set(NOW.plus_secs(-60));
    let early = guest.html().await;
    assert!(early.contains("Check-in ahead opens on Mon 21 September 2026, 21:13."));
    assert!(!early.contains("<form"));
    assert_eq!(guest.send(GOOD).await.status, 303);
    assert_eq!(guest.kept().await, []);

    guest.site.test.clock.set(NOW.plus_secs(600));
    let over = guest.html().await;
    assert!(over.contains("Check-in ahead is over."), "{over}");
    assert!(!over.contains("<form"));
    assert_eq!(guest.send(GOOD).await.status, 303);
    assert_eq!(guest.kept().await, []);
}

#[tokio::test]
async fn a_page_says_nothing_of_it_without_need_and_a_dead_link_checks_nobody_in() {
    // V7 T3 T4
    let guest = Guest::new().await;
    let id = guest.ticket["id"].as_str().expect("an id");
    let verb = |verb: &str| format!("/api/v1/claimed-tickets/{id}/{verb}");
    // The link of before belongs to nobody.
    let test = &guest.site.test;
    let again = test
        .post(&verb("reissue"), &guest.site.attendee, json!({}))
        .await;
    again.expect(200);
    let sent = guest.send(GOOD).await;
    assert_eq!(sent.status, 404);
    assert!(text(&sent).contains("This is not a ticket"));
    assert_eq!(guest.kept().await, []);
    let strange = Request::post("/t/aaaaaaaaaaaaaaaaaaaaaaaaaa")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(GOOD))
        .expect("a request");
    assert_eq!(guest.site.test.send(strange).await.status, 404);

    let path = format!("/api/v1/claimed-tickets/{id}");
    let ticket = guest.site.test.get(&path, &guest.site.attendee).await;
    let url = ticket.expect(200)["pageUrl"].clone();
    let url = url.as_str().expect("a link").to_owned();
    let page = url.strip_prefix("http://gatehouse.test").expect("ours");
    let shown = text(&guest.site.test.get(page, "").await);
    assert!(shown.contains("Check in ahead"), "{shown}");
    let block = Some(json!({ "reason": "Payment is disputed" }));
    let blocked = test
        .call("PUT", &verb("block"), &guest.site.organizer, block)
        .await;
    blocked.expect(200);
    let shown = text(&guest.site.test.get(page, "").await);
    assert!(!shown.contains("Check in ahead"), "{shown}");
}
