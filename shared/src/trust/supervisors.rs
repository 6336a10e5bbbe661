//! Who may overrule a gate: up to fourteen people, each with a name and a PIN. ADR 0010.
//!
//! Their PINs travel as hashes in the signed policy, so that a gate without a network knows them.
//! A PIN is short, so whoever takes a device apart can find it, but such a thief has the device's
//! key anyway; against the people at a gate, who try, the device counts.
//!
//! Invariants: one slow hash for each try, whoever's PIN it is; no two people share a PIN, because
//! the PIN alone says who it was; the comparison takes as long for the first as for the last.

use std::collections::BTreeSet;

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::snapshot::within;
use super::statement::TrustError;
use crate::limits::NAME_CHARS_MAX;
use crate::sync::strict::bounded;

/// Four bits of an entry's flags name one; 0 is nobody.
pub const SUPERVISORS_MAX: usize = 14;
/// The organizer's office, which speaks through the server.
pub const OFFICE: u8 = 15;
pub const PIN_DIGITS_MIN: usize = 6;
pub const PIN_DIGITS_MAX: usize = 12;

/// 64 MiB, three passes, one lane: what RFC 9106 recommends where memory is short.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;

/// What a PIN leaves behind.
pub type PinHash = [u8; 32];

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supervisor {
    /// 1 to 14: how entries name this person, also after others have gone.
    pub number: u8,
    pub name: String,
    pub pin: PinHash,
}

impl std::fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Supervisor({} {:?})", self.number, self.name)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supervisors {
    /// One for all, so that one hash finds out whose PIN it is.
    pub salt: [u8; 16],
    /// Ascending by number.
    #[serde(deserialize_with = "bounded::<SUPERVISORS_MAX, _, _>")]
    pub people: Vec<Supervisor>,
}

impl Supervisors {
    /// Slow on purpose. Meaningful for a PIN that [`is_pin`] accepts.
    ///
    /// # Panics
    /// Never: what goes in is within Argon2's bounds, whatever the text.
    pub fn hash(&self, pin: &str) -> PinHash {
        let mut hash = [0; 32];
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(hash.len()))
            .expect("the constants are within Argon2's bounds");
        let pin = pin.get(..PIN_DIGITS_MAX).unwrap_or(pin);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(pin.as_bytes(), &self.salt, &mut hash)
            .expect("a short PIN, a salt of sixteen bytes and 32 bytes are within bounds");
        hash
    }

    /// Whose PIN it is. Slow, also when it is nobody's.
    pub fn whose(&self, pin: &str) -> Option<&Supervisor> {
        let hash = self.hash(pin);
        let mut found = None;
        for person in &self.people {
            if bool::from(person.pin.ct_eq(&hash)) {
                found = Some(person);
            }
        }
        found.filter(|_| is_pin(pin))
    }

    pub fn by_number(&self, number: u8) -> Option<&Supervisor> {
        self.people.iter().find(|person| person.number == number)
    }

    pub(super) fn check(&self) -> Result<(), TrustError> {
        within(self.people.len(), SUPERVISORS_MAX, "too many supervisors")?;
        let ascend = |pair: &[Supervisor]| pair[0].number < pair[1].number;
        let numbered = |person: &Supervisor| (1..=SUPERVISORS_MAX).contains(&person.number.into());
        if !self.people.windows(2).all(ascend) || !self.people.iter().all(numbered) {
            return Err(TrustError::Malformed("supervisors out of order"));
        }
        for person in &self.people {
            within(person.name.chars().count(), NAME_CHARS_MAX, "name too long")?;
        }
        let pins: BTreeSet<&PinHash> = self.people.iter().map(|person| &person.pin).collect();
        if pins.len() != self.people.len() {
            return Err(TrustError::Malformed("two supervisors share a PIN"));
        }
        Ok(())
    }
}

/// Six to twelve digits.
pub fn is_pin(text: &str) -> bool {
    (PIN_DIGITS_MIN..=PIN_DIGITS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
}
