//! What a server weighs when nobody calls, how soon it answers after its start, and how a list that
//! was sold, claimed and published comes to a kiosk: real processes, SQLite, loopback.
//!
//! A list of a million costs a device what `newcomer` and `scan` of scanner-core say; here the
//! server takes part, which signs one ticket at a time.
//!
//! `cargo bench -p tests --bench weight [-- TICKETS]`

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tests::api::Api;
use tests::journey::Event;
use tests::kiosk::Kiosk;
use tests::process::{most_resident, resident};
use tests::server::Server;
use tests::{binaries, journey};

const TICKETS: u32 = 20_000;
const BUYERS: u32 = 8;
const TICKETS_PER_ORDER: u32 = 10;
const STARTS: usize = 5;
/// What a person who has just started it does.
const FEW_REQUESTS: usize = 100;

fn main() {
    let asked = std::env::args().find_map(|arg| arg.parse().ok());
    starts();
    list(asked.unwrap_or(TICKETS));
}

/// From nothing to the first 200, on an empty folder and on one that was used before.
fn starts() {
    println!(
        "start to the first 200 of /healthz (bar: 300 ms), and resident when idle (bar: 60 MB)"
    );
    for at in 0..STARTS {
        let dir = tempfile::tempdir().expect("a folder");
        let address = free_address();
        let [empty, again] = [(); 2].map(|()| {
            let started = Instant::now();
            let mut server = launch(address, dir.path());
            while healthz(address).is_err() {
                assert_eq!(server.try_wait().expect("wait"), None, "the server ended");
            }
            let took = started.elapsed();
            for _ in 0..FEW_REQUESTS {
                healthz(address).expect("an answer");
            }
            let resident = megabytes(resident(server.id()));
            server.kill().expect("kill");
            server.wait().expect("its end");
            (took, resident)
        });
        println!(
            "  run {at}: empty folder {:.0} ms, {:.1} MB; used folder {:.0} ms, {:.1} MB",
            millis(empty.0),
            empty.1,
            millis(again.0),
            again.1,
        );
    }
}

/// A port that was free a moment ago.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its address")
}

fn launch(address: SocketAddr, dir: &std::path::Path) -> Child {
    Command::new(binaries::path("server"))
        .args(["serve", "--listen", &address.to_string(), "--data"])
        .arg(dir)
        .env_remove("DATABASE_URL")
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("server starts")
}

/// One request over a connection of its own.
fn healthz(address: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err(std::io::Error::new(ErrorKind::InvalidData, answer))
    }
}

/// A kiosk gets the list of an event with so many tickets.
fn list(tickets: u32) {
    println!("\n{tickets} tickets: a real kiosk gets the list of a real server");
    let counter = Counter::start();
    let public = counter.url();
    let server = Server::start_with(
        None,
        &[("RUST_LOG", "warn"), ("PUBLIC_URL", public.as_str())],
    );
    counter.lead_to(&server.url());
    let organizer = journey::account(&server.api(), "lan");
    let event = journey::event(&organizer, "River Festival", tickets);
    let ((), took) = timed(|| sell(&server.api(), &event, tickets));
    println!(
        "  bought by {BUYERS} at a time and claimed: {:.0} tickets/s",
        f64::from(tickets) / took.as_secs_f64()
    );
    let kiosk = Kiosk::new();
    let url = journey::invite(&event, "Gate B");
    let (peak, took) = timed(|| highest(&mut kiosk.command(&["enrol", &url])));
    let wire = counter.bytes.load(Ordering::Relaxed);
    println!(
        "  enrolled with the whole list after {:.2} s: {:.2} MB on the wire ({} B a ticket), {peak:.0} MB resident at most",
        took.as_secs_f64(),
        megabytes(wire),
        wire / u64::from(tickets),
    );
    let second = Kiosk::new();
    let url = journey::invite(&event, "Gate C");
    let ((), took) = timed(|| second.enrol(&url));
    println!(
        "  a second kiosk, now that the list is signed: {:.2} s",
        took.as_secs_f64()
    );
    let wire = counter.bytes.load(Ordering::Relaxed);
    let (peak, took) = timed(|| highest(&mut kiosk.command(&["sync", "--once"])));
    let more = counter.bytes.load(Ordering::Relaxed) - wire;
    println!(
        "  another sync: {:.2} s, {:.3} MB, {peak:.0} MB",
        took.as_secs_f64(),
        megabytes(more)
    );
    let status = kiosk.status();
    let known = status["guests"]["tickets"].as_u64();
    assert_eq!(known, Some(u64::from(tickets)), "{status}");
    let (verdicts, took) = timed(|| kiosk.scan(&["not a ticket"]));
    println!(
        "  open, and one verdict ({}): {:.2} s",
        verdicts[0]["reason"],
        took.as_secs_f64()
    );
    let pid = server.pid().expect("running");
    println!(
        "  the server afterwards: {:.0} MB",
        megabytes(resident(pid))
    );
}

fn sell(api: &Api, event: &Event, tickets: u32) {
    std::thread::scope(|scope| {
        for at in 0..BUYERS {
            scope.spawn(move || {
                let buyer = journey::account(api, &format!("mai{at}"));
                for _ in 0..tickets / BUYERS / TICKETS_PER_ORDER {
                    journey::tickets(&buyer, event, TICKETS_PER_ORDER);
                }
            });
        }
    });
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let out = work();
    (out, started.elapsed())
}

/// Runs to the end: the most that it had resident, in megabytes.
fn highest(command: &mut Command) -> f64 {
    let mut child = command.stdout(Stdio::null()).spawn().expect("kiosk starts");
    let mut peak = 0.0_f64;
    loop {
        peak = peak.max(megabytes(most_resident(child.id())));
        if let Some(status) = child.try_wait().expect("wait") {
            assert!(status.success(), "{status}");
            return peak;
        }
        std::thread::yield_now();
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn millis(of: Duration) -> f64 {
    of.as_secs_f64() * 1e3
}

/// A relay that counts what passes, both ways.
struct Counter {
    port: u16,
    target: Arc<AtomicU16>,
    bytes: Arc<AtomicU64>,
}

impl Counter {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let counter = Self {
            port: listener.local_addr().expect("its address").port(),
            target: Arc::default(),
            bytes: Arc::default(),
        };
        let (target, bytes) = (Arc::clone(&counter.target), Arc::clone(&counter.bytes));
        std::thread::spawn(move || {
            for from in listener.incoming().flatten() {
                let port = target.load(Ordering::Relaxed);
                let to = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server");
                let ways = [
                    (
                        from.try_clone().expect("a socket"),
                        to.try_clone().expect("a socket"),
                    ),
                    (to, from),
                ];
                for (from, to) in ways {
                    let bytes = Arc::clone(&bytes);
                    std::thread::spawn(move || relay(from, to, &bytes));
                }
            }
        });
        counter
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn lead_to(&self, url: &str) {
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
        self.target.store(port.expect("a port"), Ordering::Relaxed);
    }
}

fn relay(mut from: TcpStream, mut to: TcpStream, bytes: &AtomicU64) {
    let mut buffer = vec![0; 256 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        bytes.fetch_add(read as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    // The other side may have closed first.
    let _closed = to.shutdown(Shutdown::Write);
}
