//! A place in a queue. Pure.

use serde::{Deserialize, Serialize};
use shared::api::orders::{Buyer, OrderStatus};
use shared::api::waitlist::{WaitStatus, WaitView};
use shared::ids::{ClassId, EventId, OrderId, UserId};
use shared::time::Timestamp;

use crate::orders::model::Order;
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wait {
    pub id: String,
    pub event_id: EventId,
    pub class_id: ClassId,
    pub user_id: UserId,
    pub quantity: u32,
    pub buyer: Buyer,
    pub state: State,
    pub joined_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum State {
    Waiting,
    Offered {
        order: OrderId,
        until: Timestamp,
    },
    /// No offer could be made, whatever is free.
    Passed {
        why: String,
    },
    Left,
}

impl Wait {
    /// `order` is the one of the offer, if there was one.
    pub fn view(&self, order: Option<&Order>, position: Option<u32>, now: Timestamp) -> WaitView {
        let (mut order_id, mut offer_until, mut why) = (None, None, None);
        let status = match &self.state {
            State::Waiting => WaitStatus::Waiting,
            State::Left => WaitStatus::Left,
            State::Passed { why: reason } => {
                why = Some(reason.clone());
                WaitStatus::Lapsed
            }
            State::Offered { order: id, until } => {
                (order_id, offer_until) = (Some(*id), Some(*until));
                match order.map(|order| order.status_at(now)) {
                    Some(OrderStatus::Pending) => WaitStatus::Offered,
                    Some(
                        OrderStatus::Paid | OrderStatus::Refunded | OrderStatus::PartiallyRefunded,
                    ) => WaitStatus::Taken,
                    Some(OrderStatus::Cancelled | OrderStatus::Expired) | None => {
                        WaitStatus::Lapsed
                    }
                }
            }
        };
        WaitView {
            id: self.id.clone(),
            event_id: self.event_id,
            class_id: self.class_id,
            quantity: self.quantity,
            status,
            position,
            order_id,
            offer_until,
            why,
            joined_at: self.joined_at,
        }
    }
}

impl Entity for Wait {
    const COLLECTION: Collection = Collection {
        name: "waits",
        fields: &[
            Field::text("event_id"),
            Field::text("user_id"),
            // The class while waiting; `seat_in_queue` keeps one person to one place.
            Field::text("queue").nullable(),
            Field::int("joined_at"),
            Field::text("seat_in_queue").nullable(),
        ],
        indexes: &[
            Index::on("by_event", &["event_id", "joined_at"]),
            Index::on("by_user", &["user_id", "joined_at"]),
            Index::on("by_queue", &["queue", "joined_at"]),
            Index::unique("by_seat", &["seat_in_queue"]),
        ],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        let waits = self.state == State::Waiting;
        let queue = waits.then(|| self.class_id.to_string());
        let seat = waits.then(|| format!("{}/{}", self.class_id, self.user_id));
        vec![
            self.event_id.into(),
            self.user_id.into(),
            queue.into(),
            self.joined_at.into(),
            seat.into(),
        ]
    }
}
