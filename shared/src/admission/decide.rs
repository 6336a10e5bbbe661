//! Steps 4 to 9 of a decision, over what is known here and now.
//!
//! Choices that the order of checks leaves open:
//! - A token newer than the snapshot's row outlives a revocation, which names one generation;
//!   block, cancellation and missing payment hold for the serial, whatever the generation.
//! - No row, or an unclaimed one, is a ticket claimed after the snapshot was made: its signature
//!   holds, so it is let in. The same goes for a serial above the highest in stock, which stock
//!   added later explains; what a stolen key could invent is bounded by its serial range.
//! - A snapshot past its red age fails as part of step 4, after what it does know: a cancelled
//!   ticket stays cancelled however old the news.
//! - Zones are those of the class and of the ticket together.
//! - Whoever leaves is let out: only being inside is asked, no window, rule or payment.
//! - A code that turns is judged after what is known of the ticket, so that a dead ticket is told
//!   dead however fresh its code, and before the place, so that a copy learns nothing of gates.
//!   `expired` is its word: the code was read well and is genuine, only its moment is over, and
//!   showing it again, as `misread` asks, would never help.
//! - A class that is known but not on the gate's list is at the wrong list, not at the wrong gate:
//!   `wrong_class`.
//! - A ticket that is not paid for is `unpaid`; where the list includes such tickets it is
//!   `needs_payment`, a step, unless the ticket counts without payment or waits for approval.
//! - An evicted device says so and nothing else, since it may be in strange hands.
//! - Somebody may be inside on an admission that is quarantined, so the ticket is `blocked` until a
//!   supervisor lets it in or the organizer adopts that admission. It is not `already_used`: that
//!   would take the word of a device that is not believed.
//!
//! Invariants: total; no clock, no I/O; the same facts give the same verdict everywhere.

use crate::log::{TicketState, Use};
use crate::ticket::chain::{chain_start, step_time};
use crate::ticket::{Flags, Payload, layout::window_time};
use crate::time::Timestamp;
use crate::trust::{ClassPolicy, GatePolicy, ListPolicy, Policy, TicketRow, TicketRowStatus};

use super::add_on::{AddOn, Meant};
use super::answers::Answer;
use super::explain::{self, Details, RuleAnswer, Setting, explain};
use super::present::Presented;
use super::rules::Obstacle;
use super::turn::{self, Turn, Untimely};
use super::usage::Usage;
use super::verdict::{EarlierUse, Outcome, Reason, Verdict};

/// Gates named to a guest who is at the wrong one.
const OTHER_GATES_MAX: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    In,
    Out,
}

/// What is known of the ticket here and now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// `None` when the snapshot has no row for the serial.
    pub row: Option<&'a TicketRow>,
    pub state: Option<&'a TicketState>,
    /// Admissions that are told of and not counted: their devices had been cut off, or wrote two
    /// things in one place.
    pub suspects: &'a [Use],
    pub seat: Option<&'a str>,
    pub holder: Option<&'a str>,
    /// For a code that turns.
    pub turn: Turn,
    /// What the guest said to the questions of the event.
    pub answers: &'a [Answer],
    /// What was added to the ticket, in order of serials.
    pub add_ons: &'a [AddOn],
}

/// Where and how the ticket is shown.
#[derive(Clone, Copy, Debug)]
pub struct GateContext {
    /// Index into the policy's gates; `None` on the server without a gate.
    pub gate: Option<u16>,
    pub direction: Direction,
    /// When the snapshot was made.
    pub snapshot_created: Timestamp,
    /// This device was evicted, as far as it knows.
    pub evicted: bool,
    /// Somebody is there who can ask a question; a turnstile cannot.
    pub asks: bool,
    /// What others' clocks add to this device's, where it is known to be wrong.
    pub correction_ms: i64,
}

impl GateContext {
    /// The moment that windows, times of day and the age of news are judged by. Uses bear the clocks
    /// of their gates, so what was used today is judged by both clocks.
    pub(super) fn corrected(&self, now: Timestamp) -> Timestamp {
        now.plus_millis(self.correction_ms)
    }
}

/// Steps 4 to 9 and the explanation. Pure and total.
pub fn decide(
    presented: &Presented,
    facts: &Facts<'_>,
    policy: &Policy,
    gate: &GateContext,
    now: Timestamp,
) -> Verdict {
    let setting = Setting {
        language: &policy.language,
        timezone: &policy.timezone,
        now,
    };
    if gate.evicted {
        return refusal(Reason::DeviceEvicted, &setting);
    }
    let (payload, shown, was_sealed) = match presented {
        Presented::Ticket { payload, token } => {
            (payload, Shown::Code(token.step()), token.was_sealed())
        }
        Presented::Found { payload } => (payload, Shown::Nothing, false),
        Presented::Refused(reason) => return refusal(*reason, &setting),
    };
    let case = Case {
        payload,
        shown,
        was_sealed,
        facts,
        policy,
        class: policy.classes.get(usize::from(payload.class)),
        usage: Usage::of(facts.state, policy, gate.gate, now).corrected(gate.corrected(now)),
        gate,
        now,
    };
    let mut findings = Findings::default();
    match case.meant() {
        Meant::Itself => {}
        Meant::AddOn(add_on) => return case.as_add_on(add_on, &setting),
        Meant::Several(classes) => findings.add_ons = case.class_names(&classes),
    }
    match gate.direction {
        Direction::In => case.check_entry(&mut findings),
        Direction::Out => case.check_exit(&mut findings),
    }
    case.verdict(&findings, &setting)
}

/// A refusal before any ticket is looked at. `classes` are those of which one is to be shown.
pub(super) fn refuse(
    reason: Reason,
    classes: &[u8],
    policy: &Policy,
    gate: &GateContext,
    now: Timestamp,
) -> Verdict {
    let setting = Setting {
        language: &policy.language,
        timezone: &policy.timezone,
        now,
    };
    if gate.evicted {
        return refusal(Reason::DeviceEvicted, &setting);
    }
    let names = classes
        .iter()
        .filter_map(|class| policy.classes.get(usize::from(*class)));
    let details = Details {
        add_ons: names.map(|class| class.name.as_str()).collect(),
        ..Details::default()
    };
    Verdict {
        explanation: explain(reason, &setting, &details),
        ..refusal(reason, &setting)
    }
}

/// Whether the list of a gate admits a class.
pub fn is_listed(policy: &Policy, gate: Option<u16>, class: u8) -> bool {
    let gate = gate.and_then(|gate| policy.gates.get(usize::from(gate)));
    let list = gate.and_then(|gate| policy.lists.get(usize::from(gate.list?)));
    list.is_none_or(|list| list.admits(class))
}

/// A refusal that no ticket stands behind.
fn refusal(reason: Reason, setting: &Setting<'_>) -> Verdict {
    Verdict {
        verdict: Outcome::Refuse,
        reason,
        also: Vec::new(),
        serial: None,
        generation: None,
        class: None,
        seat: None,
        holder: None,
        explanation: explain(reason, setting, &Details::default()),
        earlier: None,
        at: setting.now,
        durable: false,
        us: 0,
    }
}

/// Failed checks, in order, and what the explanation wants to know of them.
#[derive(Default)]
pub(super) struct Findings<'a> {
    pub(super) failed: Vec<Reason>,
    pub(super) rule: Option<(&'a str, RuleAnswer)>,
    /// What stands between the ticket and that rule.
    pub(super) obstacles: Vec<Obstacle>,
    pub(super) untimely: Option<(Untimely, Timestamp)>,
    /// Classes of add-ons, when the ticket could stand for several.
    pub(super) add_ons: Vec<&'a str>,
    /// The quarantined admission that blocks the ticket.
    pub(super) suspect: Option<EarlierUse>,
}

impl Findings<'_> {
    pub(super) fn fail_if(&mut self, fails: bool, reason: Reason) {
        if fails && !self.failed.contains(&reason) {
            self.failed.push(reason);
        }
    }
    /// The first refusal; without one, the first human step that is still to be done. A step must
    /// not hide that the ticket would be refused after it.
    fn outcome(&self) -> (Outcome, Reason) {
        let refused = self.failed.iter().find(|reason| !reason.is_step());
        match (refused, self.failed.first()) {
            (Some(reason), _) => (Outcome::Refuse, *reason),
            (None, Some(step)) => (Outcome::Attention, *step),
            (None, None) => (Outcome::Admit, Reason::Ok),
        }
    }
}

/// What there was to look at.
#[derive(Clone, Copy)]
pub(super) enum Shown {
    /// The ticket's code, with its step if it turns.
    Code(Option<u16>),
    /// Somebody found the ticket without it: there is no moment to judge.
    Nothing,
}

/// One verified ticket at one gate.
pub(super) struct Case<'a> {
    pub(super) payload: &'a Payload,
    pub(super) shown: Shown,
    pub(super) was_sealed: bool,
    pub(super) facts: &'a Facts<'a>,
    pub(super) policy: &'a Policy,
    pub(super) class: Option<&'a ClassPolicy>,
    pub(super) usage: Usage<'a>,
    pub(super) gate: &'a GateContext,
    pub(super) now: Timestamp,
}

impl<'a> Case<'a> {
    fn check_entry(&self, findings: &mut Findings<'a>) {
        self.check_standing(findings);
        self.check_turn(findings);
        self.check_passage(findings);
    }

    /// Steps 5 to 9.
    fn check_passage(&self, findings: &mut Findings<'a>) {
        self.check_place(findings);
        self.check_window(findings);
        self.check_rules(findings);
        findings.fail_if(self.needs_id(), Reason::NeedsId);
        findings.fail_if(!self.open_questions().is_empty(), Reason::NeedsAnswer);
        findings.fail_if(self.usage.is_used(self.re_enters()), Reason::AlreadyUsed);
    }

    fn check_exit(&self, findings: &mut Findings<'a>) {
        findings.fail_if(!self.usage.is_inside(), Reason::NotInside);
    }

    /// Step 4: generation, revocation, block, order state; then whether the news is too old.
    fn check_standing(&self, findings: &mut Findings<'a>) {
        let row = self
            .facts
            .row
            .filter(|row| row.status != TicketRowStatus::Unclaimed);
        let by_row = row.map_or(0, |row| row.generation);
        let by_log = self.facts.state.map_or(0, TicketState::newest_generation);
        let generation = self.payload.generation;
        findings.fail_if(generation < by_row.max(by_log), Reason::Reissued);
        let is = |status| row.is_some_and(|row| row.status == status);
        let revoked = is(TicketRowStatus::Revoked) && generation <= by_row;
        findings.fail_if(revoked, Reason::Revoked);
        findings.fail_if(is(TicketRowStatus::Blocked), Reason::Blocked);
        if let Some(suspect) = self.usage.suspect(self.facts.suspects) {
            findings.suspect = (!is(TicketRowStatus::Blocked)).then(|| self.told(suspect));
            findings.fail_if(true, Reason::Blocked);
        }
        findings.fail_if(is(TicketRowStatus::Cancelled), Reason::Cancelled);
        if let Some(row) = row.filter(|row| row.status == TicketRowStatus::Unpaid) {
            let step = self.while_pending(row);
            findings.fail_if(step.is_some(), step.unwrap_or(Reason::Unpaid));
        }
        findings.fail_if(is(TicketRowStatus::Expired), Reason::Expired);

        let now = self.gate.corrected(self.now);
        let age = now.millis_since(self.gate.snapshot_created);
        let red = i64::from(self.policy.red_after_secs) * 1000;
        findings.fail_if(age > red, Reason::SnapshotTooOld);
    }

    /// The moment of a code that turns. Its still form was never issued, nor was the clear form of a
    /// sealed one: a ticket that is known to be the one and is the other is not genuine.
    fn check_turn(&self, findings: &mut Findings<'a>) {
        let Shown::Code(step) = self.shown else {
            return;
        };
        let Some(step) = step else {
            let has = |flag| self.facts.row.is_some_and(|row| row.flags & flag != 0);
            let in_clear = has(TicketRow::SEALED) && !self.was_sealed;
            findings.fail_if(has(TicketRow::ROTATING) || in_clear, Reason::BadSignature);
            return;
        };
        let epoch = self.policy.epoch;
        let untimely = turn::judge(self.payload, epoch, step, &self.facts.turn, self.now);
        if let Some(untimely) = untimely
            && !findings.failed.contains(&Reason::Expired)
        {
            let start = chain_start(epoch, self.payload);
            findings.untimely = Some((untimely, step_time(start, step)));
            findings.failed.push(Reason::Expired);
        }
    }

    /// Step 5. A gate that the rules do not know cannot be judged, so it lets nobody in.
    fn check_place(&self, findings: &mut Findings<'a>) {
        let listed = |list: &ListPolicy| list.admits(self.payload.class);
        let listed = self.usage.list().is_none_or(listed);
        findings.fail_if(self.class.is_none() || !listed, Reason::WrongClass);
        if let Some(index) = self.gate.gate {
            let gate = self.policy.gates.get(usize::from(index));
            let admits = gate.is_some_and(|gate| self.is_admitted_at(gate));
            findings.fail_if(!admits, Reason::WrongGate);
        }
    }

    /// By its zones. A gate of a list that is not known admits nobody.
    fn is_admitted_at(&self, gate: &GatePolicy) -> bool {
        if gate
            .list
            .is_some_and(|list| self.policy.lists.get(usize::from(list)).is_none())
        {
            return false;
        }
        let zones = self.payload.zones | self.class.map_or(0, |class| class.zones);
        gate.zones == 0 || gate.zones & zones != 0
    }

    /// Step 6: both ends belong to the window, and the tolerance widens it.
    fn check_window(&self, findings: &mut Findings<'a>) {
        let early = i64::from(self.policy.early_tolerance_secs);
        let late = i64::from(self.policy.late_tolerance_secs);
        let now = self.gate.corrected(self.now);
        findings.fail_if(now < self.opens().plus_secs(-early), Reason::TooEarly);
        findings.fail_if(now > self.closes().plus_secs(late), Reason::TooLate);
    }

    fn opens(&self) -> Timestamp {
        window_time(self.policy.epoch, self.payload.not_before)
    }
    fn closes(&self) -> Timestamp {
        window_time(self.policy.epoch, self.payload.not_after)
    }

    pub(super) fn has(&self, flag: Flags) -> bool {
        self.payload.flags.contains(flag)
    }

    pub(super) fn gate_policy(&self) -> Option<&'a GatePolicy> {
        let index = self.gate.gate?;
        self.policy.gates.get(usize::from(index))
    }

    /// The verdict about an add-on, by the ticket that it was added to: that one must be good, and
    /// the add-on is what enters.
    fn as_add_on(&self, add_on: &AddOn, setting: &Setting<'_>) -> Verdict {
        let facts = Facts {
            row: Some(&add_on.row),
            state: add_on.state.as_ref(),
            suspects: &add_on.suspects,
            holder: self.facts.holder,
            answers: self.facts.answers,
            ..Facts::default()
        };
        let case = Case {
            payload: &add_on.payload,
            shown: self.shown,
            was_sealed: self.was_sealed,
            facts: &facts,
            policy: self.policy,
            class: self.policy.classes.get(usize::from(add_on.payload.class)),
            usage: self.usage_of(facts.state),
            gate: self.gate,
            now: self.now,
        };
        let mut findings = Findings::default();
        match self.gate.direction {
            Direction::In => {
                self.check_standing(&mut findings);
                self.check_turn(&mut findings);
                case.check_standing(&mut findings);
                case.check_passage(&mut findings);
            }
            Direction::Out => case.check_exit(&mut findings),
        }
        case.verdict(&findings, setting)
    }

    /// What a ticket's entries come to here and now.
    pub(super) fn usage_of<'s>(&self, state: Option<&'s TicketState>) -> Usage<'s>
    where
        'a: 's,
    {
        Usage::of(state, self.policy, self.gate.gate, self.now)
            .corrected(self.gate.corrected(self.now))
    }

    fn class_names(&self, classes: &[u8]) -> Vec<&'a str> {
        let known = classes
            .iter()
            .filter_map(|class| self.policy.classes.get(usize::from(*class)));
        known.map(|class| class.name.as_str()).collect()
    }

    fn earlier(&self) -> Option<EarlierUse> {
        let use_ = self.usage.earlier(self.re_enters())?;
        Some(self.told(use_))
    }

    fn told(&self, use_: &Use) -> EarlierUse {
        let gate = self.policy.gates.get(usize::from(use_.gate));
        let unknown = || explain::another_gate(&self.policy.language).to_owned();
        EarlierUse {
            at: use_.hlc.at(),
            gate: gate.map_or_else(unknown, |gate| gate.name.clone()),
        }
    }

    /// Gates to send the guest to.
    fn other_gates(&self) -> Vec<&'a str> {
        let all = self.policy.gates.iter();
        all.filter(|gate| self.is_admitted_at(gate) && self.is_listed_at(gate))
            .map(|gate| gate.name.as_str())
            .take(OTHER_GATES_MAX)
            .collect()
    }

    fn verdict(&self, findings: &Findings<'_>, setting: &Setting<'_>) -> Verdict {
        let (verdict, reason) = findings.outcome();
        let earlier = self.earlier();
        let details = Details {
            leaving: self.gate.direction == Direction::Out,
            opens: Some(self.opens()),
            closes: Some(self.closes()),
            earlier: earlier.as_ref(),
            suspect: findings.suspect.as_ref(),
            rule: findings.rule,
            untimely: findings.untimely,
            obstacles: &findings.obstacles,
            gates: match reason {
                Reason::WrongGate => self.other_gates(),
                Reason::WrongClass if self.class.is_some() => self.other_gates(),
                _ => Vec::new(),
            },
            add_ons: findings.add_ons.clone(),
            known_class: self.class.is_some(),
            questions: self.open_questions(),
            adult: self.has(Flags::ADULT),
        };
        let others = findings.failed.iter().filter(|other| **other != reason);
        Verdict {
            verdict,
            reason,
            also: others.copied().collect(),
            serial: Some(self.payload.serial),
            generation: Some(self.payload.generation),
            class: self.class.map(|class| class.name.clone()),
            seat: self.facts.seat.map(str::to_owned),
            holder: self.facts.holder.map(str::to_owned),
            explanation: explain(reason, setting, &details),
            earlier,
            at: self.now,
            durable: false,
            us: 0,
        }
    }
}
