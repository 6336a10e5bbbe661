//! A rush on few tickets: as many are sold as there are, whatever happens to the server meanwhile.

use tests::journey::{self, Event};
use tests::onsale::{self, Outcome, Rush, one_ticket};
use tests::server::Server;

const BUYERS: usize = 300;
const STOCK: u32 = 60;
const CONNECTIONS: usize = 32;
const ACCOUNTS: usize = 4;
const CROWD: [usize; 3] = [BUYERS, CONNECTIONS, ACCOUNTS];

/// Exactly the stock, each ticket once, and everybody else was told.
fn assert_sold_out(outcome: &Outcome, event: &Event) {
    let none: &[String] = &[];
    assert_eq!(outcome.wrong, none);
    assert_eq!(outcome.sold_twice, 0);
    assert_eq!(outcome.tickets.len(), STOCK as usize);
    assert_eq!(outcome.bought, STOCK as usize);
    assert_eq!(outcome.bought + outcome.late, BUYERS);
    let stats = event
        .api
        .get(&format!("/issued-tickets/stats/{}", event.id))
        .ok();
    let class = &stats["classes"][0];
    let counts = ["paid", "available", "held", "total"].map(|of| class[of].as_u64());
    let stock = Some(u64::from(STOCK));
    assert_eq!(counts, [stock, Some(0), Some(0), stock], "{stats}");
}

#[test]
fn a_rush_sells_exactly_the_stock() {
    // I1 I6 P4
    let mut server = Server::start();
    let organizer = journey::account(&server.api(), "lan");
    let event = journey::event(&organizer, "River Festival", STOCK);
    let rush = Rush::of(&server.api(), CROWD, one_ticket(&event));
    let outcome = onsale::run(&mut server, rush, &[]);
    assert_sold_out(&outcome, &event);
}

#[test]
fn a_rush_sells_exactly_the_stock_when_the_server_is_killed_twice() {
    // I6 P4 O2 H3 H8
    let mut server = Server::start();
    let organizer = journey::account(&server.api(), "lan");
    let event = journey::event(&organizer, "River Festival", STOCK);
    let rush = Rush::of(&server.api(), CROWD, one_ticket(&event));
    let outcome = onsale::run(&mut server, rush, &[STOCK as usize / 4, STOCK as usize / 2]);
    assert!(outcome.repeated > 0, "nobody noticed the kills");
    assert_sold_out(&outcome, &event);
}
