//! The typed fallback code: twelve secret digits and two check digits, shown 4-4-4-2.
//!
//! Invariants: the digits are a pseudo-random function of the event's secret, so nothing about a
//! code is stored and a database dump lists none; check digits are ISO 7064 MOD 97-10, which
//! catches every single, adjacent and jump error; a new generation has a new code.

use std::fmt;

const SECRET_DIGITS: u64 = 1_000_000_000_000;
const DIGITS: usize = 14;

/// Fourteen digits whose check holds. `Display` groups them 4-4-4-2; there is no `Debug`, because
/// the code opens an attended gate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TypedCode(u64);

impl TypedCode {
    /// The code of one generation of one ticket under its event's secret.
    pub fn derive(secret: &[u8; 32], serial: u32, generation: u8) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(secret);
        hasher.update(b"TKT1.code\0");
        hasher.update(&serial.to_be_bytes());
        hasher.update(&[generation]);
        let mut wide = [0_u8; 16];
        hasher.finalize_xof().fill(&mut wide);
        // 128 bits modulo 10^12: the bias is below 2^-88.
        let digits = u128::from_be_bytes(wide) % u128::from(SECRET_DIGITS);
        Self::with_check(u64::try_from(digits).unwrap_or(0))
    }

    /// What somebody typed: spaces and hyphens are ignored, everything else must be right.
    pub fn parse(text: &str) -> Option<Self> {
        let mut value: u64 = 0;
        let mut count = 0;
        for c in text.chars().filter(|c| !matches!(c, ' ' | '-')) {
            let digit = c.to_digit(10).filter(|_| c.is_ascii_digit())?;
            count += 1;
            if count > DIGITS {
                return None;
            }
            value = value * 10 + u64::from(digit);
        }
        (count == DIGITS && value % 97 == 1).then_some(Self(value))
    }

    fn with_check(digits: u64) -> Self {
        let shifted = digits * 100;
        Self(shifted + (98 - shifted % 97))
    }
}

impl fmt::Display for TypedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:014}", self.0);
        write!(
            f,
            "{}-{}-{}-{}",
            &text[0..4],
            &text[4..8],
            &text[8..12],
            &text[12..14]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(code: TypedCode) -> String {
        code.to_string().replace('-', "")
    }

    #[test]
    fn iso_7064_known_answer_and_shape() {
        // T6: ISO 7064 gives 794 the check digits 44.
        assert_eq!(plain(TypedCode::with_check(794)), "00000000079444");
        let code = TypedCode::derive(&[7; 32], 48_213, 1);
        let shown = code.to_string();
        assert_eq!(shown.len(), 17);
        assert!(TypedCode::parse(&shown) == Some(code));
        assert!(TypedCode::parse(&shown.replace('-', " ")) == Some(code));
    }

    #[test]
    fn every_part_of_the_ticket_changes_the_code() {
        let base = TypedCode::derive(&[7; 32], 1, 1);
        assert!(base == TypedCode::derive(&[7; 32], 1, 1));
        assert!(base != TypedCode::derive(&[8; 32], 1, 1));
        assert!(base != TypedCode::derive(&[7; 32], 2, 1));
        assert!(base != TypedCode::derive(&[7; 32], 1, 2));
    }

    #[test]
    fn single_adjacent_and_jump_errors_are_caught() {
        // corpus 100: wrong check digits, 13 and 15 digits, all zero.
        for serial in 0..200 {
            let text = plain(TypedCode::derive(&[3; 32], serial, 1));
            let digits: Vec<char> = text.chars().collect();
            for at in 0..DIGITS {
                for wrong in '0'..='9' {
                    let mut typed = digits.clone();
                    typed[at] = wrong;
                    let typed: String = typed.iter().collect();
                    assert_eq!(TypedCode::parse(&typed).is_some(), wrong == digits[at]);
                }
                for step in [1, 2] {
                    if at + step < DIGITS && digits[at] != digits[at + step] {
                        let mut typed = digits.clone();
                        typed.swap(at, at + step);
                        let typed: String = typed.iter().collect();
                        assert!(TypedCode::parse(&typed).is_none(), "{text} -> {typed}");
                    }
                }
            }
            assert!(TypedCode::parse(&text[1..]).is_none());
            assert!(TypedCode::parse(&format!("{text}0")).is_none());
        }
        for bad in ["", "00000000000000", "٠0000000000001", "0000000000000x"] {
            assert!(TypedCode::parse(bad).is_none(), "{bad}");
        }
    }
}
