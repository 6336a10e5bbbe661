//! From a TCP connection to a link: the handshake, within a bound of time, on either side.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, CommonState};
use shared::ids::DeviceId;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use super::address::PeerAddress;
use super::frame::{self, FrameKind};
use super::members::Members;
use super::tls::{Identity, PROTOCOL, key_in};

const CONNECT_WITHIN: Duration = Duration::from_secs(3);
const GREET_WITHIN: Duration = Duration::from_secs(5);
/// Addresses tried for one name.
const SOCKETS_MAX: usize = 4;

/// A connection whose other end has proved to be a member.
pub(super) struct Greeted {
    pub(super) stream: TlsStream<TcpStream>,
    pub(super) key: [u8; 32],
    pub(super) device: DeviceId,
    pub(super) socket: SocketAddr,
    /// Where this device called; `None` when it was called.
    pub(super) dialed: Option<PeerAddress>,
}

/// What another member says to a device that the roster has cut off.
pub(crate) const EVICTED: &str = "this device was evicted";

/// Why a call came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    /// Nobody there, or nobody who speaks this protocol.
    Unreachable(String),
    /// The other end does not let this device in, and says why.
    Refused(&'static str),
    /// The other end is no member of this event.
    Distrusted(&'static str),
    /// This device called itself.
    Myself,
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => f.write_str(why),
            Self::Refused(why) => write!(f, "it refuses this device: {why}"),
            Self::Distrusted(why) => write!(f, "not trusted: {why}"),
            Self::Myself => f.write_str("this device itself"),
        }
    }
}

/// The acceptor's part. A stranger learns which alert its key gets, and nothing else.
pub(super) async fn accept(
    stream: TcpStream,
    socket: SocketAddr,
    identity: &Identity,
    members: &Members,
) -> Result<Greeted, Missed> {
    let server = TlsAcceptor::from(identity.server.clone());
    let greeted = async {
        stream.set_nodelay(true)?;
        let mut stream = TlsStream::from(server.accept(stream).await?);
        let mut welcome = Vec::new();
        if frame::put(FrameKind::Beat, &[], &mut welcome) {
            stream.write_all(&welcome).await?;
            stream.flush().await?;
        }
        Ok(stream)
    };
    let stream = in_time(greeted).await?;
    admit(stream, socket, None, members)
}

/// The dialer's part, which ends when the acceptor has let it in: with TLS 1.3 the handshake alone
/// does not tell.
pub(super) async fn dial(
    address: PeerAddress,
    identity: &Identity,
    members: &Members,
) -> Result<Greeted, Missed> {
    let stream = connect(&address).await?;
    let socket = stream
        .peer_addr()
        .map_err(|error| Missed::Unreachable(error.to_string()))?;
    let client = TlsConnector::from(identity.client.clone());
    let greeted = async {
        stream.set_nodelay(true)?;
        let name = ServerName::IpAddress(socket.ip().into());
        let mut stream = TlsStream::from(client.connect(name, stream).await?);
        match frame::header(&mut stream).await? {
            (FrameKind::Beat, 0) => Ok(stream),
            _ => Err(std::io::ErrorKind::InvalidData.into()),
        }
    };
    let stream = in_time(greeted).await?;
    admit(stream, socket, Some(address), members)
}

async fn connect(address: &PeerAddress) -> Result<TcpStream, Missed> {
    let unreachable = |error: std::io::Error| Missed::Unreachable(error.to_string());
    let no_answer = |_| Missed::Unreachable("no answer".to_owned());
    let sockets: Vec<SocketAddr> = match address.socket() {
        Some(socket) => vec![socket],
        None => timeout(
            CONNECT_WITHIN,
            tokio::net::lookup_host((address.host(), address.port())),
        )
        .await
        .map_err(no_answer)?
        .map_err(unreachable)?
        .take(SOCKETS_MAX)
        .collect(),
    };
    let mut missed = Missed::Unreachable("the name has no address".to_owned());
    for socket in sockets {
        match timeout(CONNECT_WITHIN, TcpStream::connect(socket)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => missed = unreachable(error),
            Err(late) => missed = no_answer(late),
        }
    }
    Err(missed)
}

async fn in_time<T>(greeting: impl Future<Output = std::io::Result<T>>) -> Result<T, Missed> {
    match timeout(GREET_WITHIN, greeting).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(told(&error)),
        Err(_) => Err(Missed::Unreachable("no greeting in time".to_owned())),
    }
}

fn admit(
    stream: TlsStream<TcpStream>,
    socket: SocketAddr,
    dialed: Option<PeerAddress>,
    members: &Members,
) -> Result<Greeted, Missed> {
    let (_, session) = stream.get_ref();
    let key = peer_key(session).ok_or(Missed::Distrusted("it showed no key"))?;
    // The roster may have changed while hands were shaken.
    let device = members
        .find(&key)
        .map_err(|_| Missed::Distrusted("it is no member any more"))?;
    Ok(Greeted {
        stream,
        key,
        device,
        socket,
        dialed,
    })
}

fn peer_key(session: &CommonState) -> Option<[u8; 32]> {
    if session.alpn_protocol() != Some(PROTOCOL) {
        return None;
    }
    match session.peer_certificates()? {
        [only] => key_in(only),
        _ => None,
    }
}

/// What a failed handshake says: the alert names the roster's reason.
fn told(error: &std::io::Error) -> Missed {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    match tls {
        Some(rustls::Error::AlertReceived(alert)) => match alert {
            AlertDescription::UnknownCA => Missed::Refused("it does not know this device"),
            AlertDescription::CertificateRevoked => Missed::Refused(EVICTED),
            AlertDescription::CertificateExpired => Missed::Refused("this device's time is over"),
            AlertDescription::AccessDenied => Missed::Myself,
            other => Missed::Unreachable(format!("the handshake failed: {other:?}")),
        },
        Some(rustls::Error::InvalidCertificate(reason)) => match reason {
            CertificateError::UnknownIssuer => Missed::Distrusted("its key is in no roster"),
            CertificateError::Revoked => Missed::Distrusted("its device was evicted"),
            CertificateError::Expired => Missed::Distrusted("its time is over"),
            CertificateError::ApplicationVerificationFailure => Missed::Myself,
            _ => Missed::Distrusted("it cannot prove its key"),
        },
        Some(other) => Missed::Unreachable(format!("the handshake failed: {other}")),
        None => Missed::Unreachable(error.to_string()),
    }
}

/// Shared by all handshakes of one device.
pub(super) struct Doorway {
    pub(super) identity: Identity,
    pub(super) members: Members,
}

pub(super) type SharedDoorway = Arc<Doorway>;
