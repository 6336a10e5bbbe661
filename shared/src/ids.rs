//! One typed id per entity. All are `UUIDv7`, so they sort by creation and index well.
//!
//! This never draws randomness itself: the caller passes it in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Timestamp;

/// Builds a `UUIDv7` from a moment and 10 random bytes.
pub fn uuid_v7(now: Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
        pub struct $name(Uuid);

        impl $name {
            /// A new id from a moment and 10 random bytes.
            pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
                Self(uuid_v7(now, random))
            }
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
            /// The 16 bytes of the UUID, big-endian as in RFC 9562.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::from_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A person's account.
    UserId,
    /// One refresh-token family: everything that descends from one login.
    SessionId,
    EventId,
    /// A ticket class (tier) of an event.
    ClassId,
    GateId,
    /// A place with addresses and seats, reused across events.
    VenueId,
    /// One unit of stock.
    TicketId,
    /// A ticket in a named attendee's hands.
    ClaimedTicketId,
    OrderId,
    PaymentId,
    /// A sum that is owed to a payer.
    RefundId,
    /// An invoice, or a credit note to one.
    InvoiceId,
    /// An organization's own account at a payment gateway.
    MerchantId,
    /// A comparison of the books with what gateways say.
    ReconciliationId,
    DeviceId,
    JobId,
    /// An offer to pass a ticket on.
    TransferId,
    /// An organizer's webhook, and one thing told to it.
    HookId,
    HookMessageId,
    /// One line of the audit journal.
    JournalId,
    /// What a mailed link opens, once.
    OneTimeId,
    /// A tenant: who holds events.
    OrganizationId,
    /// Several dates of one thing.
    SeriesId,
    ApiKeyId,
    /// A passkey, and one try to make or to show one.
    PasskeyId,
    CeremonyId,
}
