//! Which typed code a ticket has; what a code is: `shared::ticket::code`.
//!
//! Invariants: the digits are a pseudo-random function of the event's secret, which is wrapped, so
//! nothing about a code is stored and a database dump lists none; a new generation has a new code.

use shared::ticket::TypedCode;

/// The code of one generation of one ticket under its event's secret.
pub fn derive(secret: &[u8; 32], serial: u32, generation: u8) -> TypedCode {
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher.update(b"TKT1.code\0");
    hasher.update(&serial.to_be_bytes());
    hasher.update(&[generation]);
    let mut wide = [0_u8; 16];
    hasher.finalize_xof().fill(&mut wide);
    // 128 bits modulo 10^12: the bias is below 2^-88.
    let digits = u128::from_be_bytes(wide) % 1_000_000_000_000;
    TypedCode::from_secret(u64::try_from(digits).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_ticket_changes_the_code() {
        // T6
        let base = derive(&[7; 32], 1, 1);
        assert!(base == derive(&[7; 32], 1, 1));
        assert!(base != derive(&[8; 32], 1, 1));
        assert!(base != derive(&[7; 32], 2, 1));
        assert!(base != derive(&[7; 32], 1, 2));
        let digits = base.to_string().replace('-', "");
        assert!(TypedCode::from_digits(&digits) == Some(base));
    }
}
