//! What this device has, as a file that another one takes up: for sites where no network reaches.
//!
//! The file holds gossip's own frames. Taking one up is an exchange of gossip with a peer that can
//! only answer: the device's node judges what comes as it judges a link, so a file can do nothing
//! that a peer could not. ADR 0080.
//!
//! Invariants: a file is read to its end and its sum compared before anything is taken from it; an
//! entry that does not hold up is told as its writer's, and stops nothing else; taking a file up
//! again, or half of it, harms nothing; scans, syncs and gossip of the same data go on meanwhile.

mod file;
mod peer;
mod report;
mod take;
mod write;

pub(crate) use peer::node_of;
pub use report::{CarriedFrom, CarriedIn, CarriedList, CarriedOut, NotTaken};
pub use take::carry_from;
pub use write::carry_to;
pub(crate) use write::of_store;
