//! D17: 7 bytes to exactly 17 digits, the tail by a table of unique lengths.
//!
//! Digits are the smallest text in a QR code's numeric mode and the alphabet that keyboard-wedge
//! scanners damage least.
//!
//! Invariants: every byte string has one text and every accepted text is that one, so a ticket has
//! no second spelling. Only ASCII 0-9 are digits here: what scanners add or garble is the input
//! layer's to undo. Nothing is allocated before the text is known to be short enough.

use crate::limits::TICKET_TEXT_BYTES_MAX;

const GROUP_BYTES: usize = 7;
const GROUP_DIGITS: usize = 17;
/// Digits of a last group of 0 to 6 bytes. All differ, so the length of a text names its bytes.
const TAIL_DIGITS: [usize; GROUP_BYTES] = [0, 3, 5, 8, 10, 13, 15];

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

/// Digits that `bytes` bytes take.
pub const fn digits_len(bytes: usize) -> usize {
    bytes / GROUP_BYTES * GROUP_DIGITS + TAIL_DIGITS[bytes % GROUP_BYTES]
}

/// Bytes that `digits` digits stand for; `None` when no byte string has that many.
pub const fn bytes_len(digits: usize) -> Option<usize> {
    let tail_digits = digits % GROUP_DIGITS;
    let mut tail = 0;
    while tail < GROUP_BYTES {
        if TAIL_DIGITS[tail] == tail_digits {
            return Some(digits / GROUP_DIGITS * GROUP_BYTES + tail);
        }
        tail += 1;
    }
    None
}

/// Bytes to digits. The empty string has no digits, and `decode` refuses it.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(digits_len(bytes.len()));
    for group in bytes.chunks(GROUP_BYTES) {
        let mut value = group
            .iter()
            .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        let mut digits = ['0'; GROUP_DIGITS];
        let digits = &mut digits[..digits_len(group.len())];
        for digit in digits.iter_mut().rev() {
            // A remainder by 10 fits a byte.
            *digit = char::from(b'0' + (value % 10) as u8);
            value /= 10;
        }
        text.extend(digits.iter());
    }
    text
}

/// ASCII digits to bytes; canonical: `encode(decode(t)) == t` for every accepted `t`.
///
/// Refuses texts over `TICKET_TEXT_BYTES_MAX` bytes before looking at them.
pub fn decode(text: &str) -> Result<Vec<u8>, DigitsError> {
    let digits = ascii_digits(text)?;
    let mut bytes = vec![0; bytes_len(digits.len()).ok_or(DigitsError::Length)?];
    fill(digits, &mut bytes)?;
    Ok(bytes)
}

/// `decode` for a known length, without allocation. `Length` when the text is not `N` bytes.
pub fn decode_fixed<const N: usize>(text: &str) -> Result<[u8; N], DigitsError> {
    let digits = ascii_digits(text)?;
    if digits.len() != digits_len(N) {
        return Err(DigitsError::Length);
    }
    let mut bytes = [0; N];
    fill(digits, &mut bytes)?;
    Ok(bytes)
}

/// The text's bytes, once all of them are digits and there are not too many or none.
fn ascii_digits(text: &str) -> Result<&[u8], DigitsError> {
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return Err(DigitsError::Empty);
    }
    if bytes.len() > TICKET_TEXT_BYTES_MAX {
        return Err(DigitsError::TooLong);
    }
    if !bytes.iter().all(u8::is_ascii_digit) {
        return Err(DigitsError::NotADigit);
    }
    Ok(bytes)
}

/// Both sides have matching lengths by `digits_len`, so their groups pair up.
fn fill(digits: &[u8], bytes: &mut [u8]) -> Result<(), DigitsError> {
    let groups = digits.chunks(GROUP_DIGITS);
    for (digits, bytes) in groups.zip(bytes.chunks_mut(GROUP_BYTES)) {
        // 17 digits stay below 2^64.
        let value = digits
            .iter()
            .fold(0_u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        if value >> (8 * bytes.len()) != 0 {
            return Err(DigitsError::Overflow);
        }
        bytes.copy_from_slice(&value.to_be_bytes()[8 - bytes.len()..]);
    }
    Ok(())
}
