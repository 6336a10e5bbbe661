//! Numbers of invoices: one row a seller, which all who draw write (P8).

use server::invoices::{SellerId, draw};
use server::platform::db::{Db, DbError};
use shared::api::invoices::SellerIdentity;
use shared::ids::UserId;
use tokio::task::JoinSet;

use crate::stage::{NOW, Stage};

const SELLER: SellerId = SellerId::User(UserId::from_bytes([7; 16]));
const DRAWS: u32 = 24;

fn identity() -> SellerIdentity {
    SellerIdentity {
        legal_name: "Acme".to_owned(),
        address: vec!["Main Street 1".to_owned()],
        country: "DE".to_owned(),
        tax_number: String::new(),
        email: "books@example.org".to_owned(),
        prefix: "ACME".to_owned(),
        footer: String::new(),
        timezone: "Europe/Berlin".to_owned(),
        automatic: false,
    }
}

/// One commit that draws; it fails after that where `fails`.
async fn drawn(db: &Db, fails: bool) -> Option<u32> {
    let identity = identity();
    let drawn = db.write(move |tx| {
        let drawn = draw(tx, SELLER, &identity, NOW)?;
        if fails {
            return Err(DbError::Stopped);
        }
        Ok(drawn.serial)
    });
    drawn.await.ok()
}

/// Every fourth of these commits fails after it drew: what is left has no hole where it was.
pub(crate) async fn numbers_drawn_at_once_have_no_gap_and_no_double(stage: &Stage) {
    let db = stage.open().await;
    let mut tasks = JoinSet::new();
    for at in 0..DRAWS {
        let db = db.clone();
        tasks.spawn(async move { drawn(&db, at % 4 == 0).await });
    }
    let mut serials: Vec<u32> = tasks.join_all().await.into_iter().flatten().collect();
    serials.sort_unstable();
    let expected: Vec<u32> = (1..=DRAWS * 3 / 4).collect();
    assert_eq!(serials, expected);
}

/// Two servers, and no row yet that they could meet at.
pub(crate) async fn a_first_number_is_drawn_once(stage: &Stage) {
    let (one, other) = (stage.open().await, stage.open().await);
    let (first, second) = tokio::join!(drawn(&one, false), drawn(&other, false));
    let mut both = [first, second];
    both.sort_unstable();
    assert_eq!(both, [Some(1), Some(2)]);
}
