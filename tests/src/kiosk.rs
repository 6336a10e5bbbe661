//! A real kiosk: the `kiosk` binary on its own data folder.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::{binaries, journey, venue};

/// One kiosk's data folder; commands run as processes of their own.
pub struct Kiosk {
    dir: TempDir,
    /// The network namespace that its processes live in; the test's own when `None`.
    space: Option<String>,
    /// Seconds by which its clock is ahead.
    clock_ahead: i64,
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
            space: None,
            clock_ahead: 0,
        }
    }

    /// One that lives in a network namespace, with a clock that may be wrong.
    pub fn in_space(space: &str, clock_ahead: i64) -> Self {
        Self {
            space: Some(space.to_owned()),
            clock_ahead,
            ..Self::new()
        }
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("kiosk")
    }

    /// `kiosk run` for a terminal, which talks with others on this machine only.
    pub fn full_screen(&self, listen: &str, more: &[&str]) -> Command {
        let args = ["run", "--no-multicast", "--listen", listen];
        let mut command = self.command(&[&args[..], more].concat());
        command.env_remove("NO_COLOR");
        command
    }

    /// A command of the kiosk, not yet started.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = match &self.space {
            Some(space) => venue::within(space, &binaries::path("kiosk")),
            None => Command::new(binaries::path("kiosk")),
        };
        if self.clock_ahead != 0 {
            command.args(["--clock-offset", &self.clock_ahead.to_string()]);
        }
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

    /// All uses of tickets that it knows, by all devices, as one set: what devices have to agree on.
    ///
    /// # Panics
    /// When the export fails.
    pub fn report(&self) -> BTreeSet<String> {
        let fields = [
            "log", "seq", "deviceId", "kind", "at", "counter", "serial", "counts",
        ];
        let told = |entry: &Value| fields.map(|of| entry[of].to_string()).join(" ");
        self.exported_uses().iter().map(told).collect()
    }

    /// The names of all uses that count, as the server names its redemptions.
    ///
    /// # Panics
    /// When the export fails.
    pub fn uses(&self) -> BTreeSet<String> {
        let uses = self.exported_uses().into_iter();
        let counted = uses.filter(|of| of["counts"] == true);
        let named = counted.map(|of| format!("{}:{}", journey::text(&of, "log"), of["seq"]));
        named.collect()
    }

    fn exported_uses(&self) -> Vec<Value> {
        let lines = self.succeed(&["export"]);
        let entries = lines.lines().map(|line| {
            let entry: Value = serde_json::from_str(line).expect("JSON");
            entry
        });
        let kinds = ["admit", "exit", "undo", "forced"];
        entries
            .filter(|entry| kinds.iter().any(|kind| entry["kind"] == *kind))
            .collect()
    }

    /// Serials of the tickets by which more came in than may, where this device let one in.
    ///
    /// # Panics
    /// When its status tells of no conflicts.
    pub fn own_conflicts(&self) -> BTreeSet<u64> {
        let status = self.status();
        let conflicts = status["conflicts"].as_array().expect("conflicts").iter();
        let own = conflicts.filter(|of| of["mine"] == true);
        own.filter_map(|of| of["serial"].as_u64()).collect()
    }

    /// A `kiosk gossip --json` that runs until it is dropped.
    ///
    /// # Panics
    /// When it does not begin to listen.
    pub fn gossip(&self, listen: &str, peers: &[String], more: &[&str]) -> Talk {
        let mut args = vec!["gossip", "--json", "--no-multicast", "--listen", listen];
        for peer in peers {
            args.extend(["--peer", peer.as_str()]);
        }
        args.extend_from_slice(more);
        let mut child = self
            .command(&args)
            .stdout(Stdio::piped())
            .spawn()
            .expect("kiosk starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut talk = Talk {
            child,
            stdout,
            address: String::new(),
        };
        let listening = talk.until(|event| event["event"] == "listening");
        listening["address"]
            .as_str()
            .expect("address")
            .clone_into(&mut talk.address);
        talk
    }

    pub fn folder(&self) -> &Path {
        self.dir.path()
    }
}

/// A running gossip. Dropping it kills the process.
pub struct Talk {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// Where others can call it.
    pub address: String,
}

impl Talk {
    /// The next event that is wanted; the others before it are passed over.
    ///
    /// # Panics
    /// When the process ends first.
    pub fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.next().expect("kiosk gossip goes on");
            if wanted(&event) {
                return event;
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Events as they come, until the process ends.
impl Iterator for Talk {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = self.stdout.read_line(&mut line).ok()?;
        if read == 0 || !line.ends_with('\n') {
            return None;
        }
        Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")))
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.kill();
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
        let sent = writeln!(stdin, "{code}").and_then(|()| stdin.flush());
        if let Err(error) = sent {
            panic!(
                "the kiosk listens no more ({error}): {:?}",
                self.child.wait()
            );
        }
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
