//! The next number of a seller, in the commit that uses it.
//!
//! One row a seller says where its numbers stand. Whoever draws writes it, so two commits cannot draw
//! the same one, and a commit that fails draws none.

use jiff::tz::TimeZone;
use shared::api::invoices::SellerIdentity;
use shared::time::Timestamp;

use super::model::{SellerId, Sequence};
use crate::platform::db::{DbError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    pub year: i16,
    pub serial: u32,
    pub number: String,
    /// The moment on the document: later than that of the number before, whatever the clock says.
    pub at: Timestamp,
}

/// The one after the last. An error later in the commit gives it back.
pub fn draw(
    tx: &mut Tx<'_>,
    seller: SellerId,
    identity: &SellerIdentity,
    now: Timestamp,
) -> Result<Drawn, DbError> {
    let stored = tx.get::<Sequence>(&seller.key())?;
    let next = next(stored.as_deref(), seller, identity, now);
    match stored {
        Some(mut stored) => {
            stored.value = next.clone();
            tx.replace(&mut stored)?;
        }
        None => {
            tx.insert(&next)?;
        }
    }
    Ok(Drawn {
        year: next.year,
        serial: next.last,
        number: format!("{}-{}-{:06}", identity.prefix, next.year, next.last),
        at: next.last_at,
    })
}

/// A year that has begun does not end again, should the seller move to a zone where it has not.
fn next(
    stored: Option<&Sequence>,
    seller: SellerId,
    identity: &SellerIdentity,
    now: Timestamp,
) -> Sequence {
    let at = stored.map_or(now, |last| now.max(last.last_at.plus_millis(1)));
    let zone = TimeZone::get(&identity.timezone).unwrap_or(TimeZone::UTC);
    let year = at.to_jiff().to_zoned(zone).year();
    let same = stored.filter(|last| last.year >= year);
    Sequence {
        seller,
        year: same.map_or(year, |last| last.year),
        last: same.map_or(1, |last| last.last.saturating_add(1)),
        last_at: at,
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::UserId;

    use super::*;

    fn identity(timezone: &str) -> SellerIdentity {
        SellerIdentity {
            legal_name: "Acme".to_owned(),
            address: vec!["Main Street 1".to_owned()],
            country: "DE".to_owned(),
            tax_number: String::new(),
            email: "books@example.org".to_owned(),
            prefix: "ACME".to_owned(),
            footer: String::new(),
            timezone: timezone.to_owned(),
            automatic: false,
        }
    }

    #[test]
    fn a_year_begins_at_one_where_the_seller_is() {
        // P8: 2026-12-31T17:30Z is 2027 in Hanoi, and 2026 in Berlin
        let seller = SellerId::User(UserId::from_bytes([1; 16]));
        let (hanoi, berlin) = (identity("Asia/Ho_Chi_Minh"), identity("Europe/Berlin"));
        let eve = Timestamp::from_secs(1_798_738_200);
        let before = next(None, seller, &hanoi, eve.plus_secs(-3_600));
        assert_eq!((before.year, before.last), (2026, 1));
        let after = next(Some(&before), seller, &hanoi, eve);
        assert_eq!((after.year, after.last), (2027, 1));
        let home = next(None, seller, &berlin, eve);
        assert_eq!((home.year, home.last), (2026, 1));
        // The seller moves west on the night: the new year goes on.
        let moved = next(Some(&after), seller, &berlin, eve.plus_secs(60));
        assert_eq!((moved.year, moved.last), (2027, 2));
    }

    #[test]
    fn dates_never_go_back_whatever_the_clock_does() {
        // P8
        let seller = SellerId::User(UserId::from_bytes([1; 16]));
        let now = Timestamp::from_secs(1_790_000_000);
        let first = next(None, seller, &identity("UTC"), now);
        let second = next(Some(&first), seller, &identity("UTC"), now.plus_secs(-500));
        assert_eq!(second.last, 2);
        assert!(second.last_at > first.last_at);
    }
}
