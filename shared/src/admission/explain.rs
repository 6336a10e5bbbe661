//! The sentence for the guest, in the event's language and time zone.
//!
//! Invariants: every reason has a sentence in every language; no sentence speaks of our machinery.
//! A language is one more table in `languages`; an unknown one falls back to the first.

use jiff::tz::TimeZone;

use super::languages::{LANGUAGES, Language};
use super::rules::Obstacle;
use super::turn::Untimely;
use super::typed::Untyped;
use super::verdict::{EarlierUse, Reason};
use crate::limits::LANGUAGE_BYTES_MAX;
use crate::time::Timestamp;

/// What sentences may mention.
#[derive(Clone, Debug, Default)]
pub struct Details<'a> {
    /// Somebody leaves: no welcome.
    pub leaving: bool,
    /// When the ticket's entry window opens and closes.
    pub opens: Option<Timestamp>,
    pub closes: Option<Timestamp>,
    pub earlier: Option<&'a EarlierUse>,
    /// The admission by which somebody may be inside, when nobody can be sure.
    pub suspect: Option<&'a EarlierUse>,
    /// The rule that refused, and whether it could be asked at all.
    pub rule: Option<(&'a str, RuleAnswer)>,
    /// What is wrong with a code that turns, and the moment that it is of.
    pub untimely: Option<(Untimely, Timestamp)>,
    /// The nearest way past that rule.
    pub obstacles: &'a [Obstacle],
    /// Gates that would let the ticket in.
    pub gates: Vec<&'a str>,
    /// Classes of add-ons that the ticket could stand for here.
    pub add_ons: Vec<&'a str>,
    /// The class is one of the event's, but not of this entrance.
    pub known_class: bool,
    /// What is to be asked.
    pub questions: Vec<&'a str>,
    /// The class is for adults, so the ID is looked at for the age.
    pub adult: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleAnswer {
    Refused,
    Broken,
}

/// Where and when a sentence is said.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// BCP 47.
    pub language: &'a str,
    /// IANA name; unknown: UTC, and the times say so.
    pub timezone: &'a str,
    pub now: Timestamp,
}

/// Primary subtags of the languages that have sentences.
pub fn languages() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().map(|language| language.tag)
}

/// Whether this tag names one of them, with or without a region: `vi`, `vi-VN`.
pub fn speaks(language: &str) -> bool {
    let mut subtags = language.split('-');
    let primary = subtags.next().unwrap_or_default();
    let is_subtag = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    languages().any(|known| known.eq_ignore_ascii_case(primary))
        && subtags.all(is_subtag)
        && language.len() <= LANGUAGE_BYTES_MAX
}

/// What stands for a gate that the rules do not name.
pub fn another_gate(language: &str) -> &'static str {
    Language::of(language).another_gate
}

/// After a step at the gate.
pub(super) fn step_done_words(language: &str, again: bool) -> &'static str {
    let language = Language::of(language);
    if again {
        language.welcome_back
    } else {
        language.welcome
    }
}

/// After a supervisor's decision.
pub(super) fn forced_words(language: &str) -> &'static str {
    Language::of(language).forced
}

/// For a typed code while the list is old.
pub(super) fn old_news_words(language: &str) -> &'static str {
    Language::of(language).snapshot_too_old
}

/// For a strict ticket that was granted elsewhere.
pub(super) fn taken_words(language: &str) -> &'static str {
    Language::of(language).already_used_unknown
}

/// For a strict ticket that nobody could be asked about.
pub(super) fn held_words(language: &str) -> &'static str {
    Language::of(language).held
}

/// For a typed code that finds no ticket.
pub(super) fn typed_words(language: &str, why: Untyped) -> String {
    let language = Language::of(language);
    match why {
        Untyped::Misread => language.typed_misread.to_owned(),
        Untyped::Unknown => language.typed_unknown.to_owned(),
        Untyped::Wait { secs } => fill(language.typed_wait, &[("secs", &secs.to_string())]),
        Untyped::Supervisor => language.typed_supervisor.to_owned(),
        Untyped::Unattended => language.typed_unattended.to_owned(),
    }
}

/// The sentence for `reason`. An earlier use that is not what a refusal is about is told after it.
pub fn explain(reason: Reason, setting: &Setting<'_>, details: &Details<'_>) -> String {
    let language = Language::of(setting.language);
    let sentence = language.sentence(reason, setting, details);
    match details.earlier {
        Some(earlier) if !is_welcome(reason) && reason != Reason::AlreadyUsed => {
            format!("{sentence} {}", language.used(setting, earlier))
        }
        Some(_) | None => sentence,
    }
}

/// Lets in, now or after a human step.
fn is_welcome(reason: Reason) -> bool {
    reason == Reason::Ok || reason.is_step()
}

impl Language {
    fn of(tag: &str) -> &'static Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        let found = LANGUAGES
            .iter()
            .find(|language| language.tag.eq_ignore_ascii_case(primary));
        found.unwrap_or(&LANGUAGES[0])
    }

    fn sentence(&self, reason: Reason, setting: &Setting<'_>, details: &Details<'_>) -> String {
        match reason {
            Reason::Ok if details.leaving => self.goodbye.to_owned(),
            Reason::Ok if details.earlier.is_some() => self.welcome_back.to_owned(),
            Reason::Ok => self.welcome.to_owned(),
            Reason::TooEarly => details
                .opens
                .map_or(self.too_early_unknown.to_owned(), |at| {
                    fill(self.too_early, &[("time", &self.time(setting, at))])
                }),
            Reason::TooLate => details
                .closes
                .map_or(self.too_late_unknown.to_owned(), |at| {
                    fill(self.too_late, &[("time", &self.time(setting, at))])
                }),
            Reason::WrongGate if details.gates.is_empty() => self.wrong_gate.to_owned(),
            Reason::WrongGate => {
                let gates = details.gates.join(self.list_or);
                fill(self.wrong_gate_elsewhere, &[("gates", &gates)])
            }
            Reason::WrongClass if !details.add_ons.is_empty() => {
                let extras = details.add_ons.join(self.list_or);
                fill(self.wrong_class_several, &[("extras", &extras)])
            }
            Reason::WrongClass if !details.known_class => self.wrong_class.to_owned(),
            Reason::WrongClass if details.gates.is_empty() => self.wrong_class_here.to_owned(),
            Reason::WrongClass => {
                let gates = details.gates.join(self.list_or);
                fill(self.wrong_class_elsewhere, &[("gates", &gates)])
            }
            Reason::NeedsAnswer if !details.questions.is_empty() => {
                let questions = details.questions.join(" ");
                fill(self.needs_answer_to, &[("questions", &questions)])
            }
            Reason::Rule => match details.rule {
                Some((rule, RuleAnswer::Refused)) => {
                    let refused = fill(self.rule, &[("rule", rule)]);
                    self.with_obstacles(refused, setting, details.obstacles)
                }
                Some((rule, RuleAnswer::Broken)) => fill(self.rule_broken, &[("rule", rule)]),
                None => self.rule_unknown.to_owned(),
            },
            Reason::AlreadyUsed => details
                .earlier
                .map_or(self.already_used_unknown.to_owned(), |earlier| {
                    self.used(setting, earlier)
                }),
            Reason::Blocked => details.suspect.map_or(self.blocked.to_owned(), |suspect| {
                let time = self.time(setting, suspect.at);
                fill(self.suspect, &[("time", &time), ("gate", &suspect.gate)])
            }),
            Reason::Expired => self.expiry(setting, details.untimely),
            Reason::NeedsId if details.adult => self.needs_id_adult.to_owned(),
            Reason::NotATicket
            | Reason::Misread
            | Reason::UnknownEvent
            | Reason::UnknownKey
            | Reason::BadSignature
            | Reason::Revoked
            | Reason::Reissued
            | Reason::Cancelled
            | Reason::Unpaid
            | Reason::NotInside
            | Reason::NeedsId
            | Reason::NeedsAnswer
            | Reason::NeedsPayment
            | Reason::SnapshotTooOld
            | Reason::DeviceEvicted
            | Reason::RateLimited => self.plain(reason).to_owned(),
        }
    }

    /// A ticket whose time is over, or a code that turns shown at the wrong moment.
    fn expiry(&self, setting: &Setting<'_>, untimely: Option<(Untimely, Timestamp)>) -> String {
        match untimely {
            Some((Untimely::Past, at)) => {
                fill(self.code_past, &[("time", &self.exact_time(setting, at))])
            }
            Some((Untimely::Ahead, at)) => {
                fill(self.code_ahead, &[("time", &self.exact_time(setting, at))])
            }
            Some((Untimely::Repeated, _)) => self.code_repeated.to_owned(),
            None => self.expired.to_owned(),
        }
    }

    /// Sentences without a blank.
    fn plain(&self, reason: Reason) -> &'static str {
        match reason {
            Reason::Ok => self.welcome,
            Reason::NotATicket => self.not_a_ticket,
            Reason::Misread => self.misread,
            Reason::UnknownEvent => self.unknown_event,
            Reason::UnknownKey => self.unknown_key,
            Reason::BadSignature => self.bad_signature,
            Reason::Revoked => self.revoked,
            Reason::Reissued => self.reissued,
            Reason::Blocked => self.blocked,
            Reason::Cancelled => self.cancelled,
            Reason::Unpaid => self.unpaid,
            Reason::Expired => self.expired,
            Reason::TooEarly => self.too_early_unknown,
            Reason::TooLate => self.too_late_unknown,
            Reason::WrongGate => self.wrong_gate,
            Reason::WrongClass => self.wrong_class,
            Reason::Rule => self.rule_unknown,
            Reason::AlreadyUsed => self.already_used_unknown,
            Reason::NotInside => self.not_inside,
            Reason::NeedsId => self.needs_id,
            Reason::NeedsAnswer => self.needs_answer,
            Reason::NeedsPayment => self.needs_payment,
            Reason::SnapshotTooOld => self.snapshot_too_old,
            Reason::DeviceEvicted => self.device_evicted,
            Reason::RateLimited => self.rate_limited,
        }
    }

    /// What would have to be otherwise, one short sentence each.
    fn with_obstacles(
        &self,
        refused: String,
        setting: &Setting<'_>,
        obstacles: &[Obstacle],
    ) -> String {
        obstacles.iter().fold(refused, |told, obstacle| {
            let next = match obstacle {
                Obstacle::Entries => self.rule_entries.to_owned(),
                Obstacle::From(at) => fill(self.rule_from, &[("time", &self.time(setting, *at))]),
                Obstacle::Until(at) => fill(self.rule_until, &[("time", &self.time(setting, *at))]),
                Obstacle::Weekday => self.rule_weekday.to_owned(),
                Obstacle::Gate => self.rule_gate.to_owned(),
                Obstacle::Class => self.rule_class.to_owned(),
            };
            format!("{told} {next}")
        })
    }

    fn used(&self, setting: &Setting<'_>, earlier: &EarlierUse) -> String {
        let time = self.time(setting, earlier.at);
        fill(
            self.already_used,
            &[("time", &time), ("gate", &earlier.gate)],
        )
    }

    /// On the event's clock; with the date when it is another day there.
    fn time(&self, setting: &Setting<'_>, at: Timestamp) -> String {
        self.formatted(setting, at, str::to_owned)
    }

    /// The same, to the second.
    fn exact_time(&self, setting: &Setting<'_>, at: Timestamp) -> String {
        self.formatted(setting, at, |pattern| pattern.replace("%H:%M", "%H:%M:%S"))
    }

    fn formatted(
        &self,
        setting: &Setting<'_>,
        at: Timestamp,
        pattern_of: impl FnOnce(&str) -> String,
    ) -> String {
        let zone = TimeZone::get(setting.timezone).ok();
        let suffix = if zone.is_some() { "" } else { " UTC" };
        let zone = zone.unwrap_or(TimeZone::UTC);
        let now = setting.now.to_jiff().to_zoned(zone.clone());
        let at = at.to_jiff().to_zoned(zone);
        let pattern = if at.date() == now.date() {
            self.today
        } else if at.year() == now.year() {
            self.this_year
        } else {
            self.any_day
        };
        format!("{}{suffix}", at.strftime(&pattern_of(pattern)))
    }
}

/// Fills `{name}` blanks in one pass, so that a value cannot bring blanks of its own.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let value = values.iter().find(|(known, _)| *known == name);
        out.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    out.push_str(rest);
    out
}
