//! How many tickets of a class one person has (I6): bought, or held in time, over all orders.

use shared::api::orders::OrderStatus;
use shared::ids::{ClassId, EventId, UserId};
use shared::time::Timestamp;

use super::error::Error;
use super::model::Order;
use crate::events::model::TicketClass;
use crate::inventory::{Counted, doubt, take};
use crate::platform::db::{DbError, LIMIT_MAX, Query, Tx};

/// Whose orders count together.
#[derive(Clone, Copy, Debug)]
pub(super) enum Person<'a> {
    Account(UserId),
    /// A guest is told from others by the address alone.
    Guest(&'a str),
}

impl<'a> Person<'a> {
    pub(super) fn of(user: UserId, guest: Option<&'a str>) -> Self {
        guest.map_or(Self::Account(user), Self::Guest)
    }

    /// The gauge of a class.
    fn gauge(self, class: &TicketClass) -> String {
        let class = class.gauge("person");
        match self {
            Self::Account(user) => format!("{class}/{user}"),
            Self::Guest(email) => {
                format!("{class}/{}", blake3::hash(email.as_bytes()).to_hex())
            }
        }
    }

    fn orders(self) -> Query {
        let query = match self {
            Self::Account(user) => Query::on("by_user").eq(user),
            Self::Guest(email) => Query::on("by_guest").eq(email),
        };
        query.descending().limit(LIMIT_MAX)
    }
}

/// What an account adopts was not counted as its own: the next order counts all anew.
pub(super) fn doubt_person(tx: &mut Tx<'_>, user: UserId, class: ClassId) -> Result<(), DbError> {
    let class = tx.get::<TicketClass>(&class.to_string())?;
    // Without a limit nobody counts, and with the next all is counted anew.
    match class.filter(|class| class.terms.max_per_person.is_some()) {
        Some(class) => doubt(tx, &Person::Account(user).gauge(&class)),
        None => Ok(()),
    }
}

/// Counts an order that does not count yet against what one person may have, in the commit of its
/// hold. Classes without such a limit cost nothing.
pub(super) fn count_person(
    tx: &mut Tx<'_>,
    person: Person<'_>,
    bill: &[(TicketClass, u32)],
    now: Timestamp,
) -> Result<(), Error> {
    for (class, quantity) in bill {
        let Some(max) = class.terms.max_per_person else {
            continue;
        };
        let key = person.gauge(class);
        let of = (person, class.event_id, class.id);
        let taken = take(tx, &key, *quantity, |_, _| max, |tx| has(tx, of, now))?;
        taken.map_err(|full| Error::PerPerson {
            class: class.name.clone(),
            max,
            has: full.others.all(),
        })?;
    }
    Ok(())
}

fn has(
    tx: &mut Tx<'_>,
    (person, event, class): (Person<'_>, EventId, ClassId),
    now: Timestamp,
) -> Result<Counted, DbError> {
    let orders = tx.list::<Order>(&person.orders())?;
    if orders.len() >= LIMIT_MAX as usize {
        // What cannot be counted is full.
        return Ok(Counted {
            sold: u32::MAX,
            held: 0,
        });
    }
    let mut all = Counted::default();
    for order in orders.iter().filter(|order| order.event_id == event) {
        let lines = order.lines.iter().filter(|line| line.class_id == class);
        let quantity: u32 = lines.map(|line| line.quantity).sum();
        match order.status_at(now) {
            OrderStatus::Pending => all.held += quantity,
            status if status.uses_limits() => all.sold += quantity,
            _ => {}
        }
    }
    Ok(all)
}
