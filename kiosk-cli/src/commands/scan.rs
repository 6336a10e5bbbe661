//! `kiosk scan`: codes in, one answer a line out. An admission is on disk before its line is
//! written and before the turnstile's command is run.

use std::io::{BufReader, IsTerminal as _, Write};
use std::path::Path;

use scanner_core::{
    Edge, Outcome, QuestionKind, QuestionPolicy, Reading, Reason, ScanOptions, Scanned, Scanner,
    Verdict, is_blank,
};
use serde::Serialize;

use super::images::{self, Picture};
use super::lines::{Line, Lines};
use super::{open, write_json};
use crate::camera;
use crate::chips;
use crate::cli::{Direction, Scan};
use crate::error::{Exit, Failure};
use crate::hooks::{Hooks, Words};
use crate::ui::{self, Style};

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
    if args.reader.is_some() {
        chips::available()?;
    }
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
    let stdin = args.image.is_empty() && args.camera.is_none() && args.reader.is_none();
    if stdin && std::io::stdin().is_terminal() {
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
        hooks: Hooks::start(Edge::system().clock, Words::Stderr, |what| {
            tracing::warn!("{what}");
        }),
        failing: false,
        missing: false,
    };
    let outcome = match (&args.camera, &args.reader) {
        (Some(camera), _) => loop_.camera(camera),
        (None, Some(reader)) => loop_.reader(reader),
        (None, None) if stdin => loop_.stdin(),
        (None, None) => loop_.images(args),
    };
    loop_.hooks.finish();
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
    hooks: Hooks,
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

    /// Until the camera's command ends.
    fn camera(&mut self, camera: &str) -> Result<(), Failure> {
        let clock = Edge::system().clock;
        let mut outcome = Ok(());
        let ended = camera::watch(camera, &*clock, |code| {
            outcome = self.answer(&Reading::from(code), None, None);
            outcome.is_ok()
        })?;
        tracing::info!(%ended, "the camera's command has ended");
        outcome
    }

    /// Until the reader's service ends.
    fn reader(&mut self, named: &str) -> Result<(), Failure> {
        let named = (!named.is_empty()).then_some(named);
        let mut outcome = Ok(());
        chips::watch(named, ui::news, |chip| {
            outcome = match chip {
                Ok(chip) => {
                    let scanned = self.scanner.scan_chip(&chip, self.options);
                    self.decided(scanned, None, None)
                }
                Err(error) => {
                    let nothing = Reading::from("");
                    let mut scanned = self.scanner.scan_answered(&nothing, self.options, &[]);
                    scanned.verdict.reason = Reason::Misread;
                    self.decided(scanned, None, Some(chips::told(&error)))
                }
            };
            outcome.is_ok()
        })?;
        outcome
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

    fn answer(
        &mut self,
        reading: &Reading,
        image: Option<String>,
        why: Option<String>,
    ) -> Result<(), Failure> {
        let scanned = self
            .scanner
            .scan_answered(reading, self.options, self.answers);
        self.decided(scanned, image, why)
    }

    /// Acts and shows; then housekeeping, when nobody waits any more.
    fn decided(
        &mut self,
        scanned: Scanned,
        image: Option<String>,
        why: Option<String>,
    ) -> Result<(), Failure> {
        let Scanned {
            mut verdict,
            error,
            notes,
            questions,
        } = scanned;
        if let Some(why) = why {
            verdict.explanation = why;
        }
        if let (Outcome::Admit, true, Some(command)) =
            (verdict.verdict, verdict.durable, self.on_admit)
        {
            self.hooks.turnstile(command, &verdict);
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
}
