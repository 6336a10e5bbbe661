//! A new device gets a list of 1,000,000 tickets from another device, without a server (G7).
//!
//! `cargo bench --workspace --bench newcomer [-- 1000000]`; the number is the size of the list. The
//! other device is a process of its own. For bytes that nobody else's are among, run it in a network
//! namespace: `unshare --user --map-root-user --net sh -c 'ip link set lo up && exec cargo bench …'`.

#![expect(
    clippy::print_stdout,
    reason = "a benchmark reports to whoever runs it"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock to measure"
)]

#[expect(dead_code, reason = "the tests use all of it")]
#[path = "../tests/it/exchange.rs"]
mod exchange;
#[expect(dead_code, reason = "the tests use all of it")]
#[path = "../tests/it/server.rs"]
mod server;
#[path = "../tests/it/wire.rs"]
mod wire;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use scanner_core::{
    Edge, Gossip, GossipEvent, GossipOptions, Invitation, Scanner, Syncer, enrol_over,
};
use server::{Server, Shared};
use tempfile::TempDir;
use wire::Wire;

const SIZE: u32 = 1_000_000;
const LOOPBACK: &str = "127.0.0.1:0";
/// Calls to the server that a newcomer's go through: challenge, enrolment, statements; no segment.
const BEFORE_SEGMENTS: usize = 3;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, serve, dir, ..] = &args[..]
        && serve == "serve"
    {
        return be_the_other(Path::new(dir));
    }
    let size = args.iter().find_map(|arg| arg.parse().ok());
    let size: u32 = size.unwrap_or(SIZE);
    let folder = || TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let (old, new) = (folder(), folder());
    let edge = Edge::system();
    let server = Server::at(edge.clock.now(), size);
    let (started, spent) = (Instant::now(), cpu());
    enrol(&server, old.path(), &mut Wire::to(&server));
    println!(
        "{size} tickets from the server, in this process: {:.2} s, both sides {:.2} s of CPU",
        started.elapsed().as_secs_f64(),
        cpu().saturating_sub(spent).as_secs_f64()
    );
    enrol(
        &server,
        new.path(),
        &mut Wire::cut_after(&server, BEFORE_SEGMENTS, false),
    );
    // The old one learns who is new.
    let mut syncer = Syncer::open(old.path(), edge.clone()).expect("opens");
    syncer.run(&mut Wire::to(&server)).expect("syncs");
    drop((syncer, server));
    let fetched = tickets_of(new.path(), &edge);
    assert_eq!(fetched, None, "the newcomer has no list yet");
    from_a_peer(size, old.path(), new.path(), &edge);
}

fn from_a_peer(size: u32, old: &Path, new: &Path, edge: &Edge) {
    let mut other = Command::new(std::env::current_exe().expect("own path"))
        .arg("serve")
        .arg(old)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut line = String::new();
    let mut said = BufReader::new(other.stdout.take().expect("piped"));
    said.read_line(&mut line).expect("an address");
    let (tell, told) = channel();
    let options = GossipOptions {
        peers: vec![line.trim().parse().expect("an address")],
        ..GossipOptions::default()
    };
    let bytes = loopback_bytes();
    let (started, spent) = (Instant::now(), cpu());
    let watch = Box::new(move |event| {
        // The receiver ends with the measurement.
        let _heard = tell.send(event);
    });
    let gossip = Gossip::start(new, edge.clone(), options, watch).expect("starts");
    loop {
        let event = told.recv_timeout(Duration::from_mins(2)).expect("the list");
        // Lists are told by the piece: a million tickets and the rest of the last one.
        let is_whole = || tickets_of(new, edge).is_some_and(|of| of >= size);
        if matches!(event, GossipEvent::Trusted { .. }) && is_whole() {
            break;
        }
    }
    println!(
        "{size} tickets from another device: ready to scan after {:.2} s and {:.2} s of CPU, {:.1} MB on \
         the wire (bar: 5 s, 2 s, 25 MB)",
        started.elapsed().as_secs_f64(),
        cpu().saturating_sub(spent).as_secs_f64(),
        megabytes(loopback_bytes() - bytes),
    );
    drop(gossip);
    drop(other.stdin.take());
    let status = other.wait().expect("ends");
    assert!(status.success(), "{status}");
}

/// Talks with whoever calls, until its input ends.
fn be_the_other(dir: &Path) {
    let options = GossipOptions {
        listen: Some(LOOPBACK.parse().expect("an address")),
        hub: true,
        ..GossipOptions::default()
    };
    let gossip = Gossip::start(dir, Edge::system(), options, Box::new(|_| ())).expect("starts");
    println!("{}", gossip.listening().expect("listens"));
    let _read = std::io::stdin()
        .read_to_end(&mut Vec::new())
        .expect("a pipe");
}

fn enrol(server: &Shared, dir: &Path, wire: &mut Wire) {
    let link = server.borrow_mut().invite().to_url();
    let invitation = Invitation::parse(&link, None).expect("a link");
    enrol_over(dir, &invitation, &Edge::system(), wire).expect("enrols");
}

/// How long the list is that a scanner of this device decides by.
fn tickets_of(dir: &Path, edge: &Edge) -> Option<u32> {
    let scanner = Scanner::open(dir, edge.clone()).expect("opens");
    let status = scanner.expect("enrolled").status().expect("a status");
    status.snapshot.map(|of| of.serials)
}

/// Time that this process has spent on processors.
fn cpu() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(spent).expect("not negative")
}

fn loopback_bytes() -> u64 {
    let told = std::fs::read_to_string("/proc/self/net/dev").expect("Linux");
    let line = told
        .lines()
        .find_map(|line| line.trim().strip_prefix("lo:"));
    let received = line.and_then(|line| line.split_ascii_whitespace().next());
    received.and_then(|of| of.parse().ok()).expect("a count")
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
