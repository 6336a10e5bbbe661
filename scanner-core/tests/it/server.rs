//! The other side: an event's keys, tickets and logs, and a transport that can be cut.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use scanner_core::{Transport, TransportError};
use shared::api::gate::{DeviceRole, EnrolChallenge, EnrolRequest, EnrolResponse};
use shared::ids::{ClassId, DeviceId, EventId, GateId};
use shared::limits::SEGMENT_TICKETS;
use shared::log::{Genesis, LogHead, LogId, LogSegment};
use shared::sync::{
    LogVector, SegmentsRequest, SegmentsResponse, SignedRequest, StatementSet, SyncRequest,
    SyncResponse,
};
use shared::ticket::{Flags, Payload, ScanCommitment, ScanProof, Token, event_hint, sign};
use shared::time::Timestamp;
use shared::trust::enrolment::{EnrolmentLink, enrolment_message, transcript_code};
use shared::trust::{
    Authority, ClassPolicy, GatePolicy, Header, KeyStatus, Keyring, KeyringEntry, Manifest, Policy,
    Root, RootPin, Roster, RosterEntry, Segment, SegmentKind, Signed, Statement, StatementKind,
    TicketRow, TicketRowStatus, seal,
};

pub(crate) const CODE: &str = "ABCDEFGH12345678";
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
const DAY: i64 = 86_400;
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
    signatures: BTreeMap<u32, Vec<u8>>,
}

pub(crate) struct Server {
    pub(crate) event: EventId,
    pub(crate) now: Timestamp,
    issuing: SigningKey,
    roster_key: SigningKey,
    pub(crate) snapshot_key: SigningKey,
    root: Signed,
    keyring: Signed,
    pub(crate) roster: Roster,
    roster_signed: Vec<Signed>,
    pub(crate) policy: Policy,
    pub(crate) rows: Vec<TicketRow>,
    pub(crate) holders: BTreeMap<u32, String>,
    pub(crate) seats: Vec<String>,
    pub(crate) snapshots: Vec<Signed>,
    segments: BTreeMap<[u8; 32], Vec<u8>>,
    last_kept: [u8; 32],
    pub(crate) logs: BTreeMap<LogId, Log>,
    code: Option<DeviceId>,
    nonce: [u8; 32],
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

fn header(kind: StatementKind, event: EventId, version: u64, previous: Option<[u8; 32]>) -> Header {
    Header {
        kind,
        event,
        version,
        created: NOW,
        expires: NOW.plus_secs(30 * DAY),
        previous,
    }
}

impl Server {
    /// An event with two gates, two classes and `tickets` active tickets, published once.
    pub(crate) fn new(tickets: u32) -> Shared {
        let event = EventId::new(NOW, [7; 10]);
        let (root_key, keyring_key) = (key(1), key(2));
        let (roster_key, snapshot_key, issuing) = (key(3), key(4), key(5));
        let root = seal(
            &Statement {
                header: header(StatementKind::Root, event, 1, None),
                body: Root {
                    root: authority(&root_key),
                    keyring: authority(&keyring_key),
                    roster: authority(&roster_key),
                    snapshot: authority(&snapshot_key),
                },
            },
            &[&root_key],
        )
        .expect("root");
        let keyring = seal(
            &Statement {
                header: header(StatementKind::Keyring, event, 1, None),
                body: Keyring {
                    keys: vec![KeyringEntry {
                        kid: 3,
                        public_key: issuing.verifying_key().to_bytes(),
                        serial_first: 0,
                        serial_last: 0x00FF_FFFE,
                        not_before: NOW.plus_secs(-30 * DAY),
                        not_after: NOW.plus_secs(30 * DAY),
                        status: KeyStatus::Active,
                    }],
                },
            },
            &[&keyring_key],
        )
        .expect("keyring");
        let mut server = Self {
            event,
            now: NOW,
            issuing,
            roster_key,
            snapshot_key,
            root,
            keyring,
            roster: Roster::default(),
            roster_signed: Vec::new(),
            policy: policy(tickets),
            rows: Vec::new(),
            holders: BTreeMap::new(),
            seats: (0..2000).map(|seat| format!("A-{seat}")).collect(),
            snapshots: Vec::new(),
            segments: BTreeMap::new(),
            last_kept: [0; 32],
            logs: BTreeMap::new(),
            code: None,
            nonce: [9; 32],
        };
        server.rows = (0..tickets.min(REAL_ROWS))
            .map(|serial| server.row(serial, 1))
            .collect();
        let filler = TicketRow {
            commitment: ScanCommitment([1; 8]),
            ..server.row(0, 1)
        };
        server.rows.resize(tickets as usize, filler);
        server.sign_roster();
        server.publish();
        Rc::new(RefCell::new(server))
    }

    /// Invites a device; its link, with the event's root in it.
    pub(crate) fn invite(&mut self) -> EnrolmentLink {
        let at = u8::try_from(self.roster.devices.len()).expect("few devices");
        self.code = Some(DeviceId::new(NOW, [at + 1; 10]));
        EnrolmentLink {
            hub: "http://hub.test".to_owned(),
            code: CODE.to_owned(),
            pin: Some(RootPin::of(&self.root)),
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

    pub(crate) fn token(&self, payload: &Payload) -> Token {
        sign(&self.issuing, self.event, payload).expect("a ticket")
    }

    /// The digits of a ticket of class 0.
    pub(crate) fn ticket(&self, serial: u32) -> String {
        self.token(&self.payload(serial, 1)).to_digits()
    }

    /// The snapshot's row for it.
    pub(crate) fn row(&self, serial: u32, generation: u8) -> TicketRow {
        let token = self.token(&self.payload(serial, generation));
        let proof = ScanProof::of_token(self.event, token.as_bytes());
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
        let manifest = Manifest {
            keyring_version: 1,
            roster_version: self.roster_signed.len() as u64,
            policy: self.policy.clone(),
            segments: references,
        };
        self.sign_manifest(manifest);
    }

    pub(crate) fn sign_manifest(&mut self, manifest: Manifest) {
        let version = self.snapshots.len() as u64 + 1;
        let previous = self.snapshots.last().map(Signed::hash);
        let statement = Statement {
            header: Header {
                created: self.now,
                ..header(StatementKind::Snapshot, self.event, version, previous)
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

    pub(crate) fn sign_roster(&mut self) {
        let version = self.roster_signed.len() as u64 + 1;
        let previous = self.roster_signed.last().map(Signed::hash);
        let statement = Statement {
            header: header(StatementKind::Roster, self.event, version, previous),
            body: self.roster.clone(),
        };
        self.roster_signed
            .push(seal(&statement, &[&self.roster_key]).expect("a roster"));
    }

    /// The device may no longer speak; what it sent so far counts.
    pub(crate) fn evict(&mut self, device: DeviceId) {
        let cut: Vec<_> = self
            .logs
            .values()
            .filter(|log| log.genesis.device == device)
            .map(|log| (log.genesis.log_id().0, log.head.next_seq, log.head.hash))
            .collect();
        for entry in self
            .roster
            .devices
            .iter_mut()
            .filter(|of| of.device == device)
        {
            entry.cut = Some(cut.clone());
        }
        self.sign_roster();
    }

    fn enrol(&mut self, request: &EnrolRequest) -> Result<EnrolResponse, TransportError> {
        let bytes = |text: &str| HEXLOWER.decode(text.as_bytes()).expect("hex");
        let public: [u8; 32] = bytes(&request.public_key).try_into().expect("a key");
        let proof = Signature::from_slice(&bytes(&request.proof)).expect("a signature");
        VerifyingKey::from_bytes(&public)
            .expect("a key")
            .verify_strict(
                &enrolment_message(&self.nonce, &request.code, &public),
                &proof,
            )
            .expect("the proof holds");
        let Some(device) = self.code.take().filter(|_| request.code == CODE) else {
            return Err(refused(409, "enrolment_code_used"));
        };
        self.roster.devices.push(RosterEntry {
            device,
            name: format!("Kiosk {}", self.roster.devices.len() + 1),
            public_key: public,
            gate: self.policy.gates[0].id,
            role: DeviceRole::Kiosk,
            not_after: NOW.plus_secs(30 * DAY),
            cut: None,
        });
        self.sign_roster();
        Ok(EnrolResponse {
            device_id: device,
            device_name: format!("Kiosk {}", self.roster.devices.len()),
            event_id: self.event,
            event_title: self.policy.title.clone(),
            gate_id: self.policy.gates[0].id,
            gate_name: self.policy.gates[0].name.clone(),
            role: DeviceRole::Kiosk,
            transcript_code: transcript_code(&self.nonce, CODE, &public, RootPin::of(&self.root)),
            root: BASE64.encode(&self.root.to_wire()),
        })
    }

    fn sync(&mut self, request: &SignedRequest) -> Result<SyncResponse, TransportError> {
        let entry = self.roster.by_device(request.device);
        let entry = entry.ok_or_else(|| refused(401, "unknown_device"))?;
        if entry.is_evicted() {
            return Err(refused(403, "device_evicted"));
        }
        let public = VerifyingKey::from_bytes(&entry.public_key).expect("a key");
        let SyncRequest::V1 {
            held,
            vector,
            geneses,
            segments,
            ..
        } = request.open(&public).expect("the request is signed");
        for genesis in geneses {
            let head = genesis.head();
            self.logs.entry(genesis.log_id()).or_insert(Log {
                genesis,
                head,
                bodies: Vec::new(),
                signatures: BTreeMap::new(),
            });
        }
        let mut not_taken = Vec::new();
        for segment in segments {
            if let Err(why) = self.take(&segment) {
                not_taken.push((segment.log, why));
            }
        }
        Ok(SyncResponse::V1 {
            now: self.now,
            vector: self
                .logs
                .iter()
                .map(|(log, of)| LogVector {
                    log: *log,
                    next_seq: of.head.next_seq,
                    head: of.head.short(),
                })
                .collect(),
            statements: self.newer_than(held),
            geneses: self.logs.values().map(|of| of.genesis.clone()).collect(),
            segments: self.lacking(&vector),
            more: false,
            refused: not_taken,
        })
    }

    pub(crate) fn newer_than(&self, held: [u64; 4]) -> StatementSet {
        let newest = |all: &[Signed], held: u64| {
            (all.len() as u64 > held).then(|| all.last().expect("one").clone())
        };
        StatementSet {
            root: None,
            keyring: (held[1] < 1).then(|| self.keyring.clone()),
            roster: newest(&self.roster_signed, held[2]),
            snapshot: newest(&self.snapshots, held[3]),
        }
    }

    pub(crate) fn take(&mut self, segment: &LogSegment) -> Result<(), String> {
        let log = self.logs.get_mut(&segment.log).ok_or("unknown log")?;
        let key = VerifyingKey::from_bytes(&log.genesis.device_key).expect("a key");
        let end = segment.first_seq + u32::try_from(segment.bodies.len()).expect("few");
        if end <= log.head.next_seq {
            return Ok(());
        }
        let (_, head) = segment
            .verify(&key, &log.head)
            .map_err(|error| error.to_string())?;
        log.bodies.extend(segment.bodies.iter().cloned());
        log.signatures
            .insert(head.next_seq - 1, segment.signature.clone());
        log.head = head;
        Ok(())
    }

    /// Takes a log without any check, as a bad server would.
    pub(crate) fn plant(&mut self, genesis: Genesis, segment: LogSegment) {
        let mut head = genesis.head();
        head.next_seq = u32::try_from(segment.bodies.len()).expect("few");
        let last = head.next_seq - 1;
        self.logs.insert(
            genesis.log_id(),
            Log {
                genesis,
                head,
                bodies: segment.bodies,
                signatures: BTreeMap::from([(last, segment.signature)]),
            },
        );
    }

    /// Each log's missing part, up to its last signature.
    fn lacking(&self, vector: &[LogVector]) -> Vec<LogSegment> {
        let mut segments = Vec::new();
        for (id, log) in &self.logs {
            let known = vector
                .iter()
                .find(|of| of.log == *id)
                .map_or(0, |of| of.next_seq);
            let mut from = known;
            for (last, signature) in log.signatures.range(known..) {
                segments.push(LogSegment {
                    log: *id,
                    first_seq: from,
                    bodies: log.bodies[from as usize..=*last as usize].to_vec(),
                    signature: signature.clone(),
                });
                from = last + 1;
            }
        }
        segments
    }

    fn segments(&self, request: &SignedRequest) -> SegmentsResponse {
        let entry = self.roster.by_device(request.device).expect("enrolled");
        let public = VerifyingKey::from_bytes(&entry.public_key).expect("a key");
        let SegmentsRequest::V1 { hashes } = request.open(&public).expect("signed");
        SegmentsResponse::V1 {
            segments: hashes
                .into_iter()
                .filter_map(|hash| Some((hash, self.segments.get(&hash)?.clone())))
                .collect(),
        }
    }

    pub(crate) fn stored(&self, kind: SegmentKind) -> usize {
        self.segments
            .values()
            .filter(|wire| wire.first() == Some(&(kind as u8)))
            .count()
    }
}

pub(crate) fn refused(status: u16, code: &str) -> TransportError {
    TransportError::Refused {
        status,
        code: code.to_owned(),
        message: code.replace('_', " "),
    }
}

fn policy(tickets: u32) -> Policy {
    let gate = |at: u8, name: &str, zones| GatePolicy {
        id: GateId::new(NOW, [at; 10]),
        name: name.to_owned(),
        zones,
    };
    let class = |at: u8, name: &str, zones| ClassPolicy {
        id: ClassId::new(NOW, [at; 10]),
        name: name.to_owned(),
        zones,
    };
    Policy {
        title: "Quiet Night".to_owned(),
        timezone: "Asia/Ho_Chi_Minh".to_owned(),
        language: "en".to_owned(),
        epoch: NOW.plus_secs(-2 * DAY),
        starts: NOW,
        ends: NOW.plus_secs(DAY / 2),
        serial_max: tickets.saturating_sub(1),
        zones: vec!["floor".to_owned(), "backstage".to_owned()],
        classes: vec![class(1, "Standard", 1), class(2, "Crew", 2)],
        gates: vec![gate(11, "Gate A", 0), gate(12, "Backstage", 2)],
        early_tolerance_secs: 0,
        late_tolerance_secs: 0,
        amber_after_secs: 900,
        red_after_secs: 12 * 3600,
        rules: Vec::new(),
    }
}

/// A connection to the fake. Every message goes through its wire form.
pub(crate) struct Wire {
    pub(crate) server: Shared,
    /// Calls that still go through; `None` for no limit.
    pub(crate) calls_left: Option<usize>,
    /// The last call reaches the server and its answer is lost.
    pub(crate) lose_answer: bool,
    pub(crate) calls: usize,
}

impl Wire {
    pub(crate) fn to(server: &Shared) -> Self {
        Self {
            server: Rc::clone(server),
            calls_left: None,
            lose_answer: false,
            calls: 0,
        }
    }
    pub(crate) fn cut_after(server: &Shared, calls: usize, lose_answer: bool) -> Self {
        Self {
            calls_left: Some(calls),
            lose_answer,
            ..Self::to(server)
        }
    }

    fn call<T>(
        &mut self,
        answer: impl FnOnce(&mut Server) -> Result<T, TransportError>,
    ) -> Result<T, TransportError> {
        let cut = || TransportError::Unreachable("cut".to_owned());
        self.calls += 1;
        match &mut self.calls_left {
            None => answer(&mut self.server.borrow_mut()),
            Some(0) if self.lose_answer => {
                answer(&mut self.server.borrow_mut())?;
                Err(cut())
            }
            Some(0) => Err(cut()),
            Some(left) => {
                *left -= 1;
                answer(&mut self.server.borrow_mut())
            }
        }
    }
}

impl Transport for Wire {
    fn challenge(&mut self) -> Result<EnrolChallenge, TransportError> {
        self.call(|server| {
            Ok(EnrolChallenge {
                nonce: HEXLOWER.encode(&server.nonce),
            })
        })
    }
    fn enrol(&mut self, request: &EnrolRequest) -> Result<EnrolResponse, TransportError> {
        self.call(|server| server.enrol(request))
    }
    fn sync(&mut self, request: &SignedRequest) -> Result<SyncResponse, TransportError> {
        let request = SignedRequest::from_wire(&request.to_wire()).expect("canonical");
        let answer = self.call(|server| server.sync(&request))?;
        Ok(SyncResponse::from_wire(&answer.to_wire()).expect("canonical"))
    }
    fn segments(&mut self, request: &SignedRequest) -> Result<SegmentsResponse, TransportError> {
        let request = SignedRequest::from_wire(&request.to_wire()).expect("canonical");
        let answer = self.call(|server| Ok(server.segments(&request)))?;
        Ok(SegmentsResponse::from_wire(&answer.to_wire()).expect("canonical"))
    }
}
