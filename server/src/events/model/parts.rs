//! What an event is made of besides itself: ticket classes (I7) and gates. Pure.

use serde::{Deserialize, Serialize};
use shared::api::events::{CreateGate, CreateTicketClass};
use shared::api::selling::{Terms, UpdateTicketClass};
use shared::ids::{ClassId, EventId, GateId};
use shared::limits;
use shared::money::Money;
use shared::ticket::chain;
use shared::ticket::layout::{WINDOW_UNIT_SECS, window_time, window_unit_ceil, window_unit_floor};
use shared::time::Timestamp;

use super::terms::check_terms;
use super::{Archived, ENTRY_LEAD_SECS, Event};
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};
use crate::platform::fields::{Fields, Invalid};

pub const PRICE_MINOR_MAX: i64 = 1_000_000_000_000;
pub const MAX_PER_ORDER_DEFAULT: u32 = 10;
/// Rounding outwards to window units may add one at each end.
const WINDOW_SECS_MAX: i64 = limits::TICKET_WINDOW_DAYS_MAX as i64 * 86_400 - 2 * WINDOW_UNIT_SECS;

/// A tier of tickets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketClass {
    pub id: ClassId,
    pub event_id: EventId,
    /// Position in the event, append-only.
    pub index: u8,
    pub name: String,
    pub price: Money,
    pub zones: u16,
    pub max_per_order: u32,
    /// `None` follows the event's start.
    pub entry_from: Option<Timestamp>,
    /// `None` follows the event's end.
    pub entry_until: Option<Timestamp>,
    /// Its tickets' codes turn (T9).
    #[serde(default)]
    pub rotating: bool,
    /// Its tickets' codes are sealed (T10).
    #[serde(default)]
    pub sealed: bool,
    /// Its seats stand in the event's plan: buyers get seats side by side.
    #[serde(default)]
    pub seated: bool,
    /// How it is sold.
    #[serde(default)]
    pub terms: Terms,
    /// Pools that it shares with others, by id.
    #[serde(default)]
    pub pools: Vec<String>,
    /// How often a limit was set where there was none: nobody counts what is sold without it, so what
    /// was counted before is void.
    #[serde(default)]
    pub counting: u32,
    pub created_at: Timestamp,
    /// No longer sold; tickets of it stay good.
    #[serde(default)]
    pub archived: Option<Archived>,
}

impl TicketClass {
    /// The class as the next of the event; its new zones are added to the event.
    pub fn add(
        id: ClassId,
        event: &mut Event,
        index: u8,
        wanted: &CreateTicketClass,
        now: Timestamp,
    ) -> Result<Self, Invalid> {
        let zones = event.zone_bits(&wanted.zones)?;
        let mut fields = Fields::default();
        let name = fields.line("name", &wanted.name, 1, limits::NAME_CHARS_MAX);
        let max_per_order = wanted.max_per_order.unwrap_or(MAX_PER_ORDER_DEFAULT);
        for (field, moment) in [
            ("entryFrom", wanted.entry_from),
            ("entryUntil", wanted.entry_until),
        ] {
            if moment.is_some_and(|at| at < event.epoch || at > event.window_limit()) {
                let (from, until) = (event.epoch, event.window_limit());
                fields.wrong(field, format!("must be from {from} to {until}"));
            } else if let Some(nearest) = moment.and_then(|at| off_the_quarter(event, at)) {
                let why = format!("must be on a quarter of an hour; the nearest is {nearest}");
                fields.wrong(field, why);
            }
        }
        let class = Self {
            id,
            event_id: event.id,
            index,
            name,
            price: wanted.price,
            zones,
            max_per_order,
            entry_from: wanted.entry_from,
            entry_until: wanted.entry_until,
            rotating: wanted.rotating,
            sealed: wanted.sealed,
            seated: false,
            terms: wanted.terms.clone(),
            pools: Vec::new(),
            counting: 0,
            created_at: now,
            archived: None,
        };
        if class.rotating && class.sealed {
            fields.wrong("sealed", "cannot go with a code that changes");
        }
        class.check_window(event, "entryUntil", &mut fields);
        class.check_selling(&mut fields);
        fields.done(class)
    }

    /// With what is named changed; a class keeps its currency.
    pub fn edited(&self, changes: &UpdateTicketClass) -> Result<Self, Invalid> {
        let mut fields = Fields::default();
        let mut class = self.clone();
        if let Some(price) = changes.price {
            if price.currency != self.price.currency {
                let why = format!("the event sells in {}", self.price.currency);
                fields.wrong("price.currency", why);
            }
            class.price = price;
        }
        class.max_per_order = changes.max_per_order.unwrap_or(class.max_per_order);
        if let Some(terms) = &changes.terms {
            class.terms = terms.clone();
        }
        let is_limited_anew = self.terms.releases.is_empty() && !class.terms.releases.is_empty()
            || self.terms.max_per_person.is_none() && class.terms.max_per_person.is_some();
        if is_limited_anew {
            class.counting = class.counting.saturating_add(1);
        }
        class.check_selling(&mut fields);
        fields.done(class)
    }

    /// Names the gauge of one of its limits.
    pub fn gauge(&self, limit: &str) -> String {
        match self.counting {
            0 => format!("{limit}/{}", self.id),
            counting => format!("{limit}/{}/{counting}", self.id),
        }
    }

    fn check_selling(&self, fields: &mut Fields) {
        if !(0..=PRICE_MINOR_MAX).contains(&self.price.amount) {
            let why = format!("must be from 0 to {PRICE_MINOR_MAX}");
            fields.wrong("price.amount", why);
        }
        if self.max_per_order == 0 || self.max_per_order > limits::ORDER_TICKETS_MAX {
            let max = limits::ORDER_TICKETS_MAX;
            fields.wrong("maxPerOrder", format!("must be from 1 to {max}"));
        }
        check_terms(&self.terms, self.max_per_order, self.price.currency, fields);
    }

    /// Notes under `field` if nobody could enter with this class, or for longer than a ticket says.
    pub(crate) fn check_window(&self, event: &Event, field: &str, fields: &mut Fields) {
        let (from, until) = self.exact_window(event);
        if until <= from {
            fields.wrong(
                field,
                format!("the entry window of {} would be empty", self.name),
            );
        } else if until.millis_since(from) > WINDOW_SECS_MAX * 1000 {
            let days = limits::TICKET_WINDOW_DAYS_MAX;
            fields.wrong(
                field,
                format!(
                    "the entry window of {} would be over {days} days",
                    self.name
                ),
            );
        } else if self.rotating {
            let (first, last) = self.window_units(event);
            if chain::steps(first, last).is_none() {
                let why = format!(
                    "codes of {} change, so its entry window must be under 22 days",
                    self.name
                );
                fields.wrong(field, why);
            }
        }
    }

    /// When the class may enter: from, until. As tickets carry it, so that what is shown is what
    /// the gates do: a window that follows the event's own times is rounded outwards.
    pub fn window(&self, event: &Event) -> (Timestamp, Timestamp) {
        let (from, until) = self.window_units(event);
        let at = |unit| window_time(event.epoch, unit);
        (at(from), at(until))
    }

    fn exact_window(&self, event: &Event) -> (Timestamp, Timestamp) {
        let from = self
            .entry_from
            .unwrap_or(event.start.plus_secs(-ENTRY_LEAD_SECS))
            .max(event.epoch);
        let until = self.entry_until.unwrap_or(event.end);
        (from, until.min(event.window_limit()))
    }

    /// The window in quarter hours after the event's epoch, rounded outwards, as tickets carry it.
    pub fn window_units(&self, event: &Event) -> (u16, u16) {
        let (from, until) = self.exact_window(event);
        (
            window_unit_floor(event.epoch, from).unwrap_or(0),
            window_unit_ceil(event.epoch, until).unwrap_or(u16::MAX),
        )
    }
}

/// The nearest moment that a ticket can say, if `at` is none.
fn off_the_quarter(event: &Event, at: Timestamp) -> Option<Timestamp> {
    let unit = WINDOW_UNIT_SECS * 1000;
    let beyond = at.millis_since(event.epoch).rem_euclid(unit);
    let up = if beyond * 2 >= unit { unit } else { 0 };
    (beyond != 0).then(|| at.plus_millis(up - beyond))
}

impl Entity for TicketClass {
    const COLLECTION: Collection = Collection {
        name: "ticket_classes",
        fields: &[Field::text("event_id"), Field::int("position")],
        indexes: &[Index::unique("by_event", &["event_id", "position"])],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.event_id.into(), self.index.into()]
    }
}

/// A place where tickets are checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    pub id: GateId,
    pub event_id: EventId,
    /// Position in the event, append-only.
    pub index: u16,
    pub name: String,
    /// 0 admits every class.
    pub zones: u16,
    pub created_at: Timestamp,
    /// No device is enrolled for it any more.
    #[serde(default)]
    pub archived: Option<Archived>,
}

impl Gate {
    /// The gate as the next of the event; its new zones are added to the event.
    pub fn add(
        id: GateId,
        event: &mut Event,
        index: u16,
        wanted: &CreateGate,
        now: Timestamp,
    ) -> Result<Self, Invalid> {
        let zones = event.zone_bits(&wanted.zones)?;
        let mut fields = Fields::default();
        let name = fields.line("name", &wanted.name, 1, limits::NAME_CHARS_MAX);
        fields.done(Self {
            id,
            event_id: event.id,
            index,
            name,
            zones,
            created_at: now,
            archived: None,
        })
    }
}

impl Entity for Gate {
    const COLLECTION: Collection = Collection {
        name: "gates",
        fields: &[Field::text("event_id"), Field::int("position")],
        indexes: &[Index::unique("by_event", &["event_id", "position"])],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.event_id.into(), self.index.into()]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::ids::UserId;

    use super::*;
    use crate::testing::NOW;

    fn event() -> Event {
        let wanted = json!({
            "title": "Strings", "startDate": "2026-10-12T12:07:30Z",
            "endDate": "2026-10-12T16:01:00Z", "timezone": "Asia/Ho_Chi_Minh", "capacity": 10,
        });
        let wanted = serde_json::from_value(wanted).expect("a request");
        Event::draft(
            EventId::new(NOW, [1; 10]),
            UserId::new(NOW, [2; 10]),
            wanted,
            NOW,
        )
        .expect("an event")
    }

    fn add(from: Option<&str>, until: Option<&str>) -> Result<TicketClass, Invalid> {
        let mut wanted = json!({ "name": "VIP", "price": { "amount": 1, "currency": "VND" } });
        wanted["entryFrom"] = json!(from);
        wanted["entryUntil"] = json!(until);
        let wanted = serde_json::from_value(wanted).expect("a request");
        TicketClass::add(ClassId::new(NOW, [3; 10]), &mut event(), 0, &wanted, NOW)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_window_that_tickets_cannot_say_is_refused_with_the_nearest() {
        // I7: 14:27:39 in Viet Nam would silently have become 14:15
        let refused = add(
            Some("2026-10-12T14:27:39+07:00"),
            Some("2026-10-12T15:00:00.001Z"),
        );
        let Err(Invalid(fields)) = refused else {
            panic!("it was taken");
        };
        let why = |at: &str| format!("must be on a quarter of an hour; the nearest is {at}");
        assert_eq!(
            fields,
            [
                ("entryFrom".to_owned(), why("2026-10-12T07:30:00.000Z")),
                ("entryUntil".to_owned(), why("2026-10-12T15:00:00.000Z")),
            ]
        );
        let taken = add(Some("2026-10-12T14:30:00+07:00"), None).expect("on a quarter");
        assert_eq!(taken.window(&event()).0, at("2026-10-12T07:30:00Z"));
    }

    #[test]
    fn a_window_that_follows_the_event_is_shown_as_tickets_carry_it() {
        // I7: an event may begin and end at any minute
        let class = add(None, None).expect("a class");
        assert_eq!(
            class.window(&event()),
            (at("2026-10-12T00:00:00Z"), at("2026-10-12T16:15:00Z"))
        );
    }
}
