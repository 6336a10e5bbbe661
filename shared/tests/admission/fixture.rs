//! One event with three gates and two classes, and a door that remembers whom it let in.

use ed25519_dalek::SigningKey;
use shared::admission::{
    AddOn, Answer, Direction, Facts, GateContext, Outcome, Presented, Reason, Turn, Verdict,
    decide, present,
};
use shared::ids::{ClassId, DeviceId, EventId, GateId};
use shared::log::{EntryKind, Hlc, LogId, TicketState, Use};
use shared::ticket::{Chain, Flags, Link, Payload, ScanCommitment, event_hint, sign, sign_chain};
use shared::time::Timestamp;
use shared::trust::{
    ClassPolicy, EntryLimit, GatePolicy, KeyStatus, Keyring, KeyringEntry, ListFlags, ListPolicy,
    Policy, Supervisors, TicketRow, TicketRowStatus, TrustedKeys,
};

pub(crate) const STANDARD: u8 = 0;
pub(crate) const VIP: u8 = 1;
/// Open to every class.
pub(crate) const GATE_A: u16 = 0;
/// Zone "floor": both classes.
pub(crate) const GATE_B: u16 = 1;
/// Zone "lounge": VIP only.
pub(crate) const GATE_C: u16 = 2;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub(crate) struct World {
    pub(crate) event: EventId,
    pub(crate) key: SigningKey,
    pub(crate) keyring: Keyring,
    pub(crate) policy: Policy,
}

impl World {
    /// In Saigon, UTC+7; tickets enter from 17:00 to 22:00 on 2 May 2026 unless they say otherwise.
    pub(crate) fn new() -> Self {
        let key = SigningKey::from_bytes(&[7; 32]);
        Self {
            event: EventId::from_bytes([0xE1; 16]),
            keyring: Keyring {
                keys: vec![key_entry(3, &key, KeyStatus::Active)],
            },
            key,
            policy: policy(),
        }
    }
    pub(crate) fn keys(&self) -> TrustedKeys {
        TrustedKeys::load(&self.keyring).expect("good keys")
    }
    pub(crate) fn text(&self, payload: &Payload) -> String {
        sign(&self.key, self.event, payload)
            .expect("signs")
            .to_digits()
    }
    /// The code of a step, from a phone whose chain has as many links as there can be.
    pub(crate) fn code(&self, payload: &Payload, step: u16) -> String {
        const SEED: Link = Link([0x5E; 16]);
        let chain = Chain::of(self.event, payload);
        let anchor = chain.walk(u16::MAX, 0, SEED);
        let signed = sign_chain(&self.key, self.event, payload, anchor).expect("signs");
        signed
            .show(step, chain.walk(u16::MAX, step, SEED))
            .to_digits()
    }
    pub(crate) fn present(&self, text: &str, now: &str) -> Presented {
        present(text, self.event, &self.keys(), at(now))
    }
    pub(crate) fn ticket(&self) -> Payload {
        Payload {
            kid: 3,
            serial: 48_213,
            generation: 1,
            class: STANDARD,
            zones: 0,
            // 2 May 2026, 17:00 and 22:00 in Saigon; the epoch is 1 May, 00:00 UTC.
            not_before: 34 * 4,
            not_after: 39 * 4,
            flags: Flags::NONE,
            seat: None,
            hint: event_hint(self.event),
        }
    }
}

pub(crate) fn key_entry(kid: u8, key: &SigningKey, status: KeyStatus) -> KeyringEntry {
    KeyringEntry {
        kid,
        public_key: key.verifying_key().to_bytes(),
        serial_first: 0,
        serial_last: 99_999,
        not_before: at("2026-04-01T00:00:00Z"),
        not_after: at("2026-06-01T00:00:00Z"),
        status,
    }
}

fn policy() -> Policy {
    let gate = |number: u8, name: &str, zones| GatePolicy {
        id: GateId::from_bytes([number; 16]),
        name: name.to_owned(),
        zones,
        list: None,
    };
    let class = |number: u8, name: &str, zones| ClassPolicy {
        id: ClassId::from_bytes([number; 16]),
        name: name.to_owned(),
        zones,
        note: String::new(),
        strict: false,
    };
    Policy {
        title: "Night of Lanterns".to_owned(),
        timezone: "Asia/Ho_Chi_Minh".to_owned(),
        language: "en".to_owned(),
        epoch: at("2026-05-01T00:00:00Z"),
        starts: at("2026-05-02T11:00:00Z"),
        ends: at("2026-05-02T16:00:00Z"),
        doors: None,
        serial_max: 49_999,
        zones: vec!["floor".to_owned(), "lounge".to_owned()],
        classes: vec![class(1, "Standard", 0b01), class(2, "VIP", 0b11)],
        gates: vec![
            gate(0xA0, "Gate A", 0),
            gate(0xB0, "Gate B", 0b01),
            gate(0xC0, "Gate C", 0b10),
        ],
        early_tolerance_secs: 0,
        late_tolerance_secs: 0,
        amber_after_secs: 3_600,
        red_after_secs: 7 * 86_400,
        rules: Vec::new(),
        lists: Vec::new(),
        questions: Vec::new(),
        supervisors: Supervisors::default(),
    }
}

/// A list that admits everybody as often as they like.
pub(crate) fn list(name: &str) -> ListPolicy {
    ListPolicy {
        name: name.to_owned(),
        classes: None,
        entries: EntryLimit::Unlimited,
        flags: ListFlags::default(),
        check_out_secs: None,
        rules: Vec::new(),
    }
}

pub(crate) fn row(status: TicketRowStatus) -> TicketRow {
    TicketRow {
        status,
        generation: 1,
        class: STANDARD,
        flags: 0,
        seat: 0,
        commitment: ScanCommitment([0; 8]),
    }
}

/// A gate's device: decides, and remembers what it let in and out.
pub(crate) struct Door {
    pub(crate) world: World,
    pub(crate) row: Option<TicketRow>,
    pub(crate) state: TicketState,
    pub(crate) gate: Option<u16>,
    pub(crate) snapshot_created: Timestamp,
    pub(crate) evicted: bool,
    pub(crate) turn: Turn,
    pub(crate) asks: bool,
    pub(crate) correction_ms: i64,
    /// What the guest says to questions.
    pub(crate) answers: Vec<Answer>,
    /// What was added to the ticket that is shown.
    pub(crate) add_ons: Vec<AddOn>,
    /// Admissions that are told of and not counted.
    pub(crate) suspects: Vec<Use>,
    /// Entries written, as a scanner would queue them.
    pub(crate) written: u32,
}

impl Door {
    pub(crate) fn new(world: World) -> Self {
        Self {
            world,
            row: Some(row(TicketRowStatus::Active)),
            state: TicketState::default(),
            gate: Some(GATE_A),
            snapshot_created: at("2026-05-02T09:00:00Z"),
            evicted: false,
            turn: Turn::default(),
            asks: true,
            correction_ms: 0,
            answers: Vec::new(),
            add_ons: Vec::new(),
            suspects: Vec::new(),
            written: 0,
        }
    }
    pub(crate) fn with_rule(text: &str) -> Self {
        let mut door = Self::new(World::new());
        door.world.policy.rules = vec![("House rule".to_owned(), text.to_owned())];
        door
    }
    /// All gates belong to this list.
    pub(crate) fn on_list(list: ListPolicy) -> Self {
        let mut door = Self::new(World::new());
        door.world.policy.lists = vec![list];
        for gate in &mut door.world.policy.gates {
            gate.list = Some(0);
        }
        door
    }
    /// On a list for many entries, under one rule.
    pub(crate) fn many_with_rule(text: &str) -> Self {
        let mut list = list("Passes");
        list.rules = vec![("House rule".to_owned(), text.to_owned())];
        Self::on_list(list)
    }
    pub(crate) fn decide(&self, presented: &Presented, direction: Direction, now: &str) -> Verdict {
        let facts = Facts {
            row: self.row.as_ref(),
            state: (!self.state.uses().is_empty()).then_some(&self.state),
            suspects: &self.suspects,
            seat: Some("A-12"),
            holder: Some("An Nguyen"),
            turn: self.turn,
            answers: &self.answers,
            add_ons: &self.add_ons,
        };
        let context = GateContext {
            gate: self.gate,
            direction,
            snapshot_created: self.snapshot_created,
            evicted: self.evicted,
            asks: self.asks,
            correction_ms: self.correction_ms,
        };
        decide(presented, &facts, &self.world.policy, &context, at(now))
    }
    /// Text to verdict; what is admitted is remembered.
    pub(crate) fn scan(&mut self, text: &str, direction: Direction, now: &str) -> Verdict {
        let presented = self.world.present(text, now);
        let verdict = self.decide(&presented, direction, now);
        if let (Outcome::Admit, Presented::Ticket { payload, token }) = (verdict.verdict, presented)
        {
            self.turn.last_step = token.step().or(self.turn.last_step);
            let kind = match direction {
                Direction::In => EntryKind::Admit,
                Direction::Out => EntryKind::Exit,
            };
            self.record(kind, self.gate.unwrap_or(0), payload.generation, now);
        }
        verdict
    }
    pub(crate) fn record(&mut self, kind: EntryKind, gate: u16, generation: u8, now: &str) {
        self.state.insert(Use {
            hlc: Hlc::default().tick(at(now)),
            log: LogId([1; 16]),
            seq: self.written,
            kind,
            device: DeviceId::from_bytes([1; 16]),
            gate,
            generation,
            target: None,
        });
        self.written += 1;
    }
    pub(crate) fn enter(&mut self, ticket: &Payload, now: &str) -> Verdict {
        let text = self.world.text(ticket);
        self.scan(&text, Direction::In, now)
    }
    pub(crate) fn leave(&mut self, ticket: &Payload, now: &str) -> Verdict {
        let text = self.world.text(ticket);
        self.scan(&text, Direction::Out, now)
    }
}

/// The verdict and reason of the contract, with the other reasons.
#[track_caller]
pub(crate) fn assert_refused(verdict: &Verdict, reason: Reason, also: &[Reason]) {
    assert_eq!(verdict.verdict, Outcome::Refuse, "{verdict:#?}");
    assert_eq!(verdict.reason, reason, "{verdict:#?}");
    assert_eq!(verdict.also, also, "{verdict:#?}");
    assert!(!verdict.durable);
}

#[track_caller]
pub(crate) fn assert_admitted(verdict: &Verdict) {
    assert_eq!(verdict.verdict, Outcome::Admit, "{verdict:#?}");
    assert_eq!(verdict.reason, Reason::Ok, "{verdict:#?}");
    assert_eq!(verdict.also, []);
}
