//! The device's signing key. The only place of this crate that holds a secret.

use std::path::Path;

use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use super::files;
use crate::clock::Entropy;
use crate::error::Cause;

const FILE: &str = "device.key";

/// Made on the device, never leaves it. Wiped when dropped; `Debug` shows the public half.
pub(crate) struct DeviceKey(SigningKey);

impl DeviceKey {
    /// The key of an enrolled device, which has this public half.
    pub(crate) fn load(dir: &Path, public: &[u8; 32]) -> Result<Self, Cause> {
        let key = Self::find(dir)?.ok_or_else(|| Cause::Damaged(format!("{FILE} is missing")))?;
        if key.public() != *public {
            return Err(Cause::Damaged(format!("{FILE} is of another device")));
        }
        Ok(key)
    }

    /// The key left by an enrolment that did not end, or a new one, on disk before it returns: so
    /// that a repeated enrolment shows the same key.
    pub(crate) fn find_or_make(dir: &Path, entropy: &dyn Entropy) -> Result<Self, Cause> {
        if let Some(key) = Self::find(dir)? {
            return Ok(key);
        }
        let mut seed = Zeroizing::new([0_u8; 32]);
        entropy.fill(&mut *seed).map_err(Cause::Entropy)?;
        let text = Zeroizing::new(HEXLOWER.encode(&*seed));
        files::write_atomically(&dir.join(FILE), text.as_bytes())?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Makes another key in place of one that no device was enrolled with here.
    pub(crate) fn replace(dir: &Path, entropy: &dyn Entropy) -> Result<Self, Cause> {
        let path = dir.join(FILE);
        std::fs::remove_file(&path).map_err(Cause::file("cannot remove", &path))?;
        Self::find_or_make(dir, entropy)
    }

    fn find(dir: &Path) -> Result<Option<Self>, Cause> {
        let Some(text) = files::read(&dir.join(FILE))?.map(Zeroizing::new) else {
            return Ok(None);
        };
        let mut seed = Zeroizing::new([0_u8; 32]);
        let length = HEXLOWER.decode_len(text.len());
        if length != Ok(seed.len()) || HEXLOWER.decode_mut(&text, &mut *seed).is_err() {
            return Err(Cause::Damaged(format!("{FILE} is not a key")));
        }
        Ok(Some(Self(SigningKey::from_bytes(&seed))))
    }

    pub(crate) fn signing(&self) -> &SigningKey {
        &self.0
    }
    pub(crate) fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }
}

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeviceKey({})", HEXLOWER.encode(&self.public()))
    }
}
