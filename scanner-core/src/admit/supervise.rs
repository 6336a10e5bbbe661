//! What a supervisor may do at a gate: let in or out against the rules, take back, allow typed codes
//! again (V11). ADR 0010.
//!
//! Invariants: the PIN comes first and nothing is told without it; a try is counted before it is
//! looked at; what is done is in the log, with the supervisor's number, before it is told; what is no
//! ticket of this event is let in by nobody.

use serde::Serialize;
use shared::admission::overrule::{AnnulError, annul, force};
use shared::admission::{Direction, Outcome, Presented, Verdict};
use shared::log::{DecisionFlags, EntryKind, Target, Use};
use shared::ticket::ScanProof;
use shared::time::Timestamp;
use zeroize::Zeroizing;

use super::scanner::Scanner;
use super::shown::{Evidence, Fact, Shown};
use super::tries::{Locked, Try, TryKind, forgive};
use super::{Reading, ScanOptions, Scanned};
use crate::error::{Cause, Error};

/// Own entries that were more than a scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overrides {
    /// Admitted or let out by a typed code.
    pub typed: u64,
    /// Let in or out by a supervisor's word.
    pub forced: u64,
    pub undone: u64,
}

/// What a supervisor typed. Wiped when dropped, shown by nothing.
#[derive(Clone)]
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// Spaces around it do not belong to it.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.trim().to_owned()))
    }
}

impl From<String> for Pin {
    fn from(text: String) -> Self {
        Self::new(&Zeroizing::new(text))
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin(..)")
    }
}

/// Which ticket is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Its code, scanned or typed, or a medium that stands for it.
    Code(Reading),
    /// Its serial, from a search.
    Serial(u32),
}

impl Subject {
    /// A number of up to eight digits is a serial, everything else a code.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        match text.parse() {
            Ok(serial) if text.len() <= 8 => Self::Serial(serial),
            _ => Self::Code(Reading::from(text)),
        }
    }
}

/// What a supervisor's word did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overruled {
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Who; the PIN told.
    pub supervisor: String,
}

/// A use that was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Undone {
    pub serial: u32,
    /// `admit`, `exit` or `forced`.
    pub undone: &'static str,
    /// When and where it had happened.
    pub at: Timestamp,
    pub gate: String,
    pub supervisor: String,
    pub explanation: String,
    pub durable: bool,
}

/// Whose PIN it was.
struct Who {
    number: u8,
    name: String,
}

impl Scanner {
    /// Somebody of this event can be asked to overrule this gate.
    pub fn has_supervisors(&self) -> bool {
        let snapshot = self.book.snapshot.as_ref();
        snapshot.is_some_and(|of| !of.policy.supervisors.people.is_empty())
    }

    /// Lets in (or out) whatever speaks against it, if a supervisor may. The verdict is final: on disk
    /// when it admits; a refusal when nobody may.
    pub fn force(
        &mut self,
        subject: &Subject,
        pin: &Pin,
        options: ScanOptions,
    ) -> Result<Overruled, Error> {
        let started = self.edge.clock.monotonic_micros();
        let now = self.edge.clock.now();
        let who = self.authorize(pin, now)?;
        let mut shown = self.named(subject, now)?;
        let mut verdict = self.decide_named(subject, &mut shown, options, now);
        // Also when a supervisor decides: the other gates are to know, if they can be told.
        self.claim_first(&mut verdict, options);
        let mut verdict = match force(&verdict, self.language()) {
            None => verdict,
            Some((forced, kind)) => {
                self.record_forced(&shown, (&forced, kind), &who, options, now)?;
                Verdict {
                    durable: true,
                    ..forced
                }
            }
        };
        if verdict.verdict == Outcome::Attention {
            verdict.verdict = Outcome::Refuse;
        }
        verdict.us = self.edge.clock.monotonic_micros().saturating_sub(started);
        Ok(Overruled {
            verdict,
            supervisor: who.name,
        })
    }

    /// What the gate would say about a ticket that was found without its code, for staff who think
    /// about asking a supervisor. Nothing is counted or written.
    pub fn consider(&mut self, serial: u32, options: ScanOptions) -> Result<Scanned, Error> {
        let now = self.edge.clock.now();
        self.freshen()?;
        let shown = self.named(&Subject::Serial(serial), now)?;
        let verdict = self.decide_on(&shown, options, &[], now);
        Ok(Scanned {
            notes: self.book.notes(serial),
            questions: self.questions(&verdict, &[]),
            verdict,
            error: None,
        })
    }

    fn record_forced(
        &mut self,
        shown: &Shown,
        (verdict, kind): (&Verdict, EntryKind),
        who: &Who,
        options: ScanOptions,
        now: Timestamp,
    ) -> Result<(), Cause> {
        let Some(fact) = self.admission(shown.evidence, verdict, options.direction) else {
            return Ok(());
        };
        let kind = match (options.direction, kind, shown.evidence) {
            (Direction::Out, _, _) => EntryKind::Exit,
            // Without a proof it is a word, also where the rules would have let in.
            (Direction::In, EntryKind::Forced, _) | (_, _, Evidence::Nothing) => EntryKind::Forced,
            (Direction::In, _, Evidence::Token(_) | Evidence::Typed(_) | Evidence::Medium(_)) => {
                EntryKind::Admit
            }
        };
        let flags = fact.flags.by_supervisor(who.number);
        self.record(
            Fact {
                kind,
                flags,
                ..fact
            },
            options,
            now,
        )?;
        if let (Presented::Ticket { payload, .. }, Evidence::Token(token)) =
            (&shown.presented, &shown.evidence)
        {
            self.rotation.used(payload, token, now);
        }
        Ok(())
    }

    /// Takes back the latest use of a ticket that stands, whichever device wrote it.
    pub fn undo(&mut self, subject: &Subject, pin: &Pin) -> Result<Undone, Error> {
        let now = self.edge.clock.now();
        let who = self.authorize(pin, now)?;
        let mut shown = self.named(subject, now)?;
        // A ticket in hand speaks for entries that waited for it.
        self.take_note(&shown.presented, now);
        let serial = self.serial_of(subject, &mut shown, now)?;
        let state = self.book.state.ticket(serial).unwrap_or_default();
        let use_ = annul(&state, None).map_err(|error| {
            Cause::Input(match error {
                AnnulError::Unknown => {
                    "This ticket was not used, or that was taken back.".to_owned()
                }
                AnnulError::Done | AnnulError::Undo => error.to_string(),
            })
        })?;
        self.record(undo_of(serial, &use_, &who), ScanOptions::default(), now)?;
        Ok(self.undone(serial, &use_, who))
    }

    /// The ticket that was shown or named, or that a medium stands for.
    fn serial_of(
        &mut self,
        subject: &Subject,
        shown: &mut Shown,
        now: Timestamp,
    ) -> Result<u32, Cause> {
        if let Some(payload) = shown.payload() {
            return Ok(payload.serial);
        }
        let verdict = self.decide_named(subject, shown, ScanOptions::default(), now);
        match (shown.evidence, verdict.serial) {
            (Evidence::Medium(_), Some(serial)) => Ok(serial),
            _ => Err(Cause::Input(verdict.explanation)),
        }
    }

    /// As at a scan: what is no code may be a medium, which is then noted in `shown`.
    fn decide_named(
        &mut self,
        subject: &Subject,
        shown: &mut Shown,
        options: ScanOptions,
        now: Timestamp,
    ) -> Verdict {
        match subject {
            Subject::Code(reading) => self.decide_about(reading, shown, options, &[], now),
            Subject::Serial(_) => self.decide_on(shown, options, &[], now),
        }
    }

    fn undone(&self, serial: u32, use_: &Use, who: Who) -> Undone {
        let policy = self.book.snapshot.as_ref().map(|of| &of.policy);
        let gate = policy.and_then(|policy| policy.gates.get(usize::from(use_.gate)));
        let gate = gate.map_or_else(String::new, |gate| gate.name.clone());
        let undone = match use_.kind {
            EntryKind::Exit => "exit",
            EntryKind::Forced => "forced",
            _ => "admit",
        };
        let way = if use_.kind == EntryKind::Exit {
            "exit"
        } else {
            "entry"
        };
        Undone {
            serial,
            undone,
            at: use_.hlc.at(),
            explanation: format!("The {way} at {gate} was taken back."),
            gate,
            supervisor: who.name,
            durable: true,
        }
    }

    /// Allows typed codes again after too many wrong ones.
    pub fn unlock_codes(&mut self, pin: &Pin) -> Result<(), Error> {
        let now = self.edge.clock.now();
        self.authorize(pin, now)?;
        Ok(forgive(self.cache.dir(), TryKind::Codes)?)
    }

    /// Whose PIN it is; a wrong one is counted before it is looked at.
    fn authorize(&mut self, pin: &Pin, now: Timestamp) -> Result<Who, Cause> {
        self.freshen()?;
        if !self.is_attended() {
            return Err(Cause::Denied(
                "Nobody stands beside this device: supervisors decide elsewhere.".to_owned(),
            ));
        }
        let device = self.identity.device;
        if self.book.is_evicted(device, self.corrected(now)) {
            return Err(Cause::Denied(
                "This device was removed from the event.".to_owned(),
            ));
        }
        if !self.has_supervisors() {
            return Err(Cause::Denied(
                "This event has no supervisors: the organizer sets their PINs.".to_owned(),
            ));
        }
        self.open_log()?;
        let dir = self.cache.dir().to_path_buf();
        let attempt = match Try::begin(&dir, TryKind::Pins, now)? {
            Ok(attempt) => attempt,
            Err(Locked::For { secs }) => {
                return Err(Cause::Denied(format!(
                    "Too many wrong PINs. Wait {secs} seconds."
                )));
            }
            Err(Locked::Supervisor) => {
                return Err(Cause::Denied("Too many wrong PINs.".to_owned()));
            }
        };
        let snapshot = self.book.snapshot.as_ref();
        let supervisors = snapshot.map(|of| &of.policy.supervisors);
        let who = supervisors
            .and_then(|all| all.whose(&pin.0))
            .map(|of| Who {
                number: of.number,
                name: of.name.clone(),
            })
            .ok_or_else(|| Cause::Denied("This PIN is nobody's.".to_owned()))?;
        attempt.take_back(&dir)?;
        Ok(who)
    }

    fn named(&mut self, subject: &Subject, now: Timestamp) -> Result<Shown, Cause> {
        match subject {
            Subject::Code(reading) => Ok(self.look_at_for_supervisor(reading, now)),
            Subject::Serial(serial) => {
                let payload = self.book.payload(*serial);
                let payload = payload.ok_or_else(|| {
                    Cause::Input(format!("No ticket {serial} is known on this device."))
                })?;
                Ok(Shown {
                    presented: Presented::Found { payload },
                    evidence: Evidence::Nothing,
                    words: None,
                })
            }
        }
    }
}

fn undo_of(serial: u32, use_: &Use, who: &Who) -> Fact {
    Fact {
        kind: EntryKind::Undo,
        serial,
        generation: use_.generation,
        proof: ScanProof([0; 8]),
        flags: DecisionFlags::default().by_supervisor(who.number),
        target: Some(Target {
            log: use_.log,
            seq: use_.seq,
        }),
    }
}
