//! Words, shapes and colours for people. Colour never says anything that shape and words do not.

use std::io::{IsTerminal as _, Write as _};

use scanner_core::{Conflict, Direction, Outcome, Verdict};
use shared::time::Timestamp;
use tracing_subscriber::EnvFilter;

use crate::error::{Exit, Failure};

const WIDTH_DEFAULT: usize = 80;
/// Narrower terminals get lines that break.
const WIDTH_MIN: usize = 20;

const GREEN: &str = "\x1b[1;97;42m";
const RED: &str = "\x1b[1;97;41m";
const AMBER: &str = "\x1b[1;30;43m";
const PLAIN: &str = "\x1b[0m";

/// How to speak to whoever reads stdout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) colour: bool,
    pub(crate) width: usize,
}

impl Style {
    /// Colour on a terminal, unless `NO_COLOR` is set.
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge: a terminal tells its wishes and its width in no other way"
    )]
    pub(crate) fn of_stdout() -> Self {
        let says_no = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let width = std::env::var("COLUMNS")
            .ok()
            .and_then(|columns| columns.parse().ok())
            .unwrap_or(WIDTH_DEFAULT);
        Self {
            colour: std::io::stdout().is_terminal() && !says_no,
            width: width.max(WIDTH_MIN),
        }
    }
}

/// Logs to stderr; `RUST_LOG` wins over the flag. Not onto a screen that shows a gate.
pub(crate) fn log_to_stderr(verbose: u8, full_screen: bool) {
    if full_screen && std::io::stderr().is_terminal() {
        return;
    }
    let level = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
}

/// The failure and a hint, on stderr.
pub(crate) fn complain(failure: &Failure) {
    if failure.exit() == Exit::Done {
        return;
    }
    let mut stderr = std::io::stderr().lock();
    // There is nobody left to tell when stderr is closed.
    let _written = match failure.hint() {
        Some(hint) => writeln!(stderr, "kiosk: {failure}\n  hint: {hint}"),
        None => writeln!(stderr, "kiosk: {failure}"),
    };
}

/// Once, to a person at a terminal: what it waits for.
pub(crate) fn ready(gate: &str) {
    let _written = writeln!(std::io::stderr(), "{}", ready_line(gate));
}

/// A word to whoever stands there; stdout is for answers.
pub(crate) fn news(text: &str) {
    let _written = writeln!(std::io::stderr(), "{text}");
}

fn ready_line(gate: &str) -> String {
    format!("Ready at {gate}. Scan a ticket.")
}

/// A verdict in a few lines: shape and word first, then the guest, then why.
pub(crate) fn verdict(verdict: &Verdict, direction: Direction, style: Style) -> String {
    let (shape, colour) = match (verdict.verdict, direction) {
        (Outcome::Admit, Direction::In) => ("✔ ADMIT", GREEN),
        (Outcome::Admit, Direction::Out) => ("✔ OUT", GREEN),
        (Outcome::Refuse, _) => ("✖ REFUSE", RED),
        (Outcome::Attention, _) => ("✋ ATTENTION", AMBER),
    };
    let mut text = if style.colour {
        format!("{colour} {shape} {PLAIN}")
    } else {
        shape.to_owned()
    };
    let guest: Vec<&str> = [&verdict.class, &verdict.seat, &verdict.holder]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    for line in [guest.join(" · "), verdict.explanation.clone()] {
        for wrapped in wrap(&line, style.width.saturating_sub(2)) {
            text.push_str("\n  ");
            text.push_str(&wrapped);
        }
    }
    text
}

/// Lines of at most `width` characters, broken at spaces where there are any.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let word_length = word.chars().count();
        if length > 0 && length + 1 + word_length > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += word_length;
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A ticket by which more came in than may. `clock` tells a moment as the reader's clock shows it.
pub(crate) fn conflict(of: &Conflict, clock: impl Fn(Timestamp) -> String) -> String {
    let places = of.admissions.iter().map(|of| {
        let place = of.gate.as_deref().or(of.device.as_deref());
        format!("{} at {}", place.unwrap_or("a gate"), clock(of.at))
    });
    let places: Vec<String> = places.collect();
    format!(
        "ticket {:04} let in {} times: {}",
        of.serial,
        places.len(),
        places.join(", ")
    )
}

/// One of them, or so many.
pub(crate) fn many(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Minutes and seconds, as a stop watch shows them.
pub(crate) fn stop_watch(secs: u64) -> String {
    match (secs / 3600, secs / 60 % 60, secs % 60) {
        (0, minutes, secs) => format!("{minutes:02}:{secs:02}"),
        (hours, minutes, secs) => format!("{hours}:{minutes:02}:{secs:02}"),
    }
}

/// Seconds as people say them.
pub(crate) fn duration(secs: i64) -> String {
    match secs {
        ..60 => format!("{secs} s"),
        60..3600 => format!("{} min", secs / 60),
        3600..172_800 => format!("{} h {} min", secs / 3600, secs % 3600 / 60),
        _ => format!("{} days", secs / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scanner_core::Reason;

    fn refused() -> Verdict {
        Verdict {
            verdict: Outcome::Refuse,
            reason: Reason::AlreadyUsed,
            also: Vec::new(),
            serial: Some(1),
            generation: Some(1),
            class: Some("VIP".to_owned()),
            seat: Some("A-12".to_owned()),
            holder: None,
            explanation: "Used at 18:02 at the gate on the other side of the river.".to_owned(),
            earlier: None,
            at: Timestamp::UNIX_EPOCH,
            durable: false,
            us: 1,
        }
    }

    #[test]
    fn forty_columns_are_enough() {
        let style = Style {
            colour: false,
            width: 40,
        };
        let text = verdict(&refused(), Direction::In, style);
        assert_eq!(
            text,
            "✖ REFUSE\n  VIP · A-12\n  Used at 18:02 at the gate on the other\n  side of the river."
        );
        assert!(text.lines().all(|line| line.chars().count() <= 40));
    }

    #[test]
    fn colour_only_wraps_the_same_words() {
        let style = Style {
            colour: true,
            width: 80,
        };
        let text = verdict(&refused(), Direction::In, style);
        assert!(
            text.starts_with("\x1b[1;97;41m ✖ REFUSE \x1b[0m\n"),
            "{text:?}"
        );
    }

    #[test]
    fn a_terminal_is_told_where_it_is_ready() {
        assert_eq!(ready_line("Cổng B"), "Ready at Cổng B. Scan a ticket.");
    }

    #[test]
    fn durations_read_well() {
        for (secs, said) in [
            (5, "5 s"),
            (119, "1 min"),
            (3660, "1 h 1 min"),
            (200_000, "2 days"),
        ] {
            assert_eq!(duration(secs), said);
        }
        for (secs, said) in [(5, "00:05"), (754, "12:34"), (3661, "1:01:01")] {
            assert_eq!(stop_watch(secs), said);
        }
    }
}
