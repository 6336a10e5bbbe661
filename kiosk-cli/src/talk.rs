//! Talking with other devices, as asked for on the command line: the same for `kiosk gossip`, which
//! does nothing else, and for `kiosk run`.

use std::path::Path;

use scanner_core::{Edge, Error, Gossip, GossipEvent, GossipOptions, Neighbours};

use crate::cli::Peers;

/// What links are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stay {
    /// As long as this runs.
    Open,
    /// One exchange with each, made by this device.
    Visit,
}

/// Talks until the handle is dropped. `told` must not block.
pub(crate) fn begin(
    data: &Path,
    edge: Edge,
    peers: &Peers,
    stay: Stay,
    told: impl Fn(GossipEvent) + Send + 'static,
) -> Result<Gossip, Error> {
    Gossip::start(data, edge, options(peers, stay), Box::new(told))
}

/// The same in the background of a screen: what cannot begin is tried again. `told` hears why.
pub(crate) fn keep(
    data: &Path,
    edge: Edge,
    peers: &Peers,
    told: impl Fn(String) + Clone + Send + 'static,
) -> Result<Neighbours, Error> {
    let options = options(peers, Stay::Open);
    Neighbours::keep(data.to_path_buf(), edge, options, move |event| {
        // Who is there and what they say is read from the device's status.
        if let GossipEvent::Trouble { why } = event {
            told(why);
        }
    })
}

fn options(peers: &Peers, stay: Stay) -> GossipOptions {
    let listens = !peers.no_listen && stay == Stay::Open;
    GossipOptions {
        listen: listens.then_some(peers.listen),
        peers: peers.seeds.clone(),
        hub: listens,
        multicast: !peers.no_multicast,
        visit: stay == Stay::Visit,
    }
}
