//! `kiosk scan`: codes in, one answer a line out. An admission is on disk before its line is
//! written and before the turnstile's command is run.

use std::io::{BufReader, IsTerminal as _, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use scanner_core::{
    Outcome, QuestionKind, QuestionPolicy, Reading, ScanOptions, Scanned, Scanner, Verdict,
    is_blank,
};
use serde::Serialize;

use super::images::{self, Picture};
use super::lines::{Line, Lines};
use super::{open, write_json};
use crate::cli::{Direction, Scan};
use crate::error::{Exit, Failure};
use crate::ui::{self, Style};

/// Turnstile commands that may still be running.
const CHILDREN_MAX: usize = 64;

/// One line of output.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    verdict: &'a Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    /// What is wrong with the device, when the ticket is not to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// For staff: about this ticket, then about its class.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// What the guest is to be asked; the answers go with the next scan.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    questions: Vec<Question<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    id: &'a str,
    text: &'a str,
    kind: QuestionKind,
    required: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<Choice<'a>>,
}

#[derive(Serialize)]
struct Choice<'a> {
    id: &'a str,
    text: &'a str,
}

impl<'a> Question<'a> {
    fn of(question: &'a QuestionPolicy) -> Self {
        let options = question.options.iter();
        Self {
            id: &question.id,
            text: &question.text,
            kind: question.kind,
            required: question.required,
            options: options.map(|(id, text)| Choice { id, text }).collect(),
        }
    }
}

pub(super) fn run(data: &Path, args: &Scan) -> Result<Exit, Failure> {
    let mut scanner = open(data)?;
    let gate = args
        .gate
        .as_deref()
        .map(|name| scanner.gate_named(name))
        .transpose()?;
    let options = ScanOptions {
        direction: match args.direction {
            Direction::In => scanner_core::Direction::In,
            Direction::Out => scanner_core::Direction::Out,
        },
        gate,
        confirmed: args.confirmed,
    };
    // Another scanner on the same data is told now and not at the first guest.
    scanner.begin()?;
    if args.image.is_empty() && std::io::stdin().is_terminal() {
        let own = scanner.status()?.gate.name;
        ui::ready(args.gate.as_deref().unwrap_or(&own));
    }
    let mut loop_ = Loop {
        scanner,
        options,
        answers: &args.answers,
        json: args.json,
        style: Style::of_stdout(),
        on_admit: args.on_admit.as_deref(),
        children: Vec::new(),
        failing: false,
        missing: false,
    };
    let outcome = if args.image.is_empty() {
        loop_.stdin()
    } else {
        loop_.images(args)
    };
    loop_.reap(true);
    if let Err(error) = loop_.scanner.finish() {
        // A count for the organizer's picture; every admission is written.
        tracing::warn!(%error, "the last refusals were not noted");
    }
    outcome?;
    Ok(if loop_.failing {
        Exit::Unreadable
    } else if loop_.missing {
        Exit::Usage
    } else {
        Exit::Done
    })
}

struct Loop<'a> {
    scanner: Scanner,
    options: ScanOptions,
    answers: &'a [scanner_core::Answer],
    json: bool,
    style: Style,
    on_admit: Option<&'a str>,
    children: Vec<Child>,
    /// The last scan failed because of the device.
    failing: bool,
    /// A picture that was named is not there; the complaint is out.
    missing: bool,
}

impl Loop<'_> {
    fn stdin(&mut self) -> Result<(), Failure> {
        let stdin = std::io::stdin();
        let mut lines = Lines::new(BufReader::new(stdin.lock()));
        while let Some(line) = lines.next_line()? {
            let text = match line {
                // Readers that end a code with two key strokes send an empty line after each. A program
                // that pipes codes in counts on an answer for each line.
                Line::Text(text) if !self.json && is_blank(&text) => continue,
                Line::Text(text) => text,
                // Nothing that is no text, or has no end, is a ticket.
                Line::TooLong | Line::NotText => String::new(),
            };
            self.answer(&Reading::from(text), None, None)?;
        }
        Ok(())
    }

    fn images(&mut self, args: &Scan) -> Result<(), Failure> {
        // The others are read all the same: their guests wait.
        let mut missing = false;
        for path in &args.image {
            let name = path.display().to_string();
            let picture = match images::read(path) {
                Ok(picture) => picture,
                Err(failure) => {
                    ui::complain(&failure);
                    missing = true;
                    continue;
                }
            };
            match picture {
                Picture::Codes(codes) => {
                    for code in codes {
                        self.answer(&Reading::from(code), Some(name.clone()), None)?;
                    }
                }
                Picture::Nothing(why) => {
                    self.answer(&Reading::from(""), Some(name), Some(why))?;
                }
            }
        }
        self.missing = missing;
        Ok(())
    }

    /// Decides, acts, shows; then housekeeping, when nobody waits any more.
    fn answer(
        &mut self,
        reading: &Reading,
        image: Option<String>,
        why: Option<String>,
    ) -> Result<(), Failure> {
        let Scanned {
            mut verdict,
            error,
            notes,
            questions,
        } = self
            .scanner
            .scan_answered(reading, self.options, self.answers);
        if let Some(why) = why {
            verdict.explanation = why;
        }
        if verdict.verdict == Outcome::Admit && verdict.durable {
            self.open_turnstile(&verdict);
        }
        self.failing = error.is_some();
        let answer = Answer {
            verdict: &verdict,
            image,
            error: error.map(|error| error.to_string()),
            notes,
            questions: questions.iter().map(Question::of).collect(),
        };
        self.show(&answer)?;
        self.reap(false);
        if let Err(error) = self.scanner.idle() {
            // The next scan meets the same trouble and says so on the screen.
            tracing::warn!(%error, "housekeeping failed");
        }
        Ok(())
    }

    fn show(&self, answer: &Answer<'_>) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        if self.json {
            write_json(&mut out, answer)?;
        } else {
            writeln!(
                out,
                "{}",
                ui::verdict(answer.verdict, self.options.direction, self.style)
            )?;
            for note in &answer.notes {
                writeln!(out, "  {note}")?;
            }
            if let Some(error) = &answer.error {
                writeln!(out, "  ({error})")?;
            }
        }
        out.flush()?;
        Ok(())
    }

    /// Never waits for the command: the next guest is there already.
    fn open_turnstile(&mut self, verdict: &Verdict) {
        let Some(command) = self.on_admit else {
            return;
        };
        let text = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
        let spawned = Command::new("sh")
            .arg("-c")
            .arg(command)
            .env("KIOSK_SERIAL", text(verdict.serial.map(u64::from)))
            .env("KIOSK_GENERATION", text(verdict.generation.map(u64::from)))
            .env("KIOSK_CLASS", verdict.class.as_deref().unwrap_or_default())
            .env("KIOSK_SEAT", verdict.seat.as_deref().unwrap_or_default())
            .stdin(Stdio::null())
            // stdout is for answers only.
            .stdout(Stdio::from(std::io::stderr()))
            .spawn();
        match spawned {
            Ok(child) => self.children.push(child),
            Err(error) => tracing::error!(%error, "the command after admission did not start"),
        }
    }

    /// Lets finished commands go; waits for all at the end, or when too many run.
    fn reap(&mut self, all: bool) {
        let wait = all || self.children.len() > CHILDREN_MAX;
        self.children.retain_mut(|child| {
            let ended = if wait {
                child.wait().map(Some)
            } else {
                child.try_wait()
            };
            match ended {
                Ok(None) => true,
                Ok(Some(status)) => {
                    if !status.success() {
                        tracing::warn!(%status, "the command after admission failed");
                    }
                    false
                }
                Err(error) => {
                    tracing::warn!(%error, "the command after admission was lost");
                    false
                }
            }
        });
    }
}
