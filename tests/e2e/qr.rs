//! QR images, read back by a reader that is not ours.

use std::process::Command;

use tests::journey::{self, text};
use tests::kiosk::Kiosk;
use tests::server::Server;

#[test]
fn zbar_and_the_kiosk_read_the_same_digits_from_the_png() {
    // T2
    let server = Server::start();
    let event = journey::event(&journey::account(&server.api(), "lan"), "River Festival", 5);
    let buyer = journey::account(&server.api(), "mai");
    let ticket = journey::tickets(&buyer, &event, 1).remove(0);
    let token = text(&ticket, "token");
    let id = text(&ticket, "id");

    let (png, kind) = buyer.bytes(&format!("/claimed-tickets/qr/{id}?format=png"));
    assert_eq!(kind, "image/png");
    let (svg, kind) = buyer.bytes(&format!("/claimed-tickets/qr/{id}?format=svg"));
    assert!(kind.starts_with("image/svg+xml"), "{kind}");
    assert!(String::from_utf8_lossy(&svg).contains("<svg"));

    let kiosk = Kiosk::new();
    let file = kiosk.folder().join("ticket.png");
    std::fs::write(&file, &png).expect("write");
    let image = image::load_from_memory(&png).expect("a PNG");
    assert_eq!(image.width(), image.height());

    let zbar = Command::new("zbarimg")
        .args(["--raw", "-q"])
        .arg(&file)
        .output();
    let zbar = zbar.expect("zbarimg is installed (tests/run installs zbar-tools)");
    assert_eq!(String::from_utf8_lossy(&zbar.stdout).trim(), token);

    kiosk.enrol(&journey::invite(&event, "Turnstile 1"));
    kiosk.sync();
    let shown = kiosk.succeed(&["scan", "--json", "--image", &file.display().to_string()]);
    let verdict: serde_json::Value = serde_json::from_str(shown.trim()).expect("JSON");
    assert_eq!(verdict["verdict"], "admit", "{verdict}");
}
