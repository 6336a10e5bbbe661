//! The messages of enrolment: link, proof of the device key, transcript code.

use super::root::RootPin;
use crate::ids::EventId;

/// What the enrolment QR carries: `{hub}/enrol#c=CODE&r=ROOTPIN&e=EVENT`. The code stays in the
/// fragment, so that no server or proxy logs it.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentLink {
    /// `https://host:port`, no trailing slash.
    pub hub: String,
    /// 80 bits, base32, 16 characters, shown 4-4-4-4.
    pub code: String,
    pub pin: Option<RootPin>,
    pub event: Option<EventId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an enrolment link")]
pub struct LinkError;

impl EnrolmentLink {
    pub fn parse(_text: &str) -> Result<Self, LinkError> {
        unimplemented!()
    }
    pub fn to_url(&self) -> String {
        unimplemented!()
    }
}

/// Upper case, without separators; `None` when it cannot be a code.
pub fn normalise_code(_text: &str) -> Option<String> {
    unimplemented!()
}

/// What the device signs to prove its key: domain ‖ nonce ‖ code ‖ key.
pub fn enrolment_message(_nonce: &[u8; 32], _code: &str, _public_key: &[u8; 32]) -> Vec<u8> {
    unimplemented!()
}

/// Six digits that both screens show.
pub fn transcript_code(
    _nonce: &[u8; 32],
    _code: &str,
    _public_key: &[u8; 32],
    _pin: RootPin,
) -> String {
    unimplemented!()
}
