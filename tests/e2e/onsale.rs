//! A rush on few tickets: as many are sold as there are, whatever happens to the server meanwhile.

use tests::journey;
use tests::onsale::{self, Rush};
use tests::sale::{Kind, Sale};
use tests::server::Server;

const BUYERS: usize = 300;
const STOCK: u32 = 60;
const CONNECTIONS: usize = 32;
const ACCOUNTS: usize = 4;
const CROWD: [usize; 3] = [BUYERS, CONNECTIONS, ACCOUNTS];
/// When so many buyers are through.
const KILLS: [usize; 2] = [STOCK as usize / 4, STOCK as usize / 2];

#[test]
fn a_rush_sells_exactly_the_stock() {
    // I1 I6 P4
    rush(Kind::Class, &[]);
}

#[test]
fn a_rush_sells_exactly_the_stock_when_the_server_is_killed_twice() {
    // I6 P4 O2 H3 H8
    rush(Kind::Class, &KILLS);
}

#[test]
fn a_rush_sells_each_seat_once_when_the_server_is_killed_twice() {
    // I3 I6 P4 O2 H8
    rush(Kind::Seats, &KILLS);
}

#[test]
fn a_rush_sells_a_pool_to_its_limit_when_the_server_is_killed_twice() {
    // I10 I6 P4 O2 H8
    rush(Kind::Pool, &KILLS);
}

/// Exactly the stock, each ticket and each seat once, and everybody else was told.
fn rush(kind: Kind, kills: &[usize]) {
    let mut server = Server::start();
    let organizer = journey::account(&server.api(), "lan");
    let sale = Sale::open(&organizer, kind, STOCK);
    let rush = Rush::of(&server.api(), CROWD, sale.wishes());
    let outcome = onsale::run(&mut server, rush, kills);
    let none: &[String] = &[];
    assert_eq!(outcome.wrong, none);
    assert!(
        kills.is_empty() || outcome.repeated > 0,
        "nobody noticed the kills"
    );
    assert_eq!(outcome.sold_twice, 0);
    let stock = STOCK as usize;
    assert_eq!(outcome.tickets.len(), stock);
    let seats = if kind == Kind::Seats { stock } else { 0 };
    assert_eq!(outcome.seats.len(), seats);
    assert_eq!(outcome.bought, stock);
    assert_eq!(outcome.bought + outcome.late, BUYERS);
    assert_eq!(sale.stats(), [u64::from(STOCK), 0, sale.left()]);
}
