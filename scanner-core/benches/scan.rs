//! Scan to durable verdict, against one `fdatasync` and one `verify_strict` of the same run.
//!
//! `cargo bench -p scanner-core --bench scan [-- 10000 1000000]`; the numbers are snapshot sizes.
//! Bars (`design.md` 7): p99 of a scan ≤ p99 of one `fdatasync` + 1 ms; CPU per scan ≤ 3 x one
//! `verify_strict`, told beside what the same write and sync cost alone (ADR 0007); grouped commits
//! ≥ 0.5 x the rate of `verify_strict`. One `verify_strict` is measured twice: in a loop that does
//! nothing else, and in turns with the scans, after a wait for the disk as theirs is.

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
#[expect(dead_code, reason = "the tests use all of it")]
#[path = "../tests/it/wire.rs"]
mod wire;

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hdrhistogram::Histogram;
use scanner_core::{Edge, Invitation, Outcome, Reading, ScanOptions, Scanner, enrol_over};
use server::Server;
use tempfile::TempDir;
use wire::Wire;

const SIZES: [u32; 2] = [10_000, 1_000_000];
const SCANS: u32 = 4000;
const GROUPED: u32 = 4000;
const GROUP: usize = 64;
/// Scans and fdatasyncs take turns in blocks, so that both meet the same disk.
const BLOCK: u32 = 50;
const PAGE: [u8; 4096] = [0x5A; 4096];

fn main() {
    let sizes: Vec<u32> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let sizes = if sizes.is_empty() {
        SIZES.to_vec()
    } else {
        sizes
    };
    let verify = verify_strict_nanos();
    println!("verify_strict in a loop: {:.1} us of CPU", micros(verify));
    for size in sizes {
        measure(size, verify);
    }
}

fn measure(size: u32, verify_nanos: f64) {
    let dir = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let edge = Edge::system();
    let server = Server::at(edge.clock.now(), size);
    let link = server.borrow_mut().invite().to_url();
    let invitation = Invitation::parse(&link, None).expect("a link");
    let started = Instant::now();
    let mut wire = Wire::to(&server);
    let report = enrol_over(dir.path(), &invitation, &edge, &mut wire).expect("enrols");
    let sync = report.sync.expect("synced");
    let fetched = started.elapsed();
    let started = Instant::now();
    let mut scanner = Scanner::open(dir.path(), edge)
        .expect("opens")
        .expect("enrolled");
    println!("\n{size} tickets");
    println!(
        "  enrol, fetch and verify: {:.2} s, {:.1} MB; open: {:.2} s",
        fetched.as_secs_f64(),
        megabytes(sync.segment_bytes),
        started.elapsed().as_secs_f64()
    );
    // Spread over the whole snapshot.
    let serials = |from: u32, count: u32| {
        let step = size / (SCANS + GROUPED);
        (from..from + count).map(move |at| at * step.max(1))
    };
    let pool = |from, count| -> Vec<Reading> {
        let server = server.borrow();
        serials(from, count)
            .map(|serial| Reading::from(server.ticket(serial)))
            .collect()
    };
    let singly = pool(0, SCANS.min(size / 2));
    let grouped = pool(SCANS.min(size / 2), GROUPED.min(size / 2));
    one_by_one(&mut scanner, dir.path(), &singly, verify_nanos);
    in_groups(&mut scanner, &grouped, verify_nanos);
    println!("  resident: {} MB", resident_megabytes());
}

fn one_by_one(scanner: &mut Scanner, dir: &Path, readings: &[Reading], verify_nanos: f64) {
    let mut file = File::create(dir.join("fdatasync.probe")).expect("a file");
    let mut syncs = histogram();
    let mut scans = histogram();
    let in_place = InPlace::new(&dir.join("in-place.probe"));
    let one = Verification::new();
    let (mut cpu, mut sync_cpu, mut block_cpu, mut verify_cpu) = (0, 0, 0, 0);
    for block in readings.chunks(BLOCK as usize) {
        for _ in block {
            let before = cpu_nanos();
            let started = Instant::now();
            file.write_all(&PAGE).expect("writes");
            file.sync_data().expect("syncs");
            record(&mut syncs, started);
            sync_cpu += cpu_nanos() - before;
            let before = cpu_nanos();
            in_place.write_and_sync();
            let woken = cpu_nanos();
            block_cpu += woken - before;
            one.verify();
            verify_cpu += cpu_nanos() - woken;
        }
        for reading in block {
            let before = cpu_nanos();
            let started = Instant::now();
            let scanned = scanner.scan(reading, ScanOptions::default());
            record(&mut scans, started);
            cpu += cpu_nanos() - before;
            assert_eq!(scanned.verdict.verdict, Outcome::Admit, "{scanned:?}");
            assert!(scanned.verdict.durable);
            scanner.idle().expect("idle");
        }
    }
    let (p99_sync, p99_scan) = (syncs.value_at_quantile(0.99), scans.value_at_quantile(0.99));
    show("fdatasync of a 4 KiB append", &syncs);
    show("scan to durable verdict", &scans);
    #[expect(clippy::cast_precision_loss, reason = "a mean of thousands")]
    let mean = |nanos: u64| nanos as f64 / readings.len() as f64;
    let per_scan = mean(cpu);
    let alone = |what: &str, nanos: f64| {
        let ratio = nanos / verify_nanos;
        println!(
            "  CPU of {what} alone: {:.1} us = {ratio:.2} x verify_strict",
            micros(nanos)
        );
    };
    alone("such an fdatasync", mean(sync_cpu));
    alone("a block written in place and synced", mean(block_cpu));
    println!(
        "  p99 scan - p99 fdatasync: {} us (bar 1000): {}",
        p99_scan.cast_signed() - p99_sync.cast_signed(),
        word(p99_scan <= p99_sync + 1000)
    );
    alone("a scan but that block", per_scan - mean(block_cpu));
    for (what, verify_nanos) in [("in a loop", verify_nanos), ("in turns", mean(verify_cpu))] {
        println!(
            "  CPU per scan: {:.1} us = {:.2} x verify_strict {what}, {:.1} us (bar 3): {}",
            micros(per_scan),
            per_scan / verify_nanos,
            micros(verify_nanos),
            word(per_scan <= 3.0 * verify_nanos)
        );
    }
}

/// One block of a file that has all its blocks, written as the scanner writes its log.
struct InPlace(File);

#[repr(C, align(4096))]
struct Block([u8; 4096]);

impl InPlace {
    fn new(path: &Path) -> Self {
        use std::os::unix::fs::OpenOptionsExt as _;
        let file = File::create(path).expect("a file");
        (&file).write_all(&PAGE).expect("writes");
        file.sync_all().expect("syncs");
        let direct = rustix::fs::OFlags::DIRECT.bits().cast_signed();
        let options = || File::options().write(true).clone();
        let opened = options().custom_flags(direct).open(path);
        Self(opened.or_else(|_| options().open(path)).expect("opens"))
    }

    fn write_and_sync(&self) {
        use std::os::unix::fs::FileExt as _;
        self.0.write_all_at(&Block(PAGE).0, 0).expect("writes");
        self.0.sync_data().expect("syncs");
    }
}

fn in_groups(scanner: &mut Scanner, readings: &[Reading], verify_nanos: f64) {
    let started = Instant::now();
    for group in readings.chunks(GROUP) {
        let scanned = scanner.scan_group(group, ScanOptions::default());
        assert!(scanned.iter().all(|of| of.verdict.durable));
    }
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let rate = readings.len() as f64 / started.elapsed().as_secs_f64();
    let ratio = rate * verify_nanos / 1e9;
    println!(
        "  groups of {GROUP} under one fsync: {rate:.0} scans/s = {ratio:.2} x verify_strict (bar 0.5): {}",
        word(ratio >= 0.5)
    );
}

/// A message as long as a ticket's, its signature and the key.
struct Verification(VerifyingKey, [u8; 47], Signature);

impl Verification {
    fn new() -> Self {
        let key = SigningKey::from_bytes(&[7; 32]);
        let message = [9; 47];
        Self(key.verifying_key(), message, key.sign(&message))
    }
    fn verify(&self) {
        let Self(key, message, signature) = self;
        let message = std::hint::black_box(message);
        assert!(key.verify_strict(message, signature).is_ok());
    }
}

fn verify_strict_nanos() -> f64 {
    const COUNT: u32 = 4000;
    let one = Verification::new();
    let before = cpu_nanos();
    for _ in 0..COUNT {
        one.verify();
    }
    #[expect(clippy::cast_precision_loss, reason = "seconds in nanoseconds")]
    let spent = (cpu_nanos() - before) as f64;
    spent / f64::from(COUNT)
}

/// Time that this thread has spent on a processor, in the kernel too.
fn cpu_nanos() -> u64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let spent = Duration::try_from(spent).expect("not negative");
    u64::try_from(spent.as_nanos()).expect("less than centuries")
}

fn resident_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.expect("a number") / 1024
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("bounds")
}

fn record(histogram: &mut Histogram<u64>, started: Instant) {
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    histogram.saturating_record(micros);
}

fn show(what: &str, histogram: &Histogram<u64>) {
    println!(
        "  {what}: p50 {} us, p90 {} us, p99 {} us, max {} us",
        histogram.value_at_quantile(0.5),
        histogram.value_at_quantile(0.9),
        histogram.value_at_quantile(0.99),
        histogram.max()
    );
}

fn micros(nanos: f64) -> f64 {
    nanos / 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn word(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}
