//! Typed codes, force, undo and unlock as staff and scripts use them. // T6 V11 V12

use serde_json::Value;

use crate::kiosk::{Kiosk, code, json_lines, stderr, stdout};

pub(crate) const PIN: &str = "482913";

/// Ticket 4 has a typed code, and somebody has a PIN.
pub(crate) fn supervised() -> (Kiosk, String) {
    let kiosk = Kiosk::enrolled();
    let typed = {
        let mut server = kiosk.server.borrow_mut();
        let typed = server.code(4);
        server.supervise(PIN);
        server.holders.insert(5, "Nguyễn Thị Bình".to_owned());
        server.publish();
        typed
    };
    kiosk.sync();
    (kiosk, typed)
}

fn one(kiosk: &Kiosk, args: &[&str], stdin: &str) -> Value {
    json_lines(&kiosk.run_with(args, stdin.as_bytes())).remove(0)
}

#[test]
fn a_typed_code_is_a_line_like_any_other() {
    // T6
    let (kiosk, typed) = supervised();
    let answers = kiosk.scan(&format!("{typed}\n{}\n", typed.replace('-', " ")));
    assert_eq!(answers[0]["verdict"], "admit");
    assert_eq!(answers[0]["serial"], 4);
    assert_eq!(answers[1]["reason"], "already_used");
    let status = one(&kiosk, &["status", "--json"], "");
    assert_eq!(status["overrides"]["typed"], 1);
}

#[test]
fn wrong_codes_lock_and_a_supervisor_unlocks() {
    // T6: over processes, each of one try.
    let (kiosk, typed) = supervised();
    let wrong = shared::ticket::TypedCode::from_secret(5).to_string();
    for _ in 0..5 {
        assert_eq!(kiosk.scan(&wrong)[0]["reason"], "not_a_ticket");
    }
    assert_eq!(kiosk.scan(&typed)[0]["reason"], "rate_limited");
    let told = one(&kiosk, &["unlock", "--json"], PIN);
    assert_eq!(told["unlocked"], true);
    assert_eq!(kiosk.scan(&typed)[0]["verdict"], "admit");
}

#[test]
fn force_and_undo_take_the_pin_from_stdin_or_environment() {
    // V11 V12 S123 S138
    let (kiosk, _) = supervised();
    let ticket = kiosk.ticket(1);
    assert_eq!(kiosk.scan(&ticket)[0]["verdict"], "admit");
    // Both from stdin, one line each.
    let both = format!("{ticket}\n{PIN}\n");
    let forced = one(&kiosk, &["force", "-", "--json"], &both);
    assert_eq!(forced["verdict"], "admit");
    assert_eq!(forced["also"][0], "already_used");
    assert_eq!(forced["supervisor"], "Linh");
    assert_eq!(forced["durable"], true);
    let undone = one(&kiosk, &["undo", "1", "--json"], PIN);
    assert_eq!(
        (&undone["undone"], &undone["serial"]),
        (&"forced".into(), &1.into())
    );
    // A guest who was found by name.
    let hit = json_lines(&kiosk.run(&["search", "--json", "thi", "binh"])).remove(0);
    let serial = hit["serial"].to_string();
    let output = kiosk
        .command(&["force", &serial])
        .env("KIOSK_PIN", PIN)
        .output()
        .expect("runs");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = stdout(&output);
    assert!(
        told.contains("✔ ADMIT") && told.contains("Decided by Linh."),
        "{told}"
    );
    let status = one(&kiosk, &["status", "--json"], "");
    assert_eq!(status["overrides"]["forced"], 2);
    assert_eq!(status["overrides"]["undone"], 1);
    let told = stdout(&kiosk.run(&["status"]));
    assert!(
        told.contains("By word   2 forced, 1 taken back, 0 by typed code"),
        "{told}"
    );
}

#[test]
fn a_turnstile_opens_for_whoever_is_forced_in_and_for_nobody_else() {
    // V11 V12
    let (kiosk, _) = supervised();
    let opened = kiosk.data().with_file_name("opened");
    let on_admit = format!("echo $KIOSK_SERIAL >> '{}'", opened.display());
    let refused = kiosk.run_with(&["force", "hello", "--on-admit", &on_admit], PIN.as_bytes());
    assert_eq!(code(&refused), 1);
    assert!(!opened.exists());
    one(
        &kiosk,
        &["force", "5", "--json", "--on-admit", &on_admit],
        PIN,
    );
    let opened = std::fs::read_to_string(opened).expect("it was waited for");
    assert_eq!(opened, "5\n");
}

#[test]
fn without_the_right_pin_nothing_is_done_or_told() {
    // V11
    let (kiosk, _) = supervised();
    for stdin in ["", "\n", "000000\n"] {
        let output = kiosk.run_with(&["force", "5", "--json"], stdin.as_bytes());
        assert_eq!(code(&output), 1, "{stdin:?}");
        assert_eq!(stdout(&output), "");
        assert!(
            stderr(&output).contains("This PIN is nobody's."),
            "{}",
            stderr(&output)
        );
    }
    let refused = kiosk.run_with(&["force", "hello"], PIN.as_bytes());
    assert_eq!(code(&refused), 1, "nobody may force that");
    assert!(stdout(&refused).contains("✖ REFUSE"));
    assert_eq!(one(&kiosk, &["status", "--json"], "")["entries"], 0);
}
