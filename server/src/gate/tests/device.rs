//! A gate device as the server meets it: a key, a log, signed requests.

use axum::body::Body;
use axum::http::Request;
use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use shared::admission::Reason;
use shared::ids::{DeviceId, EventId};
use shared::log::{
    ClockNote, DecisionFlags, Entry, EntryKind, Genesis, Hlc, LogHead, LogSegment, RefusalNote,
    SignedEntry, Target,
};
use shared::sync::{
    DeviceReport, LogVector, SegmentsRequest, SegmentsResponse, SignedRequest, StatementSet,
    SyncRequest, SyncResponse, from_wire,
};
use shared::ticket::{ScanProof, Token};
use shared::time::Timestamp;
use shared::trust::enrolment::{normalise_code, prove_key};
use shared::trust::{
    Expected, Manifest, Opened, Root, Segment, SegmentKind, Signed, StatementKind, TicketRow, open,
};

use crate::testing::{Answer, NOW, TestApp};

pub(crate) struct Device {
    pub(crate) key: SigningKey,
    pub(crate) id: DeviceId,
    pub(crate) event: EventId,
    gate: u16,
    pub(crate) genesis: Genesis,
    pub(crate) head: LogHead,
    /// Bodies and signatures, from seq 0.
    pub(crate) entries: Vec<SignedEntry>,
    pub(crate) root: Option<Opened<Root>>,
    hlc: Hlc,
    /// Flags of the entries to come.
    pub(crate) flags: DecisionFlags,
    pub(crate) report: Option<DeviceReport>,
}

/// What an entry says of a ticket of generation 1.
#[derive(Clone, Copy)]
pub(crate) struct Said {
    pub(crate) kind: EntryKind,
    pub(crate) serial: u32,
    pub(crate) proof: ScanProof,
    pub(crate) flags: DecisionFlags,
    pub(crate) target: Option<Target>,
}

impl Said {
    fn by_word(kind: EntryKind, serial: u32) -> Self {
        Self {
            kind,
            flags: DecisionFlags::default().by_supervisor(1),
            ..Self::scanned(serial, ScanProof([0; 8]))
        }
    }

    fn scanned(serial: u32, proof: ScanProof) -> Self {
        Self {
            kind: EntryKind::Admit,
            serial,
            proof,
            flags: DecisionFlags::default(),
            target: None,
        }
    }
}

/// An answer to a sync, taken apart.
pub(crate) struct Synced {
    pub(crate) vector: Vec<LogVector>,
    pub(crate) statements: StatementSet,
    pub(crate) geneses: Vec<Genesis>,
    pub(crate) segments: Vec<LogSegment>,
    pub(crate) more: bool,
    pub(crate) refused: Vec<(shared::log::LogId, String)>,
}

impl Device {
    pub(crate) fn new(seed: u8, gate: u16) -> Self {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let (id, event) = (DeviceId::from_bytes([0; 16]), EventId::from_bytes([0; 16]));
        let genesis = genesis(event, id, &key, 1);
        Self {
            head: genesis.head(),
            key,
            id,
            event,
            gate,
            genesis,
            entries: Vec::new(),
            root: None,
            hlc: Hlc::default(),
            flags: DecisionFlags::default(),
            report: None,
        }
    }

    /// Both steps with the code of an invitation.
    pub(crate) async fn enrol(&mut self, test: &TestApp, invited: &Value) -> Answer {
        let code = invited["enrolmentCode"].as_str().expect("a code");
        let challenge = test
            .post("/api/v1/gate/enrolment/challenge", "", json!({}))
            .await;
        let nonce = challenge.expect(200)["nonce"]
            .as_str()
            .expect("a nonce")
            .to_owned();
        let request = self.enrol_request(&nonce, code);
        let answer = test.post("/api/v1/gate/enrolment", "", request).await;
        if answer.status.is_success() {
            self.accept(&answer.json());
        }
        answer
    }

    pub(crate) fn enrol_request(&self, nonce: &str, code: &str) -> Value {
        let bytes = HEXLOWER.decode(nonce.as_bytes()).expect("hex");
        let bytes: [u8; 32] = bytes.try_into().expect("32 bytes");
        let normal = normalise_code(code).expect("a code");
        json!({
            "code": code,
            "publicKey": HEXLOWER.encode(self.key.verifying_key().as_bytes()),
            "nonce": nonce,
            "proof": HEXLOWER.encode(&prove_key(&self.key, &bytes, &normal)),
            "appVersion": "test 1",
        })
    }

    fn accept(&mut self, answer: &Value) {
        self.id = answer["deviceId"]
            .as_str()
            .expect("an id")
            .parse()
            .expect("an id");
        self.event = answer["eventId"]
            .as_str()
            .expect("an id")
            .parse()
            .expect("an id");
        let root = BASE64.decode(answer["root"].as_str().expect("a root").as_bytes());
        let root = Signed::from_wire(&root.expect("base64")).expect("a statement");
        let pin = shared::trust::RootPin::of(&root);
        self.root = Some(Root::open_pinned(&root, self.event, pin, NOW).expect("a good root"));
        self.reinstall(1);
    }

    /// A fresh log, as after a re-install.
    pub(crate) fn reinstall(&mut self, incarnation: u8) {
        self.genesis = genesis(self.event, self.id, &self.key, incarnation);
        self.head = self.genesis.head();
        self.entries.clear();
    }

    /// Admits by scan; `token` is the ticket's digits.
    pub(crate) fn admit(&mut self, serial: u32, token: &str, at: Timestamp) {
        let token = Token::from_digits(token).expect("a token");
        self.admit_token(serial, &token, at);
    }

    /// Admits by what was verified; out of its seal, if it had one.
    pub(crate) fn admit_token(&mut self, serial: u32, token: &Token, at: Timestamp) {
        let proof = ScanProof::of_token(self.event, token);
        self.say(Said::scanned(serial, proof), at);
    }

    /// Admits by a medium that stands for the ticket.
    pub(crate) fn admit_medium(&mut self, serial: u32, medium: &str, at: Timestamp) {
        let proof = shared::ticket::medium_proof(self.event, medium);
        self.say(Said::scanned(serial, proof), at);
    }

    /// Writes an admission without having seen the ticket.
    pub(crate) fn invent(&mut self, serial: u32, at: Timestamp) {
        self.say(Said::scanned(serial, ScanProof([9; 8])), at);
    }

    /// Takes back one of its own entries, on the word of supervisor 1.
    pub(crate) fn undo(&mut self, serial: u32, seq: u32, at: Timestamp) {
        let target = Target {
            log: self.genesis.log_id(),
            seq,
        };
        let undo = Said {
            kind: EntryKind::Undo,
            serial,
            proof: ScanProof([0; 8]),
            flags: DecisionFlags::default().by_supervisor(1),
            target: Some(target),
        };
        self.say(undo, at);
    }

    /// Counts somebody out on the word of supervisor 1.
    pub(crate) fn exit(&mut self, serial: u32, at: Timestamp) {
        self.say(Said::by_word(EntryKind::Exit, serial), at);
    }

    /// Lets somebody in by a supervisor's word.
    pub(crate) fn force(&mut self, serial: u32, at: Timestamp) {
        self.say(Said::by_word(EntryKind::Forced, serial), at);
    }

    /// Notes refusals of tickets that it could not read.
    pub(crate) fn refuse(&mut self, reason: Reason, count: u32, at: Timestamp) {
        let note = RefusalNote { reason, count };
        let refused = Said {
            kind: EntryKind::Refused,
            ..Said::scanned(0, note.to_field())
        };
        self.say(refused, at);
    }

    /// Notes how far its clock is off.
    pub(crate) fn tell_clock(&mut self, offset_millis: i64, at: Timestamp) {
        let note = ClockNote { offset_millis };
        let told = Said {
            kind: EntryKind::Clock,
            ..Said::scanned(0, note.to_field())
        };
        self.say(told, at);
    }

    /// Signs whatever it is told to say.
    pub(crate) fn say(&mut self, said: Said, at: Timestamp) {
        let Said {
            kind,
            serial,
            proof,
            flags,
            target,
        } = said;
        self.hlc = self.hlc.tick(at);
        let entry = Entry {
            seq: self.head.next_seq,
            hlc: self.hlc,
            kind,
            gate: self.gate,
            flags: self.flags.with(flags),
            serial,
            generation: u8::from(!matches!(kind, EntryKind::Refused | EntryKind::Clock)),
            proof,
            target,
        };
        let signed = SignedEntry::sign(&self.key, self.genesis.log_id(), &self.head, &entry);
        let (signed, head) = signed.expect("signed");
        self.entries.push(signed);
        self.head = head;
    }

    /// Its entries `from..to` as one catch-up segment.
    pub(crate) fn segment(&self, from: usize, to: usize) -> LogSegment {
        let bodies = self.entries[from..to]
            .iter()
            .map(|entry| entry.body.clone())
            .collect();
        let signature = self.entries[to - 1].signature.clone();
        LogSegment::new(self.genesis.log_id(), bodies, signature).expect("a segment")
    }

    /// Its whole log in segments of at most 512.
    pub(crate) fn all_segments(&self) -> Vec<LogSegment> {
        let starts = (0..self.entries.len()).step_by(512);
        starts
            .map(|from| self.segment(from, (from + 512).min(self.entries.len())))
            .collect()
    }

    pub(crate) fn vector(&self) -> LogVector {
        LogVector {
            log: self.genesis.log_id(),
            next_seq: self.head.next_seq,
            head: self.head.short(),
        }
    }

    /// Sends everything it has.
    pub(crate) async fn sync(&self, test: &TestApp) -> Synced {
        let segments = self.all_segments();
        self.send(
            test,
            vec![self.vector()],
            vec![self.genesis.clone()],
            segments,
        )
        .await
    }

    pub(crate) async fn send(
        &self,
        test: &TestApp,
        vector: Vec<LogVector>,
        geneses: Vec<Genesis>,
        segments: Vec<LogSegment>,
    ) -> Synced {
        let body = SyncRequest::V1 {
            now: NOW,
            held: [0; 4],
            report: self.report.clone(),
            vector,
            geneses,
            segments,
        };
        let answer = self.post(test, "/api/v1/gate/sync", &body).await;
        assert_eq!(
            answer.status,
            200,
            "{}",
            String::from_utf8_lossy(&answer.bytes)
        );
        let SyncResponse::V1 {
            now: _,
            vector,
            statements,
            geneses,
            segments,
            more,
            refused,
        } = SyncResponse::from_wire(&answer.bytes).expect("a sync answer");
        Synced {
            vector,
            statements,
            geneses,
            segments,
            more,
            refused,
        }
    }

    pub(crate) async fn post<T: serde::Serialize>(
        &self,
        test: &TestApp,
        path: &str,
        body: &T,
    ) -> Answer {
        let signed = SignedRequest::sign(&self.key, self.id, self.event, NOW, body);
        raw(test, path, signed.to_wire()).await
    }

    /// The snapshot that an answer carries, opened as a device opens it.
    pub(crate) fn manifest(&self, synced: &Synced) -> Opened<Manifest> {
        let root = self.root.as_ref().expect("enrolled");
        let signed = synced.statements.snapshot.as_ref().expect("a snapshot");
        let expected = Expected {
            kind: StatementKind::Snapshot,
            event: self.event,
            now: NOW,
            seen: None,
        };
        let opened = open::<Manifest>(signed, &root.body.snapshot, &expected).expect("a manifest");
        opened.body.check().expect("in bounds");
        opened
    }

    /// Fetches a manifest's segments of one kind and opens them.
    pub(crate) async fn fetch(
        &self,
        test: &TestApp,
        manifest: &Manifest,
        kind: SegmentKind,
    ) -> Vec<Segment> {
        let wanted: Vec<_> = manifest
            .segments
            .iter()
            .filter(|segment| segment.kind == kind)
            .collect();
        let body = SegmentsRequest::V1 {
            hashes: wanted.iter().map(|segment| segment.hash).collect(),
        };
        let answer = self.post(test, "/api/v1/gate/segments", &body).await;
        assert_eq!(answer.status, 200);
        let SegmentsResponse::V1 { segments } =
            from_wire(&answer.bytes, answer.bytes.len()).expect("segments");
        assert_eq!(segments.len(), wanted.len());
        segments
            .iter()
            .zip(wanted)
            .map(|((_, wire), reference)| Segment::open(reference, wire).expect("a good segment"))
            .collect()
    }

    /// The snapshot's row of a serial below 1024.
    pub(crate) async fn row(
        &self,
        test: &TestApp,
        manifest: &Manifest,
        serial: usize,
    ) -> TicketRow {
        let segments = self.fetch(test, manifest, SegmentKind::Tickets).await;
        let row = segments.iter().flat_map(Segment::rows).nth(serial);
        row.unwrap_or(TicketRow::EMPTY)
    }
}

pub(crate) async fn raw(test: &TestApp, path: &str, body: Vec<u8>) -> Answer {
    let request = Request::post(path)
        .header("content-type", "application/octet-stream")
        .body(Body::from(body))
        .expect("a request");
    test.send(request).await
}

pub(crate) fn genesis(
    event: EventId,
    device: DeviceId,
    key: &SigningKey,
    incarnation: u8,
) -> Genesis {
    Genesis {
        event,
        device,
        device_key: key.verifying_key().to_bytes(),
        incarnation: [incarnation; 16],
        app_version: "test 1".to_owned(),
    }
}
