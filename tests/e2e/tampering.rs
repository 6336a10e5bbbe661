//! Somebody changes the server's books by hand, and the operator looks.

use std::process::Command;

use rusqlite::Connection;
use serde_json::Value;
use tests::binaries;
use tests::journey;
use tests::server::Server;

/// `server journal verify` over the database, with more arguments; its exit code and report.
fn verify(server: &Server, more: &[&str]) -> (Option<i32>, Value) {
    let mut command = Command::new(binaries::path("server"));
    command
        .args(["journal", "verify", "--json", "--data"])
        .arg(server.data())
        .args(more)
        .env_remove("DATABASE_URL");
    let output = command.output().expect("it runs");
    let report = serde_json::from_slice(&output.stdout).expect("JSON");
    (output.status.code(), report)
}

#[test]
fn a_journal_that_was_changed_by_hand_names_the_entry() {
    // N9
    let mut server = Server::start();
    let organizer = journey::account(&server.api(), "lan");
    let event = journey::event(&organizer, "River Festival", 5);
    let buyer = journey::account(&server.api(), "mai");
    journey::buy(&buyer, &event, 2);
    // What a stop leaves is sealed.
    server.stop();
    let (code, whole) = verify(&server, &[]);
    assert_eq!(code, Some(0), "{whole}");
    assert_eq!(whole["unsealed"], 0, "{whole}");
    assert!(whole["sealed"].as_u64() > Some(5), "{whole}");
    let head = &whole["head"];
    let seen = format!(
        "{}:{}",
        head["number"],
        head["hash"].as_str().expect("a hash")
    );
    let database = server.data().join("gatehouse.sqlite");
    let books = Connection::open(&database).expect("opened");
    let id: String = books
        .query_row("SELECT id FROM journal WHERE seq = 2", [], |row| row.get(0))
        .expect("an entry");
    let change = "UPDATE journal SET body = json_set(body, '$.actor', json('{\"is\":\"system\"}')) WHERE id = ?1";
    assert_eq!(books.execute(change, [&id]).expect("changed"), 1);
    drop(books);
    let (code, report) = verify(&server, &["--expect", &seen]);
    assert_eq!(code, Some(1), "{report}");
    let fault = &report["faults"][0];
    assert_eq!(fault["fault"], "altered", "{report}");
    assert_eq!(
        (fault["seq"].as_u64(), fault["id"].as_str()),
        (Some(2), Some(&*id))
    );
    let other = format!("{}:{}", head["number"], "0".repeat(64));
    let (code, report) = verify(&server, &["--expect", &other]);
    assert_eq!(code, Some(1), "{report}");
    assert!(report.to_string().contains("headLost"), "{report}");
}
