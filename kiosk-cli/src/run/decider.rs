//! The thread that owns the scanner: codes in, answers out, in order. Between codes it does the
//! scanner's housekeeping and looks how things stand.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::tz::TimeZone;
use scanner_core::{
    Direction, Edge, Error, Outcome, Reading, Reason, ScanOptions, Scanned, Scanner, UseCount,
    Verdict,
};

use super::acts::{Answer, Ask, Event};
use super::news::News;
use super::screen::ASKED_MAX;
use super::supervise::{Act, Decided, Request};
use super::terminal::Bus;

const NEWS_EVERY_MICROS: u64 = 1_000_000;
/// Counting all uses may take this share of the time.
const COUNT_SHARE: u64 = 50;
const COUNT_EVERY_MICROS: u64 = 5_000_000;

pub(super) enum Job {
    Scan(Ask),
    Search(String),
    Consider(u32),
    Supervise(Request),
}

pub(super) struct Decider {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Decider {
    pub(super) fn start(scanner: Scanner, place: Place, edge: Edge, bus: Bus) -> Self {
        let (jobs, waiting) = sync_channel(ASKED_MAX + 8);
        let heard_at = edge.clock.monotonic_micros();
        let thread = std::thread::spawn(move || {
            Loop {
                scanner,
                place,
                edge,
                bus,
                count: UseCount::default(),
                count_at: 0,
                news_at: 0,
                heard_at,
            }
            .run(&waiting);
        });
        Self {
            jobs: Some(jobs),
            thread: Some(thread),
        }
    }

    /// False when it was not taken: the queue is full or the thread has gone.
    pub(super) fn give(&self, job: Job) -> bool {
        let given = self.jobs.as_ref().map(|jobs| jobs.try_send(job));
        !matches!(
            given,
            None | Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_)))
        )
    }

    /// Answers what was given and ends in good order.
    pub(super) fn finish(mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was told by the panic itself.
            let _ended = thread.join();
        }
    }
}

/// What is decided for.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) direction: Direction,
    pub(super) gate: Option<u16>,
    /// As it was asked for on the command line.
    pub(super) gate_name: Option<String>,
}

struct Loop {
    scanner: Scanner,
    place: Place,
    edge: Edge,
    bus: Bus,
    count: UseCount,
    count_at: u64,
    news_at: u64,
    /// When somebody else was heard last.
    heard_at: u64,
}

impl Loop {
    fn run(mut self, jobs: &Receiver<Job>) {
        self.tell_news();
        loop {
            let wait = self.news_at.saturating_sub(self.now());
            match jobs.recv_timeout(Duration::from_micros(wait)) {
                Ok(job) => self.work(job, jobs),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.now() >= self.news_at {
                self.tell_news();
            }
        }
        if let Err(error) = self.scanner.finish() {
            // A count for the organizer's picture; every admission is written.
            tracing::warn!(%error, "the last refusals were not noted");
        }
    }

    fn now(&self) -> u64 {
        self.edge.clock.monotonic_micros()
    }

    /// One after the other until nobody waits; then the housekeeping.
    fn work(&mut self, job: Job, jobs: &Receiver<Job>) {
        let mut next = Some(job);
        while let Some(job) = next {
            match job {
                Job::Scan(ask) => self.scan(ask),
                Job::Search(question) => {
                    let found = self.scanner.search(&question);
                    let found = found.map_err(|error| error.to_string());
                    self.bus.tell(Event::Found(found));
                }
                Job::Consider(serial) => {
                    let considered = self.scanner.consider(serial, self.options());
                    let considered = considered.map(|of| Box::new(Answer::from(of)));
                    let considered = considered.map_err(|error| error.to_string());
                    self.bus.tell(Event::Considered(serial, considered));
                }
                Job::Supervise(request) => self.supervise(request),
            }
            if self.now() >= self.news_at {
                self.tell_news();
            }
            next = jobs.try_recv().ok();
        }
        if let Err(error) = self.scanner.idle() {
            // The next scan meets the same trouble and says so on the screen.
            tracing::warn!(%error, "housekeeping failed");
        }
    }

    fn options(&self) -> ScanOptions {
        ScanOptions {
            direction: self.place.direction,
            gate: self.place.gate,
            confirmed: false,
        }
    }

    fn scan(&mut self, ask: Ask) {
        let options = ScanOptions {
            confirmed: ask.confirmed,
            ..self.options()
        };
        let scanned = match ask.touch {
            None => {
                let reading = Reading::from(ask.text);
                self.scanner.scan_answered(&reading, options, &ask.answers)
            }
            Some(Ok(chip)) => self
                .scanner
                .scan_chip_answered(&chip, options, &ask.answers),
            Some(Err(why)) => {
                let nothing = Reading::from("");
                let mut scanned = self.scanner.scan_answered(&nothing, options, &[]);
                scanned.verdict.reason = Reason::Misread;
                scanned.verdict.explanation = why;
                scanned
            }
        };
        self.note(&scanned.verdict);
        let answer = Answer::from(scanned);
        self.bus.tell(Event::Answered(Box::new(answer)));
        // The counters on the screen are those of the answer beside them.
        self.tell_news();
    }

    /// The PIN goes no further than the core.
    fn supervise(&mut self, request: Request) {
        let outcome = self.decide(request).map_err(|error| error.to_string());
        self.bus.tell(Event::Decided(outcome));
        // What was taken back was perhaps another device's: all is counted anew.
        self.count_at = 0;
        self.tell_news();
    }

    fn decide(&mut self, request: Request) -> Result<Decided, Error> {
        let Request { act, subject, pin } = request;
        let (pin, options) = (pin.pin(), self.options());
        match (act, subject) {
            (Act::LetIn, Some(subject)) => {
                let overruled = self.scanner.force(&subject, &pin, options)?;
                Ok(Decided::LetIn(Box::new(overruled), subject))
            }
            (Act::TakeBack, Some(subject)) => {
                let undone = self.scanner.undo(&subject, &pin)?;
                Ok(Decided::TakenBack(Box::new(undone)))
            }
            (Act::Unlock | Act::LetIn | Act::TakeBack, _) => {
                self.scanner.unlock_codes(&pin)?;
                Ok(Decided::Unlocked)
            }
        }
    }

    /// Keeps the counters right until all uses are counted again.
    fn note(&mut self, verdict: &Verdict) {
        if verdict.verdict != Outcome::Admit || !verdict.durable {
            return;
        }
        match self.place.direction {
            Direction::In => {
                self.count.admitted += 1;
                self.count.inside += 1;
            }
            Direction::Out => self.count.inside = self.count.inside.saturating_sub(1),
        }
    }

    fn tell_news(&mut self) {
        let now = self.now();
        self.news_at = now + NEWS_EVERY_MICROS;
        let status = match self.scanner.status() {
            Ok(status) => status,
            Err(error) => {
                self.bus.tell(Event::Trouble(error.to_string()));
                return;
            }
        };
        if now >= self.count_at {
            self.count = self.scanner.count();
            let after = self.now();
            let pause = (after - now).saturating_mul(COUNT_SHARE);
            self.count_at = after + pause.max(COUNT_EVERY_MICROS);
        }
        let zone = self
            .scanner
            .timezone()
            .and_then(|name| TimeZone::get(name).ok())
            .unwrap_or(TimeZone::UTC);
        if status.peers.iter().any(|peer| peer.connected) {
            self.heard_at = now;
        }
        let gate = self.place.gate_name.clone();
        let news = News {
            gate: gate.unwrap_or_else(|| status.gate.name.clone()),
            count: self.count,
            alone_secs: now.saturating_sub(self.heard_at) / 1_000_000,
            status,
            zone,
        };
        self.bus.tell(Event::News(Box::new(news)));
    }
}

impl From<Scanned> for Answer {
    fn from(scanned: Scanned) -> Self {
        Self {
            verdict: scanned.verdict,
            error: scanned.error.map(|error| error.to_string()),
            notes: scanned.notes,
            questions: scanned.questions,
        }
    }
}
