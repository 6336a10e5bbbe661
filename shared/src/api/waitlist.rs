//! Waitlists (I9): who comes after what is sold out.

use serde::{Deserialize, Serialize};

use super::orders::Buyer;
use crate::ids::{ClassId, EventId, OrderId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JoinWaitlist {
    pub class_id: ClassId,
    pub quantity: u32,
    pub buyer: Buyer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum WaitStatus {
    Waiting,
    /// An order holds the tickets until `offerUntil`: pay it.
    Offered,
    /// The offer was bought.
    Taken,
    /// The offer was not bought in time, or could not be made: see `why`.
    Lapsed,
    Left,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaitView {
    pub id: String,
    pub event_id: EventId,
    pub class_id: ClassId,
    pub quantity: u32,
    pub status: WaitStatus,
    /// 1 is the next; only while waiting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
    /// The order that holds the offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    pub joined_at: Timestamp,
}
