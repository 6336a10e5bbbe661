//! Gossip on a real device: its cache as the disk, the venue's network as the links, a thread of its
//! own for the node.
//!
//! It works beside scanners and syncs of this and of other processes: what they store is seen
//! within moments, and what it stores they find like any other news. A picture of how it goes is
//! left in a small file for whoever asks.
//!
//! Invariants: one process talks with peers at a time; nothing here holds up a scan for longer than
//! a commit; when the disk fails the node is dropped and begins anew from what is on it.

mod desk;
mod driver;
mod gossip;
mod look;
#[cfg(test)]
mod look_tests;
mod neighbours;
mod picture;
mod report;
mod store;

pub(crate) use desk::claim;
pub use desk::{Claimed, Wanted};
pub use gossip::{Gossip, GossipOptions};
pub use neighbours::Neighbours;
pub(crate) use report::shown;
pub use report::{GossipEvent, MissedView, NoticeView, PeerLine, PeersReport};
pub(in crate::sync) use report::{name_of, told};
pub(crate) use store::DiskStore;
pub use store::open_disk;
