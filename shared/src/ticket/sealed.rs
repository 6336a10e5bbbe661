//! T1S, the sealed ticket: 100 bytes, 243 digits, QR version 6 at M. A photograph of it tells nothing.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | `0x84`: format 1, type 4 |
//! | 1 | 1 | scan-key id |
//! | 2 | 2 | event hint |
//! | 4 | 80 | AES-256-GCM-SIV: kid, payload bytes 4..19, signature |
//! | 84 | 16 | tag |
//!
//! Inside is a ticket like any other, signed over `"TKT1.sealed\0"` ‖ event uuid ‖ payload, whose
//! payload has type 4: opened, it is no static ticket, and a static ticket's signature is of no use
//! in here. The nonce is zero on purpose: the same ticket is the same code, and the cipher is one
//! that only tells equal plaintexts apart from others when nonces repeat.
//!
//! Invariants: header and event are authenticated with the sealed part; nothing of it is looked at
//! before the tag holds; who opens a ticket can read it and cannot make one; a scan key is never
//! shown by `Debug`.

use aes_gcm_siv::aead::{AeadInOut, KeyInit};
use aes_gcm_siv::{Aes256GcmSiv, Nonce, Tag};
use ed25519_dalek::{SIGNATURE_LENGTH, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::sign::checked;
use super::verify::check_signature;
use super::{
    FrameError, PAYLOAD_LEN, Payload, SignError, TOKEN_LEN, TicketError, TicketType, Token,
};
use crate::ids::EventId;

pub const SEALED_TOKEN_LEN: usize = 100;
pub const SEALED_TOKEN_DIGITS: usize = 243;
/// Opened: payload and signature, as in a static ticket.
pub const OPENED_LEN: usize = TOKEN_LEN;

const DOMAIN: &[u8; 12] = b"TKT1.sealed\0";
const MESSAGE_LEN: usize = DOMAIN.len() + 16 + PAYLOAD_LEN;
const HEADER_LEN: usize = 4;
const TAG_LEN: usize = 16;
const INSIDE_LEN: usize = SEALED_TOKEN_LEN - HEADER_LEN - TAG_LEN;
const _: () = assert!(INSIDE_LEN == OPENED_LEN - HEADER_LEN + 1);

/// Opens the sealed tickets of one event. Every scanner of the event has it.
pub struct ScanKey {
    id: u8,
    key: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for ScanKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ScanKey({}, [redacted])", self.id)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("the ticket is not sealed")]
    NotSealed,
    #[error("sealed with another key")]
    OtherKey,
    #[error("the seal is broken")]
    Broken,
}

impl ScanKey {
    pub fn new(id: u8, key: Zeroizing<[u8; 32]>) -> Self {
        Self { id, key }
    }
    pub const fn id(&self) -> u8 {
        self.id
    }
    /// For wrapping it to a device.
    pub(crate) fn secret(&self) -> &[u8; 32] {
        &self.key
    }

    fn cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new(&(*self.key).into())
    }

    pub(super) fn seal(
        &self,
        event: EventId,
        opened: &[u8; OPENED_LEN],
    ) -> Result<[u8; SEALED_TOKEN_LEN], SignError> {
        let mut sealed = [0; SEALED_TOKEN_LEN];
        sealed[..HEADER_LEN].copy_from_slice(&opened[..HEADER_LEN]);
        sealed[1] = self.id;
        let (header, rest) = sealed.split_at_mut(HEADER_LEN);
        let (inside, tag) = rest.split_at_mut(INSIDE_LEN);
        inside[0] = opened[1];
        inside[1..].copy_from_slice(&opened[HEADER_LEN..]);
        let made = self
            .cipher()
            .encrypt_inout_detached(&Nonce::default(), &associated(header, event), inside.into())
            .map_err(|_| SignError::Fault)?;
        tag.copy_from_slice(&made);
        Ok(sealed)
    }

    pub(super) fn open(
        &self,
        event: EventId,
        sealed: &[u8; SEALED_TOKEN_LEN],
    ) -> Result<[u8; OPENED_LEN], OpenError> {
        if sealed[1] != self.id {
            return Err(OpenError::OtherKey);
        }
        let (header, rest) = sealed.split_at(HEADER_LEN);
        let (inside, tag) = rest.split_at(INSIDE_LEN);
        let mut inside: [u8; INSIDE_LEN] = inside.try_into().map_err(|_| OpenError::Broken)?;
        let tag = Tag::try_from(tag).map_err(|_| OpenError::Broken)?;
        self.cipher()
            .decrypt_inout_detached(
                &Nonce::default(),
                &associated(header, event),
                (&mut inside[..]).into(),
                &tag,
            )
            .map_err(|_| OpenError::Broken)?;
        let mut opened = [0; OPENED_LEN];
        opened[..HEADER_LEN].copy_from_slice(header);
        opened[1] = inside[0];
        opened[HEADER_LEN..].copy_from_slice(&inside[1..]);
        Ok(opened)
    }
}

/// Header ‖ event uuid.
fn associated(header: &[u8], event: EventId) -> [u8; HEADER_LEN + 16] {
    let mut bytes = [0; HEADER_LEN + 16];
    bytes[..HEADER_LEN].copy_from_slice(header);
    bytes[HEADER_LEN..].copy_from_slice(event.as_bytes());
    bytes
}

/// Signs a payload for a sealed ticket, verifies strictly, and only then releases. The token is
/// open: [`Token::seal`] makes the code that people carry.
pub fn sign_sealed(
    key: &SigningKey,
    event: EventId,
    payload: &Payload,
) -> Result<Token, SignError> {
    let payload_bytes = payload.encode_as(TicketType::Sealed)?;
    if payload.hint != super::event_hint(event) {
        return Err(FrameError::Hint.into());
    }
    let signature = checked(key, &signed_message(event, &payload_bytes))?;
    let mut opened = [0; OPENED_LEN];
    opened[..PAYLOAD_LEN].copy_from_slice(&payload_bytes);
    opened[PAYLOAD_LEN..].copy_from_slice(&signature);
    Ok(Token::opened(opened))
}

/// An opened ticket without its signature: for the issuer, who judges a ticket of his own.
pub fn unsigned(payload: &Payload) -> Result<Token, FrameError> {
    let mut opened = [0; OPENED_LEN];
    opened[..PAYLOAD_LEN].copy_from_slice(&payload.encode_as(TicketType::Sealed)?);
    Ok(Token::opened(opened))
}

/// The payload of an opened ticket, once its signature holds.
pub(super) fn verify(
    opened: &[u8; OPENED_LEN],
    event: EventId,
    key: &VerifyingKey,
) -> Result<Payload, TicketError> {
    let mut payload = [0; PAYLOAD_LEN];
    let mut signature = [0; SIGNATURE_LENGTH];
    payload.copy_from_slice(&opened[..PAYLOAD_LEN]);
    signature.copy_from_slice(&opened[PAYLOAD_LEN..]);
    check_signature(key, &signed_message(event, &payload), &signature)?;
    Ok(Payload::decode_as(TicketType::Sealed, &payload)?)
}

/// "TKT1.sealed\0" ‖ event uuid ‖ payload.
fn signed_message(event: EventId, payload: &[u8; PAYLOAD_LEN]) -> [u8; MESSAGE_LEN] {
    let mut message = [0; MESSAGE_LEN];
    let (domain, rest) = message.split_at_mut(DOMAIN.len());
    let (uuid, body) = rest.split_at_mut(16);
    domain.copy_from_slice(DOMAIN);
    uuid.copy_from_slice(event.as_bytes());
    body.copy_from_slice(payload);
    message
}
