//! A gate device in strange hands: what its files tell.

use std::path::Path;

use serde_json::json;
use tests::journey::{self, text};
use tests::kiosk::Kiosk;
use tests::server::Server;

/// Whether any file of the device holds this text.
fn holds(folder: &Path, needle: &str) -> bool {
    let files = std::fs::read_dir(folder).expect("a folder");
    files.into_iter().any(|file| {
        let path = file.expect("an entry").path();
        let bytes = path.is_file().then(|| std::fs::read(&path).expect("read"));
        bytes.is_some_and(|bytes| {
            bytes
                .windows(needle.len())
                .any(|at| at == needle.as_bytes())
        })
    })
}

#[test]
fn stolen_scanner_tells_no_name_no_code_and_no_link() {
    // V6 T6, token.md 4 (stolen scanner)
    let server = Server::start();
    let organizer = journey::account(&server.api(), "lan");
    let event = journey::event(&organizer, "River Festival", 5);
    let buyer = journey::account(&server.api(), "mai");
    let bought = journey::buy(&buyer, &event, 2);
    let claimed =
        |at: usize, name: &str| journey::claim(&buyer, &text(&bought["tickets"][at], "id"), name);
    let (typed, scanned) = (claimed(0, "Ngoc Quynh Tran"), claimed(1, "Thi Bich Le"));
    let kiosk = Kiosk::new();
    let link = journey::invite(&event, "Turnstile 1");
    kiosk.enrol(&link);
    kiosk.sync();
    let codes = [text(&typed, "code"), text(&scanned, "token")];
    for code in &codes {
        assert_eq!(kiosk.scan(&[code])[0]["verdict"], "admit", "{code}");
    }
    kiosk.sync();

    let data = kiosk.data();
    assert!(
        holds(&data, "River Festival"),
        "these are the device's files"
    );
    let secret = |ticket| {
        let page = text(ticket, "pageUrl");
        page.rsplit('/').next().expect("a secret").to_owned()
    };
    let (_, rest) = link.split_once("#c=").expect("a code");
    let enrolment = rest.split('&').next().expect("a code").to_owned();
    for hidden in [
        "Quynh".to_owned(),
        "Bich".to_owned(),
        "guest@example.org".to_owned(),
        text(&typed, "code"),
        text(&typed, "code").replace('-', ""),
        text(&scanned, "code"),
        text(&scanned, "code").replace('-', ""),
        text(&typed, "token"),
        text(&scanned, "token"),
        secret(&typed),
        secret(&scanned),
        enrolment,
    ] {
        assert!(hidden.len() > 3 && !holds(&data, &hidden), "{hidden}");
    }

    // Where the event lets names out they are there, and gone when it takes them back.
    for (names, found) in [(true, true), (false, false)] {
        let path = format!("/events/{}", event.id);
        organizer
            .patch(&path, &json!({ "namesAtGate": names }))
            .ok();
        kiosk.sync();
        assert_eq!(holds(&data, "Quynh"), found, "names at gate: {names}");
    }
}
