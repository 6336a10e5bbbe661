//! Signing, with the check before release that a faulty computation must not pass.
//!
//! Ed25519 is deterministic: a bit flipped while signing (heat, radiation, an attacker) can give
//! away the key to whoever sees the bad signature beside a good one. So no signature leaves here
//! before it verified, and the same ticket always has the same text.

use ed25519_dalek::{SIGNATURE_LENGTH, Signer, SigningKey, VerifyingKey};

use super::verify::{check_signature, signed_message};
use super::{FrameError, PAYLOAD_LEN, Payload, TOKEN_LEN, Token, event_hint};
use crate::ids::EventId;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("the fresh signature does not verify")]
    Fault,
}

/// Signs, verifies strictly, and only then releases.
pub fn sign(key: &SigningKey, event: EventId, payload: &Payload) -> Result<Token, SignError> {
    let payload_bytes = payload.encode()?;
    if payload.hint != event_hint(event) {
        return Err(FrameError::Hint.into());
    }
    let signature = checked(key, &signed_message(event, &payload_bytes))?;
    let mut token = [0; TOKEN_LEN];
    token[..PAYLOAD_LEN].copy_from_slice(&payload_bytes);
    token[PAYLOAD_LEN..].copy_from_slice(&signature);
    Ok(Token::from_checked(token))
}

/// A signature that was verified before anybody sees it.
pub(crate) fn checked(
    key: &SigningKey,
    message: &[u8],
) -> Result<[u8; SIGNATURE_LENGTH], SignError> {
    released(&key.verifying_key(), message, |message| {
        key.sign(message).to_bytes()
    })
}

/// `checked` with the computation of the signature as an argument, so that a test can break it.
fn released(
    public_key: &VerifyingKey,
    message: &[u8],
    produce: impl FnOnce(&[u8]) -> [u8; SIGNATURE_LENGTH],
) -> Result<[u8; SIGNATURE_LENGTH], SignError> {
    let signature = produce(message);
    check_signature(public_key, message, &signature).map_err(|_| SignError::Fault)?;
    Ok(signature)
}

#[cfg(test)]
mod tests {
    use super::super::Flags;
    use super::*;

    fn event() -> EventId {
        EventId::from_bytes([0x3F; 16])
    }

    fn payload() -> Payload {
        Payload {
            kid: 0,
            serial: 1,
            generation: 1,
            class: 0,
            zones: 1,
            not_before: 0,
            not_after: 1,
            flags: Flags::NONE,
            seat: None,
            hint: event_hint(event()),
        }
    }

    #[test]
    fn side_channel_or_fault_on_signer_releases_nothing() {
        // token.md 4: the fault hook flips each bit of the produced signature.
        let key = SigningKey::from_bytes(&[7; 32]);
        let message = signed_message(event(), &payload().encode().expect("in range"));
        for bit in 0..SIGNATURE_LENGTH * 8 {
            let outcome = released(&key.verifying_key(), &message, |message| {
                let mut signature = key.sign(message).to_bytes();
                signature[bit / 8] ^= 1 << (bit % 8);
                signature
            });
            assert_eq!(outcome, Err(SignError::Fault), "bit {bit}");
        }
        // The wrong nonce or the wrong key, as a glitch in between gives them.
        let other = SigningKey::from_bytes(&[8; 32]);
        let glitched = released(&key.verifying_key(), &message, |message| {
            other.sign(message).to_bytes()
        });
        assert_eq!(glitched, Err(SignError::Fault));
        assert!(checked(&key, &message).is_ok());
    }

    #[test]
    fn a_hint_of_another_event_is_not_signed() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let other = EventId::from_bytes([0x40; 16]);
        assert_ne!(event_hint(other), event_hint(event()));
        assert_eq!(
            sign(&key, other, &payload()),
            Err(SignError::Frame(FrameError::Hint))
        );
    }
}
