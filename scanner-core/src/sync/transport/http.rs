//! HTTPS to the server, blocking, with bounded bodies and time limits.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::api::gate::{EnrolChallenge, EnrolRequest, EnrolResponse};
use shared::limits::{JSON_BODY_BYTES_MAX, SYNC_BODY_BYTES_MAX};
use shared::sync::{
    AnswersResponse, CheckpointResponse, ScanKeysResponse, SegmentsResponse, SignedRequest,
    StrictError, SyncResponse,
};

use super::{Transport, TransportError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For a whole request: 8 MiB on a slow link.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
const BINARY: &str = "application/octet-stream";
const JSON: &str = "application/json";

/// Makes this process's TLS use `ring`. A binary calls it once before the first transport; calling
/// it again is harmless.
pub fn install_tls() {
    // It fails when a provider is installed already, which is as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
}

/// One server, by its base URL.
#[derive(Debug)]
pub struct HttpTransport {
    client: Client,
    base: String,
    authentic: bool,
}

impl HttpTransport {
    /// `server` is `http[s]://host[:port]`.
    pub fn new(server: &str) -> Result<Self, TransportError> {
        let unreachable = |error: reqwest::Error| TransportError::Unreachable(tell(&error));
        let server = server.trim_end_matches('/');
        let url = reqwest::Url::parse(server)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| TransportError::Unreachable(format!("{server} is not an address")))?;
        let mut builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("gatehouse/", env!("CARGO_PKG_VERSION")));
        if is_near(&url) {
            // A proxy is for the world outside; a hub on the venue's own network is not there.
            builder = builder.no_proxy();
        }
        if url.scheme() == "http" {
            // No certificate is ever asked for: a machine without a store of roots can still speak.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self {
            client: builder.build().map_err(unreachable)?,
            base: format!("{server}/api/v1"),
            authentic: is_authentic(&url),
        })
    }

    fn post(
        &self,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
        bytes_max: usize,
    ) -> Result<Vec<u8>, TransportError> {
        let response = self
            .client
            .post(format!("{}{path}", self.base))
            .header(CONTENT_TYPE, content_type)
            .header(ACCEPT, content_type)
            .body(body)
            .send()
            .map_err(|error| TransportError::Unreachable(tell(&error)))?;
        let status = response.status().as_u16();
        match status {
            200..=299 => read_bounded(response, bytes_max),
            // A proxy that cannot reach the server answers in its place.
            502..=504 => Err(TransportError::Unreachable(format!("HTTP {status}"))),
            _ => Err(refusal(
                status,
                &read_bounded(response, JSON_BODY_BYTES_MAX)?,
            )),
        }
    }

    fn post_json<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, TransportError> {
        let garbled = |error: serde_json::Error| TransportError::Garbled(error.to_string());
        let body = serde_json::to_vec(body).map_err(garbled)?;
        let answer = self.post(path, JSON, body, JSON_BODY_BYTES_MAX)?;
        serde_json::from_slice(&answer).map_err(garbled)
    }

    fn post_binary<T>(
        &self,
        path: &str,
        request: &SignedRequest,
        read: impl FnOnce(&[u8]) -> Result<T, StrictError>,
    ) -> Result<T, TransportError> {
        let answer = self.post(path, BINARY, request.to_wire(), SYNC_BODY_BYTES_MAX)?;
        read(&answer).map_err(|error| TransportError::Garbled(error.to_string()))
    }
}

impl Transport for HttpTransport {
    fn is_authentic(&self) -> bool {
        self.authentic
    }
    fn challenge(&mut self) -> Result<EnrolChallenge, TransportError> {
        self.post_json("/gate/enrolment/challenge", &serde_json::json!({}))
    }
    fn enrol(&mut self, request: &EnrolRequest) -> Result<EnrolResponse, TransportError> {
        self.post_json("/gate/enrolment", request)
    }
    fn sync(&mut self, request: &SignedRequest) -> Result<SyncResponse, TransportError> {
        self.post_binary("/gate/sync", request, SyncResponse::from_wire)
    }
    fn segments(&mut self, request: &SignedRequest) -> Result<SegmentsResponse, TransportError> {
        self.post_binary("/gate/segments", request, SegmentsResponse::from_wire)
    }
    fn scan_keys(
        &mut self,
        request: &SignedRequest,
    ) -> Result<Option<ScanKeysResponse>, TransportError> {
        let given = self.post_binary("/gate/scan-keys", request, ScanKeysResponse::from_wire);
        given.map(Some)
    }
    fn checkpoint(
        &mut self,
        request: &SignedRequest,
    ) -> Result<Option<CheckpointResponse>, TransportError> {
        let read = CheckpointResponse::from_wire;
        self.post_binary("/gate/checkpoint", request, read)
            .map(Some)
    }
    fn answers(&mut self, request: &SignedRequest) -> Result<AnswersResponse, TransportError> {
        self.post_binary("/gate/answers", request, AnswersResponse::from_wire)
    }
}

fn read_bounded(response: Response, bytes_max: usize) -> Result<Vec<u8>, TransportError> {
    let mut bytes = Vec::new();
    let bound = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    response
        .take(bound.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| TransportError::Unreachable(format!("the answer broke off: {error}")))?;
    if bytes.len() > bytes_max {
        return Err(TransportError::Garbled(format!(
            "more than {bytes_max} bytes"
        )));
    }
    Ok(bytes)
}

/// The server's one error shape; a stranger's page becomes a plain refusal.
fn refusal(status: u16, body: &[u8]) -> TransportError {
    match serde_json::from_slice::<shared::api::error::ErrorBody>(body) {
        Ok(error) => TransportError::Refused {
            status,
            code: error.code,
            message: error.message,
            details: error.details,
        },
        Err(_) => TransportError::Refused {
            status,
            code: "http".to_owned(),
            message: format!("HTTP {status}"),
            details: BTreeMap::new(),
        },
    }
}

/// The innermost cause: "connection refused" helps, "error sending request" does not.
fn tell(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if error.is_timeout() {
        format!("no answer in time: {cause}")
    } else {
        cause.to_string()
    }
}

/// The server has shown a certificate, or the answer never leaves this machine.
fn is_authentic(url: &reqwest::Url) -> bool {
    let is_loopback = |host: &str| {
        let host = host.trim_matches(['[', ']']);
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    };
    url.scheme() == "https" || url.host_str().is_some_and(is_loopback)
}

/// This machine or the venue's own network.
fn is_near(url: &reqwest::Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| match ip {
                std::net::IpAddr::V4(ip) => {
                    ip.is_loopback() || ip.is_private() || ip.is_link_local()
                }
                std::net::IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
            }),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_certificate_or_the_own_machine_vouches_for_an_answer() {
        // V6
        let speaks_for = |url: &str| is_authentic(&reqwest::Url::parse(url).expect("an address"));
        for good in [
            "https://gatehouse.example",
            "https://192.168.1.4:8443",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost:8080",
        ] {
            assert!(speaks_for(good), "{good}");
        }
        for bad in [
            "http://192.168.1.4:8080",
            "http://gatehouse.example",
            "http://localhost.example",
            "http://127.0.0.1.example",
        ] {
            assert!(!speaks_for(bad), "{bad}");
        }
    }
}
