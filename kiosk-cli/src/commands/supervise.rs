//! `kiosk force`, `kiosk undo`, `kiosk unlock`: what a supervisor may do here.
//!
//! Invariant: the PIN comes from the terminal without an echo, from stdin or from the environment,
//! never from an argument, and is printed nowhere.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use scanner_core::{Outcome, Pin, ScanOptions, Subject};
use zeroize::Zeroizing;

use super::{edge, open, write_json};
use crate::cli::{Force, Plain, Undo};
use crate::error::{Exit, Failure};
use crate::hooks::{Hooks, Words};
use crate::ui::{self, Style};

const PIN_VARIABLE: &str = "KIOSK_PIN";
/// A token of 440 digits and what readers put around it.
const LINE_BYTES_MAX: u64 = 4096;

pub(super) fn force(data: &Path, args: &Force) -> Result<Exit, Failure> {
    let mut scanner = open(data)?;
    let gate = args.gate.as_deref().map(|name| scanner.gate_named(name));
    let options = ScanOptions {
        direction: args.direction.into(),
        gate: gate.transpose()?,
        confirmed: false,
    };
    let subject = subject(&args.ticket)?;
    let done = scanner.force(&subject, &pin()?, options)?;
    let turnstile = args.on_admit.as_deref();
    // Its end is waited for when this is dropped.
    let _turnstile = turnstile.filter(|_| done.verdict.durable).map(|command| {
        let hooks = Hooks::start(edge().clock, Words::Stderr, |what| {
            tracing::warn!("{what}");
        });
        hooks.turnstile(command, &done.verdict);
        hooks
    });
    let mut out = std::io::stdout().lock();
    if args.json {
        write_json(&mut out, &done)?;
    } else {
        let text = ui::verdict(&done.verdict, args.direction.into(), Style::of_stdout());
        writeln!(out, "{text}\n  Decided by {}.", done.supervisor)?;
    }
    Ok(match done.verdict.verdict {
        Outcome::Admit => Exit::Done,
        Outcome::Refuse | Outcome::Attention => Exit::Failed,
    })
}

pub(super) fn undo(data: &Path, args: &Undo) -> Result<Exit, Failure> {
    let mut scanner = open(data)?;
    let subject = subject(&args.ticket)?;
    let undone = scanner.undo(&subject, &pin()?)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        write_json(&mut out, &undone)?;
    } else {
        writeln!(
            out,
            "{:04}  {} Decided by {}.",
            undone.serial, undone.explanation, undone.supervisor
        )?;
    }
    Ok(Exit::Done)
}

pub(super) fn unlock(data: &Path, args: &Plain) -> Result<Exit, Failure> {
    open(data)?.unlock_codes(&pin()?)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        write_json(&mut out, &serde_json::json!({ "unlocked": true }))?;
    } else {
        writeln!(out, "Codes may be typed again.")?;
    }
    Ok(Exit::Done)
}

fn subject(ticket: &str) -> Result<Subject, Failure> {
    if ticket != "-" {
        return Ok(Subject::parse(ticket));
    }
    Ok(Subject::parse(&line()?))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge: a secret for scripts, which is no setting of this program"
)]
fn pin() -> Result<Pin, Failure> {
    if let Ok(pin) = std::env::var(PIN_VARIABLE).map(Zeroizing::new) {
        return Ok(Pin::new(&pin));
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Ok(Pin::new(&line()?));
    }
    let before = tcgetattr(&stdin).map_err(std::io::Error::from)?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    write!(std::io::stderr(), "PIN: ")?;
    tcsetattr(&stdin, OptionalActions::Flush, &quiet).map_err(std::io::Error::from)?;
    let typed = line();
    tcsetattr(&stdin, OptionalActions::Now, &before).map_err(std::io::Error::from)?;
    writeln!(std::io::stderr())?;
    Ok(Pin::new(&typed?))
}

/// One line of stdin; what follows it stays there for the next.
fn line() -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::new());
    let mut stdin = std::io::stdin().lock();
    stdin.by_ref().take(LINE_BYTES_MAX).read_line(&mut line)?;
    Ok(line)
}
