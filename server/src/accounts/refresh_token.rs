//! Refresh tokens as their holders see them: 256 random bits; stored by hash only.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shared::ids::SessionId;
use shared::time::Timestamp;
use zeroize::Zeroizing;

use super::model::RefreshToken;
use crate::platform::entropy::Entropy;

/// Helps scanners for leaked secrets to know one when they see it.
const PREFIX: &str = "ghr_";
const TEXT_BYTES: usize = PREFIX.len() + 43;

/// A new token, on its way to its holder.
pub(super) struct FreshToken(Zeroizing<String>);

impl FreshToken {
    pub(super) fn draw(entropy: &dyn Entropy) -> Self {
        let mut random = Zeroizing::new([0; 32]);
        entropy.fill(&mut *random);
        let mut text = String::with_capacity(TEXT_BYTES);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(*random, &mut text);
        Self(Zeroizing::new(text))
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    pub(super) fn stored(&self, session_id: SessionId, expires_at: Timestamp) -> RefreshToken {
        RefreshToken {
            hash: hash(&self.0),
            session_id,
            expires_at,
            spent_at: None,
        }
    }
}

impl fmt::Debug for FreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FreshToken([redacted])")
    }
}

/// The key under which a token that came in would be stored; `None` for what cannot be one.
///
/// A plain hash will do: 256 random bits cannot be guessed, so there is nothing to slow down.
pub(super) fn key(presented: &str) -> Option<String> {
    (presented.len() == TEXT_BYTES && presented.starts_with(PREFIX)).then(|| hash(presented))
}

fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}
