//! Exchange with the server, one more peer: statements and snapshot in, entries both ways.
//!
//! `proto` decides and is sans-I/O (values in, values out); `engine` carries the values between
//! cache and transport; `transport` moves bytes.
//!
//! Invariants: every step is idempotent and resumable, a cut anywhere costs a repetition and
//! nothing else; unsent entries outlive every failure here; a version never goes down; a snapshot
//! is switched to when all of it is on disk, in one commit; what one party sends wrong is
//! refused by itself and does not stop the rest.

mod carry;
mod engine;
pub mod gossip;
mod outcome;
mod peers;
pub(crate) mod proto;
mod transport;

pub use carry::{CarriedFrom, CarriedIn, CarriedList, CarriedOut, NotTaken, carry_from, carry_to};
pub(crate) use carry::{node_of, of_store};
pub use engine::{SyncReport, Syncer};
#[doc(hidden)]
pub use peers::open_disk;
pub use peers::{
    Claimed, Gossip, GossipEvent, GossipOptions, MissedView, Neighbours, NoticeView, PeerLine,
    PeersReport, Wanted,
};
pub(crate) use peers::{DiskStore, claim, shown as peers_shown};
pub use transport::lan::{AddressError, GOSSIP_PORT, PeerAddress};
pub use transport::{HttpTransport, Transport, TransportError, install_tls};
