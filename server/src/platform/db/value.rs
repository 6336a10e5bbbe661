//! Values of indexed fields.

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

/// The value of one indexed field. `Null` sorts first and never collides in a unique index; text
/// sorts by its UTF-8 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IndexValue {
    Null,
    Int(i64),
    Text(String),
}

impl From<&str> for IndexValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<&String> for IndexValue {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}
impl From<String> for IndexValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
/// Milliseconds since the epoch.
impl From<Timestamp> for IndexValue {
    fn from(at: Timestamp) -> Self {
        Self::Int(at.as_millis())
    }
}
impl<T: Into<IndexValue>> From<Option<T>> for IndexValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! from_int {
    ($($int:ty),+) => {$(
        impl From<$int> for IndexValue {
            fn from(value: $int) -> Self {
                Self::Int(i64::from(value))
            }
        }
    )+};
}
from_int!(i64, i32, u32, u16, u8, bool);

macro_rules! from_id {
    ($($id:ident),+ $(,)?) => {$(
        impl From<shared::ids::$id> for IndexValue {
            fn from(id: shared::ids::$id) -> Self {
                Self::Text(id.to_string())
            }
        }
        impl From<&shared::ids::$id> for IndexValue {
            fn from(id: &shared::ids::$id) -> Self {
                Self::Text(id.to_string())
            }
        }
    )+};
}
from_id!(
    UserId,
    SessionId,
    EventId,
    ClassId,
    GateId,
    VenueId,
    TicketId,
    ClaimedTicketId,
    OrderId,
    PaymentId,
    RefundId,
    DeviceId,
    JobId,
    JournalId,
    OneTimeId,
    OrganizationId,
    SeriesId,
    ApiKeyId,
    TransferId,
    HookId,
    HookMessageId,
    MerchantId,
    ReconciliationId,
);
