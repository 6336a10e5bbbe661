//! The root: which keys may sign what for one event. Devices pin its hash at enrolment.

use serde::{Deserialize, Serialize};

use super::statement::{Authority, Opened, Signed, TrustError};
use crate::ids::EventId;
use crate::time::Timestamp;

/// BLAKE3 of the first root statement, 16 bytes: what the enrolment link carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootPin(pub [u8; 16]);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    pub root: Authority,
    pub keyring: Authority,
    pub roster: Authority,
    pub snapshot: Authority,
}

impl Root {
    /// The first root: it signs itself and must match the pin.
    pub fn open_pinned(
        _signed: &Signed,
        _event: EventId,
        _pin: RootPin,
        _now: Timestamp,
    ) -> Result<Opened<Self>, TrustError> {
        unimplemented!()
    }
    /// Version N+1 needs a threshold of N's keys and of its own; N+2 without N+1 is refused.
    pub fn succeed(
        _current: &Opened<Self>,
        _next: &Signed,
        _now: Timestamp,
    ) -> Result<Opened<Self>, TrustError> {
        unimplemented!()
    }
}
impl RootPin {
    pub fn of(_signed: &Signed) -> Self {
        unimplemented!()
    }
}
