//! Events, ticket classes and gates: their fields, rules and the one table of moves. Pure.
//!
//! Invariants: `epoch` never changes and every entry window fits into 16 bits of quarter hours
//! after it; `zones`, class and gate indices are append-only, because signed tickets and device
//! logs name them by position; one event sells in one currency; an approval names the version that it
//! is of, and an edit of what it was about asks again.

use serde::{Deserialize, Serialize};
use shared::api::events::{CreateEvent, EventPhase, EventStatus, UpdateEvent};
use shared::api::selling::Charges;
use shared::api::versions::Approval;
use shared::ids::{EventId, OrganizationId, SeriesId, UserId};
use shared::limits;
use shared::ticket::layout::WINDOW_UNIT_SECS;
use shared::time::Timestamp;

use crate::events::Error;
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};
use crate::platform::fields::{Fields, Invalid};
use crate::venues::model::Seating;

pub const CAPACITY_MAX: u32 = 5_000_000;
pub const VENUE_ID_CHARS_MAX: usize = 100;
/// The last moment that a window can name: 65,535 quarter hours, 682 days.
pub const WINDOW_SECS_MAX: i64 = u16::MAX as i64 * WINDOW_UNIT_SECS;
/// Doors open this long before the start unless a class says otherwise.
pub const ENTRY_LEAD_SECS: i64 = 12 * 3600;
/// So that the entry lead and the event fit into one ticket's window.
const EVENT_SECS_MAX: i64 = (limits::TICKET_WINDOW_DAYS_MAX as i64 - 1) * DAY_SECS;
const DAY_SECS: i64 = 86_400;
/// A completed event moves to the archive.
const ARCHIVE_AFTER_SECS: i64 = 30 * DAY_SECS;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub id: EventId,
    /// Who made it.
    pub organizer_id: UserId,
    /// Whose it is; without one its organizer's own.
    #[serde(default)]
    pub organization_id: Option<OrganizationId>,
    pub title: String,
    pub description: String,
    pub venue_id: Option<String>,
    pub start: Timestamp,
    pub end: Timestamp,
    /// IANA name, spelled as in the database.
    pub timezone: String,
    pub status: EventStatus,
    pub capacity: u32,
    pub names_at_gate: bool,
    #[serde(default)]
    pub confirm_devices: bool,
    /// People without an account buy too.
    #[serde(default = "yes")]
    pub guest_checkout: bool,
    #[serde(default)]
    pub charges: Charges,
    /// Zero of the tickets' window units: midnight UTC before the day of creation.
    pub epoch: Timestamp,
    /// The next free serial; serials are dense from 0.
    pub serial_next: u32,
    /// The next free seat index; dense from 0.
    pub seat_next: u32,
    /// The seating plan that its seats come from.
    #[serde(default)]
    pub seating: Option<Seating>,
    /// A zone is the bit at its position.
    pub zones: Vec<String>,
    /// Counts the edits that people make; the storage revision also moves with stock.
    pub revision: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub published_at: Option<Timestamp>,
    /// Which version an administrator approved.
    #[serde(default)]
    pub approval: Option<Approval>,
    /// The series whose date it is.
    #[serde(default)]
    pub series: Option<SeriesId>,
    #[serde(default)]
    pub archived: Option<Archived>,
}

/// Put away: nobody finds or changes it, and nothing of it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    pub at: Timestamp,
    pub by: UserId,
}

const fn yes() -> bool {
    true
}

impl Event {
    /// A draft, checked.
    pub fn draft(
        id: EventId,
        organizer: UserId,
        wanted: CreateEvent,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let event = Self {
            id,
            organizer_id: organizer,
            organization_id: wanted.organization_id,
            title: wanted.title,
            description: wanted.description,
            venue_id: wanted.venue_id,
            start: wanted.start_date,
            end: wanted.end_date,
            timezone: wanted.timezone,
            status: EventStatus::Draft,
            capacity: wanted.capacity,
            names_at_gate: wanted.names_at_gate,
            confirm_devices: wanted.confirm_devices,
            guest_checkout: wanted.guest_checkout,
            charges: wanted.charges,
            epoch: epoch_of(now),
            serial_next: 0,
            seat_next: 0,
            seating: None,
            zones: Vec::new(),
            revision: 1,
            created_at: now,
            updated_at: now,
            published_at: None,
            approval: None,
            series: None,
            archived: None,
        };
        event.checked()
    }

    /// The event with the changes applied and checked, one revision on.
    pub fn edited(&self, changes: UpdateEvent, now: Timestamp) -> Result<Self, Error> {
        self.refuse_cancelled()?;
        let mut event = self.clone();
        let UpdateEvent {
            title,
            description,
            start_date,
            end_date,
            timezone,
            venue_id,
            capacity,
            names_at_gate,
            confirm_devices,
            guest_checkout,
            charges,
        } = changes;
        set(&mut event.title, title);
        set(&mut event.description, description);
        set(&mut event.start, start_date);
        set(&mut event.end, end_date);
        set(&mut event.timezone, timezone);
        set(&mut event.capacity, capacity);
        set(&mut event.names_at_gate, names_at_gate);
        set(&mut event.confirm_devices, confirm_devices);
        set(&mut event.guest_checkout, guest_checkout);
        set(&mut event.charges, charges);
        if let Some(venue) = venue_id {
            event.venue_id = Some(venue).filter(|venue| !venue.is_empty());
        }
        event.touch(now);
        event.checked()
    }

    /// A moment as people at the event read it: `Mon 21 September 2026, 18:02`.
    pub fn in_words(&self, at: Timestamp) -> String {
        // Zones were checked when the event was saved.
        let zone = jiff::tz::TimeZone::get(&self.timezone).unwrap_or(jiff::tz::TimeZone::UTC);
        let at = at.to_jiff().to_zoned(zone);
        at.strftime("%a %-d %B %Y, %H:%M").to_string()
    }

    /// What holders have to be told when the event becomes `next`; `None`: nothing.
    pub fn news_of(&self, next: &Self) -> Option<String> {
        let is_moved = self.start != next.start || self.end != next.end;
        let goes_elsewhere = self.venue_id != next.venue_id;
        if self.published_at.is_none() || !(is_moved || goes_elsewhere) {
            return None;
        }
        let mut words = format!(
            "It begins on {} and ends on {}.",
            next.in_words(next.start),
            next.in_words(next.end)
        );
        if goes_elsewhere {
            words.push_str("\nIt takes place elsewhere: see its page.");
        }
        Some(words)
    }

    /// A cancelled event stays as it was, and so does one that is put away.
    pub fn refuse_cancelled(&self) -> Result<(), Error> {
        if self.archived.is_some() {
            return Err(Error::Archived);
        }
        if self.status == EventStatus::Cancelled {
            return Err(Error::Illegal {
                from: self.status,
                action: Action::Edit,
            });
        }
        Ok(())
    }

    /// Notes an edit.
    pub fn touch(&mut self, now: Timestamp) {
        self.revision = self.revision.saturating_add(1);
        self.updated_at = now;
    }

    /// Names all fields that are wrong, not only the first.
    fn checked(mut self) -> Result<Self, Error> {
        let mut fields = Fields::default();
        self.title = fields.line("title", &self.title, 1, limits::TITLE_CHARS_MAX);
        fields.chars(
            "description",
            &self.description,
            0,
            limits::DESCRIPTION_CHARS_MAX,
        );
        if let Some(venue) = &self.venue_id {
            fields.chars("venueId", venue, 1, VENUE_ID_CHARS_MAX);
        }
        if self.end <= self.start {
            fields.wrong("endDate", "must be after startDate");
        } else if self.end <= self.epoch {
            fields.wrong("endDate", "must not lie in the past");
        } else if self.end.millis_since(self.start) > EVENT_SECS_MAX * 1000 {
            fields.wrong("endDate", "must not be more than a year after startDate");
        } else if self.end > self.window_limit() {
            fields.wrong(
                "endDate",
                format!("must not be after {}", self.window_limit()),
            );
        }
        match jiff::tz::TimeZone::get(&self.timezone) {
            Ok(zone) => match zone.iana_name() {
                Some(name) => name.clone_into(&mut self.timezone),
                None => fields.wrong("timezone", "must be an IANA time zone name"),
            },
            Err(_) => fields.wrong("timezone", "must be an IANA time zone name"),
        }
        if self.capacity == 0 || self.capacity > CAPACITY_MAX {
            fields.wrong("capacity", format!("must be from 1 to {CAPACITY_MAX}"));
        }
        super::terms::check_charges(&self.charges, &mut fields);
        Ok(fields.done(self)?)
    }

    /// Entry windows end by here.
    pub fn window_limit(&self) -> Timestamp {
        self.epoch.plus_secs(WINDOW_SECS_MAX)
    }

    /// What the stored status and the clock mean together.
    pub fn phase(&self, now: Timestamp) -> EventPhase {
        match self.status {
            EventStatus::Draft => EventPhase::Draft,
            EventStatus::PendingApproval => EventPhase::PendingApproval,
            EventStatus::Cancelled => EventPhase::Cancelled,
            EventStatus::Published if now < self.start => EventPhase::Upcoming,
            EventStatus::Published if now < self.end => EventPhase::Active,
            EventStatus::Published if now < self.end.plus_secs(ARCHIVE_AFTER_SECS) => {
                EventPhase::Completed
            }
            EventStatus::Published => EventPhase::Archived,
        }
    }

    /// Whether tickets may be bought now.
    pub fn on_sale(&self, now: Timestamp) -> bool {
        self.status == EventStatus::Published && self.archived.is_none() && now < self.end
    }

    /// Whether `next` is not what an administrator has approved: what it is, when and where. Prices and
    /// numbers are the organizer's own business.
    pub fn is_another_to_approve(&self, next: &Self) -> bool {
        self.status == EventStatus::Published
            && self.approval.is_some()
            && (self.title != next.title
                || self.description != next.description
                || self.start != next.start
                || self.end != next.end
                || self.timezone != next.timezone
                || self.venue_id != next.venue_id)
    }

    /// Sales pause until an administrator has agreed again. Tickets that people have stay good.
    pub fn ask_again(&mut self) {
        self.status = after(self.status, Action::AskAgain).unwrap_or(self.status);
    }

    /// An administrator agrees to what the event is now.
    pub fn approved(&mut self, by: UserId, at: Timestamp) {
        let version = self.revision;
        self.approval = Some(Approval { version, by, at });
    }

    /// Moves through the one table.
    pub fn apply(&mut self, action: Action, now: Timestamp) -> Result<(), Error> {
        let from = self.status;
        let to = after(from, action).ok_or(Error::Illegal { from, action })?;
        self.status = to;
        if to == EventStatus::Published && from != EventStatus::Published {
            self.published_at.get_or_insert(now);
        }
        self.touch(now);
        Ok(())
    }

    /// The bits of these zone names; a new name takes the next bit.
    pub fn zone_bits(&mut self, names: &[String]) -> Result<u16, Invalid> {
        let mut fields = Fields::default();
        let mut bits = 0_u16;
        for (position, name) in names.iter().enumerate() {
            let field = format!("zones[{position}]");
            let name = fields.line(field.clone(), name, 1, limits::NAME_CHARS_MAX);
            let known = self.zones.iter().position(|zone| *zone == name);
            let bit = known.unwrap_or(self.zones.len());
            if bit >= limits::ZONES_MAX {
                fields.wrong(
                    field,
                    format!("an event has at most {} zones", limits::ZONES_MAX),
                );
                continue;
            }
            if known.is_none() {
                self.zones.push(name);
            }
            bits |= 1 << bit;
        }
        fields.done(bits)
    }

    /// The names behind the bits.
    pub fn zone_names(&self, bits: u16) -> Vec<String> {
        let named = self.zones.iter().take(limits::ZONES_MAX).enumerate();
        named
            .filter(|(bit, _)| bits & (1 << bit) != 0)
            .map(|(_, name)| name.clone())
            .collect()
    }
}

impl Entity for Event {
    const COLLECTION: Collection = Collection {
        name: "events",
        fields: &[
            Field::text("organizer_id"),
            Field::text("status"),
            Field::int("end_at"),
            Field::text("organization_id").nullable(),
        ],
        indexes: &[
            Index::on("by_organizer", &["organizer_id"]),
            Index::on("by_end", &["status", "end_at"]),
            Index::on("by_organization", &["organization_id"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![
            self.organizer_id.into(),
            status_key(self.status).into(),
            self.end.into(),
            self.organization_id.into(),
        ]
    }
}

/// The status as it is spelled on the wire and in the index.
fn status_key(status: EventStatus) -> &'static str {
    match status {
        EventStatus::Draft => "DRAFT",
        EventStatus::PendingApproval => "PENDING_APPROVAL",
        EventStatus::Published => "PUBLISHED",
        EventStatus::Cancelled => "CANCELLED",
    }
}

/// What people do to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Publishing where no approval is needed.
    Publish,
    /// Publishing where an administrator must agree first.
    Submit,
    Approve,
    /// An approved event became another.
    AskAgain,
    Cancel,
    /// Not a move; named so that a refused edit reads the same.
    Edit,
}

/// Every legal move. What is not here is a 409.
const MOVES: [(EventStatus, Action, EventStatus); 7] = [
    (EventStatus::Draft, Action::Publish, EventStatus::Published),
    (
        EventStatus::Draft,
        Action::Submit,
        EventStatus::PendingApproval,
    ),
    (
        EventStatus::PendingApproval,
        Action::Approve,
        EventStatus::Published,
    ),
    (
        EventStatus::Published,
        Action::AskAgain,
        EventStatus::PendingApproval,
    ),
    (EventStatus::Draft, Action::Cancel, EventStatus::Cancelled),
    (
        EventStatus::PendingApproval,
        Action::Cancel,
        EventStatus::Cancelled,
    ),
    (
        EventStatus::Published,
        Action::Cancel,
        EventStatus::Cancelled,
    ),
];

/// Where the action leads, if it is legal.
pub fn after(from: EventStatus, action: Action) -> Option<EventStatus> {
    MOVES
        .iter()
        .find(|(at, by, _)| *at == from && *by == action)
        .map(|(_, _, to)| *to)
}

/// Midnight UTC of the day before: windows may then begin before the event was entered, in any
/// time zone.
pub fn epoch_of(now: Timestamp) -> Timestamp {
    Timestamp::from_secs((now.as_secs().div_euclid(DAY_SECS) - 1) * DAY_SECS)
}

fn set<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}
