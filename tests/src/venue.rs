//! A venue's network that can be cut: network namespaces on one switch. Needs root and `ip`.
//!
//! Invariants: nothing is added to the machine's own network; dropping the venue removes all of it.

use std::path::Path;
use std::process::{Command, Stdio};

/// Islands that a venue can fall into.
const SEGMENTS: usize = 3;
/// Set where namespaces are promised: a test that cannot make them fails there.
const PROMISE: &str = "GATEHOUSE_NETNS";

/// Members 0 to n-1, each in a namespace of its own, all on one switch at first.
pub struct Venue {
    name: String,
    members: usize,
    /// Made by this process, which removes it in the end.
    owned: bool,
}

impl Venue {
    /// `None`, said loudly, where this machine has no namespaces to give.
    ///
    /// # Panics
    /// When they were promised and cannot be had.
    pub fn build(members: usize) -> Option<Self> {
        let venue = Self {
            name: format!("gh{}", std::process::id()),
            members,
            owned: true,
        };
        let switch = venue.switch();
        if !ip(&["netns", "add", &switch]) {
            assert!(
                std::env::var_os(PROMISE).is_none(),
                "{PROMISE} promises network namespaces, and none can be made"
            );
            complain();
            return None;
        }
        for segment in 0..SEGMENTS {
            let bridge = format!("seg{segment}");
            venue.must(&["-n", &switch, "link", "add", &bridge, "type", "bridge"]);
            venue.must(&["-n", &switch, "link", "set", &bridge, "up"]);
        }
        for member in 0..members {
            let space = venue.space(member);
            let port = format!("port{member}");
            venue.must(&["netns", "add", &space]);
            venue.must(&["-n", &space, "link", "set", "lo", "up"]);
            venue.must(&[
                "-n", &switch, "link", "add", &port, "type", "veth", "peer", "name", "eth0",
                "netns", &space,
            ]);
            let address = format!("{}/24", venue.ip(member));
            venue.must(&["-n", &space, "address", "add", &address, "dev", "eth0"]);
            venue.must(&["-n", &space, "link", "set", "eth0", "up"]);
            venue.must(&["-n", &switch, "link", "set", &port, "master", "seg0", "up"]);
        }
        Some(venue)
    }

    /// For a process that was started inside one.
    pub fn of_this_process(members: usize, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            members,
            owned: false,
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn space(&self, member: usize) -> String {
        format!("{}n{member}", self.name)
    }

    pub fn ip(&self, member: usize) -> String {
        format!("10.77.0.{}", member + 1)
    }

    /// Puts each member on the island that `island` names for it.
    pub fn cut(&self, island: impl Fn(usize) -> usize) {
        for member in 0..self.members {
            let (port, bridge) = (format!("port{member}"), format!("seg{}", island(member)));
            self.must(&[
                "-n",
                &self.switch(),
                "link",
                "set",
                &port,
                "master",
                &bridge,
            ]);
        }
    }

    pub fn heal(&self) {
        self.cut(|_| 0);
    }

    fn switch(&self) -> String {
        format!("{}sw", self.name)
    }

    fn must(&self, args: &[&str]) {
        assert!(ip(args), "{}: ip {args:?}", self.name);
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        if !self.owned {
            return;
        }
        for member in 0..self.members {
            // What was not made cannot be removed.
            let _removed = ip(&["netns", "delete", &self.space(member)]);
        }
        let _removed = ip(&["netns", "delete", &self.switch()]);
    }
}

/// A program that will run inside a namespace.
pub fn within(space: &str, program: &Path) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", space]).arg(program);
    command
}

fn ip(args: &[&str]) -> bool {
    Command::new("ip")
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[expect(clippy::print_stderr, reason = "a test that proves nothing says so")]
fn complain() {
    eprintln!(
        "NOT PROVEN HERE: no network namespaces (needs root and `ip`). Set {PROMISE}=1 where they \
         must be there."
    );
}
