//! Starting, asking and stopping.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::desk::{self, Claimed, Desk, Wanted};
use super::driver::{Driver, Wake};
use super::report::{GossipEvent, PeersReport};
use crate::cache::{Cache, DeviceKey, Lock, LockKind};
use crate::clock::Edge;
use crate::error::{Cause, Error};
use crate::sync::transport::lan::{Lan, LanOptions, Members, PeerAddress, Seek};

#[derive(Clone, Debug, Default)]
pub struct GossipOptions {
    /// Where to take calls; port 0 takes any. `None`: only calls.
    pub listen: Option<SocketAddr>,
    /// Whom to call, besides those who answered on earlier days.
    pub peers: Vec<PeerAddress>,
    /// On mains and wire: relays at once, more neighbours, and calls out that it is here. Any other
    /// is a leaf: it hangs on three hubs.
    pub hub: bool,
    /// Look for hubs by multicast.
    pub multicast: bool,
    /// Each link is for one exchange, and ends when both sides have the same.
    pub visit: bool,
}

/// Told on the gossip's thread what happens; must not block.
pub(crate) type Watch = Box<dyn Fn(GossipEvent) + Send>;

/// A device that talks with its peers, until this is dropped.
pub struct Gossip {
    wake: Sender<Wake>,
    report: Arc<Mutex<PeersReport>>,
    listening: Option<SocketAddr>,
    thread: Option<JoinHandle<()>>,
    /// Scanners on the same data, here or in other processes, ask for claims there.
    _desk: Desk,
}

impl Gossip {
    /// For an enrolled data directory.
    pub fn start(
        dir: &Path,
        edge: Edge,
        options: GossipOptions,
        watch: Watch,
    ) -> Result<Self, Error> {
        let (cache, identity) = Cache::open(dir)?.ok_or(Cause::NotEnrolled)?;
        let key = Arc::new(DeviceKey::load(dir, &identity.public_key)?);
        let lock = Lock::take(dir, LockKind::Peers)?;
        let members = Members::new(identity.public_key, edge.clock.clone());
        let remembered = cache.addresses()?;
        let (wake, woken) = channel();
        let sink = {
            let wake = wake.clone();
            Arc::new(move |event| {
                // Nobody listens any more when all is being stopped.
                let _gone = wake.send(Wake::Lan(event));
            })
        };
        let lan = LanOptions {
            listen: options.listen,
            seeds: options.peers,
            remembered: remembered.iter().filter_map(|of| of.parse().ok()).collect(),
            multicast: match (options.multicast, options.hub) {
                (false, _) => Seek::Off,
                (true, false) => Seek::Listen(identity.event),
                (true, true) => Seek::Advertise(identity.event),
            },
            // A visit is to all of them, one after the other.
            leaf: !options.hub && !options.visit,
        };
        let mut boot = [0; 16];
        edge.entropy.fill(&mut boot).map_err(Cause::Entropy)?;
        let report = Arc::new(Mutex::new(PeersReport::default()));
        let mut driver = Driver::new(
            (cache, identity, Arc::new(key.signing().clone())),
            (edge.clone(), members.clone(), boot),
            (options.hub, options.visit),
            (report.clone(), watch),
        )?;
        let desk = Desk::open(dir, &edge, wake.clone())?;
        // The roster is known before the first call is made or taken.
        let lan = Lan::start(lan, key, members, edge, sink)?;
        let listening = lan.listening();
        let thread = std::thread::Builder::new()
            .name("gossip".to_owned())
            .spawn(move || {
                driver.run(&lan, &woken);
                drop(lan);
                drop(lock);
            })
            .map_err(|error| Cause::Input(format!("no thread can be started: {error}")))?;
        Ok(Self {
            wake,
            report,
            listening,
            thread: Some(thread),
            _desk: desk,
        })
    }

    /// Where this device can be called.
    pub fn listening(&self) -> Option<SocketAddr> {
        self.listening
    }

    /// What to give to others: the listening address, with this machine's own in place of "any".
    pub fn reachable_at(&self) -> Option<PeerAddress> {
        reachable(self.listening?)
    }

    /// As of a moment ago.
    pub fn report(&self) -> PeersReport {
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.clone()
    }

    /// Something was appended or synced in this process: pass it on now, not at the next look.
    pub fn nudge(&self) {
        self.send(Wake::Nudge);
    }

    /// Asks the ticket's homes for one use of a strict ticket: nobody may enter unless it is
    /// granted. Waits for their answer, half a second at most. A [`crate::Scanner`] on the same data
    /// does it by itself.
    pub fn claim(&self, wanted: Wanted) -> Claimed {
        desk::ask_node(wanted, &self.wake)
    }

    /// Calls an address, for example one from a QR code.
    pub fn call(&self, address: PeerAddress) {
        self.send(Wake::Call(address));
    }

    fn send(&self, wake: Wake) {
        // Its thread ends with this handle; should it have failed, the report tells.
        let _woken = self.wake.send(wake);
    }
}

/// The address with this machine's own in place of "any".
pub(super) fn reachable(mut at: SocketAddr) -> Option<PeerAddress> {
    if at.ip().is_unspecified() {
        // Sends nothing: it only asks which way out there is.
        let probe = std::net::UdpSocket::bind(("0.0.0.0", 0)).ok()?;
        probe.connect(("192.0.2.1", 9)).ok()?;
        at.set_ip(probe.local_addr().ok()?.ip());
    }
    Some(at.into())
}

impl Drop for Gossip {
    fn drop(&mut self) {
        self.send(Wake::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the gossip's thread had failed");
        }
    }
}

impl std::fmt::Debug for Gossip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gossip")
            .field("listening", &self.listening)
            .finish_non_exhaustive()
    }
}
