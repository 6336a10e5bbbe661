//! Talks with other devices in the background, and tries again when it cannot begin.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use scanner_core::{Edge, Error, Gossip, GossipEvent, Kind};

use super::acts::Event;
use super::terminal::Bus;
use crate::cli::Peers;
use crate::talk::{self, Stay};

/// A port that is taken, or another program that talks for this device: they may end.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

pub(super) struct Neighbours {
    /// Dropped: it is to end.
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Neighbours {
    pub(super) fn start(data: PathBuf, edge: Edge, peers: Peers, bus: Bus) -> Self {
        let (stop, stopped) = sync_channel(0);
        let thread = std::thread::spawn(move || {
            keep_talking(|| begin(&data, &edge, &peers, &bus), &bus, &stopped);
        });
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Neighbours {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was told by the panic itself.
            let _ended = thread.join();
        }
    }
}

fn begin(data: &std::path::Path, edge: &Edge, peers: &Peers, bus: &Bus) -> Result<Gossip, Error> {
    let told = bus.clone();
    talk::begin(data, edge.clone(), peers, Stay::Open, move |event| {
        // Who is there and what they say is read from the device's status.
        if let GossipEvent::Trouble { why } = event {
            told.tell_if_free(Event::Trouble(format!("other devices: {why}")));
        }
    })
}

fn keep_talking(begin: impl Fn() -> Result<Gossip, Error>, bus: &Bus, stopped: &Receiver<()>) {
    let mut talking = None;
    loop {
        if talking.is_none() {
            match begin() {
                Ok(gossip) => talking = Some(gossip),
                // `kiosk gossip` runs beside this gate, and its links are shown like own ones.
                Err(error) if error.kind() == Kind::InUse => {}
                Err(error) => {
                    if !bus.tell(Event::Trouble(format!("other devices: {error}"))) {
                        return;
                    }
                }
            }
        }
        match stopped.recv_timeout(AGAIN_AFTER) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
