//! The key-encryption key: parse, load, make.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::keyfile::create_private;
use crate::platform::entropy::Entropy;

const FILE_NAME: &str = "kek.key";

/// 32 bytes that wrap all other keys.
pub struct Kek(pub(super) Zeroizing<[u8; 32]>);

#[derive(Debug, thiserror::Error)]
pub enum KekError {
    #[error("cannot use the key file {path}")]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{path} does not hold 32 bytes in base64 or hex; restore it from your backup")]
    Malformed { path: PathBuf },
}

impl Kek {
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// 32 bytes in hex or base64 (standard or URL-safe, padded or not).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = if text.len() == 64 {
            data_encoding::HEXLOWER_PERMISSIVE
                .decode(text.as_bytes())
                .ok()?
        } else {
            [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE_NO_PAD]
                .iter()
                .find_map(|engine| engine.decode(text).ok())?
        };
        let bytes = Zeroizing::new(bytes);
        <[u8; 32]>::try_from(bytes.as_slice())
            .ok()
            .map(Self::from_bytes)
    }

    /// Reads `<dir>/kek.key`; makes it when there is none.
    pub fn load_or_create(dir: &Path, entropy: &dyn Entropy) -> Result<Self, KekError> {
        let path = dir.join(FILE_NAME);
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                Self::parse(&text).ok_or(KekError::Malformed { path })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let mut bytes = Zeroizing::new([0; 32]);
                entropy.fill(&mut *bytes);
                let text = Zeroizing::new(STANDARD.encode(*bytes));
                create_private(&path, text.as_bytes())
                    .map_err(|source| KekError::Io { path, source })?;
                Ok(Self(bytes))
            }
            Err(source) => Err(KekError::Io { path, source }),
        }
    }

    /// Names the key without telling anything about it: 8 hex digits.
    pub fn id(&self) -> String {
        let hash = blake3::derive_key("gatehouse 2026-01 kek id", &*self.0);
        data_encoding::HEXLOWER.encode(&hash[..4])
    }
}

impl fmt::Debug for Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kek([redacted], id {})", self.id())
    }
}
