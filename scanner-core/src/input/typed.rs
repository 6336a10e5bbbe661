//! Tells fourteen typed digits from everything else.

use std::borrow::Cow;

use shared::ticket::{CODE_DIGITS, TypedCode};

use super::{candidates, digits, is_blank_char, strip};

/// More than fourteen digits of any script with a mark between all of them.
const TYPED_BYTES_MAX: usize = 128;

/// What fourteen digits turned out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    Code(TypedCode),
    /// The check digits do not fit.
    Slip,
}

/// `None`: this is no typed code. Spaces and dashes between the digits are as people write them.
pub fn typed(text: &str, keys: Option<&str>) -> Option<Typed> {
    let is_long = |text: &str| text.len() > TYPED_BYTES_MAX;
    if is_long(text) && keys.is_none_or(is_long) {
        return None;
    }
    let written = [Some(text), keys].into_iter().flatten().filter_map(plain);
    let mut seen = false;
    let read = candidates(text, keys);
    for digits in written.chain(read.into_iter().map(Cow::into_owned)) {
        if digits.len() != CODE_DIGITS {
            continue;
        }
        seen = true;
        if let Some(code) = TypedCode::from_digits(&digits) {
            return Some(Typed::Code(code));
        }
    }
    seen.then_some(Typed::Slip)
}

fn plain(text: &str) -> Option<String> {
    if text.len() > TYPED_BYTES_MAX {
        return None;
    }
    let joined: String = strip(text)
        .chars()
        .filter(|c| !is_blank_char(*c) && !is_dash(*c))
        .collect();
    digits::to_ascii(&joined).map(Cow::into_owned)
}

/// Hyphens, dashes and the minus sign, as keyboards and mail programs make them.
fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> TypedCode {
        TypedCode::from_secret(123_456_789_012)
    }

    #[test]
    fn a_code_is_read_however_it_is_written() {
        // T6, corpus 14 100
        let shown = code().to_string();
        let plain = shown.replace('-', "");
        let arabic: String = plain
            .chars()
            .filter_map(|c| char::from_u32(0x660 + c.to_digit(10)?))
            .collect();
        for text in [
            shown.clone(),
            plain.clone(),
            shown.replace('-', " "),
            shown.replace('-', "–"),
            format!("  {shown}\r\n"),
            arabic,
        ] {
            assert!(typed(&text, None) == Some(Typed::Code(code())), "{text:?}");
        }
        // A keyboard that types other characters, where the keys are known.
        assert!(typed("&é\"'(-è_çà&é'à", Some(&plain)) == Some(Typed::Code(code())));
    }

    #[test]
    fn slips_and_other_lengths_are_told_apart() {
        // T6, corpus 100
        for slip in ["1234-5678-9012-00", "00000000000000"] {
            assert!(typed(slip, None) == Some(Typed::Slip), "{slip}");
        }
        let plain = code().to_string().replace('-', "");
        for other in [
            String::new(),
            plain[1..].to_owned(),
            format!("{plain}7"),
            "7".repeat(202),
            "-".repeat(10_000),
            format!("{}x", &plain[1..]),
            format!("٣{}", &plain[1..]),
        ] {
            assert!(typed(&other, None).is_none(), "{other:?}");
        }
    }
}
