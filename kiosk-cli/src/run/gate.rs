//! Carries events to the screen and its effects to whoever does them.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use scanner_core::{Direction, Edge, Kind, Scanner, Verdict, install_tls};

use super::acts::{Effect, Event};
use super::decider::{Decider, Job, Place};
use super::eye;
use super::screen::Screen;
use super::terminal::{Bus, EVENTS_MAX, Stamped, Terminal, listen};
use super::touch;
use super::uplink::Uplink;
use super::view::{self, Palette};
use super::waiting;
use crate::chips;
use crate::cli::Run;
use crate::commands;
use crate::error::{Exit, Failure};
use crate::hooks::{Hooks, Label, Words};
use crate::talk;
use crate::ui::Style;

/// Keys of a burst are drawn together; an answer is drawn at once.
const DRAW_AFTER_MICROS: u64 = 15_000;
/// Nothing is due: look at the clock all the same.
const WAIT_MICROS_MAX: u64 = 1_000_000;
/// What was scanned before the end is still answered, within this time.
const LAST_ANSWERS_MICROS: u64 = 5_000_000;

pub(crate) fn run(data: &Path, args: &Run) -> Result<Exit, Failure> {
    install_tls();
    if args.reader.is_some() {
        chips::available()?;
    }
    let edge = commands::edge();
    let known = known(data, &edge, args)?;
    if known.is_none() && args.enrol_from.is_none() {
        return Err(Failure::NotEnrolled);
    }
    let (events, happened) = sync_channel(EVENTS_MAX);
    let bus = Bus::new(events, edge.clock.clone());
    let palette = Palette {
        colour: Style::of_stdout().colour,
    };
    let mut terminal = Terminal::open()?;
    listen(&bus)?;
    let scanner = match (known, &args.enrol_from) {
        (Some(scanner), _) => Some(scanner),
        (None, None) => None,
        (None, Some(from)) => {
            waiting::enrol_by(data, from, &edge, &mut terminal, palette, &happened)?
        }
    };
    let Some(mut scanner) = scanner else {
        return Ok(Exit::Done);
    };
    let gate = args.gate.as_deref();
    let place = Place {
        direction: args.direction.into(),
        gate: gate.map(|name| scanner.gate_named(name)).transpose()?,
        gate_name: gate.map(str::to_owned),
    };
    // Another scanner on the same data is told now and not at the first guest.
    scanner.begin()?;
    let told = bus.clone();
    let hooks = Hooks::start(edge.clock.clone(), Words::Nowhere, move |what| {
        told.tell(Event::Trouble(what));
    });
    let screen = Screen::new(place.direction);
    let decider = Decider::start(scanner, place, edge.clone(), bus.clone());
    start_readers(args, &edge, &bus);
    let told = bus.clone();
    let told = move |why| told.tell_if_free(Event::Trouble(format!("other devices: {why}")));
    let neighbours = (!args.no_peers)
        .then(|| talk::keep(data, edge.clone(), &args.peers, told))
        .transpose()?;
    let uplink = Uplink::start(data, edge.clone(), bus);
    let mut gate = Gate {
        screen,
        decider,
        hooks,
        uplink,
        terminal,
        palette,
        args,
        edge,
        ending: None,
    };
    let outcome = gate.run(&happened);
    // Whoever still reports must not wait for a screen that has gone.
    drop(happened);
    let Gate {
        decider, terminal, ..
    } = gate;
    drop(terminal);
    decider.finish();
    drop(neighbours);
    outcome.map(|()| Exit::Done)
}

/// What brings codes besides the keys.
fn start_readers(args: &Run, edge: &Edge, bus: &Bus) {
    if let Some(camera) = &args.camera {
        eye::start(camera.clone(), edge, bus.clone());
    }
    if let Some(reader) = &args.reader {
        touch::start(reader.clone(), bus.clone());
    }
}

/// The device in the directory. Archived, it is as good as new for whoever waits with a stick.
fn known(data: &Path, edge: &Edge, args: &Run) -> Result<Option<Scanner>, Failure> {
    match Scanner::open(data, edge.clone()) {
        Err(error) if error.kind() == Kind::NotEnrolled && args.enrol_from.is_some() => Ok(None),
        known => Ok(known?),
    }
}

struct Gate<'a> {
    screen: Screen,
    decider: Decider,
    hooks: Hooks,
    uplink: Uplink,
    terminal: Terminal,
    palette: Palette,
    args: &'a Run,
    edge: Edge,
    /// Since when it is to end.
    ending: Option<u64>,
}

impl Gate<'_> {
    fn run(&mut self, happened: &Receiver<Stamped>) -> Result<(), Failure> {
        let mut draw_at = Some(0);
        loop {
            let now = self.now();
            if draw_at.is_some_and(|at| now >= at) {
                self.draw()?;
                draw_at = None;
            }
            if let Some(since) = self.ending
                && (self.screen.waiting() == 0 || now >= since + LAST_ANSWERS_MICROS)
            {
                return Ok(());
            }
            let next = [self.screen.due(), draw_at].into_iter().flatten().min();
            let wait = next.map_or(WAIT_MICROS_MAX, |at| at.saturating_sub(now));
            let wait = Duration::from_micros(wait.min(WAIT_MICROS_MAX));
            let soon = match happened.recv_timeout(wait) {
                Ok((event, at)) => {
                    let soon = matches!(event, Event::Stroke(_) | Event::News(_));
                    let effects = self.screen.on(event, at);
                    self.carry_out(effects)?;
                    soon
                }
                Err(RecvTimeoutError::Timeout) => {
                    let effects = self.screen.tick(self.now());
                    self.carry_out(effects)?;
                    false
                }
                // The threads that read keys hold it open: they have gone.
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            let at = if soon { now + DRAW_AFTER_MICROS } else { now };
            draw_at = Some(draw_at.map_or(at, |before: u64| before.min(at)));
        }
    }

    fn now(&self) -> u64 {
        self.edge.clock.monotonic_micros()
    }

    fn draw(&mut self) -> Result<(), Failure> {
        let (screen, palette) = (&self.screen, self.palette);
        self.terminal.draw(|buf| view::draw(screen, buf, palette))
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Result<(), Failure> {
        for effect in effects {
            match effect {
                Effect::Scan(ask) => {
                    if !self.decider.give(Job::Scan(ask)) {
                        return Err(Failure::Io(std::io::Error::other(
                            "the thread that decides has ended",
                        )));
                    }
                }
                Effect::Search(question) => {
                    if !self.decider.give(Job::Search(question)) {
                        let busy = Event::Trouble("busy: search again in a moment".to_owned());
                        let now = self.now();
                        self.screen.on(busy, now);
                    }
                }
                Effect::Consider(serial) => {
                    // A busy gate leaves the choice as it is: the next key asks again.
                    let _given = self.decider.give(Job::Consider(serial));
                }
                Effect::Supervise(request) => {
                    if !self.decider.give(Job::Supervise(request)) {
                        let busy = Err("busy: type the PIN again in a moment".to_owned());
                        let now = self.now();
                        self.screen.on(Event::Decided(busy), now);
                    }
                }
                Effect::Passed(verdict) => self.passed(&verdict),
                Effect::Bell => self.terminal.bell()?,
                Effect::SyncNow => self.uplink.now(),
                Effect::Quit => {
                    let now = self.now();
                    self.ending.get_or_insert(now);
                }
            }
        }
        Ok(())
    }

    fn passed(&self, verdict: &Verdict) {
        if let Some(command) = &self.args.on_admit {
            self.hooks.turnstile(command, verdict);
        }
        let label = self.screen.news().map(|news| Label {
            event: &news.status.event.title,
            gate: &news.gate,
            verdict,
        });
        if let (Some(command), Some(label), Direction::In) =
            (&self.args.print, label, self.screen.direction())
        {
            self.hooks.printer(command, &label);
        }
    }
}
