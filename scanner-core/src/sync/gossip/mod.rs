//! Gossip between devices: each passes on what the other lacks, in any order, as often as it likes.
//!
//! `Node` is sans-I/O: inputs (links, frames, the passing of time, own entries) go in, outputs
//! (frames, links to close, alerts, the next tick) come out. Time comes with every input,
//! randomness as a seed, storage through `Store`. The device's runtime and the simulator drive the
//! same code.
//!
//! Invariants: nothing is told as held that is not committed; entries are taken as a contiguous
//! prefix or not at all, each under its log's own key, whoever brought it; a bad entry blames its
//! signer; what two replicas hold decides what they say, never the order in which it came; every
//! queue and buffer has a bound.

mod carried;
mod catchup;
mod claims;
mod clock;
mod forks;
mod input;
mod links;
mod live;
mod logs;
mod node;
mod notes;
mod options;
mod output;
mod pulls;
mod random;
mod store;
mod strays;
mod tree;
mod trusted;
mod views;

pub(crate) use carried::quarantined;
pub use clock::{AHEAD_MILLIS_MAX, ClockView};
pub use input::{Input, Now};
pub use logs::LogView;
pub use node::Node;
pub use options::{Options, SeededBug, StrictVerifier, Timing, Verifier};
pub use output::{Alert, ClaimOutcome, CloseReason, Output, OwnLog};
pub use store::{
    Batch, Copies, Extension, Freeze, Grant, Store, StoreError, StoredLog, Stray, TrustView,
};
pub use views::Work;

/// Identifies a connection for as long as it lasts; the runtime numbers them and reuses none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);
