//! Claiming stock: what each backend does in its own way, and must do alike (I6).

use std::collections::HashSet;
use std::sync::Arc;

use server::events::model::TicketClass;
use server::inventory::model::{Batch, IssuedTicket, Layout};
use server::inventory::{
    StockError, claim_class, claim_seats, claim_stock, held_by, release, sell,
};
use server::platform::db::{Db, DbError, Query};
use server::venues::model::Place;
use shared::ids::{ClassId, EventId, OrderId, TicketId};
use shared::time::Timestamp;
use tokio::task::JoinSet;

use crate::stage::{NOW, Stage};

const BUYERS: u8 = 48;

/// One event's stock.
#[derive(Clone)]
struct Shop {
    db: Db,
    event: EventId,
    class: ClassId,
}

impl Shop {
    async fn open(stage: &Stage, quantity: u32, seats: &[&str]) -> Self {
        let db = stage.open().await;
        let shop = Self {
            db,
            event: EventId::new(NOW, [1; 10]),
            class: ClassId::new(NOW, [2; 10]),
        };
        shop.put(quantity, 0, &[]).await.expect("stock");
        shop.put(u32::try_from(seats.len()).expect("few"), quantity, seats)
            .await
            .expect("seats");
        shop
    }

    async fn put(&self, quantity: u32, serial_base: u32, seats: &[&str]) -> Result<(), DbError> {
        let seats: Vec<String> = seats.iter().map(|&seat| seat.to_owned()).collect();
        let batch = Batch {
            id: "batch".to_owned(),
            event_id: self.event,
            class_id: self.class,
            quantity,
            seated: !seats.is_empty(),
            serial_base,
            seat_base: 0,
            seed: [u8::try_from(serial_base % 251).expect("small"); 32],
            created: 0,
            attempt: None,
            request_hash: None,
            stopped: false,
            created_at: NOW,
        };
        let tickets = Arc::new(Layout::new(&batch, &seats).tickets(0..quantity));
        self.db.write(move |tx| tx.insert_all(&tickets)).await
    }

    async fn claim(
        &self,
        order: OrderId,
        quantity: u32,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<TicketId>, StockError> {
        let (event, class) = (self.event, self.class);
        self.db
            .write(move |tx| {
                let held = claim_stock(tx, event, class, quantity, order, now, until)?;
                Ok(held.iter().map(|ticket| ticket.id).collect())
            })
            .await
    }

    async fn sell(&self, order: OrderId, tickets: Vec<TicketId>) -> Vec<TicketId> {
        self.db
            .write(move |tx| -> Result<_, server::inventory::Error> {
                let mut held = held_by(tx, order, &tickets)?;
                sell(tx, &mut held)?;
                Ok(held.iter().map(|ticket| ticket.id).collect())
            })
            .await
            .expect("sold")
    }
}

fn order(number: u8) -> OrderId {
    OrderId::new(NOW, [number; 10])
}

pub(crate) async fn a_claim_takes_all_or_nothing(stage: &Stage) {
    let shop = Shop::open(stage, 3, &[]).await;
    let until = NOW.plus_secs(10);
    let first = shop.claim(order(1), 2, NOW, until).await.expect("two");
    assert_eq!(first.iter().collect::<HashSet<_>>().len(), 2);
    let short = shop
        .claim(order(2), 2, NOW, until)
        .await
        .expect_err("one is left");
    assert!(
        matches!(
            short,
            StockError::Short {
                available: 1,
                held: 2,
                ..
            }
        ),
        "{short:?}"
    );
    shop.claim(order(3), 1, NOW, until)
        .await
        .expect("the refused claim took nothing");
    // Held until its end, claimable at its end.
    shop.claim(order(4), 2, until.plus_millis(-1), until)
        .await
        .expect_err("still held");
    let later = until.plus_secs(10);
    let all = shop
        .claim(order(4), 3, until, later)
        .await
        .expect("all three");
    assert!(first.iter().all(|ticket| all.contains(ticket)));
    let lost = shop
        .db
        .write(move |tx| held_by(tx, order(1), &first))
        .await
        .expect("storage");
    assert!(lost.is_empty(), "the first buyer's hold is another's now");
}

pub(crate) async fn a_claimed_row_is_whole(stage: &Stage) {
    let shop = Shop::open(stage, 1, &["S-1"]).await;
    let until = NOW.plus_millis(12_345);
    let (event, class) = (shop.event, shop.class);
    shop.db
        .write(move |tx| -> Result<(), StockError> {
            claim_seats(tx, event, &["S-1".to_owned()], order(7), NOW, until)?;
            claim_stock(tx, event, class, 1, order(7), NOW, until).map(drop)
        })
        .await
        .expect("both");
    // Found by its columns, so they agree with the body that is checked below.
    let held = Query::on("stock")
        .eq(event)
        .eq(class)
        .eq("HELD")
        .at_least(until)
        .at_most(until);
    let rows = shop.db.list::<IssuedTicket>(&held).await.expect("storage");
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row.rev, 2);
        assert_eq!(row.hold_expires_at, Some(until));
        assert!(row.held_for(order(7)));
        let written = shop
            .db
            .write(move |tx| -> Result<(), server::inventory::Error> {
                release(tx, order(7), &[row.id])
            })
            .await;
        written.expect("the revision is the stored one");
    }
    let free = Query::on("stock").eq(event).eq(class).eq("AVAILABLE");
    assert_eq!(
        shop.db.count::<IssuedTicket>(&free).await.expect("count"),
        2
    );
}

pub(crate) async fn a_seat_is_sold_once(stage: &Stage) {
    let shop = Shop::open(stage, 1, &["A-1", "A-2", "A-3"]).await;
    let again = shop.put(1, 100, &["A-2"]).await.expect_err("a second A-2");
    assert!(again.is_duplicate_of("by_seat"), "{again:?}");
    let (event, until) = (shop.event, NOW.plus_secs(10));
    let claim = async |number: u8, seats: &[&str]| {
        let seats: Vec<String> = seats.iter().map(|&seat| seat.to_owned()).collect();
        shop.db
            .write(move |tx| {
                let held = claim_seats(tx, event, &seats, order(number), NOW, until)?;
                Ok::<Vec<TicketId>, StockError>(held.iter().map(|ticket| ticket.id).collect())
            })
            .await
    };
    let held = claim(1, &["A-3", "A-1"]).await.expect("both");
    let refused = claim(2, &["A-2", "A-1", "Z-9"]).await.expect_err("no");
    let StockError::Seats {
        unknown,
        held: taken,
        sold,
        ..
    } = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!(
        (unknown, taken, sold),
        (vec!["Z-9".into()], vec!["A-1".into()], vec![])
    );
    assert_eq!(shop.sell(order(1), held).await.len(), 2);
    let refused = claim(2, &["A-1"]).await.expect_err("sold");
    assert!(
        matches!(&refused, StockError::Seats { sold, .. } if *sold == ["A-1"]),
        "{refused:?}"
    );
    claim(3, &["A-2"])
        .await
        .expect("the refused claim took nothing");
}

pub(crate) async fn nobody_ever_gets_anothers_ticket(stage: &Stage) {
    // More buyers than tickets at once; a third each sells, releases and lets its hold lapse.
    let shop = Shop::open(stage, 60, &[]).await;
    let mut sold: HashSet<TicketId> = HashSet::new();
    for round in 0..6_i64 {
        let now = NOW.plus_secs(round * 10);
        let mut buyers = JoinSet::new();
        for number in 0..BUYERS {
            let shop = shop.clone();
            let order = OrderId::new(now, [number; 10]);
            let fate = (i64::from(number) + round) % 3;
            buyers.spawn(async move {
                let wanted = u32::from(number % 2) + 1;
                let claimed = shop.claim(order, wanted, now, now.plus_secs(5)).await;
                let tickets = match claimed {
                    Ok(tickets) => tickets,
                    Err(StockError::Short { .. }) => return Vec::new(),
                    Err(error) => panic!("{error:?}"),
                };
                assert_eq!(tickets.len(), wanted as usize);
                match fate {
                    0 => shop.sell(order, tickets).await,
                    1 => {
                        let given = shop.db.write(move |tx| release(tx, order, &tickets)).await;
                        given.expect("released");
                        Vec::new()
                    }
                    _ => Vec::new(),
                }
            });
        }
        while let Some(done) = buyers.join_next().await {
            for ticket in done.expect("the buyer ends") {
                assert!(sold.insert(ticket), "{ticket} was sold twice");
            }
        }
    }
    let paid = Query::on("stock").eq(shop.event).eq(shop.class).eq("PAID");
    let paid = shop.db.count::<IssuedTicket>(&paid).await.expect("count");
    assert_eq!(usize::try_from(paid).expect("small"), sold.len());
    assert!(sold.len() > 50, "only {} of 60 were sold", sold.len());
}

/// A class with the seats of two rows of six.
fn theatre(shop: &Shop) -> (TicketClass, Vec<IssuedTicket>) {
    let class = serde_json::json!({
        "id": shop.class, "event_id": shop.event, "index": 0, "name": "Stalls",
        "price": { "amount": 1, "currency": "VND" }, "zones": 0, "max_per_order": 20,
        "entry_from": null, "entry_until": null, "seated": true, "created_at": NOW,
    });
    let labels: Vec<String> = (0..12).map(|n| format!("{}-{}", n / 6, n % 6)).collect();
    let place = |n: u32| Place {
        run: n / 6,
        at: n % 6,
        reserved: false,
    };
    let places: Vec<Place> = (0..12).map(place).collect();
    let batch = Batch {
        id: "seats".to_owned(),
        event_id: shop.event,
        class_id: shop.class,
        quantity: 12,
        seated: true,
        serial_base: 1_000,
        seat_base: 0,
        seed: [9; 32],
        created: 0,
        attempt: None,
        request_hash: None,
        stopped: false,
        created_at: NOW,
    };
    let layout = Layout::new(&batch, &labels).placed(&places);
    let class = serde_json::from_value(class).expect("a class");
    (class, layout.tickets(0..12))
}

pub(crate) async fn parties_that_race_for_the_best_seats_share_none(stage: &Stage) {
    let shop = Shop::open(stage, 0, &[]).await;
    let (class, seats) = theatre(&shop);
    shop.db
        .write(move |tx| tx.insert_all(&seats))
        .await
        .expect("seats");
    let class = Arc::new(class);
    let mut parties = JoinSet::new();
    for number in 0..8_u8 {
        let (db, class) = (shop.db.clone(), Arc::clone(&class));
        parties.spawn(async move {
            db.write(move |tx| {
                let held = claim_class(tx, &class, 2, order(number), NOW, NOW.plus_secs(60))?;
                let mut places: Vec<Place> = held.iter().filter_map(|seat| seat.place).collect();
                places.sort_unstable();
                Ok::<_, StockError>(places)
            })
            .await
        });
    }
    let mut taken = HashSet::new();
    let mut short = 0;
    while let Some(done) = parties.join_next().await {
        match done.expect("the party ends") {
            Ok(places) => {
                let [left, right] = places[..] else {
                    panic!("not two: {places:?}");
                };
                assert_eq!((left.run, left.at + 1), (right.run, right.at), "apart");
                assert!(taken.insert((left.run, left.at)) && taken.insert((right.run, right.at)));
            }
            Err(StockError::Short { available: 0, .. }) => short += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!((taken.len(), short), (12, 2));
}
