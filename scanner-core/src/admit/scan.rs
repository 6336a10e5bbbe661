//! From a reading to a verdict that may be shown.

use shared::admission::overrule::confirm;
use shared::admission::{
    Answer, Direction, Facts, GateContext, Outcome, Presented, Reason, Verdict, decide,
    refuse_on_old_news,
};
use shared::log::{DecisionFlags, Entry, Hlc, LogHead, SignedEntry};
use shared::ticket::{Payload, ScanProof, Token};
use shared::time::Timestamp;

use super::answering;
use super::correction::CLOCK_SURE_MS;
use super::scanner::Scanner;
use super::shown::{Evidence, Fact, Shown};
use super::unable::{refusal, refuse_all, unreachable_answer};
use super::{Reading, ScanOptions, Scanned};
use crate::chip::Chip;
use crate::error::Cause;
use crate::input;

/// Readings that one commit may cover.
const GROUP_MAX: usize = 256;
/// A server heard within this time counts as heard.
const HEARD_SECS: i64 = 60;
const NO_LIST: &str = "This device has no ticket list yet. Connect it and sync.";
/// An entry's gate when the policy does not know the device's gate.
const NO_GATE: u16 = u16::MAX;

/// An entry that is signed, but not yet written.
struct Staged {
    at: usize,
    seq: u32,
    entry: SignedEntry,
    /// In their normal form.
    answers: Vec<Answer>,
    shown: Option<(Payload, Token)>,
}

impl Scanner {
    /// Decides about one reading. An admission is on disk when this returns.
    pub fn scan(&mut self, reading: &Reading, options: ScanOptions) -> Scanned {
        self.scan_answered(reading, options, &[])
    }

    /// The same with what the guest said to the questions of an earlier scan. Answers that are good
    /// are on disk with the admission, and go to the server with the next sync.
    pub fn scan_answered(
        &mut self,
        reading: &Reading,
        options: ScanOptions,
        given: &[Answer],
    ) -> Scanned {
        let mut scanned = self.scan_chunk(std::slice::from_ref(reading), options, given);
        // One reading, one answer.
        scanned
            .pop()
            .unwrap_or_else(|| unreachable_answer(self.edge.clock.now()))
    }

    /// Decides about readings that wait together, in order, under one commit: one fsync for all.
    /// More than 256 are split into several commits.
    pub fn scan_group(&mut self, readings: &[Reading], options: ScanOptions) -> Vec<Scanned> {
        readings
            .chunks(GROUP_MAX)
            .flat_map(|chunk| self.scan_chunk(chunk, options, &[]))
            .collect()
    }

    /// Decides about a wristband or card at a chip reader (T7): by the ticket in its memory, else by
    /// its number, as a medium. As `scan`.
    pub fn scan_chip(&mut self, chip: &Chip, options: ScanOptions) -> Scanned {
        self.scan_chip_answered(chip, options, &[])
    }

    /// The same with what the guest said. As `scan_answered`.
    pub fn scan_chip_answered(
        &mut self,
        chip: &Chip,
        options: ScanOptions,
        given: &[Answer],
    ) -> Scanned {
        let number = [Reading::from(chip.uid.to_hex())];
        let mut scanned = self.scan_each(&number, options, given, |scanner, _, now| {
            Ok(Shown::scanned(scanner.present_chip(chip, now)))
        });
        scanned
            .pop()
            .unwrap_or_else(|| unreachable_answer(self.edge.clock.now()))
    }

    fn scan_chunk(
        &mut self,
        readings: &[Reading],
        options: ScanOptions,
        given: &[Answer],
    ) -> Vec<Scanned> {
        self.scan_each(readings, options, given, Self::look_at)
    }

    fn scan_each(
        &mut self,
        readings: &[Reading],
        options: ScanOptions,
        given: &[Answer],
        look: impl Fn(&mut Self, &Reading, Timestamp) -> Result<Shown, Cause>,
    ) -> Vec<Scanned> {
        let started = self.edge.clock.monotonic_micros();
        let now = self.edge.clock.now();
        if let Err(cause) = self.freshen() {
            return refuse_all(readings.len(), now, cause);
        }
        let mut scans = Vec::with_capacity(readings.len());
        let mut staged = Vec::new();
        let mut tip = None;
        for (at, reading) in readings.iter().enumerate() {
            let mut shown = match look(self, reading, now) {
                Ok(shown) => shown,
                Err(cause) => return self.fail_all(readings.len(), now, cause),
            };
            let mut verdict = self.decide_about(reading, &mut shown, options, given, now);
            let held = self.claim_first(&mut verdict, options);
            let fact = self.admission(shown.evidence, &verdict, options.direction);
            if let (Outcome::Admit, Some(fact)) = (verdict.verdict, fact) {
                let fact = fact.after(&verdict, options);
                match self.stage(fact, options, now, &mut tip) {
                    Ok((seq, entry)) => staged.push(Staged {
                        at,
                        seq,
                        entry,
                        answers: self.good_answers(&verdict, options, given),
                        shown: shown.code(),
                    }),
                    Err(cause) => return self.fail_all(readings.len(), now, cause),
                }
            }
            if !input::is_blank(&reading.text) {
                let gate = self.gate(options).unwrap_or(NO_GATE);
                self.refusals.count(gate, &verdict);
            }
            scans.push(Scanned {
                notes: self.notes(&verdict, held),
                questions: self.questions(&verdict, given),
                verdict,
                error: None,
            });
        }
        if let Err(cause) = self.commit(&staged, tip) {
            return self.fail_all(readings.len(), now, cause);
        }
        for Staged { at, shown, .. } in staged {
            if let Some((payload, token)) = shown {
                self.rotation.used(&payload, &token, now);
            }
            scans[at].verdict.durable = true;
        }
        let us = self.edge.clock.monotonic_micros().saturating_sub(started);
        for scanned in &mut scans {
            scanned.verdict.us = us;
        }
        scans
    }

    /// For staff: why this device held the ticket up, about the ticket, about its class.
    fn notes(&self, verdict: &Verdict, held: Option<&str>) -> Vec<String> {
        let own = verdict.serial.map(|serial| self.book.notes(serial));
        let held = held.map(str::to_owned).into_iter();
        held.chain(own.unwrap_or_default()).collect()
    }

    /// The verdict on a reading; a medium stands for its ticket, and is noted in `shown`.
    pub(super) fn decide_about(
        &mut self,
        reading: &Reading,
        shown: &mut Shown,
        options: ScanOptions,
        given: &[Answer],
        now: Timestamp,
    ) -> Verdict {
        let nothing = Presented::Refused(Reason::NotATicket);
        if shown.presented == nothing
            && shown.words.is_none()
            && let Some((mut verdict, proof)) = self.judge_medium(reading, options, given, now)
        {
            shown.evidence = Evidence::Medium(proof);
            if options.confirmed {
                confirm(&mut verdict, self.language());
            }
            return verdict;
        }
        self.decide_on(shown, options, given, now)
    }

    /// The verdict on what was shown, with the words for it. Nothing is written.
    pub(super) fn decide_on(
        &mut self,
        shown: &Shown,
        options: ScanOptions,
        given: &[Answer],
        now: Timestamp,
    ) -> Verdict {
        let presented = &shown.presented;
        self.take_note(presented, now);
        let mut verdict = self.judge(presented, options, given, now);
        let is_weak = matches!(shown.evidence, Evidence::Typed(_) | Evidence::Nothing);
        let is_stale = self.flags(now).contains(DecisionFlags::SNAPSHOT_STALE);
        if is_weak && is_stale && options.direction == Direction::In {
            refuse_on_old_news(&mut verdict, self.language());
        }
        if options.confirmed {
            confirm(&mut verdict, self.language());
        }
        self.rotation.ask(presented, &verdict, now);
        if verdict.reason == Reason::BadSignature && self.not_genuine {
            self.not_genuine().clone_into(&mut verdict.explanation);
        }
        if let (Presented::Refused(reason), Some(words)) = (presented, &shown.words)
            && verdict.reason == *reason
        {
            words.clone_into(&mut verdict.explanation);
        }
        verdict
    }

    /// Signs and writes one entry, durably; for what is no scan.
    pub(super) fn record(
        &mut self,
        fact: Fact,
        options: ScanOptions,
        now: Timestamp,
    ) -> Result<(), Cause> {
        let mut tip = None;
        let written = self
            .stage(fact, options, now, &mut tip)
            .and_then(|(seq, entry)| {
                let staged = Staged {
                    at: 0,
                    seq,
                    entry,
                    answers: Vec::new(),
                    shown: None,
                };
                self.commit(&[staged], tip)
            });
        if written.is_err() {
            self.distrust_memory();
        }
        written
    }

    /// What a ticket in hand tells, whatever the verdict will be: which entries of others are about
    /// it, and what time its holder's phone has.
    pub(super) fn take_note(&mut self, presented: &Presented, now: Timestamp) {
        let Presented::Ticket { payload, token } = presented else {
            return;
        };
        let event = self.identity.event;
        let proof = || ScanProof::of_token(event, token);
        self.book.settle(payload.serial, payload.generation, proof);
        if let Some(snapshot) = &self.book.snapshot {
            let epoch = snapshot.policy.epoch;
            self.rotation
                .note(self.cache.dir(), payload, token, epoch, now);
        }
    }

    fn judge(
        &self,
        presented: &Presented,
        options: ScanOptions,
        given: &[Answer],
        now: Timestamp,
    ) -> Verdict {
        let Some(snapshot) = &self.book.snapshot else {
            return refusal(now, Reason::SnapshotTooOld, NO_LIST);
        };
        if let Some(unready) = self.unready(now) {
            return unready;
        }
        let row;
        let state;
        let add_ons;
        let suspects;
        let mut facts = Facts {
            answers: given,
            ..Facts::default()
        };
        if let Presented::Ticket { payload, .. } | Presented::Found { payload } = presented {
            row = self.book.row(payload.serial);
            state = self.book.state.ticket(payload.serial);
            add_ons = self.book.add_ons(payload.serial);
            suspects = self.book.suspects.of(payload.serial);
            facts.add_ons = &add_ons;
            facts.suspects = &suspects;
            facts.row = row.as_ref();
            facts.state = state.as_ref();
            facts.seat = payload.seat.and_then(|seat| self.book.seats.get(seat));
            facts.holder = self.book.holders.get(payload.serial);
        }
        if let Presented::Ticket { payload, token } = presented {
            facts.turn =
                self.rotation
                    .turn(payload, token, &self.book.sync, options.confirmed, now);
        }
        let gate = self.context(options, snapshot.created, now);
        decide(presented, &facts, &snapshot.policy, &gate, now)
    }

    /// Why this device can judge nothing.
    pub(super) fn unready(&self, now: Timestamp) -> Option<Verdict> {
        let why = if self.book.snapshot.is_none() {
            NO_LIST
        } else if self.book.rolled_back {
            "The ticket list on this device is older than one it already had. Connect it and sync."
        } else {
            return None;
        };
        Some(refusal(now, Reason::SnapshotTooOld, why))
    }

    pub(super) fn context(
        &self,
        options: ScanOptions,
        snapshot_created: Timestamp,
        now: Timestamp,
    ) -> GateContext {
        GateContext {
            gate: self.gate(options),
            direction: options.direction,
            snapshot_created,
            evicted: self
                .book
                .is_evicted(self.identity.device, self.corrected(now)),
            asks: self.is_attended(),
            correction_ms: self.correction.ms(now),
        }
    }

    /// The sentence after a second identical reading; the first one asks to show it again.
    fn not_genuine(&self) -> &'static str {
        if self.language().starts_with("vi") {
            "Vé này không phải vé thật. Vui lòng đến quầy vé."
        } else {
            "This ticket is not genuine. Please go to the ticket desk."
        }
    }

    /// Somebody stands here; believed until the roster says otherwise.
    pub(super) fn is_attended(&self) -> bool {
        let listed = self.book.device(self.identity.device);
        listed.is_none_or(|of| of.attended)
    }

    /// The event's; none before the first snapshot.
    pub(super) fn language(&self) -> &str {
        let snapshot = self.book.snapshot.as_ref();
        snapshot.map_or("", |of| of.policy.language.as_str())
    }

    fn gate(&self, options: ScanOptions) -> Option<u16> {
        options.gate.or_else(|| self.own_gate())
    }

    /// Where this device stands, by the roster or else by its enrolment.
    pub(crate) fn own_gate(&self) -> Option<u16> {
        let listed = self.book.device(self.identity.device);
        self.book
            .gate_index(listed.map_or(self.identity.gate, |of| of.gate))
    }

    /// Signs the entry on top of `tip` and folds it in, so that the next reading of the same
    /// group sees it. Undone by `fail_all`.
    fn stage(
        &mut self,
        fact: Fact,
        options: ScanOptions,
        now: Timestamp,
        tip: &mut Option<(LogHead, Hlc)>,
    ) -> Result<(u32, SignedEntry), Cause> {
        let gate = self.gate(options).unwrap_or(NO_GATE);
        let flags = self.flags(now).with(fact.flags);
        self.open_log()?;
        let log = self.log.as_ref().ok_or(Cause::NotEnrolled)?;
        let (head, hlc) = tip.unwrap_or((log.head, log.hlc));
        let entry = Entry {
            seq: head.next_seq,
            hlc: hlc.tick(now),
            kind: fact.kind,
            gate,
            flags,
            serial: fact.serial,
            generation: fact.generation,
            proof: fact.proof,
            target: fact.target,
        };
        let (signed, head) = log.sign(&self.key, &head, &entry)?;
        *tip = Some((head, entry.hlc));
        self.book
            .fold_own(log.row.log, self.identity.device, &entry);
        Ok((entry.seq, signed))
    }

    fn commit(&mut self, staged: &[Staged], tip: Option<(LogHead, Hlc)>) -> Result<(), Cause> {
        let (Some((head, hlc)), Some(log)) = (tip, &mut self.log) else {
            return Ok(());
        };
        let entries: Vec<(u32, SignedEntry)> = staged
            .iter()
            .map(|staged| (staged.seq, staged.entry.clone()))
            .collect();
        // First what was said: an admission is the last thing to be written.
        let said = staged.iter().map(|staged| (staged.seq, &staged.answers));
        answering::keep(&mut self.cache, log.row.log, said)?;
        log.append(&mut self.cache, &entries, head, hlc)?;
        if let Some(folded) = self.book.logs.get_mut(&log.row.log) {
            folded.head = head;
            folded.hlc = hlc;
        }
        Ok(())
    }

    pub(super) fn flags(&self, now: Timestamp) -> DecisionFlags {
        let sync = &self.book.sync;
        let mut flags = DecisionFlags::default();
        if sync
            .last_success
            .is_some_and(|at| now.millis_since(at) <= HEARD_SECS * 1000)
        {
            flags = flags.with(DecisionFlags::HEARD_SERVER);
        }
        if self.hears_peers(now) {
            flags = flags.with(DecisionFlags::HEARD_PEER);
        }
        if sync
            .clock_offset()
            .is_some_and(|offset| offset.abs() > CLOCK_SURE_MS)
        {
            flags = flags.with(DecisionFlags::CLOCK_UNSURE);
        }
        if self.book.snapshot.as_ref().is_some_and(|snapshot| {
            let age = self.corrected(now).millis_since(snapshot.created);
            age > i64::from(snapshot.policy.amber_after_secs) * 1000
        }) {
            flags = flags.with(DecisionFlags::SNAPSHOT_STALE);
        }
        flags
    }

    /// Nothing of this group is admitted, and nothing that was folded in for it is believed.
    fn fail_all(&mut self, count: usize, now: Timestamp, cause: Cause) -> Vec<Scanned> {
        self.distrust_memory();
        refuse_all(count, now, cause)
    }
}
