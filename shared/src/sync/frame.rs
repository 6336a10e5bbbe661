//! What two peers say to each other over any pipe: a frame is a bundle of messages, postcard, `V1`
//! first. The log's own signatures carry the trust; a frame only moves them.
//!
//! Logs have a small number per link and direction, given by a `Name` of the sender. `Live`,
//! `Notes` and `Vector` use the sender's numbers, everything rare spells the log out.
//!
//! Every list has a bound, kept while reading; `from_wire` gives a frame only when `check` holds.

use ed25519_dalek::Signature;
use serde::{Deserialize, Serialize};

use super::claim::{SignedAnswer, SignedClaim};
use super::message::{LOGS_MAX, SNAPSHOT_SEGMENTS_MAX, check_log_segment, within};
use super::strict::{self, StrictError, bounded};
use crate::ids::{DeviceId, EventId};
use crate::limits::LOG_SEGMENT_ENTRIES_MAX;
use crate::log::{Branch, Entry, ForkProof, Genesis, LogId, LogSegment, SignedEntry};
use crate::time::Timestamp;
use crate::trust::Signed;
use crate::trust::segment::SEGMENT_BYTES_MAX;
use crate::trust::statement::STATEMENT_BYTES_MAX;

/// What this side speaks. A peer with another number is told and left alone.
pub const PROTOCOL: u16 = 1;
/// The largest statement in its envelope; everything else is far smaller.
pub const FRAME_BYTES_MAX: usize = STATEMENT_BYTES_MAX + 8 * 1024;
pub const MESSAGES_MAX: usize = 64;
/// Live entries in one message.
pub const LIVE_MAX: usize = 512;
/// Catch-up segments in one message, and branches: at most 26 KB each.
pub const SEGMENTS_MAX: usize = 8;
/// Positions that one probe asks about.
pub const PROBE_MAX: usize = 32;
/// Quarantined entries that one message names.
pub const STRAYS_MAX: usize = 4096;
/// Addresses in one message, and the length of one.
pub const ADDRESSES_MAX: usize = 16;
pub const ADDRESS_BYTES_MAX: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Frame {
    V1(#[serde(deserialize_with = "bounded::<MESSAGES_MAX, _, _>")] Vec<Message>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// First on every link, from both sides.
    Hello(Hello),
    /// One that the peer lacks. The roster goes first: eviction spreads before anything else.
    Statement(Signed),
    /// Versions of (root, keyring, roster, snapshot) held now.
    Held([u64; 4]),
    /// Over everything that is durable here: equal, and there is nothing to talk about.
    Digest([u8; 16]),
    Names(#[serde(deserialize_with = "bounded::<LOGS_MAX, _, _>")] Vec<Name>),
    Vector(Vector),
    /// "Give me these", entries from a seq on; opens a credit window for the answers.
    Pull(#[serde(deserialize_with = "bounded::<LOGS_MAX, _, _>")] Vec<Want>),
    Segments(#[serde(deserialize_with = "bounded::<SEGMENTS_MAX, _, _>")] Vec<LogSegment>),
    /// So many more bytes of segments may come.
    Credit(u32),
    /// New entries, each with its own signature.
    Live(#[serde(deserialize_with = "bounded::<LIVE_MAX, _, _>")] Vec<LiveEntry>),
    /// "I durably have this log before this seq": on lazy links an offer, on eager ones a receipt.
    Notes(#[serde(deserialize_with = "bounded::<LOGS_MAX, _, _>")] Vec<Note>),
    /// "You told me nothing new": make this link lazy.
    Prune,
    /// "You had what I lacked": make this link eager.
    Graft,
    /// Which hash has your log before each of these seqs?
    Probe(Probe),
    Hashes(Hashes),
    Forks(#[serde(deserialize_with = "bounded::<SEGMENTS_MAX, _, _>")] Vec<ForkProof>),
    /// Names of the quarantined entries of one frozen log.
    Strays(Strays),
    /// Your side of a fork, from a seq on that both agree on.
    WantBranch(Want),
    /// Give me these quarantined entries.
    WantStrays(Strays),
    Branches(#[serde(deserialize_with = "bounded::<SEGMENTS_MAX, _, _>")] Vec<Branch>),
    /// Snapshot segments by hash.
    WantSnapshot(
        #[serde(deserialize_with = "bounded::<SNAPSHOT_SEGMENTS_MAX, _, _>")] Vec<[u8; 32]>,
    ),
    Snapshot(
        #[serde(deserialize_with = "bounded::<SNAPSHOT_SEGMENTS_MAX, _, _>")]
        Vec<([u8; 32], Vec<u8>)>,
    ),
    Claim(SignedClaim),
    ClaimAnswer(SignedAnswer),
    /// Where other devices can be reached. Only hints: whoever answers there proves its key.
    Addresses(
        #[serde(deserialize_with = "bounded::<ADDRESSES_MAX, _, _>")] Vec<(DeviceId, String)>,
    ),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    pub protocol: u16,
    pub event: EventId,
    /// Versions of (root, keyring, roster, snapshot) held.
    pub held: [u64; 4],
    /// Fresh each time the program starts: tells a clone from a reconnect.
    pub boot: [u8; 16],
    /// The sender's clock.
    pub now: Timestamp,
    /// On mains and wire: relays for others.
    pub hub: bool,
    /// The receiver's hello came. Otherwise it is to be said again.
    pub heard: bool,
}

/// From now on the sender calls this log by this number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    pub number: u16,
    pub log: LogId,
    /// Left out when the receiver is known to have the log.
    pub genesis: Option<Genesis>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vector {
    /// All logs are listed: those that are not, the sender lacks. Otherwise the changed ones.
    pub complete: bool,
    #[serde(deserialize_with = "bounded::<LOGS_MAX, _, _>")]
    pub logs: Vec<Have>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Have {
    pub number: u16,
    pub next_seq: u32,
    /// First 8 bytes of the head hash: equal counts may hide different contents.
    pub head: [u8; 8],
    /// The log is frozen here, and this is a digest of what is quarantined.
    pub frozen: Option<(u32, [u8; 8])>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Want {
    pub log: LogId,
    pub from: u32,
    /// The asker does not know the log: begin with its genesis.
    pub genesis: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveEntry {
    pub number: u16,
    pub entry: SignedEntry,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub number: u16,
    pub next_seq: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    pub log: LogId,
    #[serde(deserialize_with = "bounded::<PROBE_MAX, _, _>")]
    pub seqs: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashes {
    pub log: LogId,
    #[serde(deserialize_with = "bounded::<PROBE_MAX, _, _>")]
    pub hashes: Vec<(u32, [u8; 32])>,
}

/// Quarantined entries by the first 8 bytes of the hash after them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strays {
    pub log: LogId,
    #[serde(deserialize_with = "bounded::<STRAYS_MAX, _, _>")]
    pub entries: Vec<[u8; 8]>,
}

impl Frame {
    pub fn to_wire(&self) -> Vec<u8> {
        strict::to_wire(self)
    }

    /// Strict reading, at most `FRAME_BYTES_MAX`, then `check`.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, StrictError> {
        let frame: Self = strict::from_wire(bytes, FRAME_BYTES_MAX)?;
        frame.check()?;
        Ok(frame)
    }

    /// Bounds that senders and readers keep.
    pub fn check(&self) -> Result<(), StrictError> {
        let Self::V1(messages) = self;
        within(messages.len(), MESSAGES_MAX, "messages")?;
        messages.iter().try_for_each(Message::check)
    }
}

impl Message {
    /// About how many bytes it takes in a frame: a little more, never much less.
    pub fn size_hint(&self) -> usize {
        let segment =
            |of: &LogSegment| of.bodies.iter().map(|body| body.len() + 1).sum::<usize>() + 96;
        8 + match self {
            Self::Statement(signed) => signed.bytes.len() + signed.signatures.len() * 96,
            Self::Names(names) => names.len() * 160,
            Self::Vector(vector) => vector.logs.len() * 32,
            Self::Pull(wants) => wants.len() * 24,
            Self::Segments(segments) => segments.iter().map(segment).sum(),
            Self::Live(entries) => entries.len() * 128,
            Self::Notes(notes) => notes.len() * 8,
            Self::Hashes(hashes) => hashes.hashes.len() * 40,
            Self::Forks(proofs) => proofs
                .iter()
                .map(|proof| segment(&proof.left) + segment(&proof.right) + 192)
                .sum(),
            Self::Strays(strays) | Self::WantStrays(strays) => strays.entries.len() * 8 + 16,
            Self::Branches(branches) => branches.iter().map(|of| segment(&of.segment) + 32).sum(),
            Self::WantSnapshot(hashes) => hashes.len() * 32,
            Self::Snapshot(chunks) => chunks.iter().map(|(_, wire)| wire.len() + 40).sum(),
            Self::Addresses(addresses) => addresses.len() * (ADDRESS_BYTES_MAX + 20),
            Self::Probe(_) => PROBE_MAX * 5 + 16,
            Self::Hello(_)
            | Self::Held(_)
            | Self::Digest(_)
            | Self::Credit(_)
            | Self::Prune
            | Self::Graft
            | Self::WantBranch(_) => 128,
            Self::Claim(_) | Self::ClaimAnswer(_) => 224,
        }
    }

    fn check(&self) -> Result<(), StrictError> {
        match self {
            Self::Names(names) => names
                .iter()
                .filter_map(|name| name.genesis.as_ref())
                .try_for_each(|genesis| {
                    genesis
                        .check()
                        .map_err(|_| StrictError::Bounds("a genesis"))
                }),
            Self::Segments(segments) => segments.iter().try_for_each(check_log_segment),
            Self::Live(entries) => entries.iter().try_for_each(|live| check_entry(&live.entry)),
            Self::Forks(proofs) => proofs.iter().try_for_each(|proof| {
                check_log_segment(&proof.left)?;
                check_log_segment(&proof.right)
            }),
            Self::Branches(branches) => branches
                .iter()
                .try_for_each(|branch| check_log_segment(&branch.segment)),
            Self::Snapshot(segments) => segments.iter().try_for_each(|(_, wire)| {
                within(wire.len(), SEGMENT_BYTES_MAX, "the bytes of a segment")
            }),
            Self::Addresses(addresses) => addresses.iter().try_for_each(|(_, address)| {
                within(address.len(), ADDRESS_BYTES_MAX, "the bytes of an address")
            }),
            Self::Hello(_)
            | Self::Statement(_)
            | Self::Held(_)
            | Self::Digest(_)
            | Self::Vector(_)
            | Self::Pull(_)
            | Self::Credit(_)
            | Self::Notes(_)
            | Self::Prune
            | Self::Graft
            | Self::Probe(_)
            | Self::Hashes(_)
            | Self::Strays(_)
            | Self::WantStrays(_)
            | Self::WantBranch(_)
            | Self::WantSnapshot(_) => Ok(()),
            Self::Claim(of) => check_signature(&of.signature),
            Self::ClaimAnswer(of) => check_signature(&of.signature),
        }
    }
}

fn check_entry(entry: &SignedEntry) -> Result<(), StrictError> {
    within(
        entry.body.len(),
        Entry::LEN_WITH_TARGET,
        "the bytes of an entry",
    )?;
    check_signature(&entry.signature)
}

fn check_signature(signature: &[u8]) -> Result<(), StrictError> {
    if signature.len() != Signature::BYTE_SIZE {
        return Err(StrictError::Bounds("the length of a signature"));
    }
    Ok(())
}

const _: () = assert!(LIVE_MAX <= LOG_SEGMENT_ENTRIES_MAX);
