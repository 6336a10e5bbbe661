//! A device out of the box: a stick, a full screen, and a server that it finds by itself.

use std::io::Write as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use tests::journey::{self, text};
use tests::kiosk::Kiosk;
use tests::server::Server;
use tests::{binaries, poll};

const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn a_file_on_a_stick_enrols_once_and_is_gone() {
    // V6
    let server = Server::start();
    let event = journey::event(&journey::account(&server.api(), "lan"), "River Festival", 5);
    let kiosk = Kiosk::new();
    let stick = kiosk.folder().join("media").join("STICK");
    std::fs::create_dir_all(&stick).expect("a stick");
    let file = stick.join("gatehouse-enrol.txt");
    let link = journey::invite(&event, "Turnstile 1");
    std::fs::write(&file, format!("# For gate B\n{link}\n")).expect("written");
    let media = kiosk.folder().join("media");
    let media = media.to_str().expect("text");
    kiosk.succeed(&["enrol", "--from", media]);
    assert!(!file.exists(), "its code is used up");
    assert_eq!(kiosk.status()["device"]["name"], "Turnstile 1");
    let nothing = Kiosk::new().run(&["enrol", "--from", media]);
    assert_eq!(nothing.status.code(), Some(2));
}

/// `kiosk run` on a terminal that `script` makes.
struct Gate {
    child: Child,
    keys: ChildStdin,
}

impl Gate {
    fn start(kiosk: &Kiosk, from: &str) -> Self {
        let command = format!(
            "stty rows 24 cols 80; exec '{}' run --enrol-from '{from}' --data '{}'",
            binaries::path("kiosk").display(),
            kiosk.data().display()
        );
        let mut child = Command::new("script")
            .args(["-q", "-c", &command, "/dev/null"])
            .env("TERM", "xterm-256color")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("script starts");
        let keys = child.stdin.take().expect("piped");
        Self { child, keys }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("typed");
        self.keys.flush().expect("typed");
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

#[test]
fn a_gate_out_of_the_box_enrols_admits_and_syncs_by_itself() {
    // V6 V8
    let server = Server::start();
    let event = journey::event(&journey::account(&server.api(), "lan"), "River Festival", 5);
    let buyer = journey::account(&server.api(), "mai");
    let tickets = journey::tickets(&buyer, &event, 2);
    let kiosk = Kiosk::new();
    let stick = kiosk.folder().join("stick");
    std::fs::create_dir(&stick).expect("a stick");
    let mut gate = Gate::start(&kiosk, stick.to_str().expect("text"));
    let file = stick.join("gatehouse-enrol.txt");
    // Whole at once, as a stick that is plugged in is.
    let part = stick.join("part");
    std::fs::write(&part, journey::invite(&event, "Turnstile 1")).expect("written");
    std::fs::rename(&part, &file).expect("named");
    poll::until("the stick to be read", PATIENCE, || {
        (!file.exists()).then_some(())
    });
    // The digits have been compared; and the first guest is there already.
    gate.press("\r");
    gate.press(&format!("{}\r", text(&tickets[0], "token")));
    let redemptions = poll::until("the admission at the server", PATIENCE, || {
        let all = journey::redemptions(&event);
        (!all.is_empty()).then_some(all)
    });
    assert_eq!(redemptions.len(), 1);
    assert_eq!(redemptions[0]["device"], "Turnstile 1");
    gate.press(&format!("{}\r", text(&tickets[1], "token")));
    poll::until("the next one", PATIENCE, || {
        (journey::redemptions(&event).len() == 2).then_some(())
    });
}
