//! Verification: signature over the received bytes first, parsing second.

use ed25519_dalek::VerifyingKey;

use super::digits::DigitsError;
use super::{FrameError, Payload, TOKEN_LEN};
use crate::ids::EventId;

/// 83 bytes that look like a ticket. Not yet verified. `Debug` shows no signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token([u8; TOKEN_LEN]);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    #[error("not a ticket: {0}")]
    Digits(#[from] DigitsError),
    #[error("not a ticket: {0}")]
    Frame(#[from] FrameError),
    #[error("the signature is not valid")]
    Signature,
}

impl Token {
    /// From the text of a QR code, already stripped of what scanners add. Checks length and the
    /// type byte, so that the caller may read `kid` and `hint`, nothing else.
    pub fn from_digits(_text: &str) -> Result<Self, TicketError> {
        unimplemented!()
    }
    pub fn from_bytes(_bytes: &[u8]) -> Result<Self, TicketError> {
        unimplemented!()
    }
    pub fn to_digits(&self) -> String {
        unimplemented!()
    }
    pub fn as_bytes(&self) -> &[u8; TOKEN_LEN] {
        &self.0
    }
    /// For routing to a key, before verification.
    pub fn kid(&self) -> u8 {
        self.0[1]
    }
    /// For routing to an event, before verification.
    pub fn hint(&self) -> [u8; 2] {
        [self.0[2], self.0[3]]
    }
}

/// The payload, once the signature over it holds for this event and key.
pub fn verify(
    _token: &Token,
    _event: EventId,
    _key: &VerifyingKey,
) -> Result<Payload, TicketError> {
    unimplemented!()
}
