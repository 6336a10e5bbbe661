//! The terminal: keys in, cells out. The only file of the full-screen gate that knows one.

use std::io::{IsTerminal as _, Stdin, Stdout, Write as _};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, execute};
use ratatui_core::buffer::Buffer;
use ratatui_crossterm::CrosstermBackend;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use scanner_core::Clock;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;

use super::acts::Event;
use super::keys::Keys;
use crate::error::Failure;

/// Events that wait. A reader's burst of keys fits many times; when it is full, keys wait in the
/// kernel.
pub(super) const EVENTS_MAX: usize = 4096;

const READ_BYTES: usize = 4096;
/// A terminal sends the bytes of one key together.
const REST_OF_A_KEY: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// An event and its moment, in microseconds of the monotonic clock.
pub(super) type Stamped = (Event, u64);

/// Where the threads of a gate report to.
#[derive(Clone)]
pub(super) struct Bus {
    events: SyncSender<Stamped>,
    clock: Arc<dyn Clock>,
}

impl Bus {
    pub(super) fn new(events: SyncSender<Stamped>, clock: Arc<dyn Clock>) -> Self {
        Self { events, clock }
    }
    /// Waits while the screen is busy. False when nobody listens any more.
    pub(super) fn tell(&self, event: Event) -> bool {
        let at = self.clock.monotonic_micros();
        self.events.send((event, at)).is_ok()
    }
    /// For what is told again anyway, by whoever may not wait.
    pub(super) fn tell_if_free(&self, event: Event) {
        let at = self.clock.monotonic_micros();
        let _told = self.events.try_send((event, at));
    }
}

/// The full screen, given back when it is dropped.
pub(super) struct Terminal {
    inner: ratatui_core::terminal::Terminal<CrosstermBackend<Stdout>>,
}

impl Terminal {
    pub(super) fn open() -> Result<Self, Failure> {
        if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
            return Err(Failure::Usage(
                "the full-screen gate needs a terminal; `kiosk scan` reads lines".to_owned(),
            ));
        }
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        crossterm::terminal::enable_raw_mode()?;
        execute!(
            std::io::stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            cursor::Hide
        )?;
        let inner =
            ratatui_core::terminal::Terminal::new(CrosstermBackend::new(std::io::stdout()))?;
        Ok(Self { inner })
    }

    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Buffer)) -> Result<(), Failure> {
        self.inner.draw(|frame| draw(frame.buffer_mut()))?;
        Ok(())
    }

    pub(super) fn bell(&mut self) -> Result<(), Failure> {
        let out = self.inner.backend_mut();
        out.write_all(b"\x07")?;
        std::io::Write::flush(out)?;
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    // There is nobody left to tell when the terminal has gone.
    let _shown = execute!(
        std::io::stdout(),
        cursor::Show,
        DisableBracketedPaste,
        LeaveAlternateScreen
    );
    let _cooked = crossterm::terminal::disable_raw_mode();
}

/// Reads keys and signals from now on, on threads that end with the process.
pub(super) fn listen(bus: &Bus) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM, SIGWINCH])?;
    let signalled = bus.clone();
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let event = match signal {
                SIGWINCH => Event::Resized,
                _ => Event::Stop,
            };
            if !signalled.tell(event) {
                return;
            }
        }
    });
    let bus = bus.clone();
    std::thread::spawn(move || {
        // The terminal has gone, or nobody listens any more.
        let _ended = read_keys(&bus);
        bus.tell(Event::Stop);
    });
    Ok(())
}

fn read_keys(bus: &Bus) -> std::io::Result<()> {
    let stdin = std::io::stdin();
    let mut keys = Keys::default();
    let mut bytes = [0; READ_BYTES];
    loop {
        let strokes = if keys.is_waiting() && !is_more(&stdin)? {
            keys.idle().into_iter().collect()
        } else {
            match rustix::io::read(&stdin, &mut bytes) {
                Ok(0) => return Ok(()),
                Ok(read) => keys.push(&bytes[..read]),
                Err(Errno::INTR) => Vec::new(),
                Err(error) => return Err(error.into()),
            }
        };
        for stroke in strokes {
            if !bus.tell(Event::Stroke(stroke)) {
                return Ok(());
            }
        }
    }
}

/// The rest of a key that has begun.
fn is_more(stdin: &Stdin) -> std::io::Result<bool> {
    let mut wanted = [PollFd::new(stdin, PollFlags::IN)];
    match poll(&mut wanted, Some(&REST_OF_A_KEY)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(true),
        Err(error) => Err(error.into()),
    }
}
