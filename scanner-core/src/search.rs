//! Finding a ticket without its code: by the holder's name or the serial.

use serde::Serialize;
use shared::admission::explain::{Details, Setting, explain};
use shared::admission::{EarlierUse, Reason};
use shared::log::TicketState;
use shared::trust::{TicketRow, TicketRowStatus};

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::admit::Scanner;
use crate::error::Error;

/// A shorter part of a name finds nothing: two letters would list the guests.
pub const SEARCH_CHARS_MIN: usize = 4;
/// A shorter name finds nothing even as a whole word.
pub const SEARCH_WORD_CHARS_MIN: usize = 2;
const SEARCH_CHARS_MAX: usize = 100;
/// Enough for a screen; a longer answer means that the question should be longer.
const HITS_MAX: usize = 50;

/// A ticket that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hit {
    pub serial: u32,
    pub generation: u8,
    /// `unclaimed`, `active`, `cancelled`, `revoked`, `blocked`, `unpaid` or `expired`.
    pub status: &'static str,
    pub class: Option<String>,
    pub seat: Option<String>,
    pub holder: Option<String>,
    /// Somebody came in on it and has not left.
    pub inside: bool,
    /// The first admission that stands.
    pub earlier: Option<EarlierUse>,
    /// The same in words, in the event's language and time.
    pub explanation: Option<String>,
}

/// What staff asked for.
enum Question {
    /// With or without leading zeros.
    Serial(u32),
    /// Of a holder's name.
    Part(String),
    /// One word of a holder's name, whole: many names have two or three letters.
    Word(String),
    Nothing,
}

impl Question {
    fn of(text: &str) -> Self {
        let text = folded(text.trim());
        if let Ok(serial) = text.parse() {
            return Self::Serial(serial);
        }
        match text.chars().count() {
            SEARCH_CHARS_MIN..=SEARCH_CHARS_MAX => Self::Part(text),
            SEARCH_WORD_CHARS_MIN..SEARCH_CHARS_MIN => Self::Word(text),
            _ => Self::Nothing,
        }
    }

    fn is_answered_by(&self, name: &str) -> bool {
        match self {
            Self::Part(part) => folded(name).contains(part.as_str()),
            Self::Word(word) => folded(name)
                .split(|c: char| !c.is_alphanumeric())
                .any(|of| of == word.as_str()),
            Self::Serial(_) | Self::Nothing => false,
        }
    }
}

/// Whether a question is long enough to be asked.
pub fn is_searchable(question: &str) -> bool {
    !matches!(Question::of(question), Question::Nothing)
}

/// Without case and without marks: who types at a gate has no time for either, and a name on a
/// ticket may have been typed without them.
fn folded(text: &str) -> String {
    text.nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        // Letters with a stroke have no mark that comes off.
        .map(|c| match c {
            'đ' => 'd',
            'ł' => 'l',
            'ø' => 'o',
            other => other,
        })
        .collect()
}

impl Scanner {
    /// By a part of the holder's name, by one short word of it, or by the serial; case and marks
    /// do not matter. At most 50, in order of serials.
    pub fn search(&mut self, question: &str) -> Result<Vec<Hit>, Error> {
        self.refresh()?;
        let question = Question::of(question);
        if let Question::Serial(serial) = question {
            return Ok(self.hit(serial).into_iter().collect());
        }
        let named = self.book().holders.iter();
        Ok(named
            .filter(|(_, name)| question.is_answered_by(name))
            .filter_map(|(serial, _)| self.hit(serial))
            .take(HITS_MAX)
            .collect())
    }

    fn hit(&self, serial: u32) -> Option<Hit> {
        let book = self.book();
        let policy = &book.snapshot.as_ref()?.policy;
        let row: TicketRow = book.row(serial)?;
        let state = book.state.ticket(serial);
        if row.status == TicketRowStatus::Unclaimed && state.is_none() {
            return None;
        }
        let first = state.as_ref().and_then(|state| state.first_admission());
        let earlier = first.map(|of| EarlierUse {
            at: of.hlc.at(),
            gate: policy
                .gates
                .get(usize::from(of.gate))
                .map_or_else(String::new, |gate| gate.name.clone()),
        });
        let setting = Setting {
            language: &policy.language,
            timezone: &policy.timezone,
            now: self.edge().clock.now(),
        };
        let explanation = earlier.as_ref().map(|earlier| {
            let details = Details {
                earlier: Some(earlier),
                ..Details::default()
            };
            explain(Reason::AlreadyUsed, &setting, &details)
        });
        Some(Hit {
            serial,
            generation: row.generation,
            status: status_word(row.status),
            class: policy
                .classes
                .get(usize::from(row.class))
                .map(|of| of.name.clone()),
            seat: book.seats.get(row.seat).map(str::to_owned),
            holder: book.holders.get(serial).map(str::to_owned),
            inside: state.as_ref().is_some_and(TicketState::is_inside),
            earlier,
            explanation,
        })
    }
}

const fn status_word(status: TicketRowStatus) -> &'static str {
    match status {
        TicketRowStatus::Unclaimed => "unclaimed",
        TicketRowStatus::Active => "active",
        TicketRowStatus::Cancelled => "cancelled",
        TicketRowStatus::Revoked => "revoked",
        TicketRowStatus::Blocked => "blocked",
        TicketRowStatus::Unpaid => "unpaid",
        TicketRowStatus::Expired => "expired",
    }
}
