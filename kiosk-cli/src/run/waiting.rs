//! Before there is a device: waits for a stick with an enrolment, or for its code in front of the
//! reader, and says so on the screen.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use ratatui_core::buffer::Buffer;
use scanner_core::{Edge, EnrolReport, Invitation, Scanner, enrol};

use super::acts::Event;
use super::terminal::{Stamped, Terminal};
use super::view::{Palette, note};
use super::wedge::{Key, Stroke, Typed, Wedge};
use crate::error::Failure;
use crate::stick;

const LOOK_EVERY_MICROS: u64 = 1_000_000;
/// After a failure with what the stick holds: the network may come up meanwhile.
const TRY_AGAIN_MICROS: u64 = 10_000_000;
/// Six digits to compare; then the gate opens by itself, because there may be no keyboard.
const DIGITS_STAY_MICROS: u64 = 30_000_000;

/// What the page says, as words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) word: &'static str,
    pub(super) lines: Vec<String>,
    pub(super) attention: Option<String>,
}

fn not_enrolled(from: &Path, failed: Option<&str>) -> Page {
    Page {
        word: "ENROL",
        lines: vec![
            "This device belongs to no event yet.".to_owned(),
            format!(
                "Put the organizer's link into a file {} on a stick, and the stick in here ({}).",
                stick::FILE_NAME,
                from.display()
            ),
            "Or scan the enrolment code, or type it and Enter. Ctrl-C ends.".to_owned(),
        ],
        attention: failed.map(str::to_owned),
    }
}

fn enrolled(report: &EnrolReport, left: Option<String>) -> Page {
    let mut lines = vec![
        format!(
            "{} for {}, {}",
            report.device_name, report.event_title, report.gate_name
        ),
        format!(
            "Compare with the organizer's screen: {}",
            report.transcript_code
        ),
    ];
    if report.awaiting_confirmation {
        lines.push(
            "The organizer must confirm this device by these digits; then it begins by itself."
                .to_owned(),
        );
    }
    if !report.pinned {
        lines.push(
            "The code carried no keys to check against: these digits are the only proof."
                .to_owned(),
        );
    }
    if let Some(why) = &report.sync_error {
        lines.push(format!("The first sync failed ({why}); it is tried again."));
    }
    lines.push("Enter opens the gate; so do 30 seconds.".to_owned());
    Page {
        word: "DONE",
        lines,
        attention: left,
    }
}

/// `None` when it is to end before there is a device.
pub(super) fn enrol_by(
    data: &Path,
    from: &Path,
    edge: &Edge,
    terminal: &mut Terminal,
    palette: Palette,
    happened: &Receiver<Stamped>,
) -> Result<Option<Scanner>, Failure> {
    let mut waiting = Waiting {
        terminal,
        palette,
        happened,
        wedge: Wedge::default(),
        edge,
    };
    let mut failed: Option<String> = None;
    let mut look_at = 0;
    loop {
        waiting.show(&not_enrolled(from, failed.as_deref()))?;
        let now = edge.clock.monotonic_micros();
        let mut outcome = None;
        if now >= look_at {
            look_at = now + LOOK_EVERY_MICROS;
            if let Some(path) = stick::find(from) {
                outcome = Some(stick::enrol_with(&path, None, |of| enrol(data, of, edge)));
                look_at = edge.clock.monotonic_micros() + TRY_AGAIN_MICROS;
            }
        }
        if outcome.is_none() {
            match waiting.next(look_at) {
                Some(Typed::Code(text) | Typed::Line(text)) => {
                    let invitation = Invitation::parse(&text, None);
                    let report = invitation.and_then(|of| enrol(data, &of, edge));
                    outcome = Some(report.map(|report| (report, None)).map_err(Failure::from));
                }
                Some(Typed::Command(Key::Quit)) => return Ok(None),
                _ => {}
            }
        }
        match outcome {
            None => {}
            Some(Err(failure)) => failed = Some(failure.to_string()),
            Some(Ok((report, left))) => {
                waiting.show(&enrolled(&report, left))?;
                waiting.linger();
                return Ok(Scanner::open(data, edge.clone())?);
            }
        }
    }
}

struct Waiting<'a> {
    terminal: &'a mut Terminal,
    palette: Palette,
    happened: &'a Receiver<Stamped>,
    wedge: Wedge,
    edge: &'a Edge,
}

impl Waiting<'_> {
    fn show(&mut self, page: &Page) -> Result<(), Failure> {
        let (palette, typed) = (self.palette, self.wedge.text());
        let draw = |buf: &mut Buffer| note(buf, palette, page, typed);
        self.terminal.draw(draw)
    }

    /// What was typed or scanned; `None` when there is nothing whole by `until`.
    fn next(&mut self, until: u64) -> Option<Typed> {
        let now = self.edge.clock.monotonic_micros();
        let due = self.wedge.due().unwrap_or(until).min(until);
        let wait = Duration::from_micros(due.saturating_sub(now));
        let typed = match self.happened.recv_timeout(wait) {
            Ok((Event::Stroke(stroke), at)) => self.wedge.stroke(stroke, at),
            Ok((Event::Stop, _)) | Err(RecvTimeoutError::Disconnected) => {
                vec![Typed::Command(Key::Quit)]
            }
            Ok(_) => Vec::new(),
            Err(RecvTimeoutError::Timeout) => self.wedge.tick(self.edge.clock.monotonic_micros()),
        };
        typed.into_iter().next()
    }

    /// Until somebody has compared, or nobody does.
    fn linger(&mut self) {
        let until = self.edge.clock.monotonic_micros() + DIGITS_STAY_MICROS;
        while self.edge.clock.monotonic_micros() < until {
            match self
                .happened
                .recv_timeout(Duration::from_micros(LOOK_EVERY_MICROS))
            {
                Ok((Event::Stroke(Stroke::End) | Event::Stop, _))
                | Err(RecvTimeoutError::Disconnected) => return,
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}
