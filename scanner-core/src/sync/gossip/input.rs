//! What a node is told.

use shared::ids::DeviceId;
use shared::log::LogId;
use shared::sync::StatementSet;
use shared::sync::claim::ClaimSlot;
use shared::time::Timestamp;

use super::LinkId;

/// The two clocks at the moment of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For people and for entries; may be wrong and may jump.
    pub wall: Timestamp,
    /// Milliseconds since any fixed point of this run; never goes back. Timers go by it.
    pub millis: u64,
}

#[derive(Debug)]
pub enum Input<'a> {
    /// A link to a device whose key the transport has proven.
    Up {
        link: LinkId,
        key: [u8; 32],
        /// For one exchange: gets no live entries, and is closed when both sides have the same.
        visit: bool,
    },
    Down(LinkId),
    /// The bytes of one frame.
    Frame {
        link: LinkId,
        bytes: &'a [u8],
    },
    /// Time has passed; due at `Node::next_tick`.
    Tick,
    /// The own log has grown in the store, durably; or a new one was begun there. `urgent`: passed
    /// on at once.
    Appended {
        log: LogId,
        urgent: bool,
    },
    /// Statements that came another way, say from the server. Ones that are stored already need
    /// only be told of with an empty set.
    Statements(StatementSet),
    /// Ask a strict ticket's homes for a use. The outcome comes as `Output::Claimed`, with the id
    /// that `Node::next_claim` gave just before.
    Claim {
        slot: ClaimSlot,
        /// Of the ticket's class.
        zones: u16,
    },
    /// Addresses to pass on to peers.
    Addresses(Vec<(DeviceId, String)>),
}
