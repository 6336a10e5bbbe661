//! Where a peer listens: `host:port`, or the same as a link in a QR code.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// Where peers listen unless they say otherwise.
pub const GOSSIP_PORT: u16 = 7411;
const SCHEME: &str = "gatehouse-peer:";
const HOST_BYTES_MAX: usize = 253;

/// A name or an address, and a port. Says nothing about who answers there: the handshake does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerAddress {
    host: String,
    port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a peer as host:port, for example 192.168.1.20:7411")]
pub struct AddressError;

impl PeerAddress {
    pub fn host(&self) -> &str {
        &self.host
    }
    pub fn port(&self) -> u16 {
        self.port
    }
    /// For a QR code that another device's `--peer` or camera takes.
    pub fn to_link(&self) -> String {
        format!("{SCHEME}{self}")
    }
    pub(crate) fn socket(&self) -> Option<SocketAddr> {
        let ip: IpAddr = self.host.parse().ok()?;
        Some(SocketAddr::new(ip, self.port))
    }
    /// On this machine or a venue's own network: what one peer may tell another. Otherwise a
    /// member could make all hubs call strangers.
    pub(crate) fn is_near(&self) -> bool {
        match self.socket().map(|of| of.ip()) {
            Some(IpAddr::V4(ip)) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
            Some(IpAddr::V6(ip)) => ip.is_unique_local() || ip.is_loopback(),
            None => false,
        }
    }
}

impl From<SocketAddr> for PeerAddress {
    fn from(socket: SocketAddr) -> Self {
        Self {
            // An IPv4 peer is written the same whatever socket it came in by.
            host: socket.ip().to_canonical().to_string(),
            port: socket.port(),
        }
    }
}

impl FromStr for PeerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let text = text.strip_prefix(SCHEME).unwrap_or(text);
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return if socket.port() == 0 {
                Err(AddressError)
            } else {
                Ok(socket.into())
            };
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(SocketAddr::new(ip, GOSSIP_PORT).into());
        }
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| AddressError)?),
            None => (text, GOSSIP_PORT),
        };
        let is_name = host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
        if !is_name || host.is_empty() || host.len() > HOST_BYTES_MAX || port == 0 {
            return Err(AddressError);
        }
        Ok(Self {
            host: host.to_ascii_lowercase(),
            port,
        })
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.socket() {
            Some(socket) => socket.fmt(f),
            None => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, told) in [
            ("192.168.1.20:7412", "192.168.1.20:7412"),
            (" 10.0.0.2 ", "10.0.0.2:7411"),
            ("Hub-1.local", "hub-1.local:7411"),
            ("hub:99", "hub:99"),
            ("[fd00::1]:99", "[fd00::1]:99"),
            ("fd00::1", "[fd00::1]:7411"),
            ("gatehouse-peer:10.0.0.2:99", "10.0.0.2:99"),
        ] {
            let read: PeerAddress = text.parse().expect(text);
            assert_eq!(read.to_string(), told);
            assert_eq!(read.to_link().parse(), Ok(read));
        }
        for text in [
            "",
            "a b",
            "hub:",
            "hub:0",
            "hub:70000",
            "10.0.0.1:0",
            "http://hub",
            "hub/x",
        ] {
            assert_eq!(text.parse::<PeerAddress>(), Err(AddressError), "{text}");
        }
    }

    #[test]
    fn only_near_addresses_are_passed_on() {
        for (text, near) in [
            ("192.168.1.20", true),
            ("10.1.2.3:5", true),
            ("127.0.0.1:5", true),
            ("[fd00::1]:5", true),
            ("8.8.8.8", false),
            ("[2001:db8::1]:5", false),
            ("hub.example", false),
        ] {
            let read: PeerAddress = text.parse().expect(text);
            assert_eq!(read.is_near(), near, "{text}");
        }
    }
}
