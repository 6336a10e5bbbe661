//! From text to decision: `cargo bench -p shared --bench decide`.
//!
//! Operations take turns in short rounds, and the figure is the tenth percentile of the rounds: on a
//! busy machine most rounds also measure the neighbours. The ratio to `verify_strict` is what compares
//! between machines.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "measuring time and telling the result is what this is for"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use shared::admission::{Direction, Facts, GateContext, Outcome, decide, present};
use shared::ids::{ClassId, DeviceId, EventId, GateId};
use shared::limits::LOG_SEGMENT_ENTRIES_MAX;
use shared::log::{
    DecisionFlags, Entry, EntryKind, EventState, Genesis, Hlc, LogHead, LogId, LogSegment,
    SignedEntry, TicketState, Use,
};
use shared::ticket::{Flags, Payload, ScanCommitment, ScanProof, Token, event_hint, sign};
use shared::time::Timestamp;
use shared::trust::{
    ClassPolicy, GatePolicy, KeyStatus, Keyring, KeyringEntry, Policy, Supervisors, TicketRow,
    TicketRowStatus, TrustedKeys,
};

const ROUNDS: usize = 400;
const ROUND: Duration = Duration::from_millis(1);
const FOLD_ENTRIES: u32 = 1_000_000;
const FOLD_TICKETS: u32 = 200_000;
const NOW: Timestamp = Timestamp::from_millis(1_777_719_600_000);

fn main() {
    let gate = Gate::new();
    gate.check();
    let mut cases: Vec<Case<'_>> = gate.cases();
    for case in &mut cases {
        case.warm_up();
    }
    for _ in 0..ROUNDS {
        for case in &mut cases {
            case.round();
        }
    }
    let unit = cases[0].figure();
    println!("{:<34} {:>10} {:>8}", "operation", "ns", "ratio");
    for case in &cases {
        let figure = case.figure();
        println!("{:<34} {figure:>10.0} {:>8.3}", case.name, figure / unit);
    }
    let links = f64::from(u32::try_from(LOG_SEGMENT_ENTRIES_MAX).expect("small"));
    let segment = cases.last().expect("cases").figure();
    println!(
        "\ncatch-up: {:.0} entries/s verified",
        links * 1e9 / segment
    );
    fold();
}

/// One operation and how long it took, in nanoseconds, in each round.
struct Case<'a> {
    name: &'static str,
    run: Box<dyn Fn() + 'a>,
    batch: u32,
    rounds: Vec<f64>,
}

impl<'a> Case<'a> {
    fn new(name: &'static str, run: impl Fn() + 'a) -> Self {
        Self {
            name,
            run: Box::new(run),
            batch: 1,
            rounds: Vec::new(),
        }
    }
    /// Finds how often it runs in a round.
    fn warm_up(&mut self) {
        loop {
            let spent = self.time();
            if spent >= ROUND {
                break;
            }
            self.batch *= 2;
        }
        self.batch = (self.batch / 2).max(1);
    }
    fn round(&mut self) {
        let spent = self.time();
        self.rounds
            .push(spent.as_secs_f64() * 1e9 / f64::from(self.batch));
    }
    fn time(&self) -> Duration {
        let start = Instant::now();
        for _ in 0..self.batch {
            (self.run)();
        }
        start.elapsed()
    }
    fn figure(&self) -> f64 {
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 10]
    }
}

/// A gate with one good ticket, used and unused.
struct Gate {
    event: EventId,
    keys: TrustedKeys,
    policy: Policy,
    text: String,
    token: Token,
    public_key: VerifyingKey,
    row: TicketRow,
    used: TicketState,
    device: SigningKey,
    log: LogId,
    head: LogHead,
    entry: Entry,
    segment: LogSegment,
    segment_key: VerifyingKey,
}

impl Gate {
    fn new() -> Self {
        let event = EventId::from_bytes([0xE1; 16]);
        let key = SigningKey::from_bytes(&[7; 32]);
        let payload = ticket(event);
        let token = sign(&key, event, &payload).expect("signs");
        let keyring = Keyring {
            keys: vec![KeyringEntry {
                kid: 3,
                public_key: key.verifying_key().to_bytes(),
                serial_first: 0,
                serial_last: 1_000_000,
                not_before: Timestamp::UNIX_EPOCH,
                not_after: NOW.plus_secs(86_400),
                status: KeyStatus::Active,
            }],
        };
        let device = SigningKey::from_bytes(&[9; 32]);
        let genesis = genesis(event, &device);
        let (log, head) = (genesis.log_id(), genesis.head());
        let entry = entry(0, payload.serial, EntryKind::Admit);
        let mut used = TicketState::default();
        let first = Use::of(log, genesis.device, &entry).expect("an admission");
        used.insert(first);
        Self {
            event,
            keys: TrustedKeys::load(&keyring).expect("good keys"),
            policy: policy(),
            text: token.to_digits(),
            token,
            public_key: key.verifying_key(),
            row: row(),
            used,
            segment: segment(&device, log, head),
            segment_key: device.verifying_key(),
            device,
            log,
            head,
            entry,
        }
    }

    fn decide(&self, state: Option<&TicketState>) -> Outcome {
        let presented = present(&self.text, self.event, &self.keys, NOW);
        let facts = Facts {
            row: Some(&self.row),
            state,
            seat: Some("A-12"),
            holder: None,
            ..Facts::default()
        };
        let context = GateContext {
            gate: Some(1),
            direction: Direction::In,
            snapshot_created: NOW.plus_secs(-60),
            evicted: false,
            asks: true,
            correction_ms: 0,
        };
        decide(&presented, &facts, &self.policy, &context, NOW).verdict
    }

    fn sign_entry(&self) -> SignedEntry {
        let signed = SignedEntry::sign(&self.device, self.log, &self.head, &self.entry);
        signed.expect("signs").0
    }

    /// What is measured is what is meant.
    fn check(&self) {
        assert_eq!(self.decide(None), Outcome::Admit);
        assert_eq!(self.decide(Some(&self.used)), Outcome::Refuse);
        assert!(self.segment.verify(&self.segment_key, &self.head).is_ok());
    }

    /// The first is the unit, the last the segment.
    fn cases(&self) -> Vec<Case<'_>> {
        let bytes = self.token.as_bytes();
        let message = [
            b"TKT1.static\0",
            self.event.as_bytes().as_slice(),
            &bytes[..19],
        ]
        .concat();
        let signature = Signature::from_slice(&bytes[19..]).expect("64 bytes");
        let key = self.public_key;
        vec![
            Case::new("verify_strict", move || {
                black_box(key.verify_strict(black_box(&message), &signature)).expect("holds");
            }),
            Case::new("202 digits to token", || {
                black_box(Token::from_digits(black_box(&self.text))).expect("reads");
            }),
            Case::new("present", || {
                black_box(present(black_box(&self.text), self.event, &self.keys, NOW));
            }),
            Case::new("present + decide, admit", || {
                black_box(self.decide(None));
            }),
            Case::new("present + decide, already used", || {
                black_box(self.decide(Some(&self.used)));
            }),
            Case::new("sign entry", || {
                black_box(self.sign_entry());
            }),
            Case::new("scan: present + decide + sign", || {
                black_box(self.decide(None));
                black_box(self.sign_entry());
            }),
            Case::new("chain link", || {
                black_box(self.head.append(self.log, black_box(&self.entry))).expect("extends");
            }),
            Case::new("segment of 512, verified", || {
                black_box(self.segment.verify(&self.segment_key, &self.head)).expect("verifies");
            }),
        ]
    }
}

/// Folds a million entries of 200,000 tickets; time and memory for each.
fn fold() {
    let before = resident_bytes();
    let log = LogId([1; 16]);
    let device = DeviceId::from_bytes([1; 16]);
    let mut state = EventState::default();
    let start = Instant::now();
    for seq in 0..FOLD_ENTRIES {
        // Scattered, as guests come.
        let serial = seq.wrapping_mul(2_654_435_761) % FOLD_TICKETS;
        state.apply(log, device, &entry(seq, serial, EntryKind::Admit));
    }
    let spent = start.elapsed();
    let per_entry = |total: f64| total / f64::from(FOLD_ENTRIES);
    println!(
        "fold: {:.0} entries/s, {:.0} bytes an entry",
        1e9 / per_entry(spent.as_secs_f64() * 1e9),
        per_entry(resident_bytes() - before)
    );
    let start = Instant::now();
    black_box(state.digest());
    println!(
        "digest of {FOLD_ENTRIES} entries: {:.0} ms",
        start.elapsed().as_secs_f64() * 1e3
    );
}

/// Linux only; elsewhere nothing is counted.
fn resident_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0
}

fn ticket(event: EventId) -> Payload {
    Payload {
        kid: 3,
        serial: 48_213,
        generation: 1,
        class: 0,
        zones: 0,
        not_before: 0,
        not_after: 400,
        flags: Flags::SEAT,
        seat: Some(12),
        hint: event_hint(event),
    }
}

fn entry(seq: u32, serial: u32, kind: EntryKind) -> Entry {
    Entry {
        seq,
        hlc: Hlc::default().tick(NOW.plus_millis(i64::from(seq))),
        kind,
        gate: 1,
        flags: DecisionFlags::default(),
        serial,
        generation: 1,
        proof: ScanProof([7; 8]),
        target: None,
    }
}

fn genesis(event: EventId, device: &SigningKey) -> Genesis {
    Genesis {
        event,
        device: DeviceId::from_bytes([9; 16]),
        device_key: device.verifying_key().to_bytes(),
        incarnation: [9; 16],
        app_version: "0.1.0".to_owned(),
    }
}

fn segment(device: &SigningKey, log: LogId, mut head: LogHead) -> LogSegment {
    let mut bodies = Vec::new();
    let mut signature = Vec::new();
    for seq in 0..u32::try_from(LOG_SEGMENT_ENTRIES_MAX).expect("small") {
        let entry = entry(seq, seq, EntryKind::Admit);
        let (signed, after) = SignedEntry::sign(device, log, &head, &entry).expect("signs");
        head = after;
        bodies.push(signed.body);
        signature = signed.signature;
    }
    LogSegment::new(log, bodies, signature).expect("a good segment")
}

fn row() -> TicketRow {
    TicketRow {
        status: TicketRowStatus::Active,
        generation: 1,
        class: 0,
        flags: 0,
        seat: 12,
        commitment: ScanCommitment([0; 8]),
    }
}

fn policy() -> Policy {
    let gate = |number: u8, name: &str| GatePolicy {
        id: GateId::from_bytes([number; 16]),
        name: name.to_owned(),
        zones: u16::from(number),
        list: None,
    };
    Policy {
        title: "Night of Lanterns".to_owned(),
        timezone: "Asia/Ho_Chi_Minh".to_owned(),
        language: "en".to_owned(),
        epoch: NOW.plus_secs(-86_400),
        starts: NOW,
        ends: NOW.plus_secs(18_000),
        doors: None,
        serial_max: 1_000_000,
        zones: vec!["floor".to_owned()],
        classes: vec![ClassPolicy {
            id: ClassId::from_bytes([1; 16]),
            name: "Standard".to_owned(),
            zones: 1,
            note: String::new(),
            strict: false,
        }],
        gates: vec![gate(0, "Gate A"), gate(1, "Gate B")],
        early_tolerance_secs: 0,
        late_tolerance_secs: 0,
        amber_after_secs: 3_600,
        red_after_secs: 86_400,
        rules: Vec::new(),
        lists: Vec::new(),
        questions: Vec::new(),
        supervisors: Supervisors::default(),
    }
}
