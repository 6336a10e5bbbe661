//! T1N, a ticket bound to a chip: 83 bytes in a wristband or card.
//!
//! The bytes are those of a static ticket with type 6, signed over `"TKT1.medium\0"` ‖ event uuid ‖
//! payload ‖ length of the UID ‖ UID. The chip's UID is in the signature and not in the ticket: the
//! bytes on another chip, or in a QR code, are no ticket. A chip whose UID somebody chose passes;
//! for what must not be cloned there are chips that answer with a key.
//!
//! Invariants: such a ticket comes from a chip reader and from nowhere else, and a chip reader gives
//! nothing else; a UID that changes at every touch binds nothing and is refused.

use ed25519_dalek::{SIGNATURE_LENGTH, SigningKey, VerifyingKey};

use super::sign::checked;
use super::verify::check_signature;
use super::{
    FrameError, PAYLOAD_LEN, Payload, SignError, TOKEN_LEN, TicketError, TicketType, Token,
};
use crate::ids::EventId;

const DOMAIN: &[u8; 12] = b"TKT1.medium\0";
/// ISO 14443-3: one, two or three cascade levels.
const UID_LENS: [usize; 3] = [4, 7, 10];
const UID_LEN_MAX: usize = 10;
const MESSAGE_LEN_MAX: usize = DOMAIN.len() + 16 + PAYLOAD_LEN + 1 + UID_LEN_MAX;
/// A UID of 4 bytes that begins so is drawn anew at every touch.
const RANDOM_UID: u8 = 0x08;

/// What a chip calls itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChipUid {
    bytes: [u8; UID_LEN_MAX],
    len: u8,
}

impl ChipUid {
    /// `None` for what is no UID, or one that does not last.
    pub fn new(uid: &[u8]) -> Option<Self> {
        let is_random = uid.len() == UID_LENS[0] && uid[0] == RANDOM_UID;
        let is_blank = uid.iter().all(|byte| *byte == 0) || uid.iter().all(|byte| *byte == 0xFF);
        if !UID_LENS.contains(&uid.len()) || is_random || is_blank {
            return None;
        }
        let mut bytes = [0; UID_LEN_MAX];
        bytes[..uid.len()].copy_from_slice(uid);
        Some(Self {
            bytes,
            len: u8::try_from(uid.len()).ok()?,
        })
    }
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
    /// Upper-case hex, as readers print it.
    pub fn to_hex(&self) -> String {
        data_encoding::HEXUPPER.encode(self.as_bytes())
    }
}

/// Signs a ticket for one chip, verifies strictly, and only then releases.
pub fn sign_chip(
    key: &SigningKey,
    event: EventId,
    payload: &Payload,
    uid: &ChipUid,
) -> Result<Token, SignError> {
    let payload_bytes = payload.encode_as(TicketType::MediumBound)?;
    if payload.hint != super::event_hint(event) {
        return Err(FrameError::Hint.into());
    }
    let signature = checked(key, &signed_message(event, &payload_bytes, uid))?;
    let mut bytes = [0; TOKEN_LEN];
    bytes[..PAYLOAD_LEN].copy_from_slice(&payload_bytes);
    bytes[PAYLOAD_LEN..].copy_from_slice(&signature);
    Ok(Token::chip(bytes, *uid))
}

/// A chip's ticket without its signature: for the issuer, who judges a ticket of his own.
pub fn unsigned(payload: &Payload, uid: &ChipUid) -> Result<Token, FrameError> {
    let mut bytes = [0; TOKEN_LEN];
    bytes[..PAYLOAD_LEN].copy_from_slice(&payload.encode_as(TicketType::MediumBound)?);
    Ok(Token::chip(bytes, *uid))
}

pub(super) fn verify(
    token: &[u8; TOKEN_LEN],
    uid: &ChipUid,
    event: EventId,
    key: &VerifyingKey,
) -> Result<Payload, TicketError> {
    let mut payload = [0; PAYLOAD_LEN];
    let mut signature = [0; SIGNATURE_LENGTH];
    payload.copy_from_slice(&token[..PAYLOAD_LEN]);
    signature.copy_from_slice(&token[PAYLOAD_LEN..]);
    check_signature(key, &signed_message(event, &payload, uid), &signature)?;
    Ok(Payload::decode_as(TicketType::MediumBound, &payload)?)
}

fn signed_message(event: EventId, payload: &[u8; PAYLOAD_LEN], uid: &ChipUid) -> Vec<u8> {
    let mut message = Vec::with_capacity(MESSAGE_LEN_MAX);
    message.extend_from_slice(DOMAIN);
    message.extend_from_slice(event.as_bytes());
    message.extend_from_slice(payload);
    message.push(uid.len);
    message.extend_from_slice(uid.as_bytes());
    message
}
