//! T1R, the rotating ticket: 117 bytes, 285 digits, QR version 7 at M.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 19 | payload, type 1 |
//! | 19 | 16 | anchor: the end of the chain, `x_0` |
//! | 35 | 64 | Ed25519 over `"TKT1.chain\0"` ‖ event uuid ‖ bytes 0..35 |
//! | 99 | 2 | step i |
//! | 101 | 16 | reveal: `x_i` |
//!
//! The phone draws the last link and hashes down to the anchor, which the issuer signs. A gate that
//! is shown `x_i` hashes it down again: only who holds the seed knows the link of a moment that has
//! not come yet, and nothing in a gate or a server can make one.
//!
//! Invariants: step 0 proves nothing (its reveal is the anchor, which every copy shows), so it is
//! refused; a step beyond the ticket's window is refused before anything is hashed; a link never
//! shows in `Debug`, since an early one is a later one's secret.

use ed25519_dalek::{SIGNATURE_LENGTH, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::layout::{WINDOW_UNIT_SECS, window_time};
use super::sign::checked;
use super::verify::check_signature;
use super::{FrameError, PAYLOAD_LEN, Payload, SignError, TicketError, TicketType, Token};
use crate::ids::EventId;
use crate::time::Timestamp;

pub const LINK_LEN: usize = 16;
/// The part that the issuer signs and hands to the phone: payload, anchor, signature.
pub const CHAIN_SIGNED_LEN: usize = PAYLOAD_LEN + LINK_LEN + SIGNATURE_LENGTH;
pub const CHAIN_TOKEN_LEN: usize = CHAIN_SIGNED_LEN + 2 + LINK_LEN;
pub const CHAIN_TOKEN_DIGITS: usize = 285;
/// A code is shown for this long.
pub const STEP_SECS: i64 = 30;
/// The chain goes on for an hour after the window, for gates that still let latecomers in.
pub const LATE_STEPS: u16 = 120;

/// In a quarter of an hour.
const STEPS_A_UNIT: u16 = 30;
const _: () = assert!(STEPS_A_UNIT as i64 * STEP_SECS == WINDOW_UNIT_SECS);

const DOMAIN: &[u8; 11] = b"TKT1.chain\0";
const MESSAGE_LEN: usize = DOMAIN.len() + 16 + PAYLOAD_LEN + LINK_LEN;
const ANCHOR_AT: usize = PAYLOAD_LEN;
const SIGNATURE_AT: usize = ANCHOR_AT + LINK_LEN;

/// One link of a chain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Link(pub [u8; LINK_LEN]);

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link")
    }
}

/// The chain of one generation of one ticket. Serial and generation are hashed into every link, so
/// a table made for one chain is of no use for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    pub event: EventId,
    pub serial: u32,
    pub generation: u8,
}

impl Chain {
    pub fn of(event: EventId, payload: &Payload) -> Self {
        Self {
            event,
            serial: payload.serial,
            generation: payload.generation,
        }
    }

    /// `x_{i-1}` from `x_i`; `step` is i.
    pub fn before(&self, step: u16, link: &Link) -> Link {
        let hash = Sha256::new()
            .chain_update(DOMAIN)
            .chain_update(self.event.as_bytes())
            .chain_update(&self.serial.to_be_bytes()[1..])
            .chain_update([self.generation])
            .chain_update(step.to_be_bytes())
            .chain_update(link.0)
            .finalize();
        let mut before = [0; LINK_LEN];
        before.copy_from_slice(&hash[..LINK_LEN]);
        Link(before)
    }

    /// `x_to` from `x_from`: `from - to` hashes. The anchor is `x_0`.
    pub fn walk(&self, from: u16, to: u16, link: Link) -> Link {
        (to..from)
            .rev()
            .fold(link, |link, below| self.before(below + 1, &link))
    }
}

/// The last step that a ticket of this window may show; `None` when the window is too wide for
/// 16-bit steps (it may be 22 days).
pub fn steps(not_before: u16, not_after: u16) -> Option<u16> {
    let units = not_after.checked_sub(not_before)?;
    let window = units.checked_mul(STEPS_A_UNIT)?;
    window.checked_add(LATE_STEPS)
}

/// The step of a moment; at least 1, also before the window, and at most `last`.
pub fn step_at(not_before: Timestamp, last: u16, now: Timestamp) -> u16 {
    let step = now.millis_since(not_before).div_euclid(STEP_SECS * 1000);
    let step = step.clamp(1, i64::from(last.max(1)));
    u16::try_from(step).unwrap_or(last)
}

/// When a step begins.
pub fn step_time(not_before: Timestamp, step: u16) -> Timestamp {
    not_before.plus_secs(i64::from(step) * STEP_SECS)
}

/// The moment that step 0 of a ticket stands for.
pub fn chain_start(epoch: Timestamp, payload: &Payload) -> Timestamp {
    window_time(epoch, payload.not_before)
}

/// What the phone is given: everything but step and reveal. `Debug` shows no signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SignedChain([u8; CHAIN_SIGNED_LEN]);

impl std::fmt::Debug for SignedChain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignedChain")
    }
}

impl SignedChain {
    pub fn as_bytes(&self) -> &[u8; CHAIN_SIGNED_LEN] {
        &self.0
    }

    /// From bytes that somebody else signed; `Token` checks their frame, `verify` the signature.
    pub const fn from_bytes(bytes: [u8; CHAIN_SIGNED_LEN]) -> Self {
        Self(bytes)
    }

    /// The token of one step.
    pub fn show(&self, step: u16, reveal: Link) -> Token {
        let mut bytes = [0; CHAIN_TOKEN_LEN];
        bytes[..CHAIN_SIGNED_LEN].copy_from_slice(&self.0);
        bytes[CHAIN_SIGNED_LEN..CHAIN_SIGNED_LEN + 2].copy_from_slice(&step.to_be_bytes());
        bytes[CHAIN_SIGNED_LEN + 2..].copy_from_slice(&reveal.0);
        Token::chain(bytes)
    }
}

/// Signs payload and anchor, verifies strictly, and only then releases. As `sign` for static
/// tickets; whoever calls either sees to it that no generation of a ticket is signed both ways.
pub fn sign_chain(
    key: &SigningKey,
    event: EventId,
    payload: &Payload,
    anchor: Link,
) -> Result<SignedChain, SignError> {
    if steps(payload.not_before, payload.not_after).is_none() {
        return Err(FrameError::Window.into());
    }
    let mut bytes = [0; CHAIN_SIGNED_LEN];
    bytes[..ANCHOR_AT].copy_from_slice(&payload.encode_as(TicketType::Chain)?);
    if payload.hint != super::event_hint(event) {
        return Err(FrameError::Hint.into());
    }
    bytes[ANCHOR_AT..SIGNATURE_AT].copy_from_slice(&anchor.0);
    let signature = checked(key, &signed_message(event, &bytes))?;
    bytes[SIGNATURE_AT..].copy_from_slice(&signature);
    Ok(SignedChain(bytes))
}

/// The payload of a rotating token, once its signature holds and its reveal is of its chain.
pub(super) fn verify(
    token: &[u8; CHAIN_TOKEN_LEN],
    event: EventId,
    key: &VerifyingKey,
) -> Result<Payload, TicketError> {
    let mut signed = [0; CHAIN_SIGNED_LEN];
    signed.copy_from_slice(&token[..CHAIN_SIGNED_LEN]);
    let mut signature = [0; SIGNATURE_LENGTH];
    signature.copy_from_slice(&signed[SIGNATURE_AT..]);
    check_signature(key, &signed_message(event, &signed), &signature)?;
    let mut payload = [0; PAYLOAD_LEN];
    payload.copy_from_slice(&signed[..PAYLOAD_LEN]);
    let payload = Payload::decode_as(TicketType::Chain, &payload)?;

    let last = steps(payload.not_before, payload.not_after).ok_or(FrameError::Window)?;
    let step = step_of(token);
    if step == 0 || step > last {
        return Err(TicketError::Reveal);
    }
    let mut reveal = [0; LINK_LEN];
    reveal.copy_from_slice(&token[CHAIN_SIGNED_LEN + 2..]);
    let anchor = Chain::of(event, &payload).walk(step, 0, Link(reveal));
    if anchor.0 != signed[ANCHOR_AT..SIGNATURE_AT] {
        return Err(TicketError::Reveal);
    }
    Ok(payload)
}

pub(super) fn step_of(token: &[u8; CHAIN_TOKEN_LEN]) -> u16 {
    u16::from_be_bytes([token[CHAIN_SIGNED_LEN], token[CHAIN_SIGNED_LEN + 1]])
}

/// "TKT1.chain\0" ‖ event uuid ‖ payload ‖ anchor.
fn signed_message(event: EventId, signed: &[u8; CHAIN_SIGNED_LEN]) -> [u8; MESSAGE_LEN] {
    let mut message = [0; MESSAGE_LEN];
    let (domain, rest) = message.split_at_mut(DOMAIN.len());
    let (uuid, body) = rest.split_at_mut(16);
    domain.copy_from_slice(DOMAIN);
    uuid.copy_from_slice(event.as_bytes());
    body.copy_from_slice(&signed[..SIGNATURE_AT]);
    message
}
