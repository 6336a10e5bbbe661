//! Links between devices on the venue's network: TLS over TCP, with the device's own key as its
//! identity. Moves frames and judges nothing but who may connect (ADR 0008).
//!
//! One thread does all of it. Its owner gets [`LanEvent`]s and gives frames to send.
//!
//! | file | holds |
//! |---|---|
//! | `members` | the roster as the handshake asks for it |
//! | `tls` | keys and verifiers |
//! | `frame`, `notes` | what goes over a link |
//! | `greet` | handshakes, both sides |
//! | `link` | one link |
//! | `net` | all links, and whom to call |
//! | `book`, `address`, `multicast` | where peers are |
//! | `leaf` | how many of them a phone hangs on |
//!
//! Invariants: nothing but a handshake is read from a key that is not in the roster; everything is
//! bounded: links, handshakes, frames, queues, addresses, time.

mod address;
mod book;
mod frame;
mod greet;
mod leaf;
mod link;
mod members;
mod multicast;
mod net;
mod notes;
mod start;
#[cfg(test)]
mod tests;
mod tls;

pub use address::{AddressError, GOSSIP_PORT, PeerAddress};
pub(crate) use book::Source;
pub(crate) use greet::{EVICTED, Missed};
pub(crate) use link::Hold;
pub(crate) use members::Members;
pub(crate) use start::{Lan, LanOptions, Seek};

use std::net::SocketAddr;
use std::sync::Arc;

use shared::ids::DeviceId;

pub(crate) use crate::sync::gossip::LinkId;

/// A member is at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LinkUp {
    pub(crate) link: LinkId,
    pub(crate) key: [u8; 32],
    pub(crate) device: DeviceId,
    pub(crate) socket: SocketAddr,
    /// The address that was called; `None` when the other end called.
    pub(crate) dialed: Option<PeerAddress>,
}

#[derive(Debug)]
pub(crate) enum LanEvent {
    Up(LinkUp),
    Frame {
        link: LinkId,
        payload: Vec<u8>,
        /// To be dropped when the frame has been used: the peer's next frames wait for it.
        hold: Hold,
    },
    Down {
        link: LinkId,
        why: String,
    },
    /// A call came to nothing.
    Missed {
        address: PeerAddress,
        missed: Missed,
    },
    /// A caller was not let in.
    TurnedAway {
        socket: SocketAddr,
        missed: Missed,
    },
    /// Where members answered: to be remembered.
    Proven(Vec<PeerAddress>),
}

/// Called on the network's thread: it must not block.
pub(crate) type Sink = Arc<dyn Fn(LanEvent) + Send + Sync>;
