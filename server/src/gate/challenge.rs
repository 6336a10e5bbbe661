//! The enrolment challenge: a nonce that proves its own age, so that nothing is stored for it.
//!
//! Layout of the 32 bytes: time (8, be ms) ‖ random (8) ‖ keyed BLAKE3 over both (16).

use shared::time::Timestamp;
use subtle::ConstantTimeEq as _;

/// How long a device may take between the two steps.
const LIFETIME_MILLIS: i64 = 60_000;

pub(super) fn make(key: &[u8; 32], now: Timestamp, random: [u8; 8]) -> [u8; 32] {
    let mut nonce = [0; 32];
    nonce[..8].copy_from_slice(&now.as_millis().to_be_bytes());
    nonce[8..16].copy_from_slice(&random);
    let tag = tag(key, &nonce);
    nonce[16..].copy_from_slice(&tag);
    nonce
}

/// Whether we made it, within the last minute.
pub(super) fn is_fresh(key: &[u8; 32], nonce: &[u8; 32], now: Timestamp) -> bool {
    let mut time = [0; 8];
    time.copy_from_slice(&nonce[..8]);
    let age = now.millis_since(Timestamp::from_millis(i64::from_be_bytes(time)));
    bool::from(tag(key, nonce).ct_eq(&nonce[16..])) && (0..=LIFETIME_MILLIS).contains(&age)
}

fn tag(key: &[u8; 32], nonce: &[u8; 32]) -> [u8; 16] {
    let mut tag = [0; 16];
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(b"TKT1.challenge\0").update(&nonce[..16]);
    hasher.finalize_xof().fill(&mut tag);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_lives_a_minute_and_cannot_be_made_elsewhere() {
        // V6, corpus 94
        let now = Timestamp::from_millis(1_790_000_000_000);
        let nonce = make(&[1; 32], now, [7; 8]);
        assert!(is_fresh(&[1; 32], &nonce, now));
        assert!(is_fresh(&[1; 32], &nonce, now.plus_secs(60)));
        assert!(!is_fresh(&[1; 32], &nonce, now.plus_millis(60_001)));
        assert!(!is_fresh(&[1; 32], &nonce, now.plus_millis(-1)));
        assert!(!is_fresh(&[2; 32], &nonce, now));
        for byte in 0..32 {
            let mut forged = nonce;
            forged[byte] ^= 1;
            assert!(!is_fresh(&[1; 32], &forged, now), "byte {byte}");
        }
    }
}
