//! Starting and stopping the network's thread.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use shared::ids::EventId;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::address::PeerAddress;
use super::book::Source;
use super::greet::Doorway;
use super::members::Members;
use super::multicast::Multicast;
use super::net::{Command, Net};
use super::tls::Identity;
use super::{LinkId, Sink};
use crate::cache::DeviceKey;
use crate::clock::Edge;
use crate::error::Cause;

/// Whether multicast is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Seek {
    #[default]
    Off,
    /// Hubs of this event are listened for.
    Listen(EventId),
    /// And this device calls out that it is one, if it takes calls.
    Advertise(EventId),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct LanOptions {
    /// Port 0 takes any; `None` calls and is not called.
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) seeds: Vec<PeerAddress>,
    pub(crate) remembered: Vec<PeerAddress>,
    pub(crate) multicast: Seek,
    /// A phone: hangs on a few hubs instead of linking with all.
    pub(crate) leaf: bool,
}

/// The owner's handle. Dropping it ends all links and waits for the thread.
pub(crate) struct Lan {
    commands: UnboundedSender<Command>,
    listening: Option<SocketAddr>,
    thread: Option<JoinHandle<()>>,
}

impl Lan {
    pub(crate) fn start(
        options: LanOptions,
        key: Arc<DeviceKey>,
        members: Members,
        edge: Edge,
        sink: Sink,
    ) -> Result<Self, Cause> {
        let failed = |what: &str| {
            let what = what.to_owned();
            move |error: std::io::Error| Cause::Input(format!("{what}: {error}"))
        };
        let identity = Identity::new(key, &members)
            .map_err(|error| Cause::Input(format!("TLS cannot be set up: {error}")))?;
        let listener = options
            .listen
            .map(|at| {
                let listener =
                    TcpListener::bind(at).map_err(failed(&format!("cannot listen on {at}")))?;
                listener
                    .set_nonblocking(true)
                    .map_err(failed("cannot listen"))?;
                Ok::<_, Cause>(listener)
            })
            .transpose()?;
        let listening = listener
            .as_ref()
            .map(TcpListener::local_addr)
            .transpose()
            .map_err(failed("cannot listen"))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(failed("the network cannot be used"))?;
        let (commands, obeyed) = unbounded_channel();
        for (addresses, source) in [
            (options.seeds, Source::Seed),
            (options.remembered, Source::Remembered),
        ] {
            for address in addresses {
                // The receiver is right here.
                let _kept = commands.send(Command::Learn(address, source));
            }
        }
        let multicast = multicast(options.multicast, &members.myself(), listening);
        let doorway = Arc::new(Doorway { identity, members });
        let listens = listening.map_or(0, |at| at.port());
        let (net, inbox) = Net::new(doorway, edge, sink, (listens, options.leaf));
        let thread = std::thread::Builder::new()
            .name("lan".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    // A socket that cannot be watched takes no calls; calling still works.
                    let listener = listener.and_then(|of| {
                        tokio::net::TcpListener::from_std(of)
                            .inspect_err(
                                |error| tracing::error!(%error, "nobody can call this device"),
                            )
                            .ok()
                    });
                    net.run(inbox, listener, multicast, obeyed).await;
                });
                // A name that is still being looked up is not waited for.
                runtime.shutdown_background();
            })
            .map_err(failed("no thread can be started"))?;
        Ok(Self {
            commands,
            listening,
            thread: Some(thread),
        })
    }

    pub(crate) fn listening(&self) -> Option<SocketAddr> {
        self.listening
    }

    pub(crate) fn send(&self, link: LinkId, payload: Vec<u8>) {
        self.command(Command::Send(link, payload));
    }
    pub(crate) fn close(&self, link: LinkId, why: String) {
        self.command(Command::Close(link, why));
    }
    pub(crate) fn learn(&self, address: PeerAddress, source: Source) {
        self.command(Command::Learn(address, source));
    }
    pub(crate) fn hurry(&self) {
        self.command(Command::Hurry);
    }

    fn command(&self, command: Command) {
        // The thread ends only with this handle.
        let _obeyed = self.commands.send(command);
    }
}

/// A venue without multicast, or a machine without a network card, is no reason not to start.
fn multicast(seek: Seek, key: &[u8; 32], listening: Option<SocketAddr>) -> Option<Multicast> {
    let started = match seek {
        Seek::Off => return None,
        Seek::Listen(event) => Multicast::start(event, None),
        Seek::Advertise(event) => Multicast::start(event, listening.map(|at| (key, at.port()))),
    };
    started
        .inspect_err(|error| tracing::warn!(%error, "peers are not looked for by multicast"))
        .ok()
}

impl Drop for Lan {
    fn drop(&mut self) {
        self.command(Command::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the network's thread had failed");
        }
    }
}
