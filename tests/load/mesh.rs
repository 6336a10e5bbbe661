//! Gossip between real `kiosk` processes, each in a network namespace of its own: how soon an
//! admission counts everywhere (G1), what it costs on the wire (G3), how soon a split network is one
//! again (G11).
//!
//! `cargo bench --workspace --bench mesh --profile dev`. `GATEHOUSE_MESH_ROUNDS=n`: entries of the split.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tests::journey::{self, Event, text};
use tests::kiosk::{Gate, Kiosk};
use tests::poll;
use tests::server::Server;
use tests::venue::{self, Venue};

/// The largest mesh.
const KIOSKS: usize = 10;
const CODES_EACH: usize = 400;
/// Of them for the split, which shows each many times.
const SPLIT_EACH: usize = 90;
const PER_ORDER: u32 = 10;
const PORT: u16 = 7411;
const WITHIN: Duration = Duration::from_mins(2);
/// Without anybody at the gates.
const IDLE: Duration = Duration::from_secs(20);

/// Which entry it was: a log in hexadecimal, and a place in it.
type Place = (String, u32);

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn main() {
    venue::play("mesh", KIOSKS + 1, |venue| {
        let mut hall = Hall::open(venue);
        println!("real kiosk processes, one network namespace each, no server, TLS over TCP");
        for members in [6, KIOSKS] {
            let mesh = hall.mesh(members);
            println!("{members} kiosks: idle {}", mesh.idle(&hall.venue));
            for (rate, seconds) in [(10, 15), (100, 10)] {
                let run = mesh.run(&mut hall, rate, seconds);
                println!("{members} kiosks, {rate} admissions/s: {run}");
            }
        }
        hall.split();
    });
}

/// The venue, with enrolled devices and tickets, and the server gone again.
struct Hall {
    venue: Venue,
    kiosks: Vec<Kiosk>,
    /// Not shown yet, by kiosk.
    codes: Vec<Vec<String>>,
    _server: Server,
}

impl Hall {
    fn open(venue: Venue) -> Self {
        let mut server = Server::start_at(&venue.ip(0), None, &[("RUST_LOG", "warn")]);
        let organizer = journey::account(&server.api(), "lan");
        let stock = u32::try_from(KIOSKS * CODES_EACH).expect("small");
        let event = journey::event(&organizer, "River Festival", stock);
        // Who went out may come in again: the split needs many entries of few tickets.
        let list = json!({
            "name": "Hall", "gateIds": [event.gate_id], "classIds": [event.class_id],
            "entries": "ONCE", "reEntry": true,
        });
        let path = format!("/events/{}/check-in", event.id);
        organizer.put(&path, &json!({"lists": [list]})).ok();
        let kiosks: Vec<Kiosk> = (1..=KIOSKS)
            .map(|at| enrolled(&venue, &event, at))
            .collect();
        let codes = std::thread::scope(|scope| {
            let sellers = (0..KIOSKS).map(|at| {
                let (api, event) = (server.api(), &event);
                scope.spawn(move || {
                    let buyer = journey::account(&api, &format!("buyer{at}"));
                    let mut codes = Vec::new();
                    while codes.len() < CODES_EACH {
                        let tickets = journey::tickets(&buyer, event, PER_ORDER);
                        codes.extend(tickets.iter().map(|of| text(of, "token")));
                    }
                    codes
                })
            });
            let sellers: Vec<_> = sellers.collect();
            let sold = sellers.into_iter().map(|of| of.join().expect("sold"));
            sold.collect()
        });
        kiosks.iter().for_each(Kiosk::sync);
        server.kill();
        Self {
            venue,
            kiosks,
            codes,
            _server: server,
        }
    }

    /// The first so many kiosks, linked.
    fn mesh(&self, members: usize) -> Mesh {
        let (tell, seen) = channel();
        let mut pids = Vec::new();
        for at in 0..members {
            let listen = format!("{}:{PORT}", self.venue.ip(at + 1));
            let others = (0..members).filter(|other| *other != at);
            let peers: Vec<String> = others
                .map(|other| format!("{}:{PORT}", self.venue.ip(other + 1)))
                .collect();
            let talk = self.kiosks[at].gossip(&listen, &peers, &["--no-server"]);
            pids.push(talk.pid());
            let (tell, data) = (tell.clone(), self.kiosks[at].data());
            std::thread::spawn(move || {
                let disk = Disk::of(&data);
                for event in talk {
                    watch(&event, at, &disk, &tell);
                }
            });
        }
        let mesh = Mesh { pids, seen };
        let copied = |at: usize| self.kiosks[at].status()["peers"].as_array().map(Vec::len);
        poll::until("all links", WITHIN, || {
            // The server is the first of the peers.
            (0..members)
                .all(|at| copied(at) == Some(members))
                .then_some(())
        });
        mesh
    }

    /// G11: two halves, each with work of its own, then one again.
    #[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
    fn split(&self) {
        let rounds = std::env::var("GATEHOUSE_MESH_ROUNDS").ok();
        let rounds: usize = rounds.and_then(|of| of.parse().ok()).unwrap_or(10);
        let mesh = self.mesh(KIOSKS);
        self.venue.cut(|member| member % 2);
        let started = Instant::now();
        // In and out again, over and over: an entry each.
        std::thread::scope(|scope| {
            for (kiosk, codes) in self.kiosks.iter().zip(&self.codes) {
                scope.spawn(move || {
                    for _ in 0..rounds {
                        pass(kiosk, &codes[..SPLIT_EACH], "in");
                        pass(kiosk, &codes[..SPLIT_EACH], "out");
                    }
                });
            }
        });
        let worked = started.elapsed();
        let ends: BTreeMap<String, u32> = self.kiosks.iter().flat_map(ends_of).collect();
        let before = sent(&self.venue, KIOSKS);
        let healed = Instant::now();
        self.venue.heal();
        let disks: Vec<Disk> = self.kiosks.iter().map(|of| Disk::of(&of.data())).collect();
        poll::until("one picture again", WITHIN, || {
            let mut views = disks.iter().map(Disk::held);
            let whole = |view: BTreeMap<String, u32>| {
                // A device's own log is not in its view.
                let of_others = view.iter().filter(|(log, _)| ends.contains_key(*log));
                let same = of_others.filter(|(log, end)| ends[*log] == **end).count();
                same + 1 == ends.len()
            };
            views.all(whole).then_some(())
        });
        let took = healed.elapsed();
        let entries = 2 * rounds * SPLIT_EACH * KIOSKS;
        let crossed: u64 = sent(&self.venue, KIOSKS).0 - before.0;
        println!(
            "{KIOSKS} kiosks, split in two for {worked:.0?} and {entries} entries: equal {took:.2?} \
             after the heal, {:.0} B sent an entry and device",
            ratio(crossed, (entries * KIOSKS) as u64)
        );
        drop(mesh);
    }
}

fn enrolled(venue: &Venue, event: &Event, at: usize) -> Kiosk {
    let kiosk = Kiosk::in_space(&venue.space(at), 0);
    kiosk.enrol(&journey::invite(event, &format!("Turnstile {at}")));
    kiosk
}

/// Shows all codes, as fast as the gate takes them.
fn pass(kiosk: &Kiosk, codes: &[String], direction: &str) {
    let mut gate = kiosk.gate(&["--direction", direction]);
    for code in codes {
        let verdict = gate.scan(code);
        assert_eq!(verdict["verdict"], "admit", "{direction}: {verdict}");
    }
    gate.finish();
}

/// Every log of a device that the export names as its own, and where it ends.
fn ends_of(kiosk: &Kiosk) -> BTreeMap<String, u32> {
    let own = own_entries(kiosk).into_iter();
    let mut ends = BTreeMap::new();
    for (log, seq, _) in own {
        let end = ends.entry(log).or_insert(0);
        *end = (*end).max(seq + 1);
    }
    ends
}

/// Log, place and ticket of each entry that this device wrote.
fn own_entries(kiosk: &Kiosk) -> Vec<(String, u32, Option<u64>)> {
    let export = kiosk.succeed(&["export"]);
    let lines = export.lines().map(|line| {
        let entry: Value = serde_json::from_str(line).expect("JSON");
        entry
    });
    let own = lines.filter(|entry| entry["own"] == true);
    own.map(|entry| {
        let seq = entry["seq"].as_u64().and_then(|of| of.try_into().ok());
        let admitted = (entry["kind"] == "admit").then(|| entry["serial"].as_u64());
        (
            text(&entry, "log"),
            seq.expect("a place"),
            admitted.flatten(),
        )
    })
    .collect()
}

/// A kiosk's database, read from outside.
struct Disk(Connection);

impl Disk {
    fn of(data: &Path) -> Self {
        let path: PathBuf = data.join("gatehouse.db");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self(Connection::open_with_flags(path, flags).expect("a database"))
    }

    /// Others' logs, and how far each is there.
    fn held(&self) -> BTreeMap<String, u32> {
        let sql = "SELECT lower(hex(log)), checked_seq FROM logs WHERE own = 0";
        let mut query = self.0.prepare_cached(sql).expect("SQL");
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.expect("rows").map(|row| row.expect("a row")).collect()
    }
}

/// A kiosk had so much of others' logs at a moment.
struct Seen {
    kiosk: usize,
    at: Instant,
    held: BTreeMap<String, u32>,
}

fn watch(event: &Value, kiosk: usize, disk: &Disk, tell: &Sender<Seen>) {
    if event["event"] == "merged" {
        let (at, held) = (Instant::now(), disk.held());
        // The mesh may be gone already.
        let _heard = tell.send(Seen { kiosk, at, held });
    }
}

/// Linked kiosks. Dropping it ends their gossip.
struct Mesh {
    pids: Vec<u32>,
    seen: Receiver<Seen>,
}

impl Mesh {
    fn idle(&self, venue: &Venue) -> String {
        let before = sent(venue, self.pids.len());
        wait(IDLE);
        let after = sent(venue, self.pids.len());
        let rate = |of: u64| ratio(of, self.pids.len() as u64) / IDLE.as_secs_f64();
        format!("{:.0} B/s a device", rate(after.0 - before.0))
    }

    /// Admissions at an even rate, by one kiosk after the other.
    fn run(&self, hall: &mut Hall, rate: usize, seconds: usize) -> Run {
        let members = self.pids.len();
        let each = rate * seconds / members;
        let pause = Duration::from_secs_f64(ratio(members as u64, rate as u64));
        let codes: Vec<Vec<String>> = (0..members)
            .map(|at| hall.codes[at].drain(..each).collect())
            .collect();
        let mut gates: Vec<Gate> = hall.kiosks[..members]
            .iter()
            .map(|of| of.gate(&[]))
            .collect();
        let before = sent(&hall.venue, members);
        let started = Instant::now();
        let admitted: BTreeMap<u64, Instant> = std::thread::scope(|scope| {
            let workers = gates
                .iter_mut()
                .zip(&codes)
                .zip(1_u32..)
                .map(|((gate, codes), at)| {
                    let first = started + pause * at / u32::try_from(members).expect("few");
                    scope.spawn(move || {
                        let mut admitted = Vec::new();
                        for (code, nth) in codes.iter().zip(0_u32..) {
                            wait((first + pause * nth).saturating_duration_since(Instant::now()));
                            let verdict = gate.scan(code);
                            assert_eq!(verdict["verdict"], "admit", "{verdict}");
                            let serial = verdict["serial"].as_u64().expect("a serial");
                            admitted.push((serial, Instant::now()));
                        }
                        admitted
                    })
                });
            let workers: Vec<_> = workers.collect();
            let all = workers
                .into_iter()
                .flat_map(|of| of.join().expect("admitted"));
            all.collect()
        });
        let took = started.elapsed();
        // What is still under way belongs to the run.
        wait(Duration::from_secs(2));
        let after = sent(&hall.venue, members);
        gates.into_iter().for_each(Gate::finish);
        let places = places(&hall.kiosks[..members], &admitted);
        Run {
            members,
            rate: ratio(admitted.len() as u64, 1) / took.as_secs_f64(),
            delays: self.delays(&places),
            bytes: ratio(after.0 - before.0, (admitted.len() * members) as u64),
            packets: ratio(after.1 - before.1, (admitted.len() * members) as u64),
        }
    }

    /// From an admission's answer to the moment when the last kiosk had it.
    fn delays(&self, places: &BTreeMap<Place, (usize, Instant)>) -> Histogram<u64> {
        let mut first: Vec<BTreeMap<Place, Instant>> = vec![BTreeMap::new(); self.pids.len()];
        for seen in self.seen.try_iter() {
            for (place, (writer, _)) in places {
                let here = seen.held.get(&place.0).copied().unwrap_or(0) > place.1;
                if here && *writer != seen.kiosk {
                    first[seen.kiosk].entry(place.clone()).or_insert(seen.at);
                }
            }
        }
        let mut delays = Histogram::new(3).expect("a histogram");
        for (place, (writer, at)) in places {
            let others = (0..self.pids.len()).filter(|kiosk| kiosk != writer);
            let last = others.map(|kiosk| {
                let seen = first[kiosk].get(place);
                *seen.unwrap_or_else(|| panic!("{place:?} never came to kiosk {kiosk}"))
            });
            let last = last.max().expect("others");
            let micros = last.saturating_duration_since(*at).as_micros();
            let micros = u64::try_from(micros).expect("not ages");
            delays.record(micros).expect("it grows");
        }
        delays
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        for pid in &self.pids {
            let _gone = std::process::Command::new("kill")
                .args(["-9", &pid.to_string()])
                .status();
        }
    }
}

struct Run {
    members: usize,
    rate: f64,
    delays: Histogram<u64>,
    bytes: f64,
    packets: f64,
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |quantile| ratio(self.delays.value_at_quantile(quantile), 1000);
        write!(
            f,
            "{:.1}/s, {} of them; on all {} after p50 {:.0} ms, p99 {:.0} ms, at most {:.0} ms; {:.0} B \
             and {:.2} packets sent an admission and device",
            self.rate,
            self.delays.len(),
            self.members,
            ms(0.5),
            ms(0.99),
            ms(1.0),
            self.bytes,
            self.packets
        )
    }
}

/// Where the admissions of these tickets are in the logs, who wrote them, and when.
fn places(
    kiosks: &[Kiosk],
    admitted: &BTreeMap<u64, Instant>,
) -> BTreeMap<Place, (usize, Instant)> {
    let mut places = BTreeMap::new();
    for (at, kiosk) in kiosks.iter().enumerate() {
        for (log, seq, serial) in own_entries(kiosk) {
            if let Some(when) = serial.and_then(|of| admitted.get(&of)) {
                places.insert((log, seq), (at, *when));
            }
        }
    }
    assert_eq!(places.len(), admitted.len(), "an entry for each admission");
    places
}

/// Bytes and packets that the first kiosks have sent, everything on the wire counted.
fn sent(venue: &Venue, members: usize) -> (u64, u64) {
    let traffic = (1..=members).map(|member| venue.traffic(member)[0]);
    traffic.fold((0, 0), |sum, of| (sum.0 + of.bytes, sum.1 + of.packets))
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn ratio(of: u64, to: u64) -> f64 {
    of as f64 / to as f64
}

fn wait(time: Duration) {
    let until = Instant::now() + time;
    while let left = until.saturating_duration_since(Instant::now())
        && !left.is_zero()
    {
        std::thread::park_timeout(left);
    }
}
