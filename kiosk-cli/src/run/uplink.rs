//! Syncs with the server in the background, again and again, slower while nobody answers.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use scanner_core::{Edge, Error, HttpTransport, Kind, SyncReport, Syncer};

use super::acts::Event;
use super::terminal::Bus;
use crate::error::UNCONFIRMED;

/// Between exchanges while there is something to send, and while there is not.
const BUSY: Duration = Duration::from_secs(3);
const QUIET: Duration = Duration::from_secs(15);
/// After a failure; doubled with each.
const RETRY_FIRST: Duration = Duration::from_secs(2);
const RETRY_MAX: Duration = Duration::from_mins(1);

pub(super) struct Uplink {
    nudge: SyncSender<()>,
}

impl Uplink {
    /// On a thread that ends with the process: an exchange may be cut anywhere.
    pub(super) fn start(dir: &Path, edge: Edge, bus: Bus) -> Self {
        let (nudge, nudged) = sync_channel(1);
        let dir = dir.to_path_buf();
        std::thread::spawn(move || run(&dir, &edge, &bus, &nudged));
        Self { nudge }
    }

    /// Not later than now.
    pub(super) fn now(&self) {
        // Full: it has been told already.
        let _told = self.nudge.try_send(());
    }
}

fn run(dir: &Path, edge: &Edge, bus: &Bus, nudged: &Receiver<()>) {
    let mut open: Option<(Syncer, HttpTransport)> = None;
    let mut retry = RETRY_FIRST;
    loop {
        let outcome = exchange(dir, edge, &mut open);
        let pause = match outcome {
            Ok(report) => {
                retry = RETRY_FIRST;
                for warning in report.warnings {
                    if !bus.tell(Event::Trouble(warning)) {
                        return;
                    }
                }
                if report.pending > 0 { BUSY } else { QUIET }
            }
            Err(error) => {
                // What is not reached is shown as offline; another sync at work does the same job.
                let unconfirmed = error.refusal_code() == Some(UNCONFIRMED);
                let told = match error.kind() {
                    Kind::Unreachable | Kind::InUse => true,
                    // The screen says what is to be done, for as long as it is.
                    Kind::Refused if unconfirmed => true,
                    _ => bus.tell(Event::Trouble(format!("sync: {error}"))),
                };
                if !told {
                    return;
                }
                if unconfirmed {
                    retry = RETRY_FIRST;
                }
                let pause = retry;
                retry = (retry * 2).min(RETRY_MAX);
                pause
            }
        };
        match nudged.recv_timeout(pause) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn exchange(
    dir: &Path,
    edge: &Edge,
    open: &mut Option<(Syncer, HttpTransport)>,
) -> Result<SyncReport, Error> {
    let (syncer, http) = if let Some(open) = open {
        open
    } else {
        let syncer = Syncer::open(dir, edge.clone())?;
        let http = syncer.http()?;
        open.insert((syncer, http))
    };
    syncer.run(http)
}
