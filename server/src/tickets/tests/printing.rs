//! A ticket on paper, read back as a gate and a person would.

use scanner_core::decode::{Frame, QrReader as _, Rxing};
use serde_json::Value;
use shared::ids::ClassId;

use crate::events::model::TicketClass;
use crate::gate::tests::Site;
use crate::platform::paper::reading::{lines, picture};

fn path(ticket: &Value) -> String {
    format!(
        "/api/v1/claimed-tickets/{}/pdf",
        ticket["id"].as_str().expect("an id")
    )
}

#[tokio::test]
async fn the_code_on_paper_is_the_tickets_and_its_words_can_be_read() {
    // T11
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    let answer = site.test.get(&path(&ticket), &site.attendee).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/pdf");
    assert_eq!(answer.headers["cache-control"], "private, no-store");
    let words = lines(&answer.bytes).join("\n");
    for word in ["Ann Lee", ticket["code"].as_str().expect("a code")] {
        assert!(words.contains(word), "{word}: {words}");
    }
    let paper = picture(&answer.bytes);
    let frame = Frame::new(paper.width(), paper.height(), paper.into_raw()).expect("a frame");
    let read = Rxing.read(&frame, &|| false);
    assert_eq!(read.as_deref(), ticket["token"].as_str());
}

#[tokio::test]
async fn only_its_holder_prints_it_and_what_turns_is_not_printed() {
    // T11 A6
    let site = Site::with_tickets(1).await;
    let class = ClassId::from_bytes([0xC0; 16]).to_string();
    site.change::<TicketClass>(&class, |class| class.rotating = true)
        .await;
    let ticket = site.claim(0).await;
    let answer = site.test.get(&path(&ticket), &site.organizer).await;
    answer.expect_error(404, "not_found");
    let answer = site.test.get(&path(&ticket), &site.attendee).await;
    answer.expect_error(409, "rotating");
}
