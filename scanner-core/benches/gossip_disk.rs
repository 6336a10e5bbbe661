//! Catching up onto a real disk: bytes an entry on the wire, verification, durable commit, fold,
//! and what it takes on disk and in memory.
//!
//! `cargo bench -p scanner-core --bench gossip_disk [-- ENTRIES TICKETS]`. Bars (`gossip.md` 8): G5,
//! at most 26 bytes an entry; G6, 250,000 entries a second of one core; G8, 30 bytes an entry at
//! rest and 60 MB in memory with a million tickets and five million entries.

#![expect(
    clippy::print_stdout,
    reason = "a benchmark reports to whoever runs it"
)]

#[expect(dead_code, reason = "the tests use all of it")]
#[path = "../tests/it/exchange.rs"]
mod exchange;
#[expect(dead_code, reason = "the tests use all of it")]
#[path = "../tests/it/server.rs"]
mod server;
#[expect(dead_code, reason = "the tests use all of it")]
#[path = "../tests/it/wire.rs"]
mod wire;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use scanner_core::gossip::{Input, LinkId, Node, Now, Options};
use scanner_core::{Edge, Invitation, Scanner, enrol_over, open_disk};
use server::Server;
use shared::api::gate::DeviceRole;
use shared::ids::{DeviceId, EventId, GateId};
use shared::limits::LOG_SEGMENT_ENTRIES_MAX;
use shared::log::{DecisionFlags, Entry, EntryKind, Genesis, Hlc, LogSegment, SignedEntry};
use shared::sync::frame::{Hello, Name, PROTOCOL};
use shared::sync::{Frame, Message};
use shared::ticket::ScanProof;
use shared::time::Timestamp;
use shared::trust::RosterEntry;
use tempfile::TempDir;
use wire::Wire;

const ENTRIES: u32 = 1_000_000;
const TICKETS: u32 = 10_000;
/// Gates that wrote them.
const WRITERS: u8 = 50;
/// Tickets whose commitment the fake's snapshot knows.
const REAL_ROWS: u32 = 3_000;
/// Followed by a folder: only opens a scanner there.
const OPEN: &str = "open";
/// Segments in one frame, as a peer fills it.
const SEGMENTS: usize = 4;

struct Writer {
    key: SigningKey,
    genesis: Genesis,
}

fn main() {
    let mut args = std::env::args().skip_while(|arg| arg != OPEN).skip(1);
    if let Some(dir) = args.next() {
        show_memory(Path::new(&dir));
        return;
    }
    let asked: Vec<u32> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let entries = asked.first().copied().unwrap_or(ENTRIES);
    let tickets = asked.get(1).copied().unwrap_or(TICKETS);
    let dir = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let edge = Edge::system();
    let now = edge.clock.now();
    let server = Server::at(now, tickets);
    let event = server.borrow().event;
    let writers: Vec<Writer> = (0..WRITERS).map(|at| writer(event, at)).collect();
    {
        let mut server = server.borrow_mut();
        let listed = writers.iter().map(listed);
        server.roster.devices.extend(listed);
        server.sign_roster();
        server.publish();
    }
    let link = server.borrow_mut().invite().to_url();
    let invitation = Invitation::parse(&link, None).expect("a link");
    enrol_over(dir.path(), &invitation, &edge, &mut Wire::to(&server)).expect("enrols");
    let proofs: Vec<ScanProof> = {
        let server = server.borrow();
        let proof = |serial| ScanProof::of_token(event, &server.token(&server.payload(serial, 1)));
        (0..REAL_ROWS.min(tickets)).map(proof).collect()
    };
    let each = entries / u32::from(WRITERS);
    let frames: Vec<Vec<u8>> = writers
        .iter()
        .flat_map(|of| written(of, each, now, &proofs))
        .collect();
    let count = f64::from(each * u32::from(WRITERS));
    let wire: usize = frames.iter().map(Vec::len).sum();
    println!("\n{count} entries of {WRITERS} devices, {tickets} tickets");
    println!(
        "  G5: {:.1} bytes an entry in frames",
        per(wire as u64, count)
    );
    let before = on_disk(dir.path());
    let merged = merge(dir.path(), event, now, &writers, &frames);
    println!("  verify and commit: {}", rate(merged, count));
    println!(
        "  G8: {:.1} bytes an entry at rest",
        per(on_disk(dir.path()) - before, count)
    );
    drop(frames);
    let started = cpu();
    let scanner = Scanner::open(dir.path(), edge)
        .expect("opens")
        .expect("enrolled");
    let folded = cpu() - started;
    println!("  read back, chain and fold: {}", rate(folded, count));
    println!("  G6: all of it: {}", rate(merged + folded, count));
    drop(scanner);
    // In a process of its own, which has never held anything else.
    let program = std::env::current_exe().expect("a program");
    let alone = Command::new(program).arg(OPEN).arg(dir.path()).status();
    assert!(
        alone.is_ok_and(|of| of.success()),
        "the other process failed"
    );
}

fn show_memory(dir: &Path) {
    let before = resident_megabytes();
    let scanner = Scanner::open(dir, Edge::system());
    let scanner = scanner.expect("opens").expect("enrolled");
    let after = resident_megabytes();
    println!("  G8: a scanner takes {} MB in memory", after - before);
    drop(scanner);
}

fn writer(event: EventId, at: u8) -> Writer {
    let key = SigningKey::from_bytes(&[at + 100; 32]);
    let genesis = Genesis {
        event,
        device: DeviceId::from_bytes([at + 100; 16]),
        device_key: key.verifying_key().to_bytes(),
        incarnation: [1; 16],
        app_version: "bench".to_owned(),
    };
    Writer { key, genesis }
}

fn listed(of: &Writer) -> RosterEntry {
    RosterEntry {
        device: of.genesis.device,
        name: format!("gate {}", of.genesis.device),
        public_key: of.genesis.device_key,
        gate: GateId::from_bytes([1; 16]),
        role: DeviceRole::Scanner,
        not_after: Timestamp::from_millis(i64::MAX),
        zones: 0,
        attended: true,
        cut: None,
        adopted: Vec::new(),
    }
}

/// The frames in which a peer gives one log.
fn written(of: &Writer, each: u32, now: Timestamp, proofs: &[ScanProof]) -> Vec<Vec<u8>> {
    let id = of.genesis.log_id();
    let mut head = of.genesis.head();
    let mut segments = Vec::new();
    let mut bodies = Vec::new();
    for seq in 0..each {
        let serial = seq % u32::try_from(proofs.len()).expect("few");
        let entry = Entry {
            seq,
            hlc: Hlc {
                millis: u64::try_from(now.as_millis()).expect("after 1970") + u64::from(seq),
                counter: 0,
            },
            kind: EntryKind::Admit,
            gate: 1,
            flags: DecisionFlags::default(),
            serial,
            generation: 1,
            proof: proofs[serial as usize],
            target: None,
        };
        let last = bodies.len() + 1 == LOG_SEGMENT_ENTRIES_MAX || seq + 1 == each;
        if last {
            let (signed, _) = SignedEntry::sign(&of.key, id, &head, &entry).expect("signs");
            bodies.push(signed.body);
            let whole = std::mem::take(&mut bodies);
            segments.push(LogSegment::new(id, whole, signed.signature).expect("a segment"));
        } else {
            bodies.push(entry.encode().expect("a body"));
        }
        head = head.append(id, &entry).expect("in order");
    }
    segments
        .chunks(SEGMENTS)
        .map(|some| Frame::V1(vec![Message::Segments(some.to_vec())]).to_wire())
        .collect()
}

/// CPU time from the first frame until all is durable.
fn merge(
    dir: &Path,
    event: EventId,
    wall: Timestamp,
    writers: &[Writer],
    frames: &[Vec<u8>],
) -> f64 {
    let mut disk = open_disk(dir).expect("opens");
    let mut now = Now {
        wall,
        millis: 1_000,
    };
    let options = Options::new(event, DeviceId::from_bytes([1; 16]), true, [2; 16], 1);
    let (mut node, _) = Node::start(options, now, &*disk).expect("starts");
    let link = LinkId(1);
    let key = writers[0].genesis.device_key;
    let visit = false;
    node.handle(now, Input::Up { link, key, visit }, &mut *disk)
        .expect("up");
    let hello = Message::Hello(Hello {
        protocol: PROTOCOL,
        event,
        held: [0; 4],
        boot: [3; 16],
        now: wall,
        hub: true,
        heard: true,
    });
    let names = (0..).zip(writers).map(|(number, of)| Name {
        number,
        log: of.genesis.log_id(),
        genesis: Some(of.genesis.clone()),
    });
    let hello = Frame::V1(vec![hello, Message::Names(names.collect())]).to_wire();
    node.handle(
        now,
        Input::Frame {
            link,
            bytes: &hello,
        },
        &mut *disk,
    )
    .expect("greeted");
    let before = cpu();
    for bytes in frames {
        now.millis += 1;
        node.handle(now, Input::Frame { link, bytes }, &mut *disk)
            .expect("taken");
    }
    now.millis += 1_000;
    node.handle(now, Input::Tick, &mut *disk).expect("flushed");
    let spent = cpu() - before;
    let held: u64 = node
        .logs()
        .iter()
        .map(|log| u64::from(log.head.next_seq))
        .sum();
    assert_eq!(held, node.work().came, "not all was taken");
    spent
}

#[expect(clippy::cast_precision_loss, reason = "bytes of megabytes")]
fn per(bytes: u64, count: f64) -> f64 {
    bytes as f64 / count
}

fn rate(seconds: f64, count: f64) -> String {
    format!("{seconds:.2} s of CPU, {:.0} entries/s", count / seconds)
}

/// Seconds that this thread has spent on a processor, in the kernel too.
fn cpu() -> f64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(spent)
        .expect("not negative")
        .as_secs_f64()
}

fn on_disk(dir: &Path) -> u64 {
    let files = std::fs::read_dir(dir).expect("a folder");
    files
        .map(|of| of.and_then(|of| of.metadata()).expect("a file").len())
        .sum()
}

fn resident_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.expect("a number") / 1024
}
