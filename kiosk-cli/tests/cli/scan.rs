//! `kiosk scan`: the contract of its lines, its pictures and its turnstile.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use qrcode::{EcLevel, QrCode};
use shared::trust::TicketRow;

use crate::kiosk::{Kiosk, code, json_lines, stderr, stdout};

#[test]
fn a_line_in_is_a_line_out_with_the_fixed_keys() {
    // V1
    let kiosk = Kiosk::enrolled();
    let ticket = kiosk.ticket(4);
    let answers = kiosk.scan(&format!("{ticket}\r\n{ticket}\n\nhello"));
    assert_eq!(answers.len(), 4);
    let first = &answers[0];
    assert_eq!(first["verdict"], "admit");
    assert_eq!(first["reason"], "ok");
    assert_eq!(first["serial"], 4);
    assert_eq!(first["generation"], 1);
    assert_eq!(first["class"], "Standard");
    assert_eq!(first["seat"], "A-4");
    assert_eq!(first["durable"], true);
    assert!(first["us"].as_u64().expect("a number") > 0);
    assert!(first["at"].as_str().expect("a time").ends_with('Z'));
    for key in ["holder", "explanation", "also", "earlier"] {
        assert!(first.get(key).is_some(), "{key}");
    }
    assert!(first.get("error").is_none());
    let told: Vec<_> = answers[1..]
        .iter()
        .map(|answer| {
            (
                answer["reason"].as_str().expect("a reason"),
                &answer["durable"],
            )
        })
        .collect();
    let no = &serde_json::Value::Bool(false);
    assert_eq!(
        told,
        [
            ("already_used", no),
            ("not_a_ticket", no),
            ("not_a_ticket", no)
        ]
    );
    assert_eq!(answers[1]["earlier"]["gate"], "Gate A");
    // The next process knows it too.
    assert_eq!(kiosk.scan(&ticket)[0]["reason"], "already_used");
}

#[test]
fn blanks_do_not_spoil_a_ticket_and_are_no_codes_to_a_person() {
    // S3
    let kiosk = Kiosk::enrolled();
    let (first, second, third) = (kiosk.ticket(1), kiosk.ticket(2), kiosk.ticket(3));
    let spaced = format!("{} {}  ", &third[..4], &third[4..]);
    let input = format!("\u{feff}{first}\r\n\n   \n\u{feff}\n{second}\r{spaced}\r\n\t\r\n");
    let reasons: Vec<_> = kiosk
        .scan(&input)
        .iter()
        .map(|answer| (answer["reason"].clone(), answer["serial"].clone()))
        .collect();
    let ok = |serial: u32| ("ok".into(), serial.into());
    // A program gets an answer for each line, a person none for a blank one.
    let blank = || ("not_a_ticket".into(), serde_json::Value::Null);
    let expected = [ok(1), blank(), blank(), blank(), ok(2), ok(3), blank()];
    assert_eq!(reasons, expected);
    let output = kiosk.run_with(&["scan"], b"\n \r\n\xef\xbb\xbf\n");
    assert_eq!((code(&output), stdout(&output)), (0, String::new()));
}

#[test]
fn each_answer_comes_before_the_next_code_is_asked_for() {
    let kiosk = Kiosk::enrolled();
    let mut child = kiosk
        .command(&["scan", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut codes = child.stdin.take().expect("piped");
    let mut answers = BufReader::new(child.stdout.take().expect("piped")).lines();
    for serial in 0..3 {
        writeln!(codes, "{}", kiosk.ticket(serial)).expect("writes");
        let answer = answers.next().expect("an answer").expect("reads");
        assert!(answer.contains("\"admit\""), "{answer}");
    }
    drop(codes);
    assert!(answers.next().is_none());
    assert!(child.wait().expect("ends").success());
}

#[test]
fn killed_at_once_the_answered_tickets_stay_used() {
    // V1: kill -9 between answers
    let kiosk = Kiosk::enrolled();
    let mut child = kiosk
        .command(&["scan", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut codes = child.stdin.take().expect("piped");
    let mut answers = BufReader::new(child.stdout.take().expect("piped")).lines();
    for serial in 0..5 {
        writeln!(codes, "{}", kiosk.ticket(serial)).expect("writes");
        answers.next().expect("an answer").expect("reads");
    }
    child.kill().expect("killed");
    child.wait().expect("gone");
    let again: String = (0..6).map(|serial| kiosk.ticket(serial) + "\n").collect();
    let reasons: Vec<String> = kiosk
        .scan(&again)
        .iter()
        .map(|answer| answer["reason"].as_str().expect("a reason").to_owned())
        .collect();
    assert_eq!(reasons[..5], ["already_used"; 5]);
    assert_eq!(reasons[5], "ok");
}

#[test]
fn bytes_that_are_no_text_and_endless_lines_are_answered() {
    // corpus 19
    let kiosk = Kiosk::enrolled();
    let mut input = b"\xff\xfe\x00\n".to_vec();
    input.extend(vec![b'7'; 1_000_000]);
    input.extend_from_slice(b"\n");
    input.extend_from_slice(kiosk.ticket(1).as_bytes());
    let answers = json_lines(&kiosk.run_with(&["scan", "--json"], &input));
    let reasons: Vec<_> = answers
        .iter()
        .map(|answer| answer["reason"].clone())
        .collect();
    assert_eq!(reasons, ["not_a_ticket", "not_a_ticket", "ok"]);
}

#[test]
fn people_read_shape_word_and_reason() {
    let kiosk = Kiosk::enrolled();
    let ticket = kiosk.ticket(4);
    let output = kiosk.run_with(&["scan"], format!("{ticket}\nhello\n").as_bytes());
    assert_eq!(
        stdout(&output),
        "✔ ADMIT\n  Standard · A-4\n  Welcome.\n✖ REFUSE\n  This code is not a ticket.\n"
    );
}

#[test]
fn pictures_are_read_and_pictures_without_a_ticket_are_answered() {
    // V1
    let kiosk = Kiosk::enrolled();
    let dir = kiosk.data();
    let picture = |name: &str, text: &str| {
        let path = dir.join(name);
        QrCode::with_error_correction_level(text, EcLevel::M)
            .expect("fits")
            .render::<image::Luma<u8>>()
            .module_dimensions(4, 4)
            .build()
            .save(&path)
            .expect("saved");
        path.to_str().expect("text").to_owned()
    };
    let (ticket, url) = (
        picture("ticket.png", &kiosk.ticket(2)),
        picture("url.png", "https://example.org"),
    );
    let output = kiosk.run(&["scan", "--json", "--image", &ticket, &url]);
    let answers = json_lines(&output);
    assert_eq!(answers[0]["reason"], "ok");
    assert_eq!(answers[0]["image"], ticket.as_str());
    assert_eq!(answers[1]["reason"], "not_a_ticket");
    assert_eq!(
        answers[1]["explanation"],
        "There is no ticket in this picture."
    );
    // One that is not there keeps nobody waiting.
    let last = picture("last.png", &kiosk.ticket(3));
    let output = kiosk.run(&["scan", "--json", "--image", "nowhere.png", &last]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("nowhere.png"),
        "{}",
        stderr(&output)
    );
    assert!(stdout(&output).contains("\"admit\""), "{}", stdout(&output));
}

#[test]
fn the_turnstile_opens_for_admissions_only() {
    let kiosk = Kiosk::enrolled();
    let opened = kiosk.data().join("opened");
    let command = format!(
        "echo chatter; echo $KIOSK_SERIAL $KIOSK_CLASS >> {}",
        opened.display()
    );
    let codes = format!("{0}\n{0}\nhello\n", kiosk.ticket(7));
    let output = kiosk.run_with(
        &["scan", "--json", "--on-admit", &command],
        codes.as_bytes(),
    );
    assert_eq!(json_lines(&output).len(), 3, "its words stay off stdout");
    assert_eq!(
        std::fs::read_to_string(opened).expect("opened"),
        "7 Standard\n"
    );
}

#[test]
fn gates_and_directions() {
    // S32
    let kiosk = Kiosk::enrolled();
    let ticket = kiosk.ticket(3);
    let scan = |args: &[&str]| {
        let args = [&["scan", "--json"], args].concat();
        json_lines(&kiosk.run_with(&args, ticket.as_bytes()))[0]["reason"].clone()
    };
    assert_eq!(scan(&["--gate", "Backstage"]), "wrong_gate");
    assert_eq!(scan(&["--direction", "out"]), "not_inside");
    assert_eq!(scan(&["--gate", "gate a", "--direction", "in"]), "ok");
    assert_eq!(scan(&["--direction", "out"]), "ok");
    let output = kiosk.run_with(&["scan", "--gate", "Nowhere"], b"");
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("Gate A, Backstage"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn going_out_reads_as_out_and_a_pipe_is_not_greeted() {
    // S32
    let kiosk = Kiosk::enrolled();
    let ticket = kiosk.ticket(3);
    assert_eq!(kiosk.scan(&ticket)[0]["verdict"], "admit");
    let output = kiosk.run_with(&["scan", "--direction", "out"], ticket.as_bytes());
    assert!(
        stdout(&output).starts_with("✔ OUT\n"),
        "{}",
        stdout(&output)
    );
    assert_eq!(stderr(&output), "");
    let output = kiosk.run_with(&["scan", "--direction", "out"], ticket.as_bytes());
    assert!(
        stdout(&output).starts_with("✖ REFUSE\n"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn attention_waits_for_a_person() {
    let kiosk = Kiosk::enrolled();
    kiosk.server.borrow_mut().rows[5].flags = TicketRow::ID_CHECK;
    kiosk.server.borrow_mut().publish();
    kiosk.sync();
    let ticket = kiosk.ticket(5);
    let answer = &kiosk.scan(&ticket)[0];
    assert_eq!(
        (&answer["verdict"], &answer["reason"]),
        (&"attention".into(), &"needs_id".into())
    );
    let output = kiosk.run_with(&["scan", "--json", "--confirmed"], ticket.as_bytes());
    assert_eq!(json_lines(&output)[0]["verdict"], "admit");
    assert_eq!(kiosk.scan(&ticket)[0]["reason"], "already_used");
}
