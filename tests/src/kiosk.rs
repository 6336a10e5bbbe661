//! A real kiosk: the `kiosk` binary on its own data folder.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::binaries;

/// One kiosk's data folder; commands run as processes of their own.
pub struct Kiosk {
    dir: TempDir,
}

impl Kiosk {
    /// # Panics
    /// When no temporary folder can be made.
    #[expect(
        clippy::new_without_default,
        reason = "making a folder is not a default value"
    )]
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("kiosk")
    }

    /// A command of the kiosk, not yet started.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binaries::path("kiosk"));
        command.args(args).arg("--data").arg(self.data());
        command
            .env("NO_COLOR", "1")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null());
        command
    }

    /// Runs to the end.
    ///
    /// # Panics
    /// When the process cannot start.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("kiosk starts")
    }

    /// Runs to the end and insists on exit code 0.
    ///
    /// # Panics
    /// On any other exit code.
    pub fn succeed(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "kiosk {args:?}: {}\n{stdout}\n{stderr}",
            output.status
        );
        stdout
    }

    /// # Panics
    /// When enrolment fails.
    pub fn enrol(&self, url: &str) {
        self.succeed(&["enrol", url]);
    }

    /// # Panics
    /// When the sync fails.
    pub fn sync(&self) {
        self.succeed(&["sync", "--once"]);
    }

    /// # Panics
    /// When the answer is not JSON.
    pub fn status(&self) -> Value {
        serde_json::from_str(&self.succeed(&["status", "--json"])).expect("JSON")
    }

    /// Scans each line and gives one verdict for each.
    ///
    /// # Panics
    /// When the kiosk fails or a line has no verdict.
    pub fn scan(&self, codes: &[&str]) -> Vec<Value> {
        let mut gate = self.gate(&[]);
        let verdicts = codes.iter().map(|code| gate.scan(code)).collect();
        gate.finish();
        verdicts
    }

    /// A `kiosk scan --json` that stays open, line in, line out.
    ///
    /// # Panics
    /// When the process cannot start.
    pub fn gate(&self, more: &[&str]) -> Gate {
        let mut args = vec!["scan", "--json"];
        args.extend_from_slice(more);
        let mut child = self
            .command(&args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("kiosk starts");
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        Gate {
            child,
            stdin,
            stdout,
        }
    }

    pub fn folder(&self) -> &Path {
        self.dir.path()
    }
}

/// A running gate. Dropping it kills the process.
pub struct Gate {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Gate {
    /// One scan: writes the line, waits for the verdict.
    ///
    /// # Panics
    /// When the kiosk ended or answers nonsense.
    pub fn scan(&mut self, code: &str) -> Value {
        self.send(code);
        self.read().expect("a verdict")
    }

    /// As `scan`, for a kiosk that may be killed under the scan: `None` when it was.
    pub fn try_scan(&mut self, code: &str) -> Option<Value> {
        let stdin = self.stdin.as_mut()?;
        writeln!(stdin, "{code}")
            .and_then(|()| stdin.flush())
            .ok()?;
        self.read()
    }

    /// Writes a line without waiting.
    ///
    /// # Panics
    /// When the kiosk no longer listens.
    pub fn send(&mut self, code: &str) {
        let stdin = self.stdin.as_mut().expect("open");
        writeln!(stdin, "{code}")
            .and_then(|()| stdin.flush())
            .expect("the kiosk listens");
    }

    /// The next verdict, or `None` when the kiosk ended.
    ///
    /// # Panics
    /// When a line is not JSON.
    pub fn read(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = self.stdout.read_line(&mut line).ok()?;
        if read == 0 || !line.ends_with('\n') {
            return None;
        }
        Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }

    /// End of input; waits for exit code 0.
    ///
    /// # Panics
    /// On any other exit code.
    pub fn finish(mut self) {
        drop(self.stdin.take());
        let status = self.child.wait().expect("wait");
        assert!(status.success(), "kiosk scan: {status}");
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.kill();
    }
}
