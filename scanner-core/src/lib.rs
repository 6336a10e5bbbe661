//! The verification core of a gate device: decide, record, sync, read codes from images.
//!
//! One data directory is one device at one event. [`Scanner`] decides and records; [`Syncer`]
//! exchanges with the server over a connection of its own, so that a sync never holds up a scan;
//! a scanner notices what a syncer (of this or another process) stored. [`Gossip`] talks with other
//! devices in the same way.
//!
//! Invariants: an admission is committed and fsynced before its verdict is returned; a failed
//! write is never an admission; a sequence number of the log is never used twice; nothing that
//! was recorded is ever rebuilt or edited here, and dropped only as a whole, once two authorities have
//! signed it off and an archive of it was read back.

mod admit;
mod archive;
mod battery;
mod beside;
mod cache;
pub mod chip;
mod clock;
mod conflicts;
pub mod decode;
mod doctor;
mod enrol;
mod error;
mod export;
pub mod input;
mod search;
mod status;
mod sync;
mod tally;

pub use admit::{
    Overrides, Overruled, Pin, Reading, ScanOptions, Scanned, Scanner, Subject, Undone,
};
pub use archive::{ArchiveReport, archive_over, archive_to, archived};
pub use cache::{Archived, ArchivedLog, Cut, StoredEntry};
pub use clock::{Clock, Edge, Entropy, SystemClock, SystemEntropy};
pub use conflicts::{Conflict, ConflictingUse};
pub use doctor::{Check, Health, examine};
pub use enrol::{EnrolReport, Invitation, enrol, enrol_over};
pub use error::{Error, Kind};
pub use export::{ExportedEntry, Proven};
pub use input::is_blank;
pub use search::{Hit, SEARCH_CHARS_MIN, SEARCH_WORD_CHARS_MIN, is_searchable};
pub use shared::admission::{Answer, Direction, Outcome, Reason, Verdict};
pub use shared::log::UseCount;
pub use shared::trust::{QuestionKind, QuestionPolicy};
pub use status::{
    ClockView, CopiesView, DeviceLine, EventView, Freshness, NamedId, PeerView, SnapshotView,
    Status, TriesView,
};
pub use sync::gossip;
#[doc(hidden)]
pub use sync::open_disk;
pub use sync::{
    AddressError, Claimed, GOSSIP_PORT, Gossip, GossipEvent, GossipOptions, MissedView, Neighbours,
    NoticeView, PeerAddress, PeerLine, PeersReport, Wanted,
};
pub use sync::{CarriedFrom, CarriedIn, CarriedList, CarriedOut, NotTaken, carry_from, carry_to};
pub use sync::{HttpTransport, SyncReport, Syncer, Transport, TransportError, install_tls};
pub use tally::{ClassCounts, Counts, ListCounts};
