//! Both sides of the exchange: the device's node, and the file as a peer that can only answer.

use std::collections::BTreeMap;

use ed25519_dalek::VerifyingKey;
use shared::ids::DeviceId;
use shared::log::{LogHead, LogId};
use shared::sync::StatementSet;
use shared::sync::claim::{ClaimId, ClaimSlot};
use shared::sync::frame::{Frame, Message};
use shared::time::Timestamp;
use shared::trust::{Roster, StatementKind};

use super::file::CarriedFile;
use super::write::of_store;
use crate::cache::StoredEntry;
use crate::clock::Edge;
use crate::error::{Cause, Error};
use crate::sync::gossip::{
    Batch, Node, Now, Options, Store, StoreError, StoredLog, Stray, TrustView,
};
use crate::sync::peers::DiskStore;

/// A node over what this device has.
pub(crate) fn node_of(store: &DiskStore, edge: &Edge) -> Result<Node, Error> {
    let identity = &store.identity;
    let options = options(edge, identity.event, identity.device)?;
    let (node, _) = Node::start(options, begin(edge), store).map_err(of_store)?;
    Ok(node)
}

/// A node over what a file holds. Nobody's: it signs nothing and is heard by nobody else.
pub(super) fn node_of_file(file: &FilePeer, edge: &Edge) -> Result<Node, Error> {
    let shared::sync::Carried::V1 { event, .. } = file.0.header;
    let nobody = DeviceId::new(Timestamp::UNIX_EPOCH, [0; 10]);
    let options = options(edge, event, nobody)?;
    let (node, _) = Node::start(options, begin(edge), file).map_err(of_store)?;
    Ok(node)
}

/// The exchange has a monotonic clock of its own, which need not wait for anything.
pub(super) fn begin(edge: &Edge) -> Now {
    Now {
        wall: edge.clock.now(),
        millis: 0,
    }
}

fn options(edge: &Edge, event: shared::ids::EventId, device: DeviceId) -> Result<Options, Error> {
    let (mut boot, mut seed) = ([0; 16], [0; 8]);
    edge.entropy.fill(&mut boot).map_err(Cause::Entropy)?;
    edge.entropy.fill(&mut seed).map_err(Cause::Entropy)?;
    Ok(Options::new(
        event,
        device,
        false,
        boot,
        u64::from_be_bytes(seed),
    ))
}

/// What one side may say to the other: questions and answers about what the file holds. `None`
/// when nothing is left of a frame.
pub(super) fn let_through(bytes: Vec<u8>, to_file: bool) -> Option<Vec<u8>> {
    let Ok(Frame::V1(messages)) = Frame::from_wire(&bytes) else {
        // For the other side to refuse.
        return Some(bytes);
    };
    let count = messages.len();
    let kept: Vec<Message> = messages
        .into_iter()
        .filter(|message| {
            let asks = is_question(message);
            let is_common = matches!(
                message,
                Message::Hello(_)
                    | Message::Digest(_)
                    | Message::Vector(_)
                    | Message::Held(_)
                    | Message::Strays(_)
                    | Message::Credit(_)
            );
            let names = matches!(message, Message::Names(_));
            is_common || names || asks == to_file
        })
        .collect();
    match kept.len() {
        0 => None,
        left if left == count => Some(bytes),
        _ => Some(Frame::V1(kept).to_wire()),
    }
}

/// Asks for something: the device may ask the file, and not the other way round.
const fn is_question(message: &Message) -> bool {
    matches!(
        message,
        Message::Pull(_)
            | Message::Probe(_)
            | Message::WantBranch(_)
            | Message::WantStrays(_)
            | Message::WantSnapshot(_)
    )
}

/// The file as a disk that is only read.
pub(super) struct FilePeer(pub(super) CarriedFile);

impl FilePeer {
    /// The highest version of each kind that came along.
    fn held(&self) -> [u64; 4] {
        let mut held = [0; 4];
        for signed in &self.0.statements {
            if let (Ok(kind), Ok(version)) = (signed.kind(), signed.version()) {
                let place: &mut u64 = match kind {
                    StatementKind::Root => &mut held[0],
                    StatementKind::Keyring => &mut held[1],
                    StatementKind::Roster => &mut held[2],
                    StatementKind::Snapshot => &mut held[3],
                    StatementKind::Checkpoint => continue,
                };
                *place = version.max(*place);
            }
        }
        held
    }

    /// What to offer to a device that holds so much, each set to be judged before the next: the
    /// roots one after the other, then what stands under them.
    pub(super) fn offers(&self, held: [u64; 4]) -> Vec<StatementSet> {
        let mut roots = BTreeMap::new();
        let mut under = StatementSet::default();
        for signed in &self.0.statements {
            let (Ok(kind), Ok(version)) = (signed.kind(), signed.version()) else {
                continue;
            };
            let signed = signed.clone();
            match kind {
                StatementKind::Root if version >= held[0] => {
                    roots.insert(version, signed);
                }
                StatementKind::Keyring if version >= held[1] => under.keyring = Some(signed),
                StatementKind::Roster if version >= held[2] => under.roster = Some(signed),
                StatementKind::Snapshot if version >= held[3] => under.snapshot = Some(signed),
                StatementKind::Root
                | StatementKind::Keyring
                | StatementKind::Roster
                | StatementKind::Snapshot
                | StatementKind::Checkpoint => {}
            }
        }
        let roots = roots.into_values().map(|root| StatementSet {
            root: Some(root),
            ..StatementSet::default()
        });
        roots.chain([under]).collect()
    }

    /// Why nothing from `head` on was taken of a log, by the rules of the exchange.
    pub(super) fn why_not(&self, log: LogId, head: LogHead) -> Result<Option<String>, Cause> {
        let (Some(of), Some(mut segment)) =
            (self.0.logs.get(&log), self.0.segment(log, head.next_seq)?)
        else {
            return Ok(None);
        };
        let Ok(key) = VerifyingKey::from_bytes(&of.genesis.device_key) else {
            return Ok(Some("its key is no key".to_owned()));
        };
        let known = usize::try_from(head.next_seq - segment.first_seq).unwrap_or(usize::MAX);
        segment.bodies.drain(..known.min(segment.bodies.len()));
        segment.first_seq = head.next_seq;
        let judged = segment.verify(&key, &head);
        Ok(judged.err().map(|error| error.to_string()))
    }

    fn stored(&self, log: LogId) -> Option<StoredLog> {
        self.0.logs.get(&log).map(|of| StoredLog {
            genesis: of.genesis.clone(),
            own: false,
            closed: false,
            head: of.head,
            fork: of.fork.clone(),
        })
    }
}

impl Store for FilePeer {
    fn logs(&self) -> Result<Vec<StoredLog>, StoreError> {
        let logs = self.0.logs.keys();
        Ok(logs.filter_map(|log| self.stored(*log)).collect())
    }

    fn log(&self, log: LogId) -> Result<Option<StoredLog>, StoreError> {
        Ok(self.stored(log))
    }

    fn entries(&self, log: LogId, first: u32, limit: u32) -> Result<Vec<StoredEntry>, StoreError> {
        let Some(segment) = self.0.segment(log, first).map_err(Error::from)? else {
            return Ok(Vec::new());
        };
        // The end of a frozen log has no signature: its place is filled with zeros.
        let signature = Some(segment.signature).filter(|of| of.iter().any(|byte| *byte != 0));
        let last = segment.bodies.len().saturating_sub(1);
        let numbered = (segment.first_seq..).zip(segment.bodies).enumerate();
        let entries = numbered.map(|(at, (seq, body))| StoredEntry {
            seq,
            body,
            signature: signature.clone().filter(|_| at == last),
        });
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(entries.filter(|of| of.seq >= first).take(limit).collect())
    }

    fn strays(&self, log: LogId) -> Result<Vec<Stray>, StoreError> {
        let of = self.0.logs.get(&log);
        Ok(of.map_or_else(Vec::new, |of| of.strays.values().cloned().collect()))
    }

    fn commit(&mut self, _: &Batch) -> Result<(), StoreError> {
        Err("a file that is carried is not written to".into())
    }

    fn trust(&self) -> Result<TrustView, StoreError> {
        Ok(TrustView {
            held: self.held(),
            roster: Roster::default(),
        })
    }

    /// All were offered before the exchange began.
    fn newer(&self, _: [u64; 4]) -> Result<StatementSet, StoreError> {
        Ok(StatementSet::default())
    }

    fn adopt(
        &mut self,
        _: StatementSet,
        _: Timestamp,
    ) -> Result<(TrustView, Option<String>), StoreError> {
        Ok((self.trust()?, None))
    }

    fn missing_chunks(&self, _: usize) -> Result<Vec<[u8; 32]>, StoreError> {
        Ok(Vec::new())
    }

    fn chunk(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.chunk(hash).map_err(Error::from)?)
    }

    fn keep_chunks(&mut self, _: Vec<([u8; 32], Vec<u8>)>) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn grant(&self, _: &ClaimSlot) -> Result<Option<ClaimId>, StoreError> {
        Ok(None)
    }

    fn grants_are_whole(&self) -> Result<bool, StoreError> {
        Ok(false)
    }
}
