//! A venue's network that can be cut: network namespaces on one switch. Needs `ip` and the right to
//! make a user namespace, which root has and most others too.
//!
//! Invariants: nothing is added to the machine's own network. All of it (network, mounts,
//! processes, files) is of one process tree that the kernel ends with the test, however that ends.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::binaries;

/// Islands that a venue can fall into.
const SEGMENTS: usize = 3;
/// Set where namespaces are promised: a test that cannot make them fails there.
const PROMISE: &str = "GATEHOUSE_NETNS";
/// Set for the process that plays inside.
const INSIDE: &str = "GATEHOUSE_VENUE";
const SWITCH: &str = "switch";
/// All that a venue needs, tried once.
const PROBE: &str = "mount -t tmpfs none /run && ip netns add probe && ip link add bridge type bridge && \
     ip link add veth type veth peer name peer netns probe";

/// Members 0 to n-1, each in a namespace of its own, all on one switch at first. Member 0 is this
/// process itself and whatever it starts by itself.
#[derive(Debug)]
pub struct Venue {
    members: usize,
}

/// Plays a test at a venue: `test` is the name by which this binary knows it. Where this machine
/// has no namespaces to give, that is said loudly and nothing is played.
///
/// # Panics
/// When the play fails; or when namespaces were promised and cannot be had.
pub fn play(test: &str, members: usize, night: impl FnOnce(Venue)) {
    if std::env::var_os(INSIDE).is_some() {
        return night(Venue::build(members));
    }
    let possible = apart()
        .args(["sh", "-c", PROBE])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !possible {
        assert!(
            std::env::var_os(PROMISE).is_none(),
            "{PROMISE} promises network namespaces, and none can be made"
        );
        return complain(test);
    }
    let binaries = binaries::path("kiosk");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let status = apart()
        .arg(std::env::current_exe().expect("own path"))
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .env("TMPDIR", folder.path())
        .env("GATEHOUSE_BIN_DIR", binaries.parent().expect("a folder"))
        .status()
        .expect("unshare starts");
    assert!(status.success(), "{test} failed at its venue: {status}");
}

/// A program in namespaces of its own that dies with this thread, and takes with it whatever it
/// started: it is the first process of its tree.
fn apart() -> Command {
    let mut command = Command::new("setpriv");
    command
        .args([
            "--pdeathsig",
            "KILL",
            "unshare",
            "--user",
            "--map-root-user",
        ])
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child=KILL"])
        .stdin(Stdio::null());
    command
}

impl Venue {
    fn build(members: usize) -> Self {
        let venue = Self { members };
        // The names of namespaces are files: here nobody else sees them.
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "none", "/run"])
            .status();
        assert!(mounted.is_ok_and(|status| status.success()), "mount");
        ip(&["link", "set", "lo", "up"]);
        ip(&["netns", "add", SWITCH]);
        for segment in 0..SEGMENTS {
            let bridge = format!("seg{segment}");
            switch(&["link", "add", &bridge, "type", "bridge"]);
            switch(&["link", "set", &bridge, "up"]);
        }
        for member in 0..members {
            let (space, port) = (venue.space(member), port(member));
            let here = [
                "link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns",
            ];
            let own = member == 0;
            let place = if own {
                std::process::id().to_string()
            } else {
                ip(&["netns", "add", &space]);
                ip(&["-n", &space, "link", "set", "lo", "up"]);
                space.clone()
            };
            switch(&[&here[..], &[&place]].concat());
            let address = format!("{}/24", venue.ip(member));
            let inside: &[&str] = if own { &[] } else { &["-n", &space] };
            let eth0 = |args: &[&str]| ip(&[inside, args].concat());
            eth0(&["address", "add", &address, "dev", "eth0"]);
            eth0(&["link", "set", "eth0", "up"]);
            switch(&["link", "set", &port, "master", "seg0", "up"]);
        }
        venue
    }

    /// The name of a member's namespace; not of member 0, which has none.
    ///
    /// # Panics
    /// When there is no such member.
    pub fn space(&self, member: usize) -> String {
        assert!(member < self.members, "there is no member {member}");
        format!("member{member}")
    }

    pub fn ip(&self, member: usize) -> String {
        format!("10.77.0.{}", member + 1)
    }

    /// Puts each member on the island that `island` names for it.
    pub fn cut(&self, island: impl Fn(usize) -> usize) {
        for member in 0..self.members {
            let bridge = format!("seg{}", island(member));
            switch(&["link", "set", &port(member), "master", &bridge]);
        }
    }

    pub fn heal(&self) {
        self.cut(|_| 0);
    }

    /// Bytes and packets that a member has sent, and those that it got, with all their headers.
    ///
    /// # Panics
    /// When `ip` tells nothing of it.
    pub fn traffic(&self, member: usize) -> [Traffic; 2] {
        assert!(member < self.members, "there is no member {member}");
        let output = Command::new("ip")
            .args(["-n", SWITCH, "-s", "-j", "link", "show", &port(member)])
            .output()
            .expect("ip starts");
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        // What comes into the switch was sent by the member.
        ["rx", "tx"].map(|way| {
            let of = |field: &str| told[0]["stats64"][way][field].as_u64().expect("a count");
            Traffic {
                bytes: of("bytes"),
                packets: of("packets"),
            }
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    pub bytes: u64,
    pub packets: u64,
}

/// A program that will run inside a namespace.
pub fn within(space: &str, program: &Path) -> Command {
    let mut command = Command::new("nsenter");
    command
        .arg(format!("--net=/run/netns/{space}"))
        .arg(program);
    command
}

fn port(member: usize) -> String {
    format!("port{member}")
}

fn switch(args: &[&str]) {
    ip(&[&["-n", SWITCH], args].concat());
}

fn ip(args: &[&str]) {
    let status = Command::new("ip").args(args).stdin(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "ip {args:?}");
}

#[expect(clippy::print_stderr, reason = "a test that proves nothing says so")]
fn complain(test: &str) {
    eprintln!(
        "NOT PROVEN HERE: {test}. There are no network namespaces (needs `ip`, and `unshare` with \
         the right to make a user namespace). Set {PROMISE}=1 where they must be there."
    );
}
