//! A weekend at a full-screen gate: thousands of scans with random keys between them, a server and a
//! neighbour that come and go, restarts and kills. In the end the server has each guest once.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};
use tests::journey::{self, Event, text};
use tests::kiosk::Kiosk;
use tests::poll;
use tests::server::Server;
use tests::tmux::Tmux;

/// How many scans; `docs/kiosk-run.md` has the command of the long run.
const SCANS: &str = "GATEHOUSE_GATE_SCANS";
const SCANS_DEFAULT: usize = 240;
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;
const PATIENCE: Duration = Duration::from_mins(1);
/// A server that was away for a shift takes it up.
const SETTLES_WITHIN: Duration = Duration::from_mins(3);
/// Whatever holds the keys is put away after this, and the codes are scanned again.
const HELD_UP: Duration = Duration::from_secs(10);
const PER_ORDER: u32 = 10;
const BUYERS: usize = 4;
const SHIFTS: usize = 12;
/// More than this in one run of the program is not flat. What is known of each ticket's uses stays
/// in memory on purpose: some tens of bytes.
const GROWTH_KB_MAX: u64 = 8 * 1024;

/// What people and readers do besides scanning: keys at random, half codes, pages opened and left, a
/// PIN that is nobody's, the question for the end and its no.
const NOISE: &[&str] = &[
    "12",
    "abc",
    "\x1b[A",
    "\x1bOQ",
    "\x1bOS",
    "/",
    "?",
    "\x1b[15~",
    "\x1b[17~",
    "\x1b[18~",
    "\x1b[20~",
    "\t",
    "\r\n",
    "\x1b",
    "482913\r",
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

/// Pseudo-random, the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).expect("few")).expect("few")
    }
}

/// A gate, its device, and what its screen has counted.
struct Gate {
    kiosk: Kiosk,
    listen: String,
    calls: Vec<String>,
    screen: Option<Tmux>,
    admitted: usize,
}

impl Gate {
    fn at(event: &Event, name: &str, calls: Vec<String>) -> Self {
        let kiosk = Kiosk::new();
        kiosk.enrol(&journey::invite(event, name));
        let port = TcpListener::bind("127.0.0.1:0").expect("a port");
        Self {
            kiosk,
            listen: port.local_addr().expect("an address").to_string(),
            calls,
            screen: None,
            admitted: 0,
        }
    }

    fn open(&mut self) {
        let mut args = Vec::new();
        for peer in &self.calls {
            args.extend(["--peer", peer.as_str()]);
        }
        let screen = Tmux::start(&self.kiosk.full_screen(&self.listen, &args));
        // What was shown as admitted before is there again.
        let all = self.admitted;
        screen.wait_for("the gate with all its guests", PATIENCE, |screen| {
            screen.contains("Scan a ticket.") && counted(screen, "Admitted ") >= Some(all)
        });
        self.screen = Some(screen);
    }

    fn screen(&self) -> &Tmux {
        self.screen.as_ref().expect("open")
    }

    fn close(&mut self, signal: &str) {
        self.screen.take().expect("open").end(signal);
    }

    /// Scans until the screen counts them all; what was in the way is put away, as staff does it.
    fn admit(&mut self, codes: &[String]) {
        let all = self.admitted + codes.len();
        let keys = format!("{}\r", codes.join("\r"));
        let done = |screen: &str| counted(screen, "Admitted ") >= Some(all);
        for _ in 0..12 {
            self.screen().press(&keys);
            if self.screen().look(HELD_UP, &done).is_ok() {
                self.admitted = all;
                return;
            }
            self.screen().command("Escape");
        }
        panic!("{all} were never counted:\n{}", self.screen().screen());
    }

    /// A ticket that was admitted at the other gate.
    fn refuse(&self, code: &str) {
        let screen = self.screen();
        let before = counted(&screen.screen(), "Refused ").unwrap_or(0);
        screen.press(&format!("{code}\r"));
        let told = screen.wait_for("the refusal", PATIENCE, |screen| {
            counted(screen, "Refused ") > Some(before)
        });
        let all = counted(&told, "Admitted ");
        assert_eq!(all, Some(self.admitted), "{told}");
    }

    fn disturb(&self, dice: &mut Dice) {
        for _ in 0..=dice.roll(3) {
            self.screen().press(NOISE[dice.roll(NOISE.len())]);
        }
        self.screen().command("Escape");
    }
}

fn counted(screen: &str, what: &str) -> Option<usize> {
    let rest = screen.split(what).nth(1)?;
    rest.split_whitespace().next()?.parse().ok()
}

fn tickets(server: &Server, event: &Event, count: usize) -> Vec<String> {
    let each = count.div_ceil(BUYERS);
    let buy = |at: usize| {
        let buyer = journey::account(&server.api(), &format!("mai{at}"));
        let mut codes = Vec::new();
        while codes.len() < each {
            let bought = journey::tickets(&buyer, event, PER_ORDER);
            codes.extend(bought.iter().map(|ticket| text(ticket, "token")));
        }
        codes
    };
    let mut codes: Vec<String> = std::thread::scope(|scope| {
        let buyers: Vec<_> = (0..BUYERS).map(|at| scope.spawn(move || buy(at))).collect();
        let bought = buyers.into_iter().map(|of| of.join().expect("bought"));
        bought.flatten().collect()
    });
    codes.truncate(count);
    codes
}

/// Two gates, a server, and a clock on the wall for what is told.
struct Weekend {
    server: Server,
    server_is_up: bool,
    gate: Gate,
    neighbour: Gate,
    dice: Dice,
    started: std::time::Instant,
    warm_kb: Option<u64>,
    copies_refused: usize,
    told: Vec<String>,
}

impl Weekend {
    /// Two gates of one event, and all its tickets.
    fn begin(scans: usize) -> (Self, Event, Vec<String>) {
        let server = Server::start_with(None, &[("RUST_LOG", "warn")]);
        let organizer = journey::account(&server.api(), "lan");
        let stock = u32::try_from(scans).expect("few") + 100;
        let event = journey::event(&organizer, "River Festival", stock);
        let codes = tickets(&server, &event, scans);
        let gate = Gate::at(&event, "Turnstile 1", Vec::new());
        let neighbour = Gate::at(&event, "Turnstile 2", vec![gate.listen.clone()]);
        gate.kiosk.sync();
        let weekend = Self {
            server,
            server_is_up: true,
            gate,
            neighbour,
            dice: Dice(SEED),
            started: std::time::Instant::now(),
            warm_kb: None,
            copies_refused: 0,
            told: Vec::new(),
        };
        (weekend, event, codes)
    }

    /// All of it, shift by shift.
    fn play(&mut self, codes: &[String]) {
        let scans = codes.len();
        self.gate.open();
        self.neighbour.open();
        let shift = scans.div_ceil(SHIFTS);
        let (mut at, mut shifts) = (0, 0);
        // Admitted at the gate.
        let mut last = String::new();
        while at < scans {
            let end = (at + 1 + self.dice.roll(8))
                .min(scans)
                .min((shifts + 1) * shift);
            if self.dice.roll(12) == 0 {
                self.gate.disturb(&mut self.dice);
            }
            // One in nine comes in next door, while there is anybody.
            if self.dice.roll(9) == 0 && self.neighbour.screen.is_some() {
                self.neighbour.admit(&codes[at..end]);
            } else {
                self.gate.admit(&codes[at..end]);
                last.clone_from(&codes[end - 1]);
            }
            at = end;
            if at == (shifts + 1) * shift || at == scans {
                self.look_at_memory(at);
                shifts += 1;
                if at < scans {
                    self.happen(shifts - 1, &codes[at]);
                }
            } else if (at - shifts * shift) * 2 >= shift && self.warm_kb.is_none() {
                // The first scans load what the later ones use.
                self.look_at_memory(at);
                if !last.is_empty() {
                    self.show_a_copy(&last);
                }
            }
        }
        if !self.server_is_up {
            self.server.resume();
        }
        if self.neighbour.screen.is_none() {
            self.neighbour.open();
        }
        // Not when it would try again anyway, but now.
        self.gate.screen().command("F8");
        self.neighbour.screen().command("F8");
    }

    /// Each guest once, by the server's word.
    fn settle(&self, event: Event, scans: usize) {
        let expected: usize = self.gate.admitted + self.neighbour.admitted;
        assert_eq!(expected, scans, "each code was counted by one screen");
        let organizer = journey::login(&self.server.api(), "lan");
        let event = Event {
            api: organizer,
            ..event
        };
        let all = poll::until("all guests at the server", SETTLES_WITHIN, || {
            let all = journey::redemptions(&event);
            (all.len() >= scans).then_some(all)
        });
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for redemption in &all {
            *times.entry(redemption["serial"].to_string()).or_default() += 1;
        }
        let more: Vec<_> = times.iter().filter(|(_, times)| **times != 1).collect();
        assert!(more.is_empty(), "counted twice: {more:?}");
        assert_eq!(times.len(), scans, "and none is missing");
        assert!(self.copies_refused > 0, "no copy was shown next door");
    }

    /// Something is unplugged, plugged in again, restarted or killed.
    fn happen(&mut self, shift: usize, next: &str) {
        let what = match shift % 6 {
            0 | 3 if self.server_is_up => {
                self.server.kill();
                self.server_is_up = false;
                "the server goes"
            }
            0 | 3 => {
                self.server.resume();
                self.server_is_up = true;
                "the server is back"
            }
            1 if self.neighbour.screen.is_some() => {
                self.neighbour.close("KILL");
                "the neighbour loses its power"
            }
            1 => {
                self.neighbour.open();
                "the neighbour is back"
            }
            2 => {
                // In the middle of a code.
                self.gate.screen().press(&next[..77]);
                self.gate.close("KILL");
                self.gate.open();
                self.warm_kb = None;
                "killed and started again"
            }
            4 => {
                self.gate.close("TERM");
                self.gate.open();
                self.warm_kb = None;
                "ended and started again"
            }
            _ => "nothing",
        };
        self.told.push(format!("-- {what}"));
    }

    fn look_at_memory(&mut self, scans: usize) {
        let now = self.gate.screen().resident_kb();
        let warm = *self.warm_kb.get_or_insert(now);
        let secs = self.started.elapsed().as_secs();
        self.told
            .push(format!("{scans:>6} scans {secs:>5} s {now:>6} kB"));
        assert!(now <= warm + GROWTH_KB_MAX, "from {warm} kB to {now} kB");
    }

    /// The neighbour hears of the guest, and lets nobody else in by the same ticket.
    fn show_a_copy(&mut self, code: &str) {
        if self.neighbour.screen.is_none() {
            return;
        }
        let linked = |screen: &str| screen.contains("1 peer,");
        let copied = |screen: &str| screen.contains("copied to 1 peer");
        if self
            .gate
            .screen()
            .look(PATIENCE, &|screen| linked(screen) && copied(screen))
            .is_ok()
        {
            self.neighbour.refuse(code);
            self.copies_refused += 1;
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "what a long run measured is told")]
fn a_weekend_in_tmux_loses_nothing_counts_nothing_twice_and_stays_flat() {
    // V1 V2 V8; Done-when 5 of the gate
    let scans = std::env::var(SCANS).ok().and_then(|of| of.parse().ok());
    let scans: usize = scans.unwrap_or(SCANS_DEFAULT);
    let (mut weekend, event, codes) = Weekend::begin(scans);
    weekend.play(&codes);
    weekend.settle(event, scans);
    for line in &weekend.told {
        println!("{line}");
    }
}

#[test]
fn a_gate_that_waits_for_its_confirmation_says_so_and_begins_by_itself() {
    // V6
    let server = Server::start();
    let event = journey::event(&journey::account(&server.api(), "lan"), "River Festival", 5);
    let path = format!("/events/{}", event.id);
    event
        .api
        .patch(&path, &json!({"confirmDevices": true}))
        .ok();
    let kiosk = Kiosk::new();
    let enrolled: Value = serde_json::from_str(&kiosk.succeed(&[
        "enrol",
        "--json",
        &journey::invite(&event, "Turnstile 1"),
    ]))
    .expect("JSON");
    let digits = text(&enrolled, "transcriptCode");
    let gate = Tmux::start(&kiosk.full_screen("127.0.0.1:0", &[]));
    gate.wait_for("what is missing", PATIENCE, |screen| {
        screen.contains("organizer must confirm this device") && screen.contains(&digits)
    });
    assert_eq!(kiosk.status()["unconfirmed"], digits.as_str());
    let device = text(&enrolled, "deviceId");
    let path = format!("/events/{}/devices/{device}/confirm", event.id);
    let body = json!({"transcriptCode": digits});
    event.api.post(&path, &body).ok();
    gate.wait_for("the gate", PATIENCE, |screen| {
        screen.contains("Scan a ticket.")
    });
    assert_eq!(kiosk.status()["unconfirmed"], Value::Null);
}
