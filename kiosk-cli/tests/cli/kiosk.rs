//! Runs the binary on a data directory of its own.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use scanner_core::{Edge, Invitation, Syncer, enrol_over};
use serde_json::Value;
use tempfile::TempDir;

use crate::server::{Server, Shared};
use crate::wire::Wire;

pub(crate) struct Kiosk {
    dir: TempDir,
    pub(crate) server: Shared,
}

impl Kiosk {
    /// Not enrolled.
    pub(crate) fn new() -> Self {
        Self::new_for(20)
    }

    fn new_for(tickets: u32) -> Self {
        Self {
            dir: TempDir::new().expect("a folder"),
            server: Server::at(Edge::system().clock.now(), tickets),
        }
    }

    /// Enrolled for an event of 20 tickets that is open now.
    pub(crate) fn enrolled() -> Self {
        Self::enrolled_for(20)
    }

    pub(crate) fn enrolled_for(tickets: u32) -> Self {
        let kiosk = Self::new_for(tickets);
        kiosk.enrol();
        kiosk
    }

    /// Another device of the same event.
    pub(crate) fn beside(other: &Self) -> Self {
        let kiosk = Self {
            dir: TempDir::new().expect("a folder"),
            server: Shared::clone(&other.server),
        };
        kiosk.enrol();
        kiosk
    }

    fn enrol(&self) {
        let link = self.server.borrow_mut().invite().to_url();
        let invitation = Invitation::parse(&link, None).expect("a link");
        let mut wire = Wire::to(&self.server);
        let report =
            enrol_over(&self.data(), &invitation, &Edge::system(), &mut wire).expect("enrols");
        assert_eq!(report.sync_error, None);
    }

    /// Takes over what the server has published since.
    pub(crate) fn sync(&self) {
        let mut syncer = Syncer::open(&self.data(), Edge::system()).expect("opens");
        syncer.run(&mut Wire::to(&self.server)).expect("syncs");
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn ticket(&self, serial: u32) -> String {
        self.server.borrow().ticket(serial)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kiosk"));
        command
            .args(args)
            .env("KIOSK_DATA", self.data())
            .env_remove("RUST_LOG")
            .current_dir(self.dir.path());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("runs")
    }

    pub(crate) fn run_with(&self, args: &[&str], stdin: &[u8]) -> Output {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("runs");
        let mut pipe = child.stdin.take().expect("piped");
        // A kiosk that refuses to start closes the pipe early: that is its right.
        let _written = pipe.write_all(stdin);
        drop(pipe);
        child.wait_with_output().expect("ends")
    }

    /// One JSON answer for each line of `codes`.
    pub(crate) fn scan(&self, codes: &str) -> Vec<Value> {
        json_lines(&self.run_with(&["scan", "--json"], codes.as_bytes()))
    }
}

pub(crate) fn json_lines(output: &Output) -> Vec<Value> {
    assert_eq!(code(output), 0, "{}", stderr(output));
    stdout(output)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}
