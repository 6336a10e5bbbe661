//! Finding hubs by multicast DNS. A convenience: everything works without it.
//!
//! Only hubs advertise: five hundred advertisers would need minutes to be heard. What is heard is a
//! hint like any other; who answers there has to prove itself.

use std::net::IpAddr;

use mdns_sd::{Receiver, ServiceDaemon, ServiceEvent, ServiceInfo};
use shared::ids::EventId;

use super::address::PeerAddress;

const SERVICE: &str = "_gatehouse._tcp.local.";
const EVENT: &str = "e";
const ADDRESSES_PER_HUB_MAX: usize = 4;

/// Listens for hubs of one event, and calls out for a hub.
pub(super) struct Multicast {
    daemon: ServiceDaemon,
    heard: Receiver<ServiceEvent>,
    event: String,
}

impl Multicast {
    /// `advertise` is the own key and port, for a hub.
    pub(super) fn start(
        event: EventId,
        advertise: Option<(&[u8; 32], u16)>,
    ) -> Result<Self, mdns_sd::Error> {
        let daemon = ServiceDaemon::new()?;
        let event = tag(event.as_bytes());
        if let Some((key, port)) = advertise {
            let name = tag(key);
            let host = format!("{name}.local.");
            let about = [(EVENT, event.as_str())];
            let info = ServiceInfo::new(SERVICE, &name, &host, "", port, &about[..])?;
            daemon.register(info.enable_addr_auto())?;
        }
        let heard = daemon.browse(SERVICE)?;
        Ok(Self {
            daemon,
            heard,
            event,
        })
    }

    /// Where the next hub of this event is said to be.
    pub(super) async fn next(&self) -> Vec<PeerAddress> {
        loop {
            match self.heard.recv_async().await {
                Ok(ServiceEvent::ServiceResolved(hub)) => {
                    let of = hub.txt_properties.get_property_val_str(EVENT);
                    if of == Some(self.event.as_str()) {
                        let ips = hub.addresses.iter().map(mdns_sd::ScopedIp::to_ip_addr);
                        return addresses(ips, hub.port);
                    }
                }
                Ok(_) => {}
                // Its thread has ended: nothing more is heard.
                Err(_) => std::future::pending().await,
            }
        }
    }
}

impl Drop for Multicast {
    fn drop(&mut self) {
        if let Err(error) = self.daemon.shutdown() {
            tracing::debug!(%error, "multicast had ended");
        }
    }
}

fn addresses(ips: impl Iterator<Item = IpAddr>, port: u16) -> Vec<PeerAddress> {
    ips.filter(|ip| match ip {
        IpAddr::V4(_) => true,
        // Means nothing without the name of a network card.
        IpAddr::V6(ip) => !ip.is_unicast_link_local(),
    })
    .take(ADDRESSES_PER_HUB_MAX)
    .map(|ip| (ip, port).into())
    .map(|socket: std::net::SocketAddr| PeerAddress::from(socket))
    .collect()
}

/// Tells apart without telling: neither event ids nor keys are called out.
fn tag(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().as_str()[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_without_a_network_card_are_passed_over() {
        let heard = ["fe80::1", "10.0.0.2", "fd00::1"].map(|ip| ip.parse().expect("an address"));
        let told: Vec<String> = addresses(heard.into_iter(), 7411)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(told, ["10.0.0.2:7411", "[fd00::1]:7411"]);
    }

    #[test]
    fn tags_tell_neither_event_nor_key() {
        assert_eq!(tag(&[0; 16]).len(), 16);
        assert_ne!(tag(&[0; 16]), tag(&[1; 16]));
        assert_ne!(tag(&[0; 16]), "0".repeat(16));
    }
}
