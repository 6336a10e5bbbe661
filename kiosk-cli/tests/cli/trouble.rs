//! Exit codes with hints, and the commands that look inside.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Stdio;

use crate::kiosk::{Kiosk, code, json_lines, stderr, stdout};

#[test]
fn not_enrolled_is_3_for_every_command_that_needs_a_device() {
    let kiosk = Kiosk::new();
    for args in [
        &["scan"][..],
        &["sync"],
        &["status"],
        &["search", "anna"],
        &["doctor"],
        &["export"],
        &["carry", "--to", "stick"],
        &["carry", "--from", "stick"],
    ] {
        let output = kiosk.run_with(args, b"");
        assert_eq!(code(&output), 3, "{args:?}: {}", stderr(&output));
    }
    let said = stderr(&kiosk.run(&["status"]));
    assert!(
        said.contains("not enrolled") && said.contains("hint: run `kiosk enrol`"),
        "{said}"
    );
    assert!(
        !kiosk.data().join("gatehouse.db").exists(),
        "nothing was left behind"
    );
}

#[cfg(not(feature = "pcsc"))]
#[test]
fn a_build_without_chip_readers_says_so_before_anything_else() {
    // T7: also on a device that is not enrolled, so that nobody enrols one in vain
    let output = Kiosk::new().run(&["scan", "--reader"]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("built without chip readers"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn misuse_is_2() {
    let kiosk = Kiosk::new();
    for args in [
        &["fly"][..],
        &["enrol"],
        &["scan", "--direction", "up"],
        &["carry"],
        &["carry", "--from", "a", "--to", "b"],
        &["enrol", "what?"],
    ] {
        assert_eq!(code(&kiosk.run(args)), 2, "{args:?}");
    }
    let bare = ["enrol", crate::server::CODE, "--server", "127.0.0.1:18432"];
    let output = kiosk.run(&bare);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("write http:// or https://"),
        "{}",
        stderr(&output)
    );
    let enrolled = Kiosk::enrolled();
    let link = enrolled.server.borrow_mut().invite().to_url();
    let output = enrolled.run(&["enrol", &link]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("already belongs"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn no_peer_is_5_and_scanning_goes_on() {
    let kiosk = Kiosk::new();
    // Bound and dropped: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("bound")
        .port();
    let server = format!("http://127.0.0.1:{port}");
    let output = kiosk.run(&["enrol", crate::server::CODE, "--server", &server]);
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("same command again") && !said.contains("scanning goes on"),
        "{said}"
    );
    // The fake's name resolves nowhere.
    let kiosk = Kiosk::enrolled();
    let output = kiosk.run(&["sync", "--once"]);
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    assert_eq!(kiosk.scan(&kiosk.ticket(1))[0]["verdict"], "admit");
    let status = json_lines(&kiosk.run(&["status", "--json"]));
    assert_eq!(status[0]["pending"], 1);
    assert_eq!(status[0]["snapshot"]["version"], 1);
    assert!(status[0]["peers"][0]["lastError"].is_string());
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let kiosk = Kiosk::enrolled();
    kiosk.scan(&kiosk.ticket(1));
    for args in [&["export"][..], &["status"], &["search", "0001"], &["scan"]] {
        let mut child = kiosk
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("runs");
        drop(child.stdout.take());
        let mut codes = child.stdin.take().expect("piped");
        let _written = writeln!(codes, "{}", kiosk.ticket(2));
        drop(codes);
        let output = child.wait_with_output().expect("ends");
        assert_eq!(code(&output), 0, "{args:?}: {}", stderr(&output));
        assert_eq!(stderr(&output), "", "{args:?}");
    }
}

#[test]
fn unreadable_data_is_4_and_is_left_alone() {
    let kiosk = Kiosk::enrolled();
    kiosk.scan(&kiosk.ticket(1));
    let database = kiosk.data().join("gatehouse.db");
    for companion in ["gatehouse.db-wal", "gatehouse.db-shm"] {
        let path = kiosk.data().join(companion);
        if path.exists() {
            std::fs::remove_file(path).expect("removed");
        }
    }
    let rubbish = vec![b'x'; 20_000];
    std::fs::write(&database, &rubbish).expect("written");
    for args in [
        &["scan"][..],
        &["sync"],
        &["status"],
        &["search", "anna"],
        &["doctor"],
        &["export"],
    ] {
        let output = kiosk.run_with(args, b"");
        assert_eq!(code(&output), 4, "{args:?}: {}", stderr(&output));
    }
    let said = stderr(&kiosk.run(&["status"]));
    assert!(
        said.contains("unreadable") && said.contains("kiosk doctor"),
        "{said}"
    );
    assert_eq!(std::fs::read(&database).expect("read"), rubbish);
}

#[test]
fn a_second_scanner_is_told_at_once() {
    // V6
    let kiosk = Kiosk::enrolled();
    let mut child = kiosk
        .command(&["scan", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut codes = child.stdin.take().expect("piped");
    writeln!(codes, "{}", kiosk.ticket(1)).expect("writes");
    let mut answers = BufReader::new(child.stdout.take().expect("piped")).lines();
    answers.next().expect("an answer").expect("reads");
    let output = kiosk.run_with(&["scan"], kiosk.ticket(2).as_bytes());
    assert_eq!(code(&output), 4);
    assert_eq!(stdout(&output), "", "it decided nothing");
    assert!(
        stderr(&output).contains("another scanner"),
        "{}",
        stderr(&output)
    );
    // Looking is allowed.
    assert_eq!(
        json_lines(&kiosk.run(&["status", "--json"]))[0]["entries"],
        1
    );
    // And what a sync brings is seen by the one that runs.
    kiosk.server.borrow_mut().rows[3].status = shared::trust::TicketRowStatus::Cancelled;
    kiosk.server.borrow_mut().publish();
    kiosk.sync();
    writeln!(codes, "{}", kiosk.ticket(3)).expect("writes");
    let answer = answers.next().expect("an answer").expect("reads");
    assert!(answer.contains("\"cancelled\""), "{answer}");
    drop(codes);
    assert!(child.wait().expect("ends").success());
}

#[test]
fn search_doctor_and_export_speak_json() {
    // S61, S62, S65
    let kiosk = Kiosk::enrolled();
    kiosk
        .server
        .borrow_mut()
        .holders
        .insert(6, "Anna Nguyen".to_owned());
    kiosk.server.borrow_mut().publish();
    kiosk.sync();
    kiosk.scan(&kiosk.ticket(6));
    let hits = json_lines(&kiosk.run(&["search", "--json", "ANNA"]));
    assert_eq!(
        (&hits[0]["serial"], &hits[0]["inside"]),
        (&6.into(), &true.into())
    );
    let said = stdout(&kiosk.run(&["search", "anna"]));
    assert!(said.contains("active, inside  Used at "), "{said}");
    let refused = kiosk.run(&["search", "--json", "a"]);
    assert_eq!(code(&refused), 2);
    assert!(
        stderr(&refused).contains("a whole name"),
        "{}",
        stderr(&refused)
    );
    let checks = json_lines(&kiosk.run(&["doctor", "--json"]));
    assert!(
        checks.iter().all(|check| check["health"] != "bad"),
        "{checks:?}"
    );
    let entries = json_lines(&kiosk.run(&["export"]));
    assert_eq!((entries.len(), &entries[0]["kind"]), (1, &"admit".into()));
    let said = stdout(&kiosk.run(&["status"]));
    assert!(
        said.contains("Entries   1 here, 0 of others, 1 to send"),
        "{said}"
    );
    // S65
    let guests = &json_lines(&kiosk.run(&["status", "--json"]))[0]["guests"];
    let all = guests["tickets"].as_u64().expect("a count");
    assert_eq!(
        (&guests["entered"], &guests["inside"]),
        (&1.into(), &1.into())
    );
    let line = format!("Guests    1 of {all} have come, 1 are inside\n");
    assert!(all > 1 && said.contains(&line), "{said}");
}
