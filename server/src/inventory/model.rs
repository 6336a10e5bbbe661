//! A unit of stock and its one table of moves; a batch and how it spreads serials. Pure.

use serde::{Deserialize, Serialize};
use shared::api::tickets::{IssuedTicketView, TicketStatus};
use shared::ids::{ClassId, EventId, OrderId, TicketId};
use shared::time::Timestamp;

use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};
use crate::venues::model::Place;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IssuedTicket {
    pub id: TicketId,
    pub event_id: EventId,
    pub class_id: ClassId,
    /// Dense per event from 0, 24 bits.
    pub serial: u32,
    pub seat: Option<String>,
    /// Dense per event from 0, for seats only.
    pub seat_index: Option<u32>,
    /// Where the seat stands in the event's plan, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    pub status: TicketStatus,
    /// Who holds it while `Held`.
    pub hold_order: Option<OrderId>,
    pub hold_expires_at: Option<Timestamp>,
    /// Who bought it.
    pub order_id: Option<OrderId>,
    /// It is void, and another took its place in stock.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replaced: bool,
}

impl IssuedTicket {
    /// Whether a buyer may have it now: free, or held by someone whose time is up.
    pub fn claimable(&self, now: Timestamp) -> bool {
        self.free_at().is_some_and(|free_at| free_at <= now)
    }

    /// Another of the same class and seat, for sale. A code that was ever printed stays void, so it
    /// has a serial of its own.
    #[must_use]
    pub fn successor(&self, serial: u32, now: Timestamp) -> Self {
        // There is one at most, so its name needs no draw.
        let hash = blake3::derive_key("gatehouse successor of a ticket", self.id.as_bytes());
        let mut random = [0; 10];
        random.copy_from_slice(&hash[..10]);
        Self {
            id: TicketId::new(now, random),
            event_id: self.event_id,
            class_id: self.class_id,
            serial,
            seat: self.seat.clone(),
            seat_index: self.seat_index,
            place: self.place,
            status: TicketStatus::Available,
            hold_order: None,
            hold_expires_at: None,
            order_id: None,
            replaced: false,
        }
    }

    /// Whether somebody has bought it and it is good.
    pub fn is_sold(&self) -> bool {
        match self.status {
            TicketStatus::Paid | TicketStatus::Claimed | TicketStatus::Validated => true,
            TicketStatus::Available
            | TicketStatus::Held
            | TicketStatus::Cancelled
            | TicketStatus::Expired => false,
        }
    }

    /// Whether `order` holds it, in time or not.
    pub fn held_for(&self, order: OrderId) -> bool {
        self.status == TicketStatus::Held && self.hold_order == Some(order)
    }

    /// Moves through the one table.
    pub fn apply(&mut self, step: Step) -> Result<(), IllegalStep> {
        let from = self.status;
        self.status = after(from, step).ok_or(IllegalStep { from, step })?;
        match step {
            Step::Sell => {
                self.order_id = self.hold_order.take();
                self.hold_expires_at = None;
            }
            Step::Release => {
                self.hold_order = None;
                self.hold_expires_at = None;
            }
            // Claimed before it is paid for: the hold of an order that pays later has no end now.
            Step::Claim if from == TicketStatus::Held => {
                self.order_id = self.hold_order.take();
                self.hold_expires_at = None;
            }
            Step::Hold
            | Step::Claim
            | Step::Validate
            | Step::TakeBack
            | Step::Void
            | Step::Expire => {}
        }
        Ok(())
    }

    /// From when on it can be claimed; `None`: never again. Free stock sorts before expired holds.
    fn free_at(&self) -> Option<Timestamp> {
        match self.status {
            TicketStatus::Available => Some(Timestamp::UNIX_EPOCH),
            TicketStatus::Held => Some(self.hold_expires_at.unwrap_or_default()),
            TicketStatus::Paid
            | TicketStatus::Claimed
            | TicketStatus::Validated
            | TicketStatus::Cancelled
            | TicketStatus::Expired => None,
        }
    }
}

impl Entity for IssuedTicket {
    const COLLECTION: Collection = Collection {
        name: "issued_tickets",
        fields: &[
            Field::text("event_id"),
            Field::text("class_id"),
            Field::text("status"),
            Field::int("free_at").nullable(),
            Field::int("serial"),
            Field::text("seat").nullable(),
            // Nullable for seats of before, and for stock that stands nowhere.
            Field::text("run").nullable(),
        ],
        indexes: &[
            Index::on("stock", &["event_id", "class_id", "status", "free_at"]),
            Index::unique("by_serial", &["event_id", "serial"]),
            Index::unique("by_seat", &["event_id", "seat"]),
            Index::on("by_run", &["run"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![
            self.event_id.into(),
            self.class_id.into(),
            status_key(self.status).into(),
            self.free_at().into(),
            self.serial.into(),
            self.seat.as_deref().filter(|_| !self.replaced).into(),
            self.place
                .filter(|_| !self.replaced)
                .map(|place| run_key(self.event_id, place.run))
                .into(),
        ]
    }
}

/// What the seats of one run are found by.
pub(super) fn run_key(event: EventId, run: u32) -> String {
    format!("{event}/{run}")
}

/// The status as it is spelled on the wire and in the index.
pub const fn status_key(status: TicketStatus) -> &'static str {
    match status {
        TicketStatus::Available => "AVAILABLE",
        TicketStatus::Held => "HELD",
        TicketStatus::Paid => "PAID",
        TicketStatus::Claimed => "CLAIMED",
        TicketStatus::Validated => "VALIDATED",
        TicketStatus::Cancelled => "CANCELLED",
        TicketStatus::Expired => "EXPIRED",
    }
}

/// What happens to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Hold,
    Release,
    Sell,
    Claim,
    Validate,
    /// The admission was undone.
    TakeBack,
    Void,
    Expire,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{step:?} is not possible when {from:?}")]
pub struct IllegalStep {
    pub from: TicketStatus,
    pub step: Step,
}

/// Every legal move (I8).
const MOVES: [(TicketStatus, Step, TicketStatus); 13] = [
    (TicketStatus::Available, Step::Hold, TicketStatus::Held),
    // The hold before has expired.
    (TicketStatus::Held, Step::Hold, TicketStatus::Held),
    (TicketStatus::Held, Step::Release, TicketStatus::Available),
    (TicketStatus::Held, Step::Sell, TicketStatus::Paid),
    (TicketStatus::Paid, Step::Claim, TicketStatus::Claimed),
    // Of an order that may pay later.
    (TicketStatus::Held, Step::Claim, TicketStatus::Claimed),
    (
        TicketStatus::Claimed,
        Step::Validate,
        TicketStatus::Validated,
    ),
    (
        TicketStatus::Validated,
        Step::TakeBack,
        TicketStatus::Claimed,
    ),
    (TicketStatus::Paid, Step::Void, TicketStatus::Cancelled),
    (TicketStatus::Claimed, Step::Void, TicketStatus::Cancelled),
    // An organizer may give money back after the show too.
    (TicketStatus::Validated, Step::Void, TicketStatus::Cancelled),
    (TicketStatus::Paid, Step::Expire, TicketStatus::Expired),
    (TicketStatus::Claimed, Step::Expire, TicketStatus::Expired),
];

/// Where the step leads, if it is legal.
pub fn after(from: TicketStatus, step: Step) -> Option<TicketStatus> {
    MOVES
        .iter()
        .find(|(at, by, _)| *at == from && *by == step)
        .map(|(_, _, to)| *to)
}

/// As clients see it: a hold whose time is up is available.
pub fn ticket_view(ticket: &IssuedTicket, now: Timestamp) -> IssuedTicketView {
    IssuedTicketView {
        id: ticket.id,
        event_id: ticket.event_id,
        class_id: ticket.class_id,
        status: if ticket.claimable(now) {
            TicketStatus::Available
        } else {
            ticket.status
        },
        seat: ticket.seat.clone(),
    }
}

/// A batch under way. Its serials and seat indices are reserved by the commit that stores it; its
/// tickets follow in chunks and can be computed again from here at any time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    pub id: String,
    pub event_id: EventId,
    pub class_id: ClassId,
    pub quantity: u32,
    pub seated: bool,
    pub serial_base: u32,
    pub seat_base: u32,
    /// Decides ids and the order of serials.
    pub seed: [u8; 32],
    /// Tickets that are in stock already.
    pub created: u32,
    /// Name of the attempt that asked for it, if it had a key.
    pub attempt: Option<String>,
    pub request_hash: Option<String>,
    /// A seat of it exists already: nothing more will come.
    pub stopped: bool,
    pub created_at: Timestamp,
}

impl Entity for Batch {
    const COLLECTION: Collection = Collection {
        name: "stock_batches",
        fields: &[Field::text("attempt").nullable()],
        indexes: &[Index::unique("by_attempt", &["attempt"])],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.attempt.as_deref().into()]
    }
}

/// The seats of a batch under way, apart from its progress so that progress is cheap to note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeatPlan {
    /// The batch's id.
    pub id: String,
    pub seats: Vec<String>,
    /// One each, where a plan says them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
}

impl Entity for SeatPlan {
    const COLLECTION: Collection = Collection {
        name: "seat_plans",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// A number of tickets that classes share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pool {
    pub id: String,
    pub event_id: EventId,
    pub name: String,
    pub limit: u32,
    pub classes: Vec<ClassId>,
}

impl Entity for Pool {
    const COLLECTION: Collection = Collection {
        name: "pools",
        fields: &[Field::text("event_id")],
        indexes: &[Index::on("by_event", &["event_id"])],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.event_id.into()]
    }
}

/// Computes a batch's tickets.
pub struct Layout<'a> {
    batch: &'a Batch,
    seats: &'a [String],
    places: &'a [Place],
    /// A permutation of `0..quantity`: the offset of each ticket's serial.
    serials: Vec<u32>,
}

impl<'a> Layout<'a> {
    pub fn new(batch: &'a Batch, seats: &'a [String]) -> Self {
        let mut serials: Vec<u32> = (0..batch.quantity).collect();
        let mut stream = blake3::Hasher::new_keyed(&batch.seed)
            .update(b"serials")
            .finalize_xof();
        // Fisher-Yates. The scaled draw is biased by less than quantity / 2^64.
        for last in (1..serials.len()).rev() {
            let mut draw = [0; 8];
            stream.fill(&mut draw);
            let scaled = (u128::from(u64::from_le_bytes(draw)) * (last as u128 + 1)) >> 64;
            let other = usize::try_from(scaled).unwrap_or(last);
            serials.swap(last, other);
        }
        Self {
            batch,
            seats,
            places: &[],
            serials,
        }
    }

    /// With the places of its seats.
    #[must_use]
    pub fn placed(mut self, places: &'a [Place]) -> Self {
        self.places = places;
        self
    }

    /// The tickets at these positions of the batch.
    pub fn tickets(&self, positions: std::ops::Range<u32>) -> Vec<IssuedTicket> {
        positions
            .filter_map(|position| self.ticket(position))
            .collect()
    }

    fn ticket(&self, position: u32) -> Option<IssuedTicket> {
        let batch = self.batch;
        let at = usize::try_from(position).ok()?;
        let seat = if batch.seated {
            Some(self.seats.get(at)?.clone())
        } else {
            None
        };
        Some(IssuedTicket {
            id: self.id(position),
            event_id: batch.event_id,
            class_id: batch.class_id,
            serial: batch.serial_base + self.serials.get(at)?,
            seat_index: seat.as_ref().map(|_| batch.seat_base + position),
            place: self.places.get(at).copied(),
            seat,
            status: TicketStatus::Available,
            hold_order: None,
            hold_expires_at: None,
            order_id: None,
            replaced: false,
        })
    }

    /// Ids ascend with the position (18 counter bits before 56 random ones), so that a batch is
    /// appended to the table and not scattered over it.
    fn id(&self, position: u32) -> TicketId {
        let hash = blake3::keyed_hash(&self.batch.seed, &position.to_be_bytes());
        let mut random = [0; 10];
        random[3..].copy_from_slice(&hash.as_bytes()[..7]);
        // UUIDv7 keeps the low 4 bits of byte 0, byte 1 and the low 6 bits of byte 2.
        let [_, high, middle, low] = position.to_be_bytes();
        let counter = u32::from_be_bytes([0, high, middle, low]) & 0x3_FFFF;
        random[0] = u8::try_from(counter >> 14).unwrap_or(0x0F);
        random[1] = u8::try_from((counter >> 6) & 0xFF).unwrap_or(0xFF);
        random[2] = u8::try_from(counter & 0x3F).unwrap_or(0x3F);
        TicketId::new(self.batch.created_at, random)
    }
}

// The counter in an id holds every position of the largest batch.
const _: () = assert!(shared::limits::BATCH_TICKETS_MAX <= 1 << 18);
