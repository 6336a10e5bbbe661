//! The other side: an event's keys, tickets and logs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ed25519_dalek::SigningKey;
use shared::admission::Answer;
use shared::ids::{ClassId, DeviceId, EventId, GateId};
use shared::limits::SEGMENT_TICKETS;
use shared::log::{Genesis, LogHead, LogId};
use shared::ticket::{
    Flags, Payload, ScanCommitment, ScanKey, ScanProof, Token, TypedCode, event_hint, sign,
    sign_sealed,
};
use shared::time::Timestamp;
use shared::trust::enrolment::EnrolmentLink;
use shared::trust::{
    Authority, ClassPolicy, CodeRow, Codes, Extra, GatePolicy, Header, KeyStatus, Keyring,
    KeyringEntry, Manifest, Policy, Root, RootPin, Roster, RosterEntry, ScanKeyFor, Segment,
    SegmentKind, Signed, Statement, StatementKind, Supervisor, Supervisors, TicketRow,
    TicketRowStatus, TicketTerms, WrappedScanKey, seal,
};

pub(crate) const CODE: &str = "ABCDEFGH12345678";
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
pub(crate) const DAY: i64 = 86_400;
/// Rows with the commitment of a real ticket; the rest are there to be many.
const REAL_ROWS: u32 = 3000;
/// Window units: a day after the epoch, for two days.
const WINDOW: (u16, u16) = (96, 288);

/// What the fake knows of one log.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) genesis: Genesis,
    pub(crate) head: LogHead,
    pub(crate) bodies: Vec<Vec<u8>>,
    /// Signature by seq, where one is known.
    pub(crate) signatures: BTreeMap<u32, Vec<u8>>,
}

pub(crate) struct Server {
    pub(crate) event: EventId,
    pub(crate) now: Timestamp,
    issuing: SigningKey,
    pub(crate) roster_key: SigningKey,
    pub(crate) snapshot_key: SigningKey,
    pub(crate) roots: Vec<Signed>,
    keyring_key: SigningKey,
    pub(crate) keyring: Keyring,
    pub(crate) keyrings: Vec<Signed>,
    pub(crate) roster: Roster,
    pub(crate) roster_signed: Vec<Signed>,
    pub(crate) policy: Policy,
    pub(crate) rows: Vec<TicketRow>,
    pub(crate) holders: BTreeMap<u32, String>,
    /// Of the first segment.
    pub(crate) extras: BTreeMap<u32, Extra>,
    pub(crate) seats: Vec<String>,
    /// Typed codes of some tickets; each costs a slow hash.
    codes: BTreeMap<u32, TypedCode>,
    /// Whether people stand beside the devices that enrol.
    pub(crate) attended: bool,
    pub(crate) snapshots: Vec<Signed>,
    /// Of the next snapshot, where it is not the one after the last.
    pub(crate) next_version: Option<u64>,
    pub(crate) segments: BTreeMap<[u8; 32], Vec<u8>>,
    last_kept: [u8; 32],
    pub(crate) logs: BTreeMap<LogId, Log>,
    /// Given to whoever asks; `None`: this peer has none to give.
    pub(crate) scan_keys: Option<Vec<ScanKey>>,
    /// What guests said, by the entry that it came with.
    pub(crate) answers: BTreeMap<(LogId, u32), Vec<Answer>>,
    /// Otherwise they are asked for again.
    pub(crate) takes_answers: bool,
    /// Given to whoever asks.
    pub(crate) checkpoint: Option<Signed>,
    pub(crate) code: Option<DeviceId>,
    pub(crate) nonce: [u8; 32],
}

pub(crate) type Shared = Rc<RefCell<Server>>;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn authority(key: &SigningKey) -> Authority {
    Authority {
        keys: vec![key.verifying_key().to_bytes()],
        threshold: 1,
    }
}

pub(crate) fn header(
    now: Timestamp,
    kind: StatementKind,
    event: EventId,
    version: u64,
    previous: Option<[u8; 32]>,
) -> Header {
    Header {
        kind,
        event,
        version,
        created: now,
        expires: now.plus_secs(30 * DAY),
        previous,
    }
}

impl Server {
    /// An event with two gates, two classes and `tickets` active tickets, published once.
    pub(crate) fn new(tickets: u32) -> Shared {
        Self::at(NOW, tickets)
    }

    /// The same, beginning at another time.
    pub(crate) fn at(now: Timestamp, tickets: u32) -> Shared {
        let event = EventId::new(now, [7; 10]);
        let keyring_key = key(2);
        let (roster_key, snapshot_key, issuing) = (key(3), key(4), key(5));
        let keyring = Keyring {
            keys: vec![KeyringEntry {
                kid: 3,
                public_key: issuing.verifying_key().to_bytes(),
                serial_first: 0,
                serial_last: 0x00FF_FFFE,
                not_before: now.plus_secs(-30 * DAY),
                not_after: now.plus_secs(30 * DAY),
                status: KeyStatus::Active,
            }],
        };
        let mut server = Self {
            event,
            now,
            issuing,
            roster_key,
            snapshot_key,
            roots: Vec::new(),
            keyring_key,
            keyring,
            keyrings: Vec::new(),
            roster: Roster::default(),
            roster_signed: Vec::new(),
            policy: policy(now, tickets),
            rows: Vec::new(),
            holders: BTreeMap::new(),
            extras: BTreeMap::new(),
            codes: BTreeMap::new(),
            attended: true,
            seats: (0..2000).map(|seat| format!("A-{seat}")).collect(),
            snapshots: Vec::new(),
            next_version: None,
            segments: BTreeMap::new(),
            last_kept: [0; 32],
            logs: BTreeMap::new(),
            scan_keys: Some(Vec::new()),
            answers: BTreeMap::new(),
            takes_answers: true,
            checkpoint: None,
            code: None,
            nonce: [9; 32],
        };
        server.rows = (0..tickets.min(REAL_ROWS))
            .map(|serial| server.row(serial, 1))
            .collect();
        let filler = server.row(0, 1);
        server
            .rows
            .extend((REAL_ROWS..tickets).map(|serial| TicketRow {
                commitment: ScanCommitment(u64::from(serial).to_be_bytes()),
                ..filler
            }));
        server.sign_root();
        server.sign_keyring();
        server.sign_roster();
        server.publish();
        Rc::new(RefCell::new(server))
    }

    /// Invites a device; its link, with the event's root in it.
    pub(crate) fn invite(&mut self) -> EnrolmentLink {
        let at = u8::try_from(self.roster.devices.len()).expect("few devices");
        self.code = Some(DeviceId::new(self.now, [at + 1; 10]));
        EnrolmentLink {
            hub: "http://hub.test".to_owned(),
            code: CODE.to_owned(),
            pin: Some(RootPin::of(&self.roots[0])),
            event: Some(self.event),
        }
    }

    pub(crate) fn payload(&self, serial: u32, generation: u8) -> Payload {
        Payload {
            kid: 3,
            serial,
            generation,
            class: 0,
            zones: 0,
            not_before: WINDOW.0,
            not_after: WINDOW.1,
            flags: Flags::SEAT,
            seat: Some(serial % 2000),
            hint: event_hint(self.event),
        }
    }

    pub(crate) fn issuing(&self) -> &SigningKey {
        &self.issuing
    }

    pub(crate) fn token(&self, payload: &Payload) -> Token {
        sign(&self.issuing, self.event, payload).expect("a ticket")
    }

    /// The digits of a ticket of class 0.
    pub(crate) fn ticket(&self, serial: u32) -> String {
        self.token(&self.payload(serial, 1)).to_digits()
    }

    /// The typed code of a ticket, which the next snapshot knows.
    pub(crate) fn code(&mut self, serial: u32) -> String {
        let secret = 700_000_000_000 + u64::from(serial) * 104_729;
        let code = TypedCode::from_secret(secret);
        self.codes.insert(serial, code);
        code.to_string()
    }

    /// As after a re-issue, until the new codes are computed.
    pub(crate) fn forget_codes(&mut self) {
        let unknown = TypedCode::from_secret(0);
        self.codes.values_mut().for_each(|code| *code = unknown);
    }

    /// Supervisor number 4 of the next snapshot, by this PIN.
    pub(crate) fn supervise(&mut self, pin: &str) {
        let mut all = Supervisors {
            salt: [0x51; 16],
            people: Vec::new(),
        };
        let pin = all.hash(pin);
        all.people.push(Supervisor {
            number: 4,
            name: "Linh".to_owned(),
            pin,
        });
        self.policy.supervisors = all;
    }

    /// Terms of the first tickets, and the indexes of those that have a code.
    fn code_segment(&self) -> Segment {
        let rows = self.rows.iter().zip(0..SEGMENT_TICKETS);
        let row = |(row, serial): (&TicketRow, u32)| {
            let index = self.codes.get(&serial);
            Some(CodeRow {
                terms: TicketTerms::of(&self.payload(serial, row.generation)),
                index: index.map(|code| code.proof(self.event).code_index(self.event)),
            })
        };
        Segment::Codes(Codes::of(&rows.map(row).collect::<Vec<_>>()))
    }

    /// A ticket inside its seal, and the digits that its holder carries.
    pub(crate) fn sealed(&self, serial: u32, scan_key: &ScanKey) -> (Token, String) {
        let opened = sign_sealed(&self.issuing, self.event, &self.payload(serial, 1));
        let opened = opened.expect("a ticket");
        let sealed = opened.seal(self.event, scan_key).expect("seals");
        (opened, sealed.to_digits())
    }

    /// Makes the row of a serial that of its sealed ticket.
    pub(crate) fn seal_row(&mut self, serial: u32, scan_key: &ScanKey) {
        let proof = ScanProof::of_token(self.event, &self.sealed(serial, scan_key).0);
        let commitment = proof.commitment(self.event, serial, 1);
        let row = &mut self.rows[serial as usize];
        row.flags |= TicketRow::SEALED;
        row.commitment = commitment;
    }

    /// What opens sealed tickets, for the device of this entry.
    pub(crate) fn wrapped(&self, of: &RosterEntry, scan_key: &ScanKey) -> WrappedScanKey {
        let holder = ScanKeyFor {
            event: self.event,
            device: of.device,
            public_key: of.public_key,
        };
        WrappedScanKey::wrap(scan_key, &holder, &self.roster_key, &[0x77; 32]).expect("wraps")
    }

    /// The snapshot's row for it.
    pub(crate) fn row(&self, serial: u32, generation: u8) -> TicketRow {
        let token = self.token(&self.payload(serial, generation));
        let proof = ScanProof::of_token(self.event, &token);
        TicketRow {
            status: TicketRowStatus::Active,
            generation,
            class: 0,
            flags: 0,
            seat: serial % 2000,
            commitment: proof.commitment(self.event, serial, generation),
        }
    }

    /// Publishes what is in the tables as the next snapshot.
    pub(crate) fn publish(&mut self) {
        let mut references = Vec::new();
        let per = SEGMENT_TICKETS as usize;
        let tickets: Vec<Segment> = self
            .rows
            .chunks(per)
            .map(|rows| Segment::Tickets(rows.iter().flat_map(TicketRow::encode).collect()))
            .collect();
        for (index, segment) in (0..).zip(&tickets) {
            references.push(self.keep(segment, index));
        }
        for (index, seats) in (0..).zip(self.seats.clone().chunks(per)) {
            references.push(self.keep(&Segment::Seats(seats.to_vec()), index));
        }
        let mut names: BTreeMap<u32, Vec<(u32, String)>> = BTreeMap::new();
        for (serial, name) in &self.holders {
            let segment = names.entry(serial / SEGMENT_TICKETS).or_default();
            segment.push((*serial, name.clone()));
        }
        for (index, names) in names {
            references.push(self.keep(&Segment::Holders(names), index));
        }
        if !self.extras.is_empty() {
            let extras = self.extras.clone().into_iter().collect();
            references.push(self.keep(&Segment::Extras(extras), 0));
        }
        if !self.codes.is_empty() {
            references.push(self.keep(&self.code_segment(), 0));
        }
        let manifest = Manifest {
            keyring_version: self.keyrings.len() as u64,
            roster_version: self.roster_signed.len() as u64,
            policy: self.policy.clone(),
            segments: references,
        };
        self.sign_manifest(manifest);
    }

    pub(crate) fn sign_manifest(&mut self, manifest: Manifest) {
        let after = self.snapshots.len() as u64 + 1;
        let version = self.next_version.take().unwrap_or(after);
        let previous = self.snapshots.last().map(Signed::hash);
        let statement = Statement {
            header: Header {
                created: self.now,
                ..header(
                    self.now,
                    StatementKind::Snapshot,
                    self.event,
                    version,
                    previous,
                )
            },
            body: manifest,
        };
        self.snapshots
            .push(seal(&statement, &[&self.snapshot_key]).expect("a manifest"));
    }

    fn keep(&mut self, segment: &Segment, index: u32) -> shared::trust::SegmentRef {
        let reference = segment.reference(index);
        self.segments.insert(reference.hash, segment.to_wire());
        self.last_kept = reference.hash;
        reference
    }

    /// Spoils the last segment of the newest snapshot as a bad mirror would.
    pub(crate) fn spoil_a_segment(&mut self) {
        let wire = self.segments.get_mut(&self.last_kept).expect("kept");
        let last = wire.len() - 1;
        wire[last] ^= 1;
    }

    /// Signs for the roster with a key that no root names.
    pub(crate) fn replace_roster_key(&mut self) {
        self.roster_key = key(33);
    }

    /// The next root, for the keys as they are now.
    fn sign_root(&mut self) {
        let root_key = key(1);
        let version = self.roots.len() as u64 + 1;
        let previous = self.roots.last().map(Signed::hash);
        let statement = Statement {
            header: header(self.now, StatementKind::Root, self.event, version, previous),
            body: Root {
                root: authority(&root_key),
                keyring: authority(&key(2)),
                roster: authority(&self.roster_key),
                snapshot: authority(&self.snapshot_key),
            },
        };
        self.roots
            .push(seal(&statement, &[&root_key]).expect("a root"));
    }

    /// The snapshot key was stolen: a new root, a new key, and versions that start over.
    pub(crate) fn replace_snapshot_key(&mut self) {
        self.snapshot_key = key(44);
        self.snapshots.clear();
        self.sign_root();
        self.publish();
    }

    /// Signs the keyring as it is now.
    pub(crate) fn sign_keyring(&mut self) {
        let version = self.keyrings.len() as u64 + 1;
        let previous = self.keyrings.last().map(Signed::hash);
        let kind = StatementKind::Keyring;
        let statement = Statement {
            header: header(self.now, kind, self.event, version, previous),
            body: self.keyring.clone(),
        };
        self.keyrings
            .push(seal(&statement, &[&self.keyring_key]).expect("a keyring"));
    }

    pub(crate) fn sign_roster(&mut self) {
        let version = self.roster_signed.len() as u64 + 1;
        let previous = self.roster_signed.last().map(Signed::hash);
        let statement = Statement {
            header: header(
                self.now,
                StatementKind::Roster,
                self.event,
                version,
                previous,
            ),
            body: self.roster.clone(),
        };
        self.roster_signed
            .push(seal(&statement, &[&self.roster_key]).expect("a roster"));
    }

    pub(crate) fn stored(&self, kind: SegmentKind) -> usize {
        self.segments
            .values()
            .filter(|wire| wire.first() == Some(&(kind as u8)))
            .count()
    }
}

fn policy(now: Timestamp, tickets: u32) -> Policy {
    let gate = |at: u8, name: &str, zones| GatePolicy {
        id: GateId::new(now, [at; 10]),
        name: name.to_owned(),
        zones,
        list: None,
    };
    let class = |at: u8, name: &str, zones| ClassPolicy {
        id: ClassId::new(now, [at; 10]),
        name: name.to_owned(),
        zones,
        note: String::new(),
        strict: false,
    };
    Policy {
        title: "Quiet Night".to_owned(),
        timezone: "Asia/Ho_Chi_Minh".to_owned(),
        language: "en".to_owned(),
        epoch: now.plus_secs(-2 * DAY),
        starts: now,
        ends: now.plus_secs(DAY / 2),
        doors: None,
        serial_max: tickets.saturating_sub(1),
        zones: vec!["floor".to_owned(), "backstage".to_owned()],
        classes: vec![class(1, "Standard", 1), class(2, "Crew", 2)],
        gates: vec![gate(11, "Gate A", 0), gate(12, "Backstage", 2)],
        early_tolerance_secs: 0,
        late_tolerance_secs: 0,
        amber_after_secs: 900,
        red_after_secs: 12 * 3600,
        rules: Vec::new(),
        lists: Vec::new(),
        questions: Vec::new(),
        supervisors: Supervisors::default(),
    }
}
