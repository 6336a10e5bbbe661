//! What can go wrong, its exit code, and what to try.

use std::process::ExitCode;

use scanner_core::Kind;

/// The server's word for a device whose six digits the organizer has not compared yet.
pub(crate) const UNCONFIRMED: &str = "device_pending";

/// The exit codes. A fixed contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    NotEnrolled = 3,
    Unreadable = 4,
    NoPeer = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Core(#[from] scanner_core::Error),
    #[error("this device is not enrolled for an event")]
    NotEnrolled,
    /// Nobody to enrol with: there is no device yet that could go on.
    #[error(transparent)]
    NoServer(scanner_core::Error),
    /// No other device answered.
    #[error("no other device was reached: {0}")]
    NoPeer(String),
    #[error("{0}")]
    Usage(String),
    /// stdin, stdout or a file that the user named.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::NotEnrolled => Exit::NotEnrolled,
            Self::NoServer(_) | Self::NoPeer(_) => Exit::NoPeer,
            Self::Usage(_) => Exit::Usage,
            // Whoever read the answers has gone: nothing went wrong here.
            Self::Io(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Io(_) => Exit::Failed,
            Self::Core(error) => match error.kind() {
                Kind::NotEnrolled => Exit::NotEnrolled,
                Kind::Unreadable | Kind::InUse => Exit::Unreadable,
                Kind::Unreachable => Exit::NoPeer,
                Kind::Input | Kind::AlreadyEnrolled => Exit::Usage,
                Kind::Refused | Kind::Untrusted | Kind::Denied | Kind::NotYet => Exit::Failed,
            },
        }
    }

    /// The next thing to try.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotEnrolled => Some("run `kiosk enrol` with the link from the organizer's page"),
            Self::Usage(_) => Some("see `kiosk --help`"),
            Self::Io(_) => None,
            Self::NoServer(_) => {
                Some("check the server's address and the network, then run the same command again")
            }
            Self::NoPeer(_) => Some(
                "check the address and that `kiosk gossip` runs there; a Wi-Fi that keeps its guests \
                 apart needs a device on the wire",
            ),
            Self::Core(error) if error.is_disk_full() => {
                Some("free some space on the disk; nothing that was answered is lost")
            }
            Self::Core(error) => match error.kind() {
                Kind::NotEnrolled => {
                    Some("run `kiosk enrol` with the link from the organizer's page")
                }
                Kind::AlreadyEnrolled => Some("choose another directory with --data"),
                Kind::Unreadable => {
                    Some("run `kiosk doctor`; keep the directory, entries may be in it")
                }
                Kind::InUse => Some("close the other program that uses this --data directory"),
                Kind::Unreachable => {
                    Some("check the network; scanning goes on without it, sync again later")
                }
                Kind::Refused => match error.refusal_code() {
                    Some("device_evicted") => Some("ask the organizer to enrol this device anew"),
                    Some(UNCONFIRMED) => Some(
                        "`kiosk status` shows the six digits that the organizer has to confirm",
                    ),
                    _ => Some("ask the organizer for a new enrolment link"),
                },
                Kind::Untrusted => Some("do not go on: show this to the organizer"),
                Kind::Input | Kind::Denied | Kind::NotYet => None,
            },
        }
    }
}
