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

/// In the order of their numbers: 1 is the first. New ones go to the end.
const NUMBERED: [Reason; 25] = [
    Reason::Ok,
    Reason::NotATicket,
    Reason::Misread,
    Reason::UnknownEvent,
    Reason::UnknownKey,
    Reason::BadSignature,
    Reason::Revoked,
    Reason::Reissued,
    Reason::Blocked,
    Reason::Cancelled,
    Reason::Unpaid,
    Reason::Expired,
    Reason::TooEarly,
    Reason::TooLate,
    Reason::WrongGate,
    Reason::WrongClass,
    Reason::Rule,
    Reason::AlreadyUsed,
    Reason::NotInside,
    Reason::NeedsId,
    Reason::NeedsAnswer,
    Reason::NeedsPayment,
    Reason::SnapshotTooOld,
    Reason::DeviceEvicted,
    Reason::RateLimited,
];

impl Reason {
    /// The number in log entries; never reused, never 0.
    pub fn to_byte(self) -> u8 {
        let at = NUMBERED.iter().position(|reason| *reason == self);
        at.and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(0)
    }
    pub fn from_byte(byte: u8) -> Option<Self> {
        let at = usize::from(byte).checked_sub(1)?;
        NUMBERED.get(at).copied()
    }
    /// The word of the contract, as in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotATicket => "not_a_ticket",
            Self::Misread => "misread",
            Self::UnknownEvent => "unknown_event",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::Revoked => "revoked",
            Self::Reissued => "reissued",
            Self::Blocked => "blocked",
            Self::Cancelled => "cancelled",
            Self::Unpaid => "unpaid",
            Self::Expired => "expired",
            Self::TooEarly => "too_early",
            Self::TooLate => "too_late",
            Self::WrongGate => "wrong_gate",
            Self::WrongClass => "wrong_class",
            Self::Rule => "rule",
            Self::AlreadyUsed => "already_used",
            Self::NotInside => "not_inside",
            Self::NeedsId => "needs_id",
            Self::NeedsAnswer => "needs_answer",
            Self::NeedsPayment => "needs_payment",
            Self::SnapshotTooOld => "snapshot_too_old",
            Self::DeviceEvicted => "device_evicted",
            Self::RateLimited => "rate_limited",
        }
    }
    /// Tells of a code that nobody issued, rather than of a ticket that may not enter.
    pub const fn is_forgery(self) -> bool {
        matches!(self, Self::BadSignature | Self::UnknownKey)
    }
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
