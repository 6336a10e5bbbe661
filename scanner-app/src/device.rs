//! The one device that this window is.
//!
//! Invariants: scanner and syncer have a lock each, so a sync never holds up a scan; what fails to
//! open is tried again at the next call and never remembered; after a panic under a lock the data
//! is read anew; other devices are talked with as a leaf, which calls and is not called.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

use scanner_core::{
    Edge, EnrolReport, Error, GossipEvent, GossipOptions, HttpTransport, Invitation, Neighbours,
    PeerAddress, Scanner, SyncReport, Syncer,
};

pub(crate) struct Device {
    folder: PathBuf,
    edge: Edge,
    scanner: Mutex<Option<Scanner>>,
    exchange: Mutex<Option<(Syncer, HttpTransport)>>,
    /// `None` after the end, or when this system has no thread to give.
    neighbours: Mutex<Option<Neighbours>>,
}

impl Device {
    /// Talks with other devices from now on, or as soon as it is enrolled.
    pub(crate) fn new(folder: PathBuf, multicast: bool) -> Self {
        let edge = Edge::system();
        let kept = Neighbours::keep(folder.clone(), edge.clone(), leaf(multicast), told);
        let neighbours = kept
            .inspect_err(|error| tracing::error!(%error, "no other device will be heard"))
            .ok();
        Self {
            folder,
            edge,
            scanner: Mutex::new(None),
            exchange: Mutex::new(None),
            neighbours: Mutex::new(neighbours),
        }
    }

    /// Works with the scanner; `None` when this device is not enrolled.
    pub(crate) fn with_scanner<T>(
        &self,
        work: impl FnOnce(&mut Scanner) -> T,
    ) -> Result<Option<T>, Error> {
        let mut held = lock(&self.scanner);
        if held.is_none() {
            *held = Scanner::open(&self.folder, self.edge.clone())?;
        }
        Ok(held.as_mut().map(work))
    }

    /// One whole exchange with the server.
    pub(crate) fn sync(&self) -> Result<SyncReport, Error> {
        let mut held = lock(&self.exchange);
        let (syncer, http) = match &mut *held {
            Some(open) => open,
            none => {
                let syncer = Syncer::open(&self.folder, self.edge.clone())?;
                let http = syncer.http()?;
                none.insert((syncer, http))
            }
        };
        syncer.run(http)
    }

    /// Makes this the device that the link invites. On failure nothing of it is kept.
    pub(crate) fn enrol(&self, link: &str) -> Result<EnrolReport, Error> {
        // Neither a scan nor a neighbour looks at the folder while it is being filled.
        let _scanner = lock(&self.scanner);
        let invitation = Invitation::parse(link, None)?;
        self.pause();
        let enrolled = scanner_core::enrol(&self.folder, &invitation, &self.edge);
        self.resume();
        enrolled
    }

    /// Calls a device by the address that it shows, now and whenever it is not linked.
    pub(crate) fn call(&self, address: PeerAddress) {
        self.with_neighbours(|neighbours| neighbours.call(address));
    }

    /// Nobody sees this window: links end before the system cuts them.
    pub(crate) fn pause(&self) {
        self.with_neighbours(Neighbours::pause);
    }

    pub(crate) fn resume(&self) {
        self.with_neighbours(Neighbours::resume);
    }

    /// The window closes: links end, and others are told so.
    pub(crate) fn end(&self) {
        drop(lock(&self.neighbours).take());
    }

    fn with_neighbours(&self, order: impl FnOnce(&Neighbours)) {
        if let Some(neighbours) = &*lock(&self.neighbours) {
            order(neighbours);
        }
    }
}

/// A phone calls hubs and takes no calls: it may sleep at any moment (gossip.md 3).
fn leaf(multicast: bool) -> GossipOptions {
    GossipOptions {
        multicast,
        ..GossipOptions::default()
    }
}

/// Who is there and what they say is read from the device's status; this is for whoever reads logs.
fn told(event: GossipEvent) {
    match event {
        GossipEvent::Trouble { why } => tracing::warn!(why, "other devices"),
        other => tracing::debug!(?other, "other devices"),
    }
}

fn lock<T>(mutex: &Mutex<Option<T>>) -> MutexGuard<'_, Option<T>> {
    mutex.lock().unwrap_or_else(|poisoned| {
        mutex.clear_poison();
        let mut held = poisoned.into_inner();
        *held = None;
        held
    })
}
