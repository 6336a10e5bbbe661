//! How binary values stand in stored JSON: hex for what people compare, base64 for blobs.

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserializer, Serializer, de};

/// Fixed-length bytes as lower-case hex.
pub(super) mod hex {
    use super::{Deserializer, HEXLOWER, Serializer, de};
    use serde::Deserialize as _;

    pub(crate) fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(bytes))
    }
    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse_hex(&text).ok_or_else(|| de::Error::custom("not hex of the right length"))
    }
}

/// Bytes of any length as base64.
pub(super) mod base64 {
    use super::{BASE64, Deserializer, Serializer, de};
    use serde::Deserialize as _;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(bytes))
    }
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64
            .decode(text.as_bytes())
            .map_err(|_| de::Error::custom("not base64"))
    }
}

/// Exactly `N` bytes of hex, in either case.
pub(super) fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .ok()?;
    bytes.try_into().ok()
}
