//! Talking with other devices, as asked for on the command line: the same for `kiosk gossip`, which
//! does nothing else, and for `kiosk run`.

use std::path::Path;

use scanner_core::{Edge, Error, Gossip, GossipEvent, GossipOptions};

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
    let listens = !peers.no_listen && stay == Stay::Open;
    let options = GossipOptions {
        listen: listens.then_some(peers.listen),
        peers: peers.seeds.clone(),
        hub: listens,
        multicast: !peers.no_multicast,
        visit: stay == Stay::Visit,
    };
    Gossip::start(data, edge, options, Box::new(told))
}
