//! D17: 7 bytes to exactly 17 digits, the tail by a table of unique lengths.

/// Why a text is not D17.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DigitsError {
    #[error("empty")]
    Empty,
    #[error("a character that is not 0-9")]
    NotADigit,
    #[error("no byte string has this many digits")]
    Length,
    #[error("a group of digits is larger than its bytes")]
    Overflow,
    #[error("too long")]
    TooLong,
}

/// Bytes to digits.
pub fn encode(_bytes: &[u8]) -> String {
    unimplemented!()
}

/// ASCII digits to bytes; canonical: `encode(decode(t)) == t` for every accepted `t`.
pub fn decode(_text: &str) -> Result<Vec<u8>, DigitsError> {
    unimplemented!()
}
