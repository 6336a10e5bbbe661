//! Claims, and what becomes of what they hold.

use std::collections::HashMap;

use shared::api::tickets::TicketStatus;
use shared::ids::{ClassId, EventId, OrderId, TicketId};
use shared::time::Timestamp;

use crate::app::App;
use crate::inventory::model::IssuedTicket;
use crate::inventory::{StockError, claim_seats, claim_stock, held_by, release, sell, void};
use crate::orders::fixture::{Shop, text};
use crate::platform::db::{DbError, Query};
use crate::testing::NOW;

use super::counts;

/// What one buyer does in a round of the model test.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Sells,
    Releases,
    LetsItLapse,
}

/// One buyer, in as many commits as it takes: claims, and then its fate.
async fn buy(
    app: &App,
    shop: (EventId, ClassId),
    order: OrderId,
    n: u32,
    fate: Fate,
    now: Timestamp,
) -> Vec<TicketId> {
    let (event, class) = shop;
    let claimed = app
        .db
        .write(move |tx| claim_stock(tx, event, class, n, order, now, now.plus_secs(1)))
        .await;
    let ids: Vec<TicketId> = match claimed {
        Ok(tickets) => tickets.iter().map(|ticket| ticket.id).collect(),
        Err(StockError::Short { available, .. }) => {
            assert!(available < n, "told short with {available} of {n} free");
            return Vec::new();
        }
        Err(error) => panic!("{error}"),
    };
    assert_eq!(ids.len(), n as usize, "all or nothing");
    let held = ids.clone();
    match fate {
        Fate::LetsItLapse => Vec::new(),
        Fate::Releases => {
            app.db
                .write(move |tx| release(tx, order, &held))
                .await
                .expect("released");
            Vec::new()
        }
        Fate::Sells => app
            .db
            .write(move |tx| -> Result<_, crate::inventory::Error> {
                let mut held = held_by(tx, order, &held)?;
                sell(tx, &mut held)?;
                Ok(held.iter().map(|ticket| ticket.id).collect())
            })
            .await
            .expect("sold"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_ticket_is_ever_sold_twice() {
    // I6: 64 buyers at once, holds that lapse between the rounds, until all is sold
    let shop = Shop::open(150).await;
    let ids = (
        shop.event.parse().expect("an event id"),
        shop.class.parse().expect("a class id"),
    );
    let mut sold: HashMap<TicketId, OrderId> = HashMap::new();
    for round in 0..8_i64 {
        let now = NOW.plus_secs(round * 10);
        let mut buyers = tokio::task::JoinSet::new();
        for buyer in 0..64_u8 {
            let app = shop.t.app.clone();
            let fate = match (buyer + u8::try_from(round).expect("small")) % 4 {
                0 | 1 => Fate::Sells,
                2 => Fate::Releases,
                _ => Fate::LetsItLapse,
            };
            let order = OrderId::new(now, [buyer; 10]);
            let n = u32::from(buyer % 3) + 1;
            buyers.spawn(async move { (order, buy(&app, ids, order, n, fate, now).await) });
        }
        while let Some(done) = buyers.join_next().await {
            let (order, tickets) = done.expect("the buyer ends");
            for ticket in tickets {
                let before = sold.insert(ticket, order);
                assert_eq!(before, None, "{ticket} was sold twice");
            }
        }
    }
    let query = Query::on("by_serial").eq(ids.0).limit(1_000);
    let stock = shop
        .t
        .app
        .db
        .list::<IssuedTicket>(&query)
        .await
        .expect("the stock");
    assert_eq!(stock.len(), 150);
    for ticket in &stock {
        assert_eq!(ticket.order_id, sold.get(&ticket.id).copied(), "{ticket:?}");
    }
    assert!(sold.len() > 140, "only {} were sold", sold.len());
}

#[tokio::test]
async fn a_claim_takes_all_or_nothing() {
    // I6
    let shop = Shop::open(3).await;
    let event: EventId = shop.event.parse().expect("an id");
    let class: ClassId = shop.class.parse().expect("an id");
    let (first, second) = (OrderId::new(NOW, [1; 10]), OrderId::new(NOW, [2; 10]));
    let until = NOW.plus_secs(10);
    let db = &shop.t.app.db;
    let claim = async |order, n, now: Timestamp| {
        db.write(move |tx| claim_stock(tx, event, class, n, order, now, until))
            .await
    };
    let held = claim(first, 2, NOW).await.expect("two");
    let short = claim(second, 2, NOW).await.expect_err("one is left");
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
    let stats = shop.stats().await;
    assert_eq!(
        counts(&stats[0]),
        [1, 2, 0, 3],
        "the failed claim took nothing"
    );
    // To the millisecond: held until its end, claimable at its end.
    claim(second, 2, until.plus_millis(-1))
        .await
        .expect_err("still held");
    let later = claim(second, 3, until).await.expect("all three");
    assert!(
        held.iter()
            .all(|old| later.iter().any(|new| new.id == old.id))
    );
    let ids: Vec<TicketId> = held.iter().map(|ticket| ticket.id).collect();
    let lost = db
        .write(move |tx| held_by(tx, first, &ids))
        .await
        .expect("storage");
    assert_eq!(lost, [], "the first buyer's hold went to the second");
}

#[tokio::test]
async fn stored_columns_and_bodies_agree_after_a_claim() {
    // I6: the one statement writes both by hand
    let shop = Shop::open(2).await;
    shop.add_seats(&shop.class, &["S-1"]).await.expect(201);
    let event: EventId = shop.event.parse().expect("an id");
    let class: ClassId = shop.class.parse().expect("an id");
    let order = OrderId::new(NOW, [1; 10]);
    let until = NOW.plus_millis(12_345);
    let db = &shop.t.app.db;
    let seats = vec!["S-1".to_owned()];
    db.write(move |tx| -> Result<(), StockError> {
        claim_stock(tx, event, class, 1, order, NOW, until)?;
        claim_seats(tx, event, &seats, order, NOW, until).map(drop)
    })
    .await
    .expect("claimed");
    let held = Query::on("stock")
        .eq(event)
        .eq(class)
        .eq("HELD")
        .at_least(until)
        .at_most(until);
    let rows = db.list::<IssuedTicket>(&held).await.expect("storage");
    assert_eq!(rows.len(), 2, "{rows:?}");
    for row in rows {
        assert_eq!((row.rev, row.status), (2, TicketStatus::Held));
        assert_eq!(
            (row.hold_order, row.hold_expires_at),
            (Some(order), Some(until))
        );
        // The revision is the stored one: a typed write goes through.
        let write = db.write(move |tx| -> Result<(), DbError> {
            let mut row = row.clone();
            tx.replace(&mut row)
        });
        write.await.expect("the revisions agree");
    }
}

#[tokio::test]
async fn only_the_owner_of_a_ticket_voids_it() {
    // P5
    let shop = Shop::open(1).await;
    let order = shop.buy(1).await;
    let id: TicketId = text(&order["tickets"][0]["id"]).parse().expect("an id");
    let stranger = OrderId::new(NOW, [8; 10]);
    let db = &shop.t.app.db;
    let voided = db
        .write(move |tx| void(tx, stranger, &[id]))
        .await
        .expect("storage");
    assert_eq!(voided, []);
    assert_eq!(counts(&shop.stats().await[0]), [0, 0, 1, 1]);
}
