//! TLS 1.3 with raw public keys (RFC 7250): the device's Ed25519 key is its identity both ways.
//!
//! Invariants: a key is looked up in the signed roster before its signature counts; only
//! `verify_strict` accepts; nothing is resumed and nothing is sent early, because a resumed session
//! would pass by the roster; there is no certificate, so no clock decides but the roster's end.

use std::sync::Arc;

use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureAlgorithm, SignatureScheme,
};

use super::members::{Members, Stranger};
use crate::cache::DeviceKey;

/// Says which protocol runs inside; another version is another name.
pub(super) const PROTOCOL: &[u8] = b"gatehouse-gossip/1";
/// `SubjectPublicKeyInfo` of an Ed25519 key, up to the 32 bytes of the key (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Both roles of one device.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) client: Arc<ClientConfig>,
    pub(crate) server: Arc<ServerConfig>,
}

impl Identity {
    pub(crate) fn new(key: Arc<DeviceKey>, members: &Members) -> Result<Self, Error> {
        let spki = spki_of(&key.public());
        let certified = Arc::new(CertifiedKey::new(
            vec![CertificateDer::from(spki.clone())],
            Arc::new(TlsKey { key, spki }),
        ));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let only_13 = &[&rustls::version::TLS13];
        let gatekeeper = Arc::new(Gatekeeper(members.clone()));
        let mut client = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(only_13)?
            .dangerous()
            .with_custom_certificate_verifier(gatekeeper.clone())
            .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(
                certified.clone(),
            )));
        client.resumption = Resumption::disabled();
        client.alpn_protocols = vec![PROTOCOL.to_vec()];
        client.enable_sni = false;
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(only_13)?
            .with_client_cert_verifier(gatekeeper)
            .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(certified)));
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        server.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Self {
            client: Arc::new(client),
            server: Arc::new(server),
        })
    }
}

fn spki_of(key: &[u8; 32]) -> Vec<u8> {
    [&SPKI_PREFIX[..], key].concat()
}

/// The key in what stands for the peer's certificate; `None` when it is anything else.
pub(crate) fn key_in(spki: &CertificateDer<'_>) -> Option<[u8; 32]> {
    spki.strip_prefix(&SPKI_PREFIX[..])?.try_into().ok()
}

/// Signs handshakes with the device's key, which stays where it is.
#[derive(Debug)]
struct TlsKey {
    key: Arc<DeviceKey>,
    spki: Vec<u8>,
}

impl SigningKey for TlsKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SignatureScheme::ED25519)
            .then(|| Box::new(TlsSigner(self.key.clone())) as Box<dyn Signer>)
    }
    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(SubjectPublicKeyInfoDer::from(&self.spki[..]))
    }
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

#[derive(Debug)]
struct TlsSigner(Arc<DeviceKey>);

impl Signer for TlsSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.signing().sign(message).to_bytes().to_vec())
    }
    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// Asks the roster, whichever side the peer is on.
#[derive(Debug)]
struct Gatekeeper(Members);

impl Gatekeeper {
    fn judge(&self, spki: &CertificateDer<'_>) -> Result<(), Error> {
        let key = key_in(spki).ok_or(CertificateError::BadEncoding)?;
        // The alert that goes out tells the peer which of these it was.
        self.0.find(&key).map_err(|stranger| match stranger {
            Stranger::Unknown => CertificateError::UnknownIssuer,
            Stranger::Evicted => CertificateError::Revoked,
            Stranger::Expired => CertificateError::Expired,
            Stranger::Myself => CertificateError::ApplicationVerificationFailure,
        })?;
        Ok(())
    }
}

fn check_signature(
    message: &[u8],
    spki: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let bad = || Error::from(CertificateError::BadSignature);
    if signed.scheme != SignatureScheme::ED25519 {
        return Err(bad());
    }
    let key = key_in(spki).ok_or(CertificateError::BadEncoding)?;
    let key = VerifyingKey::from_bytes(&key).map_err(|_| bad())?;
    let signature = Signature::from_slice(signed.signature()).map_err(|_| bad())?;
    key.verify_strict(message, &signature).map_err(|_| bad())?;
    Ok(HandshakeSignatureValid::assertion())
}

fn no_older_tls() -> Error {
    Error::General("only TLS 1.3 is spoken here".to_owned())
}

impl ServerCertVerifier for Gatekeeper {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judge(end_entity)?;
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_older_tls())
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        check_signature(message, cert, signed)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Gatekeeper {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.judge(end_entity)?;
        Ok(ClientCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_older_tls())
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        check_signature(message, cert, signed)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
