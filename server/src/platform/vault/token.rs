//! Tokens in links that are mailed: derived from what they name, so that none is stored.
//!
//! A token is the payload and a MAC over it, under a key of its purpose: nobody without the KEK makes
//! one, one purpose's token opens nothing of another, and a stolen database holds none.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::Vault;

const MAC_BYTES: usize = 16;
/// The longest payload.
const PAYLOAD_BYTES_MAX: usize = 48;
/// Longer text is not even decoded.
const TEXT_BYTES_MAX: usize = (PAYLOAD_BYTES_MAX + MAC_BYTES).div_ceil(3) * 4;

impl Vault {
    /// The token for `payload` (at most 48 bytes); the same in every process with this KEK.
    pub fn token(&self, purpose: &str, payload: &[u8]) -> String {
        let mut bytes = payload.to_vec();
        bytes.extend_from_slice(&self.mac(purpose, payload));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The payload of a token of this `purpose` that we made; `None` for everything else.
    pub fn read_token(&self, purpose: &str, text: &str) -> Option<Vec<u8>> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let mut payload = URL_SAFE_NO_PAD.decode(text).ok()?;
        let mac = payload.split_off(payload.len().checked_sub(MAC_BYTES)?);
        bool::from(mac.ct_eq(&self.mac(purpose, &payload))).then_some(payload)
    }

    fn mac(&self, purpose: &str, payload: &[u8]) -> [u8; MAC_BYTES] {
        let key = self.derive(&format!("token/{purpose}"));
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(&blake3::keyed_hash(&key, payload).as_bytes()[..MAC_BYTES]);
        mac
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::platform::entropy::SeededEntropy;
    use crate::platform::vault::Kek;

    fn vault(key: u8) -> Vault {
        Vault::new(&Kek::from_bytes([key; 32]), Arc::new(SeededEntropy::new(1)))
    }

    #[test]
    fn a_mailed_token_is_of_one_purpose_and_cannot_be_made() {
        // A2, A7
        let (ours, payload) = (vault(1), [7; 16]);
        let token = ours.token("verify", &payload);
        assert_eq!(ours.read_token("verify", &token), Some(payload.to_vec()));
        assert_eq!(ours.read_token("reset", &token), None, "another purpose");
        assert_eq!(vault(2).read_token("verify", &token), None, "another key");
        for at in 0..token.len() - 1 {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(ours.read_token("verify", &changed), None, "{at}");
        }
        for bad in ["", "AAAA", "not base64!", &"A".repeat(100_000)] {
            assert_eq!(ours.read_token("verify", bad), None);
        }
    }
}
