//! Verification: signature over the received bytes first, parsing second.
//!
//! Invariants: only `verify_strict` accepts (S < L, canonical R, neither R nor the key of small
//! order, no cofactor); a decision never comes from batch verification. The signature covers the
//! event, so a ticket of another event fails here whatever its hint says.

use ed25519_dalek::{SIGNATURE_LENGTH, Signature, VerifyingKey};

use super::chip::{self, ChipUid};
use super::digits::{self, DigitsError};
use super::layout::TicketType;
use super::sealed::{self, OPENED_LEN, OpenError, ScanKey};
use super::sign::SignError;
use super::{
    CHAIN_SIGNED_LEN, CHAIN_TOKEN_DIGITS, CHAIN_TOKEN_LEN, FrameError, PAYLOAD_LEN, Payload,
    SEALED_TOKEN_DIGITS, SEALED_TOKEN_LEN, TOKEN_DIGITS, TOKEN_LEN, chain, event_hint,
};
use crate::ids::EventId;

const DOMAIN: &[u8; 12] = b"TKT1.static\0";
const MESSAGE_LEN: usize = DOMAIN.len() + 16 + PAYLOAD_LEN;

/// Bytes that look like a ticket. Not yet verified. `Debug` shows no signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token(Frame);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    Static([u8; TOKEN_LEN]),
    Chain([u8; CHAIN_TOKEN_LEN]),
    /// As people carry it.
    Sealed([u8; SEALED_TOKEN_LEN]),
    /// What was in it.
    Opened([u8; OPENED_LEN]),
    /// On the chip with this UID.
    Chip([u8; TOKEN_LEN], ChipUid),
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Token");
        shown.field("kid", &self.kid());
        if let Some(step) = self.step() {
            shown.field("step", &step);
        }
        shown.finish_non_exhaustive()
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
    /// Of a rotating ticket whose signature holds.
    #[error("the code of this moment is not of this ticket")]
    Reveal,
    /// Nothing of it can be judged before [`Token::open`].
    #[error("the ticket is sealed")]
    Sealed,
}

impl Token {
    /// From the text of a QR code, already stripped of what scanners add. Checks length and the
    /// type byte, so that the caller may read `kid` and `hint`, nothing else.
    ///
    /// Allocates nothing for a text as long as a ticket's.
    pub fn from_digits(text: &str) -> Result<Self, TicketError> {
        match text.len() {
            TOKEN_DIGITS => Self::from_bytes(&digits::decode_fixed::<TOKEN_LEN>(text)?),
            CHAIN_TOKEN_DIGITS => Self::from_bytes(&digits::decode_fixed::<CHAIN_TOKEN_LEN>(text)?),
            SEALED_TOKEN_DIGITS => {
                Self::from_bytes(&digits::decode_fixed::<SEALED_TOKEN_LEN>(text)?)
            }
            _ => Self::from_bytes(&digits::decode(text)?),
        }
    }

    /// The type is read before the length, because each type has its own.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TicketError> {
        let first = *bytes.first().ok_or(FrameError::Length)?;
        let kind = TicketType::from_byte(first)?;
        if bytes.len() != kind.token_len() {
            return Err(FrameError::Length.into());
        }
        match kind {
            TicketType::Static => {
                let bytes = bytes.try_into().map_err(|_| FrameError::Length)?;
                Ok(Self(Frame::Static(bytes)))
            }
            TicketType::Chain => {
                let bytes = bytes.try_into().map_err(|_| FrameError::Length)?;
                Ok(Self(Frame::Chain(bytes)))
            }
            TicketType::Sealed => {
                let bytes = bytes.try_into().map_err(|_| FrameError::Length)?;
                Ok(Self(Frame::Sealed(bytes)))
            }
            TicketType::Mac
            | TicketType::HolderKey
            | TicketType::SealedChain
            | TicketType::MediumBound => Err(FrameError::Unsupported(kind).into()),
        }
    }

    /// For `sign`, which has made the bytes.
    pub(super) const fn from_checked(bytes: [u8; TOKEN_LEN]) -> Self {
        Self(Frame::Static(bytes))
    }
    /// For `SignedChain::show`.
    pub(super) const fn chain(bytes: [u8; CHAIN_TOKEN_LEN]) -> Self {
        Self(Frame::Chain(bytes))
    }

    /// For `sealed`, which has made or opened the bytes.
    pub(super) const fn opened(bytes: [u8; OPENED_LEN]) -> Self {
        Self(Frame::Opened(bytes))
    }

    /// For `chip`, which has made the bytes.
    pub(super) const fn chip(bytes: [u8; TOKEN_LEN], uid: ChipUid) -> Self {
        Self(Frame::Chip(bytes, uid))
    }
    /// From a chip's memory and the UID that the reader gives. A ticket of any other type is bound
    /// to nothing here, and refused.
    pub fn from_chip(bytes: &[u8], uid: ChipUid) -> Result<Self, TicketError> {
        let first = *bytes.first().ok_or(FrameError::Length)?;
        match TicketType::from_byte(first)? {
            TicketType::MediumBound => {
                let bytes = bytes.try_into().map_err(|_| FrameError::Length)?;
                Ok(Self(Frame::Chip(bytes, uid)))
            }
            kind => Err(FrameError::Unsupported(kind).into()),
        }
    }

    /// Names the key that opens it; `None` when there is nothing to open.
    pub fn scan_key_id(&self) -> Option<u8> {
        match &self.0 {
            Frame::Sealed(bytes) => Some(bytes[1]),
            Frame::Static(_) | Frame::Chain(_) | Frame::Opened(_) | Frame::Chip(..) => None,
        }
    }
    /// It came out of a seal.
    pub fn was_sealed(&self) -> bool {
        matches!(self.0, Frame::Opened(_))
    }
    /// The ticket inside, unverified as any other.
    pub fn open(&self, event: EventId, key: &ScanKey) -> Result<Self, OpenError> {
        match &self.0 {
            Frame::Sealed(bytes) => Ok(Self(Frame::Opened(key.open(event, bytes)?))),
            Frame::Static(_) | Frame::Chain(_) | Frame::Opened(_) | Frame::Chip(..) => {
                Err(OpenError::NotSealed)
            }
        }
    }
    /// What people carry of a ticket that `sign_sealed` made. The same every time.
    pub fn seal(&self, event: EventId, key: &ScanKey) -> Result<Self, SignError> {
        match &self.0 {
            Frame::Opened(bytes) => Ok(Self(Frame::Sealed(key.seal(event, bytes)?))),
            Frame::Static(_) | Frame::Chain(_) | Frame::Sealed(_) | Frame::Chip(..) => {
                Err(FrameError::Unsupported(TicketType::Static).into())
            }
        }
    }

    /// 202, 243 or 285 digits, for QR's numeric mode.
    pub fn to_digits(&self) -> String {
        digits::encode(self.as_bytes())
    }
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Frame::Static(bytes) | Frame::Opened(bytes) | Frame::Chip(bytes, _) => bytes,
            Frame::Chain(bytes) => bytes,
            Frame::Sealed(bytes) => bytes,
        }
    }
    /// What stays the same however often the code turns: all of a static token.
    pub fn signed_bytes(&self) -> &[u8] {
        match &self.0 {
            Frame::Static(bytes) | Frame::Opened(bytes) | Frame::Chip(bytes, _) => bytes,
            Frame::Chain(bytes) => &bytes[..CHAIN_SIGNED_LEN],
            Frame::Sealed(bytes) => bytes,
        }
    }
    /// The step that a rotating token shows; `None` for a static one. Means something only after
    /// `verify`, which checks that the reveal is of this step.
    pub fn step(&self) -> Option<u16> {
        match &self.0 {
            Frame::Static(_) | Frame::Sealed(_) | Frame::Opened(_) | Frame::Chip(..) => None,
            Frame::Chain(bytes) => Some(chain::step_of(bytes)),
        }
    }
    /// For routing to a key, before verification. Of a sealed ticket only once it is open.
    pub fn kid(&self) -> u8 {
        self.as_bytes()[1]
    }
    /// For routing to an event, before verification.
    pub fn hint(&self) -> [u8; 2] {
        let bytes = self.as_bytes();
        [bytes[2], bytes[3]]
    }
}

/// The payload, once the signature over it holds for this event and key, and, where the code
/// turns, once its reveal is of the signed chain. Whether the step is of this moment is the gate's
/// to judge.
///
/// A `Frame` error after a good signature means that the issuer signed nonsense, not that the
/// guest misread.
pub fn verify(token: &Token, event: EventId, key: &VerifyingKey) -> Result<Payload, TicketError> {
    let payload = match &token.0 {
        Frame::Static(bytes) => verify_static(bytes, event, key)?,
        Frame::Chain(bytes) => chain::verify(bytes, event, key)?,
        Frame::Opened(bytes) => sealed::verify(bytes, event, key)?,
        Frame::Chip(bytes, uid) => chip::verify(bytes, uid, event, key)?,
        Frame::Sealed(_) => return Err(TicketError::Sealed),
    };
    if payload.hint != event_hint(event) {
        return Err(FrameError::Hint.into());
    }
    Ok(payload)
}

fn verify_static(
    token: &[u8; TOKEN_LEN],
    event: EventId,
    key: &VerifyingKey,
) -> Result<Payload, TicketError> {
    let mut payload = [0; PAYLOAD_LEN];
    let mut signature = [0; SIGNATURE_LENGTH];
    let (signed, rest) = token.split_at(PAYLOAD_LEN);
    payload.copy_from_slice(signed);
    signature.copy_from_slice(rest);
    check_signature(key, &signed_message(event, &payload), &signature)?;
    Ok(Payload::decode(&payload)?)
}

/// The one place that decides over a ticket's signature.
pub(super) fn check_signature(
    key: &VerifyingKey,
    message: &[u8],
    signature: &[u8; SIGNATURE_LENGTH],
) -> Result<(), TicketError> {
    let signature = Signature::from_bytes(signature);
    key.verify_strict(message, &signature)
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
