//! Unicode decimal digits to ASCII.

use std::borrow::Cow;

/// The zero of every run of decimal digits (general category Nd) in Unicode 16, ascending. Each
/// run is ten characters long, zero to nine.
const ZEROS: [u32; 76] = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66,
    0xDE6, 0xE50, 0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
    0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0,
    0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950, 0x11BF0, 0x11C50, 0x11D50,
    0x11DA0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1CCF0, 0x1D7CE, 0x1D7D8,
    0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950, 0x1FBF0,
];

/// The same number in ASCII; `None` when a character is not a decimal digit, or when digits of
/// two scripts are mixed: no reader does that, a forger might.
pub(super) fn to_ascii(text: &str) -> Option<Cow<'_, str>> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Cow::Borrowed(text));
    }
    let zero = zero_of(text.chars().next()?)?;
    text.chars()
        .map(|c| {
            let value = u32::from(c).checked_sub(zero).filter(|value| *value < 10)?;
            char::from_digit(value, 10)
        })
        .collect::<Option<String>>()
        .map(Cow::Owned)
}

fn zero_of(c: char) -> Option<u32> {
    let code = u32::from(c);
    let at = ZEROS.partition_point(|zero| *zero <= code);
    let zero = *ZEROS.get(at.checked_sub(1)?)?;
    (code - zero < 10).then_some(zero)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_ascend_and_do_not_overlap() {
        for pair in ZEROS.windows(2) {
            assert!(pair[0] + 10 <= pair[1], "{:x} {:x}", pair[0], pair[1]);
        }
        for zero in ZEROS {
            let c = char::from_u32(zero).expect("a character");
            assert!(c.is_numeric(), "{zero:x}");
            assert_eq!(zero_of(c), Some(zero));
        }
    }
}
