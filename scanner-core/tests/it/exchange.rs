//! How the fake server answers: enrolment, sync, segments.

use std::collections::BTreeMap;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, VerifyingKey};
use scanner_core::TransportError;
use shared::api::gate::{DeviceRole, EnrolRequest, EnrolResponse};
use shared::ids::DeviceId;
use shared::log::{Genesis, LogSegment};
use shared::sync::{
    Answered, AnswersRequest, AnswersResponse, CheckpointRequest, CheckpointResponse, LogVector,
    ScanKeysRequest, ScanKeysResponse, SegmentsRequest, SegmentsResponse, SignedRequest,
    StatementSet, SyncRequest, SyncResponse,
};
use shared::trust::enrolment::{enrolment_message, transcript_code};
use shared::trust::{Checkpoint, RootPin, RosterEntry, Signed, Statement, StatementKind, seal};

use crate::server::{CODE, DAY, Log, Server, header};

impl Server {
    pub(crate) fn enrol(
        &mut self,
        request: &EnrolRequest,
    ) -> Result<EnrolResponse, TransportError> {
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
        if self.roster.by_key(&public).is_some() && self.code.is_some() {
            return Err(refused(409, "key_in_use"));
        }
        let Some(device) = self.code.take().filter(|_| request.code == CODE) else {
            return Err(refused(409, "enrolment_code_used"));
        };
        self.roster.devices.push(RosterEntry {
            device,
            name: format!("Kiosk {}", self.roster.devices.len() + 1),
            public_key: public,
            gate: self.policy.gates[0].id,
            zones: 0,
            role: DeviceRole::Kiosk,
            attended: self.attended,
            not_after: self.now.plus_secs(30 * DAY),
            cut: None,
            adopted: Vec::new(),
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
            transcript_code: transcript_code(
                &self.nonce,
                CODE,
                &public,
                RootPin::of(&self.roots[0]),
            ),
            awaiting_confirmation: false,
            root: BASE64.encode(&self.roots[0].to_wire()),
        })
    }

    /// With the roster that says so.
    fn evicted(&self) -> TransportError {
        let roster = self.roster_signed.last().expect("a roster").to_wire();
        TransportError::Refused {
            status: 403,
            code: "device_evicted".to_owned(),
            message: "This device was removed from the event.".to_owned(),
            details: BTreeMap::from([("roster".to_owned(), BASE64.encode(&roster))]),
        }
    }

    pub(crate) fn sync(&mut self, request: &SignedRequest) -> Result<SyncResponse, TransportError> {
        let entry = self.roster.by_device(request.device);
        let entry = entry.ok_or_else(|| refused(401, "unknown_device"))?;
        if entry.is_evicted() {
            return Err(self.evicted());
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
            // One version after the other: each is trusted through the one before.
            root: usize::try_from(held[0])
                .ok()
                .and_then(|held| self.roots.get(held).cloned()),
            keyring: newest(&self.keyrings, held[1]),
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

    pub(crate) fn give_scan_keys(&self, request: &SignedRequest) -> Option<ScanKeysResponse> {
        let entry = self.roster.by_device(request.device).expect("enrolled");
        let public = VerifyingKey::from_bytes(&entry.public_key).expect("a key");
        let ScanKeysRequest::V1 {} = request.open(&public).expect("signed");
        let keys = self.scan_keys.as_ref()?.iter();
        Some(ScanKeysResponse::V1 {
            keys: keys.map(|key| self.wrapped(entry, key)).collect(),
        })
    }

    pub(crate) fn give_checkpoint(&self, request: &SignedRequest) -> CheckpointResponse {
        let entry = self.roster.by_device(request.device).expect("enrolled");
        let public = VerifyingKey::from_bytes(&entry.public_key).expect("a key");
        let CheckpointRequest::V1 {} = request.open(&public).expect("signed");
        let checkpoint = self.checkpoint.clone();
        CheckpointResponse::V1 { checkpoint }
    }

    pub(crate) fn segments(&self, request: &SignedRequest) -> SegmentsResponse {
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
}

impl Server {
    /// Keeps answers that come with an entry that is here, as the real one does.
    pub(crate) fn answers(&mut self, request: &SignedRequest) -> AnswersResponse {
        let entry = self.roster.by_device(request.device).expect("enrolled");
        let public = VerifyingKey::from_bytes(&entry.public_key).expect("a key");
        let body = request.verify(&public).expect("signed");
        let AnswersRequest::V1 { answered } = AnswersRequest::from_wire(body).expect("in bounds");
        let mut kept = Vec::new();
        for Answered { log, seq, answers } in answered {
            let is_here = self.logs.get(&log).is_some_and(|of| seq < of.head.next_seq);
            if is_here && self.takes_answers {
                self.answers.insert((log, seq), answers);
                kept.push((log, seq));
            }
        }
        AnswersResponse::V1 { kept }
    }
}

impl Server {
    /// Signs off where the logs end, as two authorities do after the event.
    pub(crate) fn sign_off(&mut self) {
        let logs = self.logs.iter().map(|(log, of)| (*log, of.head));
        let body = Checkpoint {
            roster_version: self.roster_signed.len() as u64,
            snapshot_version: self.snapshots.len() as u64,
            logs: logs.collect(),
        };
        self.sign_off_as(body);
    }

    pub(crate) fn sign_off_as(&mut self, body: Checkpoint) {
        let previous = self.checkpoint.as_ref();
        let version = previous.map_or(0, |of| of.version().expect("a version")) + 1;
        let kind = StatementKind::Checkpoint;
        let previous = previous.map(Signed::hash);
        let statement = Statement {
            header: header(self.now, kind, self.event, version, previous),
            body,
        };
        let signed = seal(&statement, &[&self.roster_key, &self.snapshot_key]);
        self.checkpoint = Some(signed.expect("a checkpoint"));
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
}

pub(crate) fn refused(status: u16, code: &str) -> TransportError {
    TransportError::Refused {
        status,
        code: code.to_owned(),
        message: code.replace('_', " "),
        details: BTreeMap::new(),
    }
}
