//! `kiosk run` on a terminal, as staff and guests use it.

use std::collections::BTreeMap;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use scanner_core::Invitation;
use serde_json::Value;

use crate::kiosk::{Kiosk, code, json_lines, stderr, stdout};
use crate::pty::Pty;
use crate::supervise::{PIN, supervised};

/// Scans of the long run; many more with the variable set. `docs/kiosk-run.md` has the command.
const SCANS: &str = "GATEHOUSE_RUN_SCANS";
const SCANS_DEFAULT: u32 = 300;
/// More than this is not flat. What is known of each ticket's uses stays in memory on purpose: some
/// tens of bytes.
const GROWTH_KB_MAX: u64 = 6 * 1024;

/// One that talks with nobody.
fn run(kiosk: &Kiosk, args: &[&str]) -> Pty {
    let gate = start(kiosk, &[&["--no-peers"], args].concat());
    gate.wait_for("ready", |screen| {
        screen.contains("Scan a ticket.") && screen.contains("Admitted")
    });
    gate
}

pub(crate) fn start(kiosk: &Kiosk, args: &[&str]) -> Pty {
    let mut command: Command = kiosk.command(&[&["run"], args].concat());
    command.env("TERM", "xterm-256color");
    Pty::start(command)
}

pub(crate) fn admitted(screen: &str) -> Option<u32> {
    let rest = screen.split("Admitted ").nth(1)?;
    rest.split_whitespace().next()?.parse().ok()
}

/// The entries of the log that let somebody in.
fn admissions(kiosk: &Kiosk) -> Vec<Value> {
    let entries = json_lines(&kiosk.run(&["export"]));
    let admits = |entry: &Value| entry["kind"] == "admit";
    entries.into_iter().filter(admits).collect()
}

#[test]
fn a_gate_admits_refuses_and_finds() {
    // V8, V12
    let kiosk = Kiosk::enrolled();
    let mut gate = run(&kiosk, &[]);
    assert!(gate.screen().contains("Gate A · IN · Quiet Night"));
    let bells = gate.bells();
    gate.press(&(kiosk.ticket(3) + "\r"));
    gate.wait_for("the admission", |screen| {
        screen.contains("A-3") && admitted(screen) == Some(1) && screen.contains("Inside 1")
    });
    // Still held in front of the reader.
    gate.press(&(kiosk.ticket(3) + "\r\n"));
    gate.wait_for("the note", |screen| screen.contains("Read again"));
    assert_eq!(gate.bells(), bells + 1, "one bell for one guest");
    gate.press("hello\r");
    gate.wait_for("the refusal", |screen| screen.contains("Refused 1"));
    // A name is asked for by one key, and the question is no code.
    gate.pause(150);
    gate.press("/");
    gate.wait_for("the question", |screen| screen.contains("Find a guest"));
    gate.press("0003\r");
    gate.wait_for("the guest", |screen| screen.contains("active, inside"));
    // The focus is on the question: a ticket is a ticket all the same.
    gate.press(&(kiosk.ticket(4) + "\r"));
    gate.wait_for("the next guest", |screen| {
        screen.contains("A-4") && admitted(screen) == Some(2)
    });
    // Ctrl-C asks first.
    gate.pause(150);
    gate.press("\x03");
    gate.wait_for("the question", |screen| screen.contains("End this gate?"));
    gate.pause(150);
    gate.press("y");
    assert_eq!(gate.wait().code(), Some(0));
    assert_eq!(admissions(&kiosk).len(), 2);
}

#[test]
fn keys_that_come_in_a_heap_are_all_answered() {
    // corpus 21: whole tickets and a half, typed faster than any reader does.
    let kiosk = Kiosk::enrolled();
    let mut gate = run(&kiosk, &[]);
    let mut keys = String::new();
    for serial in 0..12 {
        keys.push_str(&kiosk.ticket(serial));
        keys.push_str(["\r", "\n", "\t", "\r\n"][serial as usize % 4]);
    }
    keys.push_str(&kiosk.ticket(12)[..90]);
    gate.press(&keys);
    // The half ends by its pause, and the next ticket is not glued to it.
    gate.wait_for("the half", |screen| screen.contains("Refused 1"));
    gate.press(&(kiosk.ticket(13) + "\r"));
    gate.wait_for("all of them", |screen| admitted(screen) == Some(13));
    // Closing the terminal ends it in good order.
    let pid = Pid::from_child(&gate.child);
    kill_process(pid, Signal::TERM).expect("signalled");
    assert_eq!(gate.wait().code(), Some(0));
    assert_eq!(admissions(&kiosk).len(), 13);
}

#[test]
fn a_turnstile_opens_a_label_is_printed_and_trouble_is_shown() {
    // V12
    let kiosk = Kiosk::enrolled();
    let opened = kiosk.data().with_file_name("opened");
    let label = kiosk.data().with_file_name("label");
    let on_admit = format!("echo $KIOSK_SERIAL > '{}'; exit 9", opened.display());
    let print = format!("cat > '{0}.part' && mv '{0}.part' '{0}'", label.display());
    let mut gate = run(&kiosk, &["--on-admit", &on_admit, "--print", &print]);
    gate.press(&(kiosk.ticket(5) + "\r"));
    gate.wait_for("the failure", |screen| {
        screen.contains("the turnstile's command failed (exit code 9)")
    });
    gate.press(&(kiosk.ticket(6) + "\r"));
    gate.wait_for("the next guest", |screen| admitted(screen) == Some(2));
    let pid = Pid::from_child(&gate.child);
    kill_process(pid, Signal::TERM).expect("signalled");
    assert_eq!(gate.wait().code(), Some(0), "and waits for its commands");
    assert_eq!(std::fs::read_to_string(opened).expect("opened"), "6\n");
    let label: Value =
        serde_json::from_slice(&std::fs::read(label).expect("printed")).expect("JSON");
    assert_eq!(label["serial"], 6);
    assert_eq!(
        (&label["event"], &label["gate"]),
        (&"Quiet Night".into(), &"Gate A".into())
    );
}

/// By hand: each key for itself.
fn type_pin(gate: &mut Pty, pin: &str) {
    for digit in pin.chars() {
        gate.pause(100);
        gate.press(&digit.to_string());
    }
    gate.pause(100);
    gate.press("\r");
}

/// A key that is a command, with nothing close to it.
pub(crate) fn command(gate: &mut Pty, key: &str) {
    gate.pause(150);
    gate.press(key);
    gate.pause(150);
}

const F6: &str = "\x1b[17~";
const F7: &str = "\x1b[18~";
const F9: &str = "\x1b[20~";

#[test]
fn a_supervisor_lets_in_takes_back_and_unlocks_on_the_full_screen() {
    // V11 V12 T6 S123 S138
    let (kiosk, typed) = supervised();
    let opened = kiosk.data().with_file_name("opened");
    let on_admit = format!("echo $KIOSK_SERIAL >> '{}'", opened.display());
    let mut gate = run(&kiosk, &["--on-admit", &on_admit]);
    gate.press(&(kiosk.ticket(3) + "\r"));
    gate.wait_for("the admission", |screen| admitted(screen) == Some(1));
    gate.pause(2600);
    gate.press(&(kiosk.ticket(3) + "\r"));
    gate.wait_for("the refusal", |screen| screen.contains("F6 supervisor"));

    // A wrong PIN first; then a bottle in front of the reader.
    command(&mut gate, F6);
    gate.wait_for("the page", |screen| screen.contains("Supervisor's PIN: _"));
    type_pin(&mut gate, "000000");
    gate.wait_for("the no", |screen| screen.contains("This PIN is nobody's."));
    gate.press("4006381333931\r");
    gate.wait_for("the no", |screen| screen.contains("came from a reader"));
    for digit in PIN.chars() {
        gate.pause(100);
        gate.press(&digit.to_string());
    }
    let screen = gate.wait_for("the dots", |screen| screen.contains("PIN: ******_"));
    assert!(!screen.contains(PIN), "{screen}");
    gate.pause(100);
    gate.press("\r");
    gate.wait_for("the word", |screen| {
        screen.contains("Decided by Linh.") && admitted(screen) == Some(2)
    });

    // Taken back, as long as the answer is on the screen.
    command(&mut gate, F7);
    gate.wait_for("the page", |screen| screen.contains("Supervisor's PIN: _"));
    type_pin(&mut gate, PIN);
    gate.wait_for("the undo", |screen| {
        screen.contains("taken back") && admitted(screen) == Some(1)
    });

    // A guest without a code, who was found by the serial.
    command(&mut gate, "/");
    gate.press("0005\r");
    gate.wait_for("the guest", |screen| {
        screen.contains("With the code in hand")
    });
    command(&mut gate, F6);
    type_pin(&mut gate, PIN);
    gate.wait_for("the word", |screen| {
        screen.contains("Decided by Linh.") && screen.contains("A-5")
    });

    unlocks(&mut gate, &typed);
    let pid = Pid::from_child(&gate.child);
    kill_process(pid, Signal::TERM).expect("signalled");
    assert_eq!(gate.wait().code(), Some(0));
    let opened = std::fs::read_to_string(opened).expect("opened");
    let opened: Vec<_> = opened.split_whitespace().collect();
    assert_eq!(opened, ["3", "3", "5", "4"]);
    let status = json_lines(&kiosk.run(&["status", "--json"])).remove(0);
    assert_eq!(status["overrides"]["forced"], 2);
    assert_eq!(status["overrides"]["undone"], 1);
}

/// Too many wrong codes, and a word that they may be typed again.
fn unlocks(gate: &mut Pty, typed: &str) {
    let wrong = shared::ticket::TypedCode::from_secret(5).to_string();
    for at in 2..=6 {
        gate.pause(400);
        gate.press(&format!("{wrong}\r"));
        let counted = format!("Refused {at}");
        gate.wait_for("a refusal", |screen| screen.contains(&counted));
    }
    gate.pause(400);
    gate.press(&format!("{typed}\r"));
    gate.wait_for("the lock", |screen| screen.contains("F9 supervisor"));
    command(gate, F9);
    type_pin(gate, PIN);
    gate.wait_for("the word", |screen| {
        screen.contains("Codes may be typed again.")
    });
    gate.press(&format!("{typed}\r"));
    gate.wait_for("the guest", |screen| {
        screen.contains("A-4") && admitted(screen) == Some(3)
    });
}

#[test]
fn a_gate_needs_a_device_and_a_terminal() {
    let kiosk = Kiosk::new();
    let output = kiosk.run_with(&["run"], b"");
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let kiosk = Kiosk::enrolled();
    let output = kiosk.run_with(&["run"], b"");
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("needs a terminal"),
        "{}",
        stderr(&output)
    );
    assert_eq!(stdout(&output), "", "nothing was drawn");
}

#[test]
fn a_gate_without_a_device_waits_for_a_stick_and_tells_what_is_wrong() {
    // V6
    let kiosk = Kiosk::new();
    let media = kiosk.data().with_file_name("media");
    std::fs::create_dir_all(&media).expect("made");
    let media_text = media.to_str().expect("text");
    let mut gate = start(&kiosk, &["--no-peers", "--enrol-from", media_text]);
    gate.wait_for("what to do", |screen| {
        screen.contains("gatehouse-enrol.txt")
    });
    let stick = media.join("STICK");
    std::fs::create_dir(&stick).expect("made");
    let link = kiosk.server.borrow_mut().invite().to_url();
    assert!(Invitation::parse(&link, None).is_ok());
    std::fs::write(stick.join("gatehouse-enrol.txt"), &link).expect("written");
    // The fake's name resolves nowhere: the file stays until its code was used.
    gate.wait_for("the failure", |screen| screen.contains("no peer reachable"));
    assert!(stick.join("gatehouse-enrol.txt").exists());
    gate.press("\x03");
    assert_eq!(gate.wait().code(), Some(0));
}

/// Pseudo-random, the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// What people and readers do besides scanning: keys at random, half codes, the question for the
/// end and its no.
const NOISE: &[&str] = &[
    "12",
    "abc",
    "\x1b[A",
    "\x1bOQ",
    "/",
    "?",
    "\x1b[15~",
    "\t",
    "\r\n",
    "\x1b",
    "3602",
    "é",
    "\x1b[21~",
    "\x7f\x7f",
    "q",
    "\x03",
    "]Q1",
    "\x1b[B",
    "{\"a\":1}",
    "36033022125936033022125936033022125936033022",
];

/// A run of the gate from its start to its end, and what it has shown.
struct Watch<'a> {
    kiosk: &'a Kiosk,
    dice: Dice,
    gate: Pty,
    /// Resident memory when it was warm.
    warm_kb: Option<u64>,
    scans: u32,
}

impl Watch<'_> {
    /// Scans tickets until the screen counts them all; whatever was in the way is put away first,
    /// as staff does it.
    fn pass(&mut self, serials: std::ops::Range<u32>, already: u32) {
        let all = already + u32::try_from(serials.len()).expect("few");
        let codes: Vec<String> = serials.map(|serial| self.kiosk.ticket(serial)).collect();
        let counted = |screen: &str| admitted(screen).is_some_and(|count| count >= all);
        if self.dice.roll(16) == 0 {
            for _ in 0..=self.dice.roll(3) {
                let at = usize::try_from(self.dice.roll(NOISE.len() as u64)).expect("small");
                self.gate.press(NOISE[at]);
            }
            self.gate.pause(120);
            self.gate.press("\x1b");
            self.gate.pause(120);
        }
        for _ in 0..40 {
            for code in &codes {
                self.gate.press(&format!("{code}\r"));
            }
            let patience = std::time::Duration::from_secs(10);
            if self.gate.look(patience, &counted).is_ok() {
                self.scans += u32::try_from(codes.len()).expect("few");
                return;
            }
            // Whatever holds the keys: back to the gate, and scan again.
            self.gate.press("\x1b");
            self.gate.pause(400);
        }
        panic!("{all} were never counted:\n{}", self.gate.screen());
    }

    fn check_memory(&mut self) -> u64 {
        let now = self.gate.resident_kb();
        let warm = *self.warm_kb.get_or_insert(now);
        assert!(
            now <= warm + GROWTH_KB_MAX,
            "from {warm} kB to {now} kB in {} scans",
            self.scans
        );
        now
    }

    fn start_again(&mut self) {
        self.gate = run(self.kiosk, &[]);
        self.warm_kb = None;
        self.scans = 0;
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "how long a run is asked for, and what a long one found is told"
)]
fn a_weekend_with_random_keys_restarts_and_kills_loses_nothing_and_stays_flat() {
    // V1, V8; Done-when 5 of the gate
    let scans = std::env::var(SCANS)
        .ok()
        .and_then(|scans| scans.parse().ok())
        .unwrap_or(SCANS_DEFAULT);
    let kiosk = Kiosk::enrolled_for(scans);
    let mut watch = Watch {
        gate: run(&kiosk, &[]),
        kiosk: &kiosk,
        dice: Dice(0x9E37_79B9_7F4A_7C15),
        warm_kb: None,
        scans: 0,
    };
    let mut serial = 0;
    let shift = (scans / 6).max(50);
    let mut ends_at = shift;
    let mut told = Vec::new();
    while serial < scans {
        let next = (serial + 1 + u32::try_from(watch.dice.roll(8)).expect("small")).min(scans);
        watch.pass(serial..next, serial);
        serial = next;
        // The first scans load what the later ones use.
        if watch.scans >= shift / 5 {
            watch.check_memory();
        }
        if serial >= ends_at && serial < scans {
            ends_at += shift;
            told.push((watch.warm_kb, watch.check_memory(), watch.scans));
            if watch.dice.roll(2) == 0 {
                // In the middle of a code.
                watch.gate.press(&kiosk.ticket(serial)[..77]);
                watch.gate.kill();
            } else {
                let pid = Pid::from_child(&watch.gate.child);
                kill_process(pid, Signal::TERM).expect("signalled");
                assert_eq!(watch.gate.wait().code(), Some(0));
            }
            watch.start_again();
            // What was shown as admitted is there.
            let screen = watch.gate.screen();
            assert!(admitted(&screen) >= Some(serial), "{screen}");
        }
    }
    told.push((watch.warm_kb, watch.check_memory(), watch.scans));
    watch.gate.kill();
    let mut entries = BTreeMap::new();
    for entry in admissions(&kiosk) {
        let serial = entry["serial"].as_u64().expect("a serial");
        *entries.entry(serial).or_insert(0) += 1;
    }
    let once: BTreeMap<u64, i32> = (0..u64::from(scans)).map(|serial| (serial, 1)).collect();
    assert_eq!(entries, once, "each ticket once, and none is missing");
    let checks = json_lines(&kiosk.run(&["doctor", "--json"]));
    assert!(
        checks.iter().all(|check| check["health"] != "bad"),
        "{checks:?}"
    );
    for (warm, end, scans) in told {
        println!("{scans} scans: {warm:?} kB warm, {end} kB at the end");
    }
}
