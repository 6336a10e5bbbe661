//! Verification: signature over the received bytes first, parsing second.
//!
//! Invariants: only `verify_strict` accepts (S < L, canonical R, neither R nor the key of small
//! order, no cofactor); a decision never comes from batch verification. The signature covers the
//! event, so a ticket of another event fails here whatever its hint says.

use ed25519_dalek::{SIGNATURE_LENGTH, Signature, VerifyingKey};

use super::digits::{self, DigitsError};
use super::layout::TicketType;
use super::{FrameError, PAYLOAD_LEN, Payload, TOKEN_DIGITS, TOKEN_LEN, event_hint};
use crate::ids::EventId;

const DOMAIN: &[u8; 12] = b"TKT1.static\0";
const MESSAGE_LEN: usize = DOMAIN.len() + 16 + PAYLOAD_LEN;

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
    ///
    /// Allocates nothing for a text as long as a ticket's.
    pub fn from_digits(text: &str) -> Result<Self, TicketError> {
        if text.len() == TOKEN_DIGITS {
            Self::from_bytes(&digits::decode_fixed::<TOKEN_LEN>(text)?)
        } else {
            Self::from_bytes(&digits::decode(text)?)
        }
    }

    /// The type is read before the length, because each type has its own.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TicketError> {
        let first = *bytes.first().ok_or(FrameError::Length)?;
        let kind = TicketType::from_byte(first)?;
        if bytes.len() != kind.token_len() {
            return Err(FrameError::Length.into());
        }
        if kind != TicketType::Static {
            return Err(FrameError::Unsupported(kind).into());
        }
        let bytes = bytes.try_into().map_err(|_| FrameError::Length)?;
        Ok(Self(bytes))
    }

    /// For `sign`, which has made the bytes.
    pub(super) const fn from_checked(bytes: [u8; TOKEN_LEN]) -> Self {
        Self(bytes)
    }

    /// 202 digits, for QR's numeric mode.
    pub fn to_digits(&self) -> String {
        digits::encode(&self.0)
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
///
/// A `Frame` error after a good signature means that the issuer signed nonsense, not that the
/// guest misread.
pub fn verify(token: &Token, event: EventId, key: &VerifyingKey) -> Result<Payload, TicketError> {
    let mut payload = [0; PAYLOAD_LEN];
    let mut signature = [0; SIGNATURE_LENGTH];
    let (signed, rest) = token.0.split_at(PAYLOAD_LEN);
    payload.copy_from_slice(signed);
    signature.copy_from_slice(rest);
    check_signature(key, event, &payload, &signature)?;
    let payload = Payload::decode(&payload)?;
    if payload.hint != event_hint(event) {
        return Err(FrameError::Hint.into());
    }
    Ok(payload)
}

/// The one place that decides over a ticket's signature.
pub(super) fn check_signature(
    key: &VerifyingKey,
    event: EventId,
    payload: &[u8; PAYLOAD_LEN],
    signature: &[u8; SIGNATURE_LENGTH],
) -> Result<(), TicketError> {
    let signature = Signature::from_bytes(signature);
    key.verify_strict(&signed_message(event, payload), &signature)
        .map_err(|_| TicketError::Signature)
}

/// "TKT1.static\0" ‖ event uuid ‖ payload.
pub(super) fn signed_message(event: EventId, payload: &[u8; PAYLOAD_LEN]) -> [u8; MESSAGE_LEN] {
    let mut message = [0; MESSAGE_LEN];
    let (domain, rest) = message.split_at_mut(DOMAIN.len());
    let (uuid, body) = rest.split_at_mut(16);
    domain.copy_from_slice(DOMAIN);
    uuid.copy_from_slice(event.as_bytes());
    body.copy_from_slice(payload);
    message
}
