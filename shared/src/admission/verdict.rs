//! What a decision says. The JSON words are a fixed contract.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Outcome {
    Admit,
    Refuse,
    /// Admit after a named human step.
    Attention,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Reason {
    Ok,
    NotATicket,
    Misread,
    UnknownEvent,
    UnknownKey,
    BadSignature,
    Revoked,
    Reissued,
    Blocked,
    Cancelled,
    Unpaid,
    Expired,
    TooEarly,
    TooLate,
    WrongGate,
    WrongClass,
    Rule,
    AlreadyUsed,
    NotInside,
    NeedsId,
    NeedsAnswer,
    NeedsPayment,
    SnapshotTooOld,
    DeviceEvicted,
    RateLimited,
}

impl Reason {
    /// Asks for a human step at the gate, after which the ticket is good: `attention`.
    pub const fn is_step(self) -> bool {
        matches!(self, Self::NeedsId | Self::NeedsAnswer | Self::NeedsPayment)
    }
}

/// When and where the ticket was used before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EarlierUse {
    pub at: Timestamp,
    pub gate: String,
}

/// One decision. `durable` and `us` are the caller's to set: the rule itself writes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verdict {
    pub verdict: Outcome,
    pub reason: Reason,
    /// Other checks that fail too, in order.
    #[serde(default)]
    pub also: Vec<Reason>,
    #[serde(default)]
    pub serial: Option<u32>,
    #[serde(default)]
    pub generation: Option<u8>,
    #[serde(default)]
    pub class: Option<String>,
    #[serde(default)]
    pub seat: Option<String>,
    #[serde(default)]
    pub holder: Option<String>,
    /// A sentence that a guest understands.
    pub explanation: String,
    #[serde(default)]
    pub earlier: Option<EarlierUse>,
    pub at: Timestamp,
    /// An admission is on disk. False for refusals, which change nothing.
    pub durable: bool,
    /// Microseconds from text to verdict.
    pub us: u64,
}
