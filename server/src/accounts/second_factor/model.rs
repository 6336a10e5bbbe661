//! What is stored of a second factor, and how codes are judged; pure.

use serde::{Deserialize, Serialize};
use shared::ids::UserId;
use shared::time::Timestamp;
use totp_rs::{Builder, Totp, TotpError};

use crate::platform::db::{Collection, Entity, IndexValue};
use crate::platform::vault::Wrapped;

pub(super) const SECRET_BYTES: usize = 20;
pub(super) const RECOVERY_CODES: usize = 10;
/// 80 random bits each: a plain hash will do.
pub(super) const RECOVERY_BYTES: usize = 10;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    pub user_id: UserId,
    pub(super) secret: Wrapped,
    /// Asked for at login from then on.
    pub(super) confirmed_at: Option<Timestamp>,
    /// The latest half minute whose code was taken: none at or before it works again.
    pub(super) last_step: u64,
    /// Hashes of those that are left.
    pub(super) recovery: Vec<String>,
}

impl Entity for SecondFactor {
    const COLLECTION: Collection = Collection {
        name: "second_factors",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.user_id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

impl SecondFactor {
    /// For the vault.
    pub(super) fn context(user: UserId) -> String {
        format!("user/{user}/totp")
    }

    /// Takes a code of the app, or a recovery code, and remembers that it did.
    pub(super) fn take(&mut self, totp: &Totp, code: &str, now: Timestamp) -> bool {
        let code: String = code.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if code.len() == 6 {
            let seconds = u64::try_from(now.as_secs()).unwrap_or(0);
            let Some(step) = totp.check(&code, seconds) else {
                return false;
            };
            if step <= self.last_step {
                return false;
            }
            self.last_step = step;
            return true;
        }
        let hash = hash(&code);
        let before = self.recovery.len();
        self.recovery.retain(|left| *left != hash);
        self.recovery.len() < before
    }
}

/// Six digits of half a minute each, SHA-1, as every app has it; one step early or late will do.
pub(super) fn totp(secret: &[u8], account: &str) -> Result<Totp, TotpError> {
    Builder::new()
        .with_secret(secret.to_vec())
        .with_skew(1)
        .with_issuer(Some("Gatehouse"))
        .with_account_name(account)
        .build()
}

/// As people type it: in lower case or capitals, with or without dashes.
pub(super) fn hash(code: &str) -> String {
    let plain: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    blake3::hash(plain.as_bytes()).to_hex().to_string()
}

/// `ABCD-EFGH-IJKL-MNOP`
pub(super) fn spelled(random: &[u8; RECOVERY_BYTES]) -> String {
    let text = data_encoding::BASE32_NOPAD.encode(random);
    let groups = text.as_bytes().chunks(4).map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_010);

    fn factor() -> (SecondFactor, Totp) {
        let factor = SecondFactor {
            user_id: UserId::from_bytes([1; 16]),
            secret: Wrapped::from_text("v1.x".to_owned()),
            confirmed_at: Some(NOW),
            last_step: 0,
            recovery: vec![hash(&spelled(&[7; RECOVERY_BYTES]))],
        };
        (factor, totp(&[9; SECRET_BYTES], "ann").expect("a factor"))
    }

    fn code(totp: &Totp, at: i64) -> String {
        totp.generate(at.unsigned_abs()).to_string()
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // A8: appendix B, SHA-1, the last six digits
        let totp = totp(b"12345678901234567890", "x").expect("a factor");
        for (at, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(&totp, at), expected);
        }
    }

    #[test]
    fn a_code_works_once_and_none_before_it() {
        // A8
        let (mut factor, totp) = factor();
        let now = NOW.as_secs();
        let (early, present, late) = (
            code(&totp, now - 30),
            code(&totp, now),
            code(&totp, now - 60),
        );
        assert!(!factor.take(&totp, &late, NOW), "too old");
        assert!(factor.take(&totp, &present, NOW));
        assert!(!factor.take(&totp, &present, NOW), "a replay");
        assert!(
            !factor.take(&totp, &early, NOW),
            "older than one that was taken"
        );
        assert!(
            factor.take(&totp, &code(&totp, now + 30), NOW),
            "a clock may be ahead"
        );
        for bad in ["", "12345", "000000x", "äöü"] {
            assert!(!factor.take(&totp, bad, NOW), "{bad}");
        }
    }

    #[test]
    fn a_recovery_code_works_once_however_it_is_typed() {
        // A8
        let (mut factor, totp) = factor();
        let typed = spelled(&[7; RECOVERY_BYTES])
            .to_lowercase()
            .replace('-', " ");
        assert!(factor.take(&totp, &typed, NOW));
        assert!(!factor.take(&totp, &typed, NOW));
        assert!(!factor.take(&totp, &spelled(&[8; RECOVERY_BYTES]), NOW));
    }
}
