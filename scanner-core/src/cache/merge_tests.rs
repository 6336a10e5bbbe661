//! What two processes bring together in one database, and what a log of another device is made of.

use ed25519_dalek::SigningKey;
use shared::api::gate::DeviceRole;
use shared::ids::{DeviceId, EventId, GateId};
use shared::log::{DecisionFlags, Entry, EntryKind, Hlc, LogSegment, SignedEntry};
use shared::sync::claim::{ClaimId, ClaimSlot};
use shared::ticket::ScanProof;
use shared::time::Timestamp;
use shared::trust::{Authority, Header, Root, RootPin, Signed, Statement, StatementKind, seal};
use tempfile::TempDir;

use super::*;
use crate::cache::{Identity, NewDevice};
use crate::sync::gossip::{Extension, Grant};

/// Writes a log of another device.
pub(crate) struct Writer {
    key: SigningKey,
    pub(crate) genesis: Genesis,
}

impl Writer {
    pub(crate) fn new() -> Self {
        let key = SigningKey::from_bytes(&[7; 32]);
        let genesis = Genesis {
            event: EventId::new(Timestamp::UNIX_EPOCH, [1; 10]),
            device: DeviceId::new(Timestamp::UNIX_EPOCH, [2; 10]),
            device_key: key.verifying_key().to_bytes(),
            incarnation: [3; 16],
            app_version: "1".to_owned(),
        };
        Self { key, genesis }
    }

    pub(crate) fn log(&self) -> LogId {
        self.genesis.log_id()
    }

    /// Entries on top of a head. Another serial makes another body.
    pub(crate) fn write(
        &self,
        mut head: LogHead,
        count: u32,
        serial: u32,
    ) -> (Vec<StoredEntry>, LogHead) {
        let mut entries = Vec::new();
        for seq in head.next_seq..head.next_seq + count {
            let entry = Entry {
                seq,
                hlc: Hlc::default(),
                kind: EntryKind::Admit,
                gate: 0,
                flags: DecisionFlags::default(),
                serial,
                generation: 1,
                proof: ScanProof([9; 8]),
                target: None,
            };
            let (signed, after) =
                SignedEntry::sign(&self.key, self.log(), &head, &entry).expect("signs");
            head = after;
            entries.push(StoredEntry {
                seq,
                body: signed.body,
                signature: Some(signed.signature),
            });
        }
        (entries, head)
    }

    /// Two things in one place.
    pub(crate) fn fork(
        &self,
        foot: LogHead,
        one: &[StoredEntry],
        other: &[StoredEntry],
    ) -> ForkProof {
        let segment = |entries: &[StoredEntry]| {
            let bodies = entries.iter().map(|of| of.body.clone()).collect();
            let signature = entries.last().and_then(|of| of.signature.clone());
            LogSegment::new(self.log(), bodies, signature.expect("signed")).expect("a segment")
        };
        let genesis = self.genesis.clone();
        let proof = ForkProof::new(genesis, foot.hash, segment(one), segment(other));
        proof.verify().expect("a fork");
        proof
    }

    pub(crate) fn extension(&self, (entries, head): (Vec<StoredEntry>, LogHead)) -> Batch {
        Batch {
            extend: vec![Extension {
                genesis: self.genesis.clone(),
                entries,
                head,
            }],
            ..Batch::default()
        }
    }
}

pub(crate) fn cache() -> (Cache, TempDir) {
    let dir = TempDir::new().expect("a folder");
    (Cache::create(dir.path()).expect("a database"), dir)
}

/// Signed by itself.
fn a_root(event: EventId) -> Signed {
    let key = |seed| SigningKey::from_bytes(&[seed; 32]);
    let authority = |seed| Authority {
        keys: vec![key(seed).verifying_key().to_bytes()],
        threshold: 1,
    };
    let header = Header {
        kind: StatementKind::Root,
        event,
        version: 1,
        created: Timestamp::UNIX_EPOCH,
        expires: Timestamp::UNIX_EPOCH.plus_secs(86_400),
        previous: None,
    };
    let body = Root {
        root: authority(1),
        keyring: authority(2),
        roster: authority(3),
        snapshot: authority(4),
    };
    seal(&Statement { header, body }, &[&key(1)]).expect("a root")
}

/// Makes an empty cache that of a device of the writer's event.
pub(crate) fn enrolled(cache: &mut Cache, device: DeviceId, public_key: [u8; 32]) -> Identity {
    let event = Writer::new().genesis.event;
    let root = a_root(event);
    let identity = Identity {
        event,
        event_title: "Quiet Night".to_owned(),
        device,
        device_name: "North".to_owned(),
        public_key,
        gate: GateId::new(Timestamp::UNIX_EPOCH, [3; 10]),
        gate_name: "Gate A".to_owned(),
        role: DeviceRole::Kiosk,
        server: "http://hub.test".to_owned(),
        pin: RootPin::of(&root),
        transcript_code: "123456".to_owned(),
        enrolled_at: Timestamp::UNIX_EPOCH,
        place: cache.place().expect("a place"),
    };
    let new = NewDevice {
        identity: &identity,
        root: &root,
        root_version: 1,
    };
    cache.store_device(&new).expect("enrolled");
    identity
}

fn seqs(cache: &Cache, log: LogId) -> Vec<u32> {
    let place = cache.place_of(log).expect("read").expect("known");
    let entries = cache.entries(place, 0, 100).expect("read");
    entries.iter().map(|of| of.seq).collect()
}

fn row(cache: &Cache) -> crate::cache::LogRow {
    cache.logs().expect("read").pop().expect("one log")
}

#[test]
fn what_two_processes_bring_is_stored_once_and_no_head_goes_back() {
    let (mut cache, _dir) = cache();
    let writer = Writer::new();
    let start = writer.genesis.head();
    let all = writer.write(start, 10, 5);
    let half = writer.write(start, 5, 5);
    assert_eq!(
        cache.merge(&writer.extension(all.clone())).expect("merged"),
        10
    );
    assert_eq!(cache.merge(&writer.extension(half)).expect("merged"), 0);
    assert_eq!(row(&cache).checked, all.1);
    let tail = cache
        .walk(&row(&cache), start, |_, _, _| ())
        .expect("whole");
    assert_eq!(tail.head, all.1);
}

#[test]
fn another_entry_in_a_place_that_is_taken_changes_nothing() {
    let (mut cache, _dir) = cache();
    let writer = Writer::new();
    let start = writer.genesis.head();
    let first = writer.write(start, 3, 5);
    cache
        .merge(&writer.extension(first.clone()))
        .expect("merged");
    let other = writer.write(start, 6, 6);
    cache
        .merge(&writer.extension(other))
        .expect_err("refused whole");
    assert_eq!(seqs(&cache, writer.log()), [0, 1, 2]);
    assert_eq!(row(&cache).checked, first.1);
}

#[test]
fn a_frozen_log_ends_at_its_fork_and_keeps_both_sides_as_proof() {
    let (mut cache, _dir) = cache();
    let writer = Writer::new();
    let (trunk, foot) = writer.write(writer.genesis.head(), 2, 5);
    let (one, after_one) = writer.write(foot, 2, 5);
    let (other, after_other) = writer.write(foot, 1, 6);
    let whole = [&trunk[..], &one[..]].concat();
    cache
        .merge(&writer.extension((whole, after_one)))
        .expect("merged");
    let proof = writer.fork(foot, &one, &other);
    let stray = Stray {
        hash: after_other.hash,
        previous: foot.hash,
        seq: 2,
        body: other[0].body.clone(),
        signature: other[0].signature.clone(),
    };
    let batch = Batch {
        freeze: vec![Freeze {
            head: foot,
            proof: proof.clone(),
            promoted: Vec::new(),
        }],
        strays: vec![(writer.log(), stray.clone())],
        ..Batch::default()
    };
    cache.merge(&batch).expect("merged");
    cache.merge(&batch).expect("merging again changes nothing");
    assert_eq!(seqs(&cache, writer.log()), [0, 1]);
    assert_eq!(row(&cache).frozen, Some(2));
    assert_eq!(cache.fork(writer.log()).expect("read"), Some(proof));
    assert_eq!(cache.strays(writer.log()).expect("read"), [stray]);
    // A sync with a server that has not heard of the fork adds nothing past it.
    let again = writer.extension((one, after_one));
    assert_eq!(cache.merge(&again).expect("merged"), 0);
    assert_eq!(seqs(&cache, writer.log()), [0, 1]);
}

#[test]
fn a_log_that_another_process_froze_lower_is_not_frozen_higher() {
    // V6: the entries between the two places are gone here
    let (mut cache, _dir) = cache();
    let writer = Writer::new();
    let (trunk, low) = writer.write(writer.genesis.head(), 1, 5);
    let (between, high) = writer.write(low, 3, 5);
    let (one, after_one) = writer.write(high, 1, 5);
    let whole = [&trunk[..], &between[..], &one[..]].concat();
    cache
        .merge(&writer.extension((whole, after_one)))
        .expect("merged");
    let freeze = |foot: LogHead, side: &[StoredEntry]| {
        let (other, _) = writer.write(foot, 1, 6);
        Batch {
            freeze: vec![Freeze {
                head: foot,
                proof: writer.fork(foot, side, &other),
                promoted: Vec::new(),
            }],
            ..Batch::default()
        }
    };
    cache.merge(&freeze(low, &between)).expect("frozen");
    let kept = cache.fork(writer.log()).expect("read");
    // A node that has not looked since finds a fork further up.
    cache.merge(&freeze(high, &one)).expect_err("refused whole");
    assert_eq!(row(&cache).frozen, Some(1));
    assert_eq!(seqs(&cache, writer.log()), [0]);
    assert_eq!(cache.fork(writer.log()).expect("read"), kept);
}

#[test]
fn a_grant_is_kept_until_it_is_taken_back_and_a_moved_home_abstains() {
    let (mut cache, dir) = cache();
    let place = cache.place().expect("a place");
    cache
        .write(|tx| grants::promise(tx, &place))
        .expect("promised");
    let slot = ClaimSlot {
        serial: 7,
        generation: 1,
        slot: 0,
    };
    let claim = ClaimId {
        device: DeviceId::new(Timestamp::UNIX_EPOCH, [2; 10]),
        boot: [4; 16],
        number: 1,
    };
    let grant = |to| Batch {
        grants: vec![Grant { slot, to }],
        ..Batch::default()
    };
    cache.merge(&grant(Some(claim))).expect("granted");
    assert_eq!(cache.grant(slot).expect("read"), Some(claim));
    assert!(cache.grants_are_whole(false).expect("read"));
    assert!(!cache.grants_are_whole(true).expect("read"), "rolled back");
    cache.merge(&grant(None)).expect("taken back");
    assert_eq!(cache.grant(slot).expect("read"), None);
    // Put back from a copy.
    let path = dir.path().join("gatehouse.db");
    let copy = std::fs::read(&path).expect("read");
    drop(cache);
    std::fs::write(dir.path().join("copy"), copy).expect("written");
    std::fs::rename(dir.path().join("copy"), &path).expect("renamed");
    let moved = Cache::create(dir.path()).expect("opens");
    assert!(!moved.grants_are_whole(false).expect("read"));
}
