//! A wristband at a chip reader: `kiosk scan --reader` over the system's PC/SC service, with the
//! virtual reader that Debian has (`pcscd`, `vsmartcard-vpcd`) and a virtual NTAG213 on it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use tests::journey::{self, text};
use tests::kiosk::Kiosk;
use tests::poll;
use tests::server::Server;
use tests::tmux::Tmux;
use tests::venue::{self, Venue};

const WITHIN: Duration = Duration::from_secs(30);
/// Where the virtual reader waits for its card.
const SLOT: (&str, u16) = ("127.0.0.1", 35963);
const READER: &str = "Virtual PCD 00 00";
const UID: &str = "04A2245A716C80";
/// Of a contactless memory card, as PC/SC part 3 composes it.
const ATR: &str = "3B8F8001804F0CA0000003060300030000000068";
/// Set where a kiosk with chip readers and the virtual reader are promised.
const PROMISE: &str = "GATEHOUSE_PCSC";

#[test]
fn a_wristband_at_a_real_reader_comes_in_once_for_each_touch() {
    // T7 S78 S81
    if !can_read_chips() {
        return complain();
    }
    venue::play(
        "chips::a_wristband_at_a_real_reader_comes_in_once_for_each_touch",
        1,
        |venue| evening(&venue),
    );
}

/// This kiosk was built with chip readers, and the machine has the virtual one.
fn can_read_chips() -> bool {
    let kiosk = Kiosk::new();
    let said = kiosk.run(&["scan", "--reader"]).stderr;
    let built = !String::from_utf8_lossy(&said).contains("built without chip readers");
    let virtual_reader = Command::new("pcscd")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let promised = std::env::var_os(PROMISE).is_some();
    assert!(
        !promised || (built && virtual_reader),
        "{PROMISE} promises a kiosk with chip readers and pcscd: {built}, {virtual_reader}"
    );
    built && virtual_reader
}

fn evening(venue: &Venue) {
    let server = Server::start_at(&venue.ip(0), None, &[]);
    let organizer = journey::account(&server.api(), "lan");
    let event = journey::event(&organizer, "River Festival", 10);
    let buyer = journey::account(&server.api(), "mai");
    let tickets = journey::tickets(&buyer, &event, 2);
    // One ticket on the chip itself, one that a passive band stands for.
    let path = format!("/claimed-tickets/{}/bind", text(&tickets[0], "id"));
    let bound = organizer.post(&path, &json!({"uid": UID})).ok();
    let passive = "04A2245A716C81";
    let path = format!("/events/{}/media/{passive}", event.id);
    let linked = json!({"ticketIds": [text(&tickets[1], "id")], "active": true, "until": null});
    organizer.put(&path, &linked).ok();
    let kiosk = Kiosk::new();
    kiosk.enrol(&journey::invite(&event, "Turnstile"));
    kiosk.sync();

    let _service = Service::start();
    let mut gate = Reader::open(&kiosk);
    let payload = hex::decode(text(&bound, "ticket")).expect("hex");
    let band = || Chip::lay(UID, memory(&payload));
    let chip = band();
    let admitted = gate.answer();
    assert_eq!(
        (&admitted["verdict"], &admitted["durable"]),
        (&json!("admit"), &json!(true))
    );
    assert_eq!(admitted["serial"], bound["serial"]);
    chip.take_away();
    let chip = band();
    assert_eq!(
        gate.answer()["reason"],
        "already_used",
        "one answer a touch"
    );
    chip.take_away();
    // The same bytes on another chip; and a passive band, known by its number.
    let chip = Chip::lay("04A2245A716C82", memory(&payload));
    assert_eq!(gate.answer()["reason"], "bad_signature");
    chip.take_away();
    let chip = Chip::lay(passive, memory(&[]));
    assert_eq!(gate.answer()["verdict"], "admit");
    chip.take_away();
    // A memory that lies about its length.
    let chip = Chip::lay(
        UID,
        [&[0xE1, 0x10, 0x12, 0x00, 0x03, 0xF0][..], &[0; 200]].concat(),
    );
    let unreadable = gate.answer();
    assert_eq!(unreadable["reason"], "misread", "{unreadable}");
    assert!(
        text(&unreadable, "explanation").contains("cannot be read"),
        "{unreadable}"
    );
    chip.take_away();
    drop(gate);
    // Two readers are there: whoever does not say which is asked.
    let asked = kiosk.run(&["scan", "--reader"]);
    let said = String::from_utf8_lossy(&asked.stderr);
    assert_eq!(asked.status.code(), Some(2), "{said}");
    assert!(said.contains("Virtual PCD 00 01"), "{said}");
    full_screen(&kiosk, &payload);
}

/// The same bands at a gate that fills the screen.
fn full_screen(kiosk: &Kiosk, payload: &[u8]) {
    let gate = Tmux::start(&kiosk.command(&["run", "--no-peers", "--reader", READER]));
    // Perhaps before the service has noticed that the one before is gone: it is read all the same.
    let chip = Chip::lay(UID, memory(payload));
    gate.wait_for("a refusal", WITHIN, |screen| screen.contains("Used at"));
    chip.take_away();
    let chip = Chip::lay("04A2245A716C83", memory(&[]));
    gate.wait_for("an unknown band", WITHIN, |screen| {
        screen.contains("not a ticket")
    });
    chip.take_away();
}

/// The system's service for readers. Dropping it ends it.
struct Service(Child);

impl Service {
    fn start() -> Self {
        std::fs::create_dir_all("/run/pcscd").expect("a folder of this test's own");
        let child = Command::new("pcscd")
            .args(["--foreground", "--critical"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("pcscd starts");
        Self(child)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

/// A running `kiosk scan --reader`.
struct Reader {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Reader {
    fn open(kiosk: &Kiosk) -> Self {
        // The service may not listen yet: then the command ends at once, and says so.
        poll::until("a kiosk at the reader", WITHIN, || {
            let mut child = kiosk
                .command(&["scan", "--json", "--reader", READER])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("kiosk starts");
            let mut said = BufReader::new(child.stderr.take().expect("piped"));
            let mut line = String::new();
            let _read = said.read_line(&mut line).expect("a pipe");
            if !line.contains("Chips are read") {
                let _status = child.wait();
                return None;
            }
            let answers = BufReader::new(child.stdout.take().expect("piped"));
            Some(Self { child, answers })
        })
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("a pipe");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// An NTAG213 that lies on the virtual reader.
struct Chip {
    stream: TcpStream,
    thread: JoinHandle<()>,
}

impl Chip {
    fn lay(uid: &str, memory: Vec<u8>) -> Self {
        let stream = poll::until("the virtual reader", WITHIN, || {
            TcpStream::connect(SLOT).ok()
        });
        let uid = hex::decode(uid).expect("hex");
        let mut talk = stream.try_clone().expect("a socket");
        let thread = std::thread::spawn(move || while serve(&mut talk, &uid, &memory).is_some() {});
        Self { stream, thread }
    }

    fn take_away(self) {
        let _closed = self.stream.shutdown(std::net::Shutdown::Both);
        self.thread.join().expect("the chip was sound");
    }
}

/// Container, an NDEF message with the ticket, terminator.
fn memory(ticket: &[u8]) -> Vec<u8> {
    let mut memory = vec![0xE1, 0x10, 0x12, 0x00];
    if !ticket.is_empty() {
        let record = scanner_core::chip::record(ticket).expect("fits");
        memory.extend([0x03, u8::try_from(record.len()).expect("short")]);
        memory.extend(record);
    }
    memory.push(0xFE);
    memory.resize(4 + 144 + 16, 0);
    memory
}

/// One message of the virtual reader: two bytes of length, then a word to the card or a command.
fn serve(stream: &mut TcpStream, uid: &[u8], memory: &[u8]) -> Option<()> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).ok()?;
    let answer = match message[..] {
        // Power off, power on, reset.
        [0..=2] => return Some(()),
        [4] => hex::decode(ATR).expect("hex"),
        [0xFF, 0xCA, 0, 0, 0] => [uid, &[0x90, 0]].concat(),
        [0xFF, 0xB0, 0, page, 16] => {
            let from = usize::from(page).checked_sub(3)? * 4;
            let bytes = memory.get(from..from + 16);
            bytes.map_or_else(|| vec![0x6A, 0x82], |of| [of, &[0x90, 0]].concat())
        }
        _ => vec![0x6D, 0],
    };
    let length = u16::try_from(answer.len()).ok()?.to_be_bytes();
    stream.write_all(&[&length[..], &answer].concat()).ok()
}

#[expect(clippy::print_stderr, reason = "a test that proves nothing says so")]
fn complain() {
    eprintln!(
        "NOT PROVEN HERE: chips at a real reader. Needs pcscd, vsmartcard-vpcd, and a kiosk built with \
         `cargo build --workspace --features kiosk-cli/pcsc`. Set {PROMISE}=1 where they must be there."
    );
}
