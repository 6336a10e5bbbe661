//! The typed code: twelve secret digits and two check digits, shown 4-4-4-2, for guests whose
//! ticket cannot be scanned. `token.md` 2.3, ADR 0010.
//!
//! A gate must recognise a code without holding it, so the snapshot carries an index that costs one
//! slow hash a guess to make: `Argon2id(code)` gives the proof, which an entry carries, and a fast
//! hash of the proof gives the index, which the snapshot carries. Whoever has only the snapshot can
//! write no entry that others believe; whoever has a log can make no other code.
//!
//! Invariants: the check digits are ISO 7064 MOD 97-10, which catches every single, adjacent and
//! jump error, so that a slip of the finger costs no hash and is no guess; nothing here shows a
//! code but `Display`.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::ScanProof;
use super::proof::first_8;
use crate::ids::EventId;

pub const CODE_DIGITS: usize = 14;
const SECRET_DIGITS: u64 = 1_000_000_000_000;

/// 36 MiB, one pass, one lane: about 15 ms on one core of the machine of `docs/performance.md`, so
/// all 10^12 codes cost a thief 475 core-years. Above 32 MiB glibc gives the memory back at once.
const MEMORY_KIB: u32 = 36 * 1024;
const PASSES: u32 = 1;
const LANES: u32 = 1;

const INDEX_CONTEXT: &str = "gatehouse ticket 2026 typed code index v1";

/// Fourteen digits whose check holds. `Display` groups them 4-4-4-2; there is no `Debug`, because
/// the code opens an attended gate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TypedCode(u64);

/// Carried by the snapshot for a ticket: tells a code when it is typed, and gives none away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeIndex(pub [u8; 8]);

impl TypedCode {
    /// The code that begins with the last twelve digits of `secret`.
    pub fn from_secret(secret: u64) -> Self {
        let shifted = secret % SECRET_DIGITS * 100;
        Self(shifted + (98 - shifted % 97))
    }

    /// Exactly fourteen ASCII digits whose check holds.
    pub fn from_digits(digits: &str) -> Option<Self> {
        let plain = digits.len() == CODE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        let value: u64 = plain.then(|| digits.parse().ok())??;
        (value % 97 == 1).then_some(Self(value))
    }

    /// What only someone who knows the code can compute, by one slow hash.
    ///
    /// # Panics
    /// Never: what goes in is within Argon2's bounds, whatever the code.
    pub fn proof(&self, event: EventId) -> ScanProof {
        let digits = Zeroizing::new(format!("{:014}", self.0));
        let mut proof = [0; 8];
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(proof.len()))
            .expect("the constants are within Argon2's bounds");
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(digits.as_bytes(), event.as_bytes(), &mut proof)
            .expect("fourteen digits, a salt of sixteen bytes and eight bytes are within bounds");
        ScanProof(proof)
    }
}

impl ScanProof {
    /// What the snapshot carries for the ticket whose typed code has this proof.
    pub fn code_index(&self, event: EventId) -> CodeIndex {
        let mut hasher = blake3::Hasher::new_derive_key(INDEX_CONTEXT);
        hasher.update(event.as_bytes()).update(&self.0);
        CodeIndex(first_8(&hasher))
    }
}

impl fmt::Display for TypedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Zeroizing::new(format!("{:014}", self.0));
        let (first, rest) = text.split_at(4);
        let (second, rest) = rest.split_at(4);
        let (third, check) = rest.split_at(4);
        write!(f, "{first}-{second}-{third}-{check}")
    }
}
