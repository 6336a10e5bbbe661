//! How messages travel. Implementations move bytes and judge nothing.

mod http;
pub(crate) mod lan;

use std::collections::BTreeMap;

use shared::api::gate::{EnrolChallenge, EnrolRequest, EnrolResponse};
use shared::sync::{
    AnswersResponse, CheckpointResponse, ScanKeysResponse, SegmentsResponse, SignedRequest,
    SyncResponse,
};

pub use http::{HttpTransport, install_tls};

/// A way to a server or another peer. Calls block, within the transport's own time limits.
pub trait Transport {
    /// Nobody in between can speak in the peer's name: then its bare word is believed where only the
    /// organizer can help. What is signed needs no such way.
    fn is_authentic(&self) -> bool {
        false
    }
    fn challenge(&mut self) -> Result<EnrolChallenge, TransportError>;
    fn enrol(&mut self, request: &EnrolRequest) -> Result<EnrolResponse, TransportError>;
    fn sync(&mut self, request: &SignedRequest) -> Result<SyncResponse, TransportError>;
    fn segments(&mut self, request: &SignedRequest) -> Result<SegmentsResponse, TransportError>;
    /// `None`: this peer has none to give; only the server does.
    fn scan_keys(
        &mut self,
        _request: &SignedRequest,
    ) -> Result<Option<ScanKeysResponse>, TransportError> {
        Ok(None)
    }
    /// `None`: this peer has none to give; only the server does.
    fn checkpoint(
        &mut self,
        _request: &SignedRequest,
    ) -> Result<Option<CheckpointResponse>, TransportError> {
        Ok(None)
    }
    /// Hands guests' answers over. They are for the server: another peer keeps none.
    fn answers(&mut self, _request: &SignedRequest) -> Result<AnswersResponse, TransportError> {
        Ok(AnswersResponse::V1 { kept: Vec::new() })
    }
}

/// Why no answer came of a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection, no answer in time, or a gateway in between said so.
    #[error("no peer reachable: {0}")]
    Unreachable(String),
    /// The peer answered and said no.
    #[error("refused: {message} ({code})")]
    Refused {
        /// HTTP status, 400 to 599.
        status: u16,
        /// The peer's stable word, for example `device_evicted`.
        code: String,
        message: String,
        /// Facts for programs, by name.
        details: BTreeMap<String, String>,
    },
    /// The answer is not what the protocol allows.
    #[error("the answer makes no sense: {0}")]
    Garbled(String),
}
