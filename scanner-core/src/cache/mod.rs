//! What a device keeps: one `SQLite` database and a few small files beside it.
//!
//! | file | holds | why not in the database |
//! |---|---|---|
//! | `gatehouse.db` | identity, statements, snapshot segments, all logs, sync state | |
//! | `device.key` | the device's signing key, mode 0600 | a copy of the database must not carry it |
//! | `seen` | highest statement versions ever adopted | survives a database put back from a copy |
//! | `head.mark` | how far the own log was written | tells a log that was cut on disk |
//! | `append.ring` | the last entries of the own log | what an admission waits for is one write and one sync |
//! | `cut-LOG.ring` | the ring as it was when log LOG had lost its end | evidence, read by nobody here |
//! | `codes.tries`, `pins.tries` | wrong codes and PINs of the last hour | counted before anything else happens |
//! | `append.lock`, `sync.lock`, `peers.lock` | who scans, who syncs, who talks with peers | held by the process, not by the data |
//! | `claims.door` | where strict tickets are asked for, and the secret for it | good for one run of the gossip |
//! | `archived.json` | where the data went when the device was archived | stays when all else goes |
//! | `peers.json` | how it goes with the peers, for whoever asks | a picture of the moment, worth no fsync |
//!
//! Invariants: one function opens the database; nothing here is ever rebuilt from scratch, a
//! damaged file is an error; every change is one immediate transaction, or a write to the ring, synced before it returns.

mod answers;
mod apply;
mod archived;
mod cuts;
mod enrolled;
mod facts;
pub(crate) mod files;
mod grants;
mod keys;
mod lock;
mod logs;
mod mark;
mod merge;
mod open;
mod remembered;
mod ring;
mod scan_keys;
mod schema;
mod seen;
mod segments;
mod statements;

pub(crate) use archived::{Alone, commit as archive, put_aside, read as archive_note};
pub use archived::{Archived, ArchivedLog};
pub use cuts::Cut;
pub(crate) use enrolled::NewDevice;
pub(crate) use facts::{Identity, SyncFacts};
pub(crate) use keys::DeviceKey;
pub(crate) use lock::{Lock, LockKind};
pub use logs::StoredEntry;
pub(crate) use logs::{LogPlace, LogRow};
pub(crate) use mark::HeadMark;
#[cfg(test)]
pub(crate) use merge::tests::{Writer, cache as a_cache, enrolled};
pub(crate) use open::Cache;
pub(crate) use remembered::{door, open_door, show, shown};
pub(crate) use ring::{Ring, SLOTS};
pub(crate) use seen::Seen;
pub(crate) use statements::Trust;
