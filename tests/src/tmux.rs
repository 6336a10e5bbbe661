//! A terminal that `tmux` keeps: keys in, the screen out, for whoever stands at a full-screen gate.
//!
//! Invariants: each terminal is a tmux of its own, on a socket in a temporary folder; dropping it
//! ends that tmux and what runs in it, and nothing else.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use tempfile::TempDir;

use crate::poll;

const STARTS_WITHIN: Duration = Duration::from_secs(30);
/// A person's pause around a key that is a command.
const PAUSE: Duration = Duration::from_millis(150);

pub struct Tmux {
    dir: TempDir,
    /// Of the program in it.
    pid: u32,
}

impl Tmux {
    /// Starts the program on a new terminal of 80 columns and 24 rows.
    ///
    /// # Panics
    /// When tmux does not start: it is Debian's package of that name.
    pub fn start(program: &Command) -> Self {
        let mut terminal = Self {
            dir: tempfile::tempdir().expect("a temporary folder"),
            pid: 0,
        };
        let mut args = vec![OsStr::new("new-session"), OsStr::new("-d")];
        args.extend(["-x", "80", "-y", "24", "--", "env"].map(OsStr::new));
        let env: Vec<String> = program
            .get_envs()
            .map(|(name, value)| match value {
                Some(value) => format!("{}={}", name.display(), value.display()),
                None => format!("--unset={}", name.display()),
            })
            .collect();
        args.extend(env.iter().map(OsStr::new));
        args.push(program.get_program());
        args.extend(program.get_args());
        let started = terminal.tmux(&args);
        let said = String::from_utf8_lossy(&started.stderr);
        assert!(started.status.success(), "tmux: {said}");
        let asked = ["list-panes", "-F", "#{pane_pid}"].map(OsStr::new);
        terminal.pid = poll::until("the program in tmux", STARTS_WITHIN, || {
            let told = terminal.tmux(&asked).stdout;
            String::from_utf8_lossy(&told).trim().parse().ok()
        });
        terminal
    }

    fn tmux<S: AsRef<OsStr>>(&self, args: &[S]) -> Output {
        let mut command = Command::new("tmux");
        command
            .arg("-S")
            .arg(self.socket())
            .args(["-f", "/dev/null"]);
        command.args(args).env_remove("TMUX");
        command.output().expect("tmux is needed: apt install tmux")
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("tmux")
    }

    /// Bytes as keys, as fast as a barcode reader.
    pub fn press(&self, keys: &str) {
        // Small enough for an argument list, whatever is pressed.
        for keys in keys.as_bytes().chunks(2048) {
            let hex: Vec<String> = keys.iter().map(|byte| format!("{byte:02x}")).collect();
            let mut args = vec!["send-keys", "-H"];
            args.extend(hex.iter().map(String::as_str));
            self.tmux(&args);
        }
    }

    /// A key by tmux's name, with nothing close to it.
    pub fn command(&self, key: &str) {
        self.pause(PAUSE);
        self.tmux(&["send-keys", key]);
        self.pause(PAUSE);
    }

    /// Nothing is waited for: somebody takes that long.
    pub fn pause(&self, time: Duration) {
        std::thread::park_timeout(time);
    }

    /// What a person sees.
    pub fn screen(&self) -> String {
        let told = self.tmux(&["capture-pane", "-p"]).stdout;
        String::from_utf8_lossy(&told).into_owned()
    }

    /// The same with its colours, as the terminal is told them.
    pub fn coloured(&self) -> String {
        let told = self.tmux(&["capture-pane", "-p", "-e"]).stdout;
        String::from_utf8_lossy(&told).into_owned()
    }

    /// The screen once it is what `wanted` looks for.
    ///
    /// # Panics
    /// When it never is.
    pub fn wait_for(&self, what: &str, within: Duration, wanted: impl Fn(&str) -> bool) -> String {
        match self.look(within, &wanted) {
            Ok(screen) => screen,
            Err(screen) => panic!("{what} never came:\n{screen}"),
        }
    }

    /// The screen, within a time.
    ///
    /// # Errors
    /// The last one, when it was never what `wanted` looks for.
    pub fn look(&self, within: Duration, wanted: &impl Fn(&str) -> bool) -> Result<String, String> {
        let tries = within.as_millis() / 10;
        let mut screen = self.screen();
        for _ in 0..tries {
            if wanted(&screen) {
                return Ok(screen);
            }
            std::thread::park_timeout(Duration::from_millis(5));
            screen = self.screen();
        }
        Err(screen)
    }

    /// Resident memory of the program, in kilobytes.
    ///
    /// # Panics
    /// When it does not run.
    pub fn resident_kb(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid));
        let text = text.expect("a process");
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let figure = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse().ok());
        figure.expect("a figure")
    }

    /// Sends a signal to the program and waits for its end.
    ///
    /// # Panics
    /// When it goes on.
    pub fn end(self, signal: &str) {
        let pid = self.pid.to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(sent.expect("kill").success(), "no program to signal");
        poll::until("the program's end", STARTS_WITHIN, || {
            let left = std::path::Path::new("/proc").join(&pid).exists();
            (!left).then_some(())
        });
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}
