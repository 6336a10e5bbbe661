//! Signatures are real in every seed. A hundred devices check the same entry, so what was judged
//! once is remembered: the same bytes under the same key on the same hash have the same answer.

use std::collections::HashMap;
use std::sync::Mutex;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::VerifyingKey;
use scanner_core::gossip::{StrictVerifier, Verifier};
use sha2::{Digest as _, Sha512};
use shared::log::{ChainError, Entry, LogHead, LogId, LogSegment, SignedEntry};

type Answer = Result<(Vec<Entry>, LogHead), ChainError>;

/// Shared by all devices of a world.
#[derive(Default)]
pub(crate) struct Remembering {
    answers: Mutex<HashMap<[u8; 32], Answer>>,
}

impl Remembering {
    fn judge(&self, name: [u8; 32], judge: impl FnOnce() -> Answer) -> Answer {
        let mut answers = self.answers.lock().expect("one thread");
        answers.entry(name).or_insert_with(judge).clone()
    }
}

fn name(
    key: &VerifyingKey,
    log: LogId,
    head: &LogHead,
    bodies: &[Vec<u8>],
    signature: &[u8],
) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(key.as_bytes());
    hasher.update(&log.0);
    hasher.update(&head.next_seq.to_be_bytes());
    hasher.update(&head.hash);
    hasher.update(signature);
    for body in bodies {
        hasher.update(&(body.len() as u64).to_be_bytes());
        hasher.update(body);
    }
    *hasher.finalize().as_bytes()
}

impl Verifier for Remembering {
    fn entry(
        &self,
        key: &VerifyingKey,
        log: LogId,
        head: &LogHead,
        signed: &SignedEntry,
    ) -> Result<(Entry, LogHead), ChainError> {
        let name = name(
            key,
            log,
            head,
            std::slice::from_ref(&signed.body),
            &signed.signature,
        );
        let (entries, after) = self.judge(name, || {
            let (entry, after) = StrictVerifier.entry(key, log, head, signed)?;
            Ok((vec![entry], after))
        })?;
        Ok((entries[0], after))
    }

    fn segment(&self, key: &VerifyingKey, head: &LogHead, segment: &LogSegment) -> Answer {
        if segment.first_seq != head.next_seq {
            return StrictVerifier.segment(key, head, segment);
        }
        let name = name(key, segment.log, head, &segment.bodies, &segment.signature);
        self.judge(name, || StrictVerifier.segment(key, head, segment))
    }
}

/// The seeded bug "batch verify": what a batch equation with random weights makes of a signature
/// whose commitment has a small-order part. It holds for one weight in eight, so that two devices
/// come to two answers on the same bytes.
pub(crate) struct Batching {
    pub(crate) device: u64,
    pub(crate) strict: std::sync::Arc<Remembering>,
}

impl Batching {
    fn loosely(&self, key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
        let Some(off) = remainder(key, message, signature) else {
            return false;
        };
        let weight = blake3::hash(&[&self.device.to_le_bytes(), signature].concat()).as_bytes()[0];
        (Scalar::from(weight) * off).compress().to_bytes()
            == EdwardsPoint::default().compress().to_bytes()
    }
}

/// What is left of the signature's equation: the identity when it holds.
fn remainder(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> Option<EdwardsPoint> {
    let (r, s) = signature.split_at_checked(32)?;
    let commitment = CompressedEdwardsY::from_slice(r).ok()?.decompress()?;
    let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(s.try_into().ok()?))?;
    let a = CompressedEdwardsY(key.to_bytes()).decompress()?;
    let k = challenge(r, key.as_bytes(), message);
    Some(EdwardsPoint::mul_base(&s) - k * a - commitment)
}

fn challenge(r: &[u8], key: &[u8; 32], message: &[u8]) -> Scalar {
    let mut hasher = Sha512::new();
    hasher.update(r);
    hasher.update(key);
    hasher.update(message);
    Scalar::from_bytes_mod_order_wide(&hasher.finalize().into())
}

/// What is signed of an entry: see `docs/formats.md`.
fn message(log: LogId, head: &LogHead, body: &[u8]) -> Vec<u8> {
    [b"TKT1.entry\0", &log.0[..], &head.hash[..], body].concat()
}

/// A signature of the key's own holder whose commitment has a part of order eight.
pub(crate) fn sign_with_torsion(
    secret: &[u8; 32],
    log: LogId,
    head: &LogHead,
    body: &[u8],
) -> Vec<u8> {
    let expanded = Sha512::digest(secret);
    let mut scalar = [0; 32];
    scalar.copy_from_slice(&expanded[..32]);
    scalar[0] &= 0xF8;
    scalar[31] &= 0x7F;
    scalar[31] |= 0x40;
    let a = Scalar::from_bytes_mod_order(scalar);
    let key = EdwardsPoint::mul_base(&a).compress();
    let message = message(log, head, body);
    let mut hasher = Sha512::new();
    hasher.update(&expanded[32..]);
    hasher.update(&message);
    let r = Scalar::from_bytes_mod_order_wide(&hasher.finalize().into());
    let torsion = curve25519_dalek::constants::EIGHT_TORSION[1];
    let commitment = (EdwardsPoint::mul_base(&r) + torsion).compress();
    let k = challenge(commitment.as_bytes(), key.as_bytes(), &message);
    let s = r + k * a;
    [commitment.as_bytes(), s.as_bytes()]
        .map(|part| part.to_vec())
        .concat()
}

impl Verifier for Batching {
    fn entry(
        &self,
        key: &VerifyingKey,
        log: LogId,
        head: &LogHead,
        signed: &SignedEntry,
    ) -> Result<(Entry, LogHead), ChainError> {
        let strict = self.strict.entry(key, log, head, signed);
        if strict == Err(ChainError::Signature)
            && self.loosely(key, &message(log, head, &signed.body), &signed.signature)
        {
            let entry = Entry::decode(&signed.body)?;
            return Ok((entry, head.append(log, &entry)?));
        }
        strict
    }

    fn segment(&self, key: &VerifyingKey, head: &LogHead, segment: &LogSegment) -> Answer {
        let strict = self.strict.segment(key, head, segment);
        if strict != Err(ChainError::Signature) {
            return strict;
        }
        let mut entries = Vec::new();
        let mut after = *head;
        let mut last = after;
        for body in &segment.bodies {
            let entry = Entry::decode(body)?;
            last = after;
            after = after.append(segment.log, &entry)?;
            entries.push(entry);
        }
        let body = segment.bodies.last().ok_or(ChainError::Signature)?;
        if self.loosely(key, &message(segment.log, &last, body), &segment.signature) {
            return Ok((entries, after));
        }
        strict
    }
}
