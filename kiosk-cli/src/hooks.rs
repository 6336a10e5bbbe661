//! Commands that the venue wrote: they open a turnstile, or print a badge or a wristband.
//!
//! Invariants: whoever scans never waits for one; each ends in time or is ended, with all that it
//! started; how many run at once is bounded; a failure is told and changes no verdict.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use scanner_core::{Clock, Verdict};
use serde::Serialize;

/// A command that has not ended by then is ended.
pub(crate) const HOOK_SECS_MAX: u64 = 10;
/// Commands that run at the same time; a gate that needs more has a command that hangs.
const RUNNING_MAX: usize = 32;
const WAITING_MAX: usize = 64;
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a command is for, as staff calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Turnstile,
    Printer,
}

impl Purpose {
    const fn word(self) -> &'static str {
        match self {
            Self::Turnstile => "the turnstile's command",
            Self::Printer => "the printer's command",
        }
    }
}

/// What a label printer needs to know, as one JSON object on stdin.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Label<'a> {
    pub(crate) event: &'a str,
    pub(crate) gate: &'a str,
    #[serde(flatten)]
    pub(crate) verdict: &'a Verdict,
}

/// Where what a command says goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// stdout is for answers, so both go there.
    Stderr,
    /// A full screen is no place for them.
    Nowhere,
}

impl Words {
    fn stdio(self) -> Stdio {
        match self {
            Self::Stderr => Stdio::from(std::io::stderr()),
            Self::Nowhere => Stdio::null(),
        }
    }
}

#[derive(Debug)]
struct Job {
    purpose: Purpose,
    command: Command,
    stdin: Option<Vec<u8>>,
}

/// Starts commands and looks after them on a thread of its own.
pub(crate) struct Hooks {
    jobs: Option<SyncSender<Box<Job>>>,
    thread: Option<JoinHandle<()>>,
    failed: Arc<dyn Fn(String) + Send + Sync>,
}

impl Hooks {
    /// `failed` is told in words, on whatever thread.
    pub(crate) fn start(
        clock: Arc<dyn Clock>,
        words: Words,
        failed: impl Fn(String) + Send + Sync + 'static,
    ) -> Self {
        let (jobs, waiting) = sync_channel(WAITING_MAX);
        let failed: Arc<dyn Fn(String) + Send + Sync> = Arc::new(failed);
        let keeper = Keeper {
            clock,
            words,
            failed: Arc::clone(&failed),
            running: Vec::new(),
        };
        Self {
            jobs: Some(jobs),
            thread: Some(std::thread::spawn(move || keeper.run(&waiting))),
            failed,
        }
    }

    /// Never waits.
    pub(crate) fn turnstile(&self, command: &str, verdict: &Verdict) {
        let command = shell(command, verdict);
        self.give(Job {
            purpose: Purpose::Turnstile,
            command,
            stdin: None,
        });
    }

    /// Never waits.
    pub(crate) fn printer(&self, command: &str, label: &Label<'_>) {
        match serde_json::to_vec(label) {
            Ok(mut json) => {
                json.push(b'\n');
                self.give(Job {
                    purpose: Purpose::Printer,
                    command: shell(command, label.verdict),
                    stdin: Some(json),
                });
            }
            Err(error) => (self.failed)(format!("the label could not be written: {error}")),
        }
    }

    fn give(&self, job: Job) {
        let purpose = job.purpose;
        let given = self.jobs.as_ref().map(|jobs| jobs.try_send(Box::new(job)));
        if let Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) = given {
            (self.failed)(format!("{} hangs: it was not run", purpose.word()));
        }
    }

    /// Waits for what runs, within its bounds.
    pub(crate) fn finish(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was told by the panic itself.
            let _ended = thread.join();
        }
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.finish();
    }
}

fn shell(command: &str, verdict: &Verdict) -> Command {
    let text = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(command)
        .env("KIOSK_SERIAL", text(verdict.serial.map(u64::from)))
        .env("KIOSK_GENERATION", text(verdict.generation.map(u64::from)))
        .env("KIOSK_CLASS", verdict.class.as_deref().unwrap_or_default())
        .env("KIOSK_SEAT", verdict.seat.as_deref().unwrap_or_default())
        // A group of its own, so that it can be ended with all that it started.
        .process_group(0);
    shell
}

struct Running {
    purpose: Purpose,
    child: Child,
    until: u64,
}

struct Keeper {
    clock: Arc<dyn Clock>,
    words: Words,
    failed: Arc<dyn Fn(String) + Send + Sync>,
    running: Vec<Running>,
}

impl Keeper {
    fn run(mut self, jobs: &Receiver<Box<Job>>) {
        loop {
            let next = if self.running.is_empty() {
                jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                jobs.recv_timeout(LOOK_EVERY)
            };
            match next {
                Ok(job) => self.begin(*job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) if self.running.is_empty() => return,
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK_EVERY),
            }
            self.look();
        }
    }

    fn begin(&mut self, mut job: Job) {
        self.look();
        let word = job.purpose.word();
        if self.running.len() >= RUNNING_MAX {
            (self.failed)(format!("{word} hangs: it was not run"));
            return;
        }
        let stdin = if job.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        job.command
            .stdin(stdin)
            .stdout(self.words.stdio())
            .stderr(self.words.stdio());
        let mut child = match job.command.spawn() {
            Ok(child) => child,
            Err(error) => {
                (self.failed)(format!("{word} did not start: {error}"));
                return;
            }
        };
        if let (Some(mut pipe), Some(json)) = (child.stdin.take(), job.stdin) {
            // A label is far smaller than a pipe holds; a command need not read it.
            let _written = pipe.write_all(&json);
        }
        let until = self.clock.monotonic_micros() + HOOK_SECS_MAX * 1_000_000;
        self.running.push(Running {
            purpose: job.purpose,
            child,
            until,
        });
    }

    /// Lets go of what has ended and ends what is over its time.
    fn look(&mut self) {
        let now = self.clock.monotonic_micros();
        let failed = &self.failed;
        self.running.retain_mut(|running| {
            let word = running.purpose.word();
            match running.child.try_wait() {
                Ok(None) if now < running.until => return true,
                Ok(None) => {
                    end(&mut running.child);
                    failed(format!("{word} was ended after {HOOK_SECS_MAX} s"));
                }
                Ok(Some(status)) if status.success() => {}
                Ok(Some(status)) => failed(format!("{word} failed ({})", told(status))),
                Err(error) => failed(format!("{word} was lost: {error}")),
            }
            false
        });
    }
}

/// With all that it started.
pub(crate) fn end(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended by itself meanwhile.
        let _killed = kill_process_group(group, Signal::KILL);
    }
    let _killed = child.kill();
    let _status = child.wait();
}

fn told(status: ExitStatus) -> String {
    status
        .code()
        .map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};

    use scanner_core::{Outcome, Reason, SystemClock};
    use shared::time::Timestamp;
    use tempfile::TempDir;

    use super::*;

    fn admitted() -> Verdict {
        Verdict {
            verdict: Outcome::Admit,
            reason: Reason::Ok,
            also: Vec::new(),
            serial: Some(17),
            generation: Some(2),
            class: Some("VIP".to_owned()),
            seat: Some("A-12".to_owned()),
            holder: Some("Anna".to_owned()),
            explanation: String::new(),
            earlier: None,
            at: Timestamp::UNIX_EPOCH,
            durable: true,
            us: 1,
        }
    }

    fn heard() -> (Arc<Mutex<Vec<String>>>, impl Fn(String) + Send + Sync) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&heard);
        (heard, move |what| {
            into.lock().expect("whole").push(what);
        })
    }

    #[test]
    fn a_printer_gets_the_label_on_stdin() {
        // V12
        let dir = TempDir::new().expect("a folder");
        let out = dir.path().join("label");
        let (heard, failed) = heard();
        let mut hooks = Hooks::start(Arc::new(SystemClock::start()), Words::Nowhere, failed);
        let verdict = admitted();
        let label = Label {
            event: "Quiet Night",
            gate: "Gate A",
            verdict: &verdict,
        };
        hooks.printer(&format!("cat > '{}'", out.display()), &label);
        hooks.finish();
        assert_eq!(*heard.lock().expect("whole"), [""; 0]);
        let label: serde_json::Value =
            serde_json::from_slice(&std::fs::read(out).expect("printed")).expect("JSON");
        for (key, value) in [
            ("event", "Quiet Night"),
            ("gate", "Gate A"),
            ("holder", "Anna"),
            ("seat", "A-12"),
            ("class", "VIP"),
        ] {
            assert_eq!(label[key], value);
        }
        assert_eq!(label["serial"], 17);
    }

    #[test]
    fn a_turnstile_is_told_whose_it_is_and_a_failure_is_told_to_staff() {
        let dir = TempDir::new().expect("a folder");
        let out = dir.path().join("opened");
        let (heard, failed) = heard();
        let mut hooks = Hooks::start(Arc::new(SystemClock::start()), Words::Nowhere, failed);
        let command = format!(
            "echo $KIOSK_SERIAL $KIOSK_SEAT > '{}'; exit 3",
            out.display()
        );
        hooks.turnstile(&command, &admitted());
        hooks.finish();
        assert_eq!(
            *heard.lock().expect("whole"),
            ["the turnstile's command failed (exit code 3)"]
        );
        assert_eq!(std::fs::read_to_string(out).expect("opened"), "17 A-12\n");
    }

    /// Each look is later by a step that tests set.
    #[derive(Default)]
    struct Stepping {
        now: AtomicU64,
        step: AtomicU64,
    }

    impl Stepping {
        fn walk(&self) {
            self.step.store(2_000_000, Ordering::Relaxed);
        }
    }

    impl Clock for Stepping {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }
        fn monotonic_micros(&self) -> u64 {
            let step = self.step.load(Ordering::Relaxed);
            self.now.fetch_add(step, Ordering::Relaxed)
        }
    }

    #[test]
    fn a_command_that_hangs_is_ended_with_what_it_started() {
        let (heard, failed) = heard();
        let clock = Arc::new(Stepping::default());
        clock.walk();
        let mut hooks = Hooks::start(clock, Words::Nowhere, failed);
        hooks.turnstile("sleep 90 & sleep 90", &admitted());
        hooks.finish();
        assert_eq!(
            *heard.lock().expect("whole"),
            ["the turnstile's command was ended after 10 s"]
        );
    }

    #[test]
    fn many_that_hang_are_not_joined_by_more() {
        let (heard, failed) = heard();
        let clock = Arc::new(Stepping::default());
        let hooks = Hooks::start(clock.clone(), Words::Nowhere, failed);
        for _ in 0..RUNNING_MAX + WAITING_MAX + 8 {
            hooks.turnstile("sleep 90", &admitted());
        }
        let told = || heard.lock().expect("whole").clone();
        while told().is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(told()[0], "the turnstile's command hangs: it was not run");
        clock.walk();
        drop(hooks);
        let ended = told().iter().filter(|what| what.contains("ended")).count();
        assert!(ended >= RUNNING_MAX, "{ended}");
    }
}
