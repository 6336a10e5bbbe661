//! Answers to the questions of an event: what is good, and the one form in which it is kept.
//!
//! Pure, and the same at gate and server: an answer that a kiosk took offline is not refused later.
//! Invariants: what is accepted is bounded and normal, so accepting it again changes nothing; a
//! question that was not put is open, also an optional one; an empty answer to an optional one is
//! an answer.

use jiff::civil;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::limits::EMAIL_CHARS_MAX;
use crate::time::Timestamp;
use crate::trust::{Policy, QuestionKind, QuestionPolicy, TicketRow};

use super::facts::zone;

/// What somebody says at a gate.
pub const ANSWER_CHARS_MAX: usize = 500;
const NUMBER_CHARS_MAX: usize = 30;

/// An answer and the id of its question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Answer {
    pub question: String,
    pub value: String,
}

/// Whether required questions must be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    AsAsked,
    /// Somebody decided that the guest need not answer; what is said must be good all the same.
    Optional,
}

/// Why an answer is not good. The texts are for people who type answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("must be answered")]
    Missing,
    #[error("must be answered with yes")]
    MustBeYes,
    #[error("must be yes or no")]
    NotYesNo,
    #[error("must be a number, like 12 or 1.5")]
    NotANumber,
    #[error("must be one of the options")]
    NotAnOption,
    #[error("must be a date, like 2026-05-02")]
    NotADate,
    #[error("must be a time, like 17:30")]
    NotATime,
    #[error("must be a date and time, like 2026-05-02T17:30")]
    NotAMoment,
    #[error("must be an e-mail address")]
    NotAnEmail,
    #[error("must have at most 500 characters")]
    TooLong,
}

/// A question that still needs an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open<'a> {
    pub question: &'a QuestionPolicy,
    pub wrong: Wrong,
}

/// What came of some answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked<'a> {
    /// Good ones in their normal form, in the order of the questions.
    pub answers: Vec<Answer>,
    pub open: Vec<Open<'a>>,
}

/// Holds answers against the questions about a class. Answers to other questions are left aside:
/// whoever asks may not know yet that a question was dropped.
pub fn check<'a>(
    questions: &'a [QuestionPolicy],
    timezone: &str,
    class: u8,
    given: &[Answer],
    demand: Demand,
) -> Checked<'a> {
    let mut checked = Checked::default();
    let zone = zone(timezone);
    for question in questions.iter().filter(|of| of.concerns(class)) {
        let answer = given.iter().find(|answer| answer.question == question.id);
        let value = match (answer, demand) {
            (Some(answer), _) => normal(question, &answer.value, demand, &zone),
            (None, Demand::AsAsked) => Err(Wrong::Missing),
            (None, Demand::Optional) => Ok(None),
        };
        match value {
            // What was left open on purpose is an answer too.
            Ok(value) if answer.is_some() => checked.answers.push(Answer {
                question: question.id.clone(),
                value: value.unwrap_or_default(),
            }),
            Ok(_) => {}
            Err(wrong) => checked.open.push(Open { question, wrong }),
        }
    }
    checked
}

/// What is still to be asked of a ticket: nothing when its order answered.
pub fn open<'a>(
    policy: &'a Policy,
    class: u8,
    row: Option<&TicketRow>,
    given: &[Answer],
) -> Vec<Open<'a>> {
    if row.is_some_and(|row| row.flags & TicketRow::ANSWERED != 0) {
        return Vec::new();
    }
    let (questions, timezone) = (&policy.questions, &policy.timezone);
    check(questions, timezone, class, given, Demand::AsAsked).open
}

/// The normal form of one answer; `None` when nothing was said and nothing had to be. Times without
/// an offset are on the clock of `zone`.
pub fn normal(
    question: &QuestionPolicy,
    given: &str,
    demand: Demand,
    zone: &TimeZone,
) -> Result<Option<String>, Wrong> {
    let given = given.trim();
    if given.chars().count() > ANSWER_CHARS_MAX {
        return Err(Wrong::TooLong);
    }
    let must = question.required && demand == Demand::AsAsked;
    if question.kind == QuestionKind::YesNo {
        let yes = yes_or_no(given)?;
        return if must && !yes {
            Err(Wrong::MustBeYes)
        } else {
            Ok(Some(if yes { "yes" } else { "no" }.to_owned()))
        };
    }
    if given.is_empty() {
        return if must { Err(Wrong::Missing) } else { Ok(None) };
    }
    let value = match question.kind {
        QuestionKind::Text | QuestionKind::YesNo => given.to_owned(),
        QuestionKind::Number => number(given).ok_or(Wrong::NotANumber)?,
        QuestionKind::Choice => option(question, given)?.to_owned(),
        QuestionKind::Choices => options(question, given)?,
        QuestionKind::Date => date(given).ok_or(Wrong::NotADate)?,
        QuestionKind::Time => time(given).ok_or(Wrong::NotATime)?,
        QuestionKind::DateTime => moment(given, zone).ok_or(Wrong::NotAMoment)?,
        QuestionKind::Email => email(given).ok_or(Wrong::NotAnEmail)?,
    };
    Ok(Some(value))
}

/// A box that was left alone says no.
fn yes_or_no(given: &str) -> Result<bool, Wrong> {
    match given.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" | "on" => Ok(true),
        "no" | "false" | "0" | "off" | "" => Ok(false),
        _ => Err(Wrong::NotYesNo),
    }
}

/// Digits with at most one point, without leading or trailing zeros. Kept as text: nothing is
/// lost to a binary fraction.
fn number(given: &str) -> Option<String> {
    let (sign, digits) = match given.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", given.strip_prefix('+').unwrap_or(given)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if given.len() > NUMBER_CHARS_MAX || !plain(whole) || !plain(part) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let part = part.trim_end_matches('0');
    Some(match (whole, part) {
        ("0", "") => "0".to_owned(),
        (_, "") => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{part}"),
    })
}

/// By id or by text.
fn option<'a>(question: &'a QuestionPolicy, given: &str) -> Result<&'a str, Wrong> {
    let given = given.trim();
    let by_id = question.options.iter().find(|(id, _)| id == given);
    let by_text = || question.options.iter().find(|(_, text)| text == given);
    let found = by_id.or_else(by_text).ok_or(Wrong::NotAnOption)?;
    Ok(&found.0)
}

/// Ids with commas, in the order in which they were offered, each once.
fn options(question: &QuestionPolicy, given: &str) -> Result<String, Wrong> {
    let named: Vec<&str> = given
        .split(',')
        .map(|one| option(question, one))
        .collect::<Result<_, _>>()?;
    let offered = question.options.iter().map(|(id, _)| id.as_str());
    let taken: Vec<&str> = offered.filter(|id| named.contains(id)).collect();
    Ok(taken.join(","))
}

fn date(given: &str) -> Option<String> {
    let date = civil::Date::strptime("%Y-%m-%d", given).ok()?;
    Some(date.to_string())
}

fn time(given: &str) -> Option<String> {
    let to_the_second = civil::Time::strptime("%H:%M:%S", given);
    let time = to_the_second
        .or_else(|_| civil::Time::strptime("%H:%M", given))
        .ok()?;
    let pattern = if time.second() == 0 {
        "%H:%M"
    } else {
        "%H:%M:%S"
    };
    Some(time.strftime(pattern).to_string())
}

/// In UTC: gates and readers of a report may be anywhere.
fn moment(given: &str, zone: &TimeZone) -> Option<String> {
    let given = given.replacen(' ', "T", 1);
    if let Ok(at) = given.parse::<Timestamp>() {
        return Some(at.to_string());
    }
    let patterns = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];
    let parse = |pattern| civil::DateTime::strptime(pattern, &given).ok();
    let local = patterns.into_iter().find_map(parse)?;
    let at = local.to_zoned(zone.clone()).ok()?;
    Some(Timestamp::from_millis(at.timestamp().as_millisecond()).to_string())
}

/// One `@` with something on both sides and a point in the domain: more would refuse addresses
/// that work.
fn email(given: &str) -> Option<String> {
    let (local, domain) = given.split_once('@')?;
    let good = !local.is_empty()
        && domain
            .split('.')
            .filter(|label| !label.is_empty())
            .nth(1)
            .is_some()
        && !domain.contains('@')
        && !given.contains(char::is_whitespace)
        && given.chars().count() <= EMAIL_CHARS_MAX;
    good.then(|| given.to_owned())
}
