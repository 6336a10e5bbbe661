//! From what a barcode reader typed to what may be the digits of a ticket. `token.md` 2.0.
//!
//! Order of candidates: the characters as received (any Unicode decimal digits of one script),
//! the physical keys when the caller knows them, then the keyboard layouts whose digit row
//! explains every character. The caller takes the first that verifies.
//!
//! Invariants: only prefixes and suffixes that readers add, and white space among digits, are
//! removed, and only here: the codec stays strict; a text is never split or repaired; every candidate is ASCII digits; work is bounded by
//! [`TICKET_TEXT_BYTES_MAX`].

mod digits;
mod layouts;
mod read;
mod typed;

use std::borrow::Cow;

use shared::limits::TICKET_TEXT_BYTES_MAX;

pub use read::{Read, read};
pub use typed::{Typed, typed};

/// ECI marker that some readers type ahead of the data: a backslash and six digits.
const ECI_DIGITS: usize = 6;
/// AIM symbology identifier of QR: `]Q` and one modifier.
const AIM_LEN: usize = 3;

/// Candidates in order, without repeats. `keys` is the text by physical key position.
pub(crate) fn candidates<'a>(text: &'a str, keys: Option<&'a str>) -> Vec<Cow<'a, str>> {
    let mut found: Vec<Cow<'a, str>> = Vec::with_capacity(1);
    for raw in [Some(text), keys].into_iter().flatten() {
        let stripped = strip(raw);
        if stripped.is_empty() || raw.len() > TICKET_TEXT_BYTES_MAX {
            continue;
        }
        if let Some(as_received) = digits::to_ascii(stripped) {
            push_new(&mut found, as_received);
        } else if let Some(joined) = without_blanks(raw) {
            push_new(&mut found, Cow::Owned(joined));
        }
    }
    let typed = strip(text);
    // Pure digits can be explained by no other layout: the common case ends here.
    if text.len() <= TICKET_TEXT_BYTES_MAX && !typed.bytes().all(|byte| byte.is_ascii_digit()) {
        for candidate in layouts::invert(typed) {
            push_new(&mut found, Cow::Owned(candidate));
        }
    }
    found
}

fn push_new<'a>(found: &mut Vec<Cow<'a, str>>, candidate: Cow<'a, str>) {
    if !found.contains(&candidate) {
        found.push(candidate);
    }
}

/// Readers add spaces, people paste "3602 8822", files begin with a byte order mark. `None` when what
/// is left is not digits only.
fn without_blanks(raw: &str) -> Option<String> {
    let joined: String = raw.chars().filter(|c| !is_blank_char(*c)).collect();
    let stripped = strip(&joined);
    (!stripped.is_empty() && joined.len() < raw.len())
        .then(|| digits::to_ascii(stripped).map(Cow::into_owned))?
}

/// Nobody meant this to be read: there is nothing to answer.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_blank_char)
}

fn is_blank_char(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// Without AIM and ECI prefixes and without the CR, LF or Tab that ends a reading.
fn strip(text: &str) -> &str {
    let mut text = text.trim_end_matches(['\r', '\n', '\t']);
    // At most one of each, in either order.
    for _ in 0..2 {
        text = strip_aim(strip_eci(text));
    }
    text
}

fn strip_eci(text: &str) -> &str {
    let Some(rest) = text.strip_prefix('\\') else {
        return text;
    };
    match rest.as_bytes().get(..ECI_DIGITS) {
        Some(eci) if eci.iter().all(u8::is_ascii_digit) => &rest[ECI_DIGITS..],
        _ => text,
    }
}

fn strip_aim(text: &str) -> &str {
    match text.as_bytes().get(..AIM_LEN) {
        Some([b']', b'Q', modifier]) if modifier.is_ascii_digit() => &text[AIM_LEN..],
        _ => text,
    }
}

#[cfg(test)]
mod tests;
