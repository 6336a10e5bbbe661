//! What a node asks of its runtime.

use shared::ids::DeviceId;
use shared::log::LogId;
use shared::sync::claim::{ClaimId, ClaimSlot};

use super::LinkId;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Bytes of one frame.
    Send {
        link: LinkId,
        bytes: Vec<u8>,
    },
    /// The link is gone for the node: no `Down` is expected.
    Close {
        link: LinkId,
        why: CloseReason,
    },
    /// Look for this device and link up as a visitor for one exchange. Only a wish.
    Visit(DeviceId),
    /// Entries were committed: fold them, look at the conflicts.
    Merged(Vec<LogId>),
    /// A roster, keyring or snapshot was adopted.
    Trusted([u64; 4]),
    /// Where other devices say that they can be reached.
    Addresses(Vec<(DeviceId, String)>),
    /// The median of the peers' clocks minus the own, milliseconds, changed: to be written to the
    /// log as a clock entry (`shared::log::ClockNote`).
    ClockOffset(i64),
    /// The own log may, or may no longer, be appended to.
    Own(OwnLog),
    Claimed {
        claim: ClaimId,
        slot: ClaimSlot,
        outcome: ClaimOutcome,
    },
    Alert(Alert),
}

/// Whether the device may append to its open log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnLog {
    /// Peers are being asked how far it goes. Lasts for two seconds at most when nobody is there.
    Asking,
    Clear,
    /// Peers have more of it, or other entries in its place: this device was put back from a copy.
    /// It was closed; the next append begins another.
    Begin(LogId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// Enough homes granted it: admit.
    Granted,
    /// Enough homes gave the slot to this other attempt.
    Taken(ClaimId),
    /// No answer in time: hold, or ask a supervisor.
    Unreached,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// Another event, or a protocol that is not spoken here.
    Stranger,
    /// Not in the roster.
    Unknown,
    Evicted,
    /// What came was no frame.
    Garbage,
    /// It did not keep to its budget.
    Flood,
    /// The visit is over.
    Done,
}

/// For people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alert {
    /// A device wrote two entries in one place of its log; it is frozen there.
    Fork {
        device: DeviceId,
        log: LogId,
        at: u32,
    },
    /// The log's writer signed what no log may hold.
    BadEntry {
        device: DeviceId,
        log: LogId,
        why: String,
    },
    /// A statement did not hold up.
    Distrust(String),
    /// The own log was edited, or this device restored from a copy.
    OwnLog { log: LogId, why: &'static str },
    /// A peer runs with this device's identity.
    Clone,
}
