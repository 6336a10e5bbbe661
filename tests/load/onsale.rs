//! A rush: 5,000 buyers at 32 connections for 1,000 tickets (`design.md` 7), on a real server with
//! SQLite over loopback: of one class, as seats, and of two classes with a pool; each once more with
//! the server killed twice.
//!
//! `cargo bench -p tests --bench onsale`

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use hdrhistogram::Histogram;
use tests::journey;
use tests::onsale::{self, Rush};
use tests::process::cpu_seconds;
use tests::sale::{KINDS, Kind, Sale};
use tests::server::Server;

const BUYERS: usize = 5_000;
const STOCK: u32 = 1_000;
const CONNECTIONS: usize = 32;
/// Hashing a password is made slow, and buyers may share an account here.
const ACCOUNTS: usize = 32;
const CROWD: [usize; 3] = [BUYERS, CONNECTIONS, ACCOUNTS];

fn main() {
    println!("{BUYERS} buyers, {CONNECTIONS} connections, {STOCK} tickets, SQLite, loopback");
    let kills = [STOCK as usize / 3, STOCK as usize * 2 / 3];
    for kind in KINDS {
        measure(kind, &[]);
        measure(kind, &kills);
    }
}

fn measure(kind: Kind, kills: &[usize]) {
    let mut server = Server::start_with(None, &[("RUST_LOG", "warn")]);
    let organizer = journey::account(&server.api(), "lan");
    let sale = Sale::open(&organizer, kind, STOCK);
    let rush = Rush::of(&server.api(), CROWD, sale.wishes());
    let pid = server.pid().expect("running");
    let before = cpu_seconds(pid);
    let outcome = onsale::run(&mut server, rush, kills);
    let spent = cpu_seconds(server.pid().expect("running")) - before;
    let what = match kind {
        Kind::Class => "one class",
        Kind::Seats => "seats, half of them picked",
        Kind::Pool => "two classes with a pool",
    };
    let fate = ["left alone", "killed twice"][usize::from(!kills.is_empty())];
    println!(
        "{what}, {fate}: {} bought, {} told that it is too late, {} wrong, {} sold twice, {} repeated; {:.2} s",
        outcome.bought,
        outcome.late,
        outcome.wrong.len(),
        outcome.sold_twice,
        outcome.repeated,
        outcome.elapsed.as_secs_f64(),
    );
    let exact = outcome.tickets.len() == STOCK as usize && outcome.sold_twice == 0;
    assert!(exact && outcome.wrong.is_empty(), "{:?}", outcome.wrong);
    assert_eq!(sale.stats(), [u64::from(STOCK), 0, sale.left()]);
    print_row("POST /orders", &outcome.order_latency);
    print_row("every request", &outcome.latency);
    if kills.is_empty() {
        println!(
            "  {:.0} orders/s ({:.0} paid); CPU of the server a buyer {:.3} ms, a paid order {:.3} ms with all that were refused",
            rate(BUYERS, &outcome),
            rate(outcome.bought, &outcome),
            spent * 1e3 / number(BUYERS),
            spent * 1e3 / number(outcome.bought),
        );
    }
}

fn rate(count: usize, outcome: &onsale::Outcome) -> f64 {
    number(count) / outcome.elapsed.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
const fn number(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn print_row(name: &str, latency: &Histogram<u64>) {
    let ms = |quantile| latency.value_at_quantile(quantile) as f64 / 1000.0;
    println!(
        "  {name}: p50 {:.2} p95 {:.2} p99 {:.2} max {:.2} ms of {}",
        ms(0.5),
        ms(0.95),
        ms(0.99),
        latency.max() as f64 / 1000.0,
        latency.len(),
    );
}
