//! The one device that this window is.
//!
//! Invariants: scanner and syncer have a lock each, so a sync never holds up a scan; what fails to
//! open is tried again at the next call and never remembered; after a panic under a lock the data
//! is read anew.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

use scanner_core::{
    Edge, EnrolReport, Error, HttpTransport, Invitation, Scanner, SyncReport, Syncer,
};

pub(crate) struct Device {
    folder: PathBuf,
    edge: Edge,
    scanner: Mutex<Option<Scanner>>,
    exchange: Mutex<Option<(Syncer, HttpTransport)>>,
}

impl Device {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            edge: Edge::system(),
            scanner: Mutex::new(None),
            exchange: Mutex::new(None),
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
        // No scan looks at the folder while it is being filled.
        let _scanner = lock(&self.scanner);
        let invitation = Invitation::parse(link, None)?;
        scanner_core::enrol(&self.folder, &invitation, &self.edge)
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
