//! From the bytes of a terminal to keys. Pure.
//!
//! Why not the terminal library's own reader: it looks 1,024 bytes at a time and then waits for more
//! to come, so that a reader's heap of codes stops in the middle until somebody presses a key.
//!
//! Invariants: every byte is looked at once and none holds up those after it; what has begun and is
//! not gone on with is let go by `idle`, so that no code can leave the keyboard dead.

use super::wedge::{Key, Stroke};

/// Longer sequences are nobody's.
const PARAMETERS_MAX: usize = 16;
/// More than this of one paste is dropped.
const PASTE_BYTES_MAX: usize = 64 * 1024;
const PASTE_BEGINS: &[u8] = b"200";
const PASTE_ENDS: &[u8] = b"\x1b[201~";

#[derive(Debug, Default)]
pub(crate) struct Keys {
    at: At,
}

#[derive(Debug, Default)]
enum At {
    #[default]
    Ground,
    /// Inside a character of several bytes: what it has so far, and how many it needs.
    Character(Vec<u8>, usize),
    Escape,
    /// `ESC [` and its parameters.
    Sequence(Vec<u8>),
    /// `ESC [ [`: function keys of the bare console.
    Console,
    /// `ESC O`.
    Single,
    Paste(Vec<u8>),
}

impl Keys {
    /// Something has begun: if nothing follows soon, `idle` is due.
    pub(crate) fn is_waiting(&self) -> bool {
        !matches!(self.at, At::Ground)
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Stroke> {
        let mut strokes = Vec::new();
        for byte in bytes {
            self.at = match std::mem::take(&mut self.at) {
                At::Ground => ground(*byte, &mut strokes),
                At::Character(so_far, needs) => character(so_far, needs, *byte, &mut strokes),
                At::Escape => escape(*byte, &mut strokes),
                At::Sequence(parameters) => sequence(parameters, *byte, &mut strokes),
                At::Console => {
                    strokes.extend(function(byte.wrapping_sub(b'A'), 5, 1));
                    At::Ground
                }
                At::Single => {
                    strokes.extend(single(*byte));
                    At::Ground
                }
                At::Paste(pasted) => paste(pasted, *byte, &mut strokes),
            };
        }
        strokes
    }

    /// Nothing followed.
    pub(crate) fn idle(&mut self) -> Option<Stroke> {
        match std::mem::take(&mut self.at) {
            At::Escape => Some(Stroke::Command(Key::Escape)),
            At::Paste(pasted) => Some(pasted_text(&pasted)),
            At::Ground | At::Character(..) | At::Sequence(_) | At::Console | At::Single => None,
        }
    }
}

fn ground(byte: u8, strokes: &mut Vec<Stroke>) -> At {
    let stroke = match byte {
        0x1b => return At::Escape,
        b'\r' | b'\n' | b'\t' => Stroke::End,
        0x7f | 0x08 => Stroke::Erase,
        // Ctrl-C, Ctrl-Q.
        0x03 | 0x11 => Stroke::Command(Key::Quit),
        // What else readers send as control characters belongs to no code.
        ..0x20 => return At::Ground,
        0x20..0x80 => Stroke::Char(char::from(byte)),
        0xC0..0xE0 => return At::Character(vec![byte], 2),
        0xE0..0xF0 => return At::Character(vec![byte], 3),
        0xF0..0xF8 => return At::Character(vec![byte], 4),
        0x80..0xC0 | 0xF8.. => Stroke::Char(char::REPLACEMENT_CHARACTER),
    };
    strokes.push(stroke);
    At::Ground
}

fn character(mut so_far: Vec<u8>, needs: usize, byte: u8, strokes: &mut Vec<Stroke>) -> At {
    if byte & 0xC0 != 0x80 {
        strokes.push(Stroke::Char(char::REPLACEMENT_CHARACTER));
        return ground(byte, strokes);
    }
    so_far.push(byte);
    if so_far.len() < needs {
        return At::Character(so_far, needs);
    }
    let text = String::from_utf8_lossy(&so_far);
    strokes.extend(text.chars().map(Stroke::Char));
    At::Ground
}

fn escape(byte: u8, strokes: &mut Vec<Stroke>) -> At {
    match byte {
        b'[' => At::Sequence(Vec::new()),
        b'O' => At::Single,
        _ => {
            strokes.push(Stroke::Command(Key::Escape));
            ground(byte, strokes)
        }
    }
}

fn sequence(mut parameters: Vec<u8>, byte: u8, strokes: &mut Vec<Stroke>) -> At {
    match byte {
        b'[' if parameters.is_empty() => At::Console,
        b'~' if parameters == PASTE_BEGINS => At::Paste(Vec::new()),
        0x20..0x40 if parameters.len() < PARAMETERS_MAX => {
            parameters.push(byte);
            At::Sequence(parameters)
        }
        0x20..0x40 => At::Ground,
        0x40..0x7f => {
            strokes.extend(finished(&parameters, byte));
            At::Ground
        }
        // Not a sequence after all.
        _ => ground(byte, strokes),
    }
}

fn finished(parameters: &[u8], last: u8) -> Option<Stroke> {
    if last != b'~' {
        return single(last);
    }
    let number = parameters.split(|byte| *byte == b';').next()?;
    let number: u8 = std::str::from_utf8(number).ok()?.parse().ok()?;
    match number {
        3 => Some(Stroke::Erase),
        11..=15 => function(number - 11, 5, 1),
        17..=21 => function(number - 17, 5, 6),
        23..=24 => function(number - 23, 2, 11),
        _ => None,
    }
}

fn single(last: u8) -> Option<Stroke> {
    match last {
        b'A' => Some(Stroke::Command(Key::Up)),
        b'B' => Some(Stroke::Command(Key::Down)),
        b'M' => Some(Stroke::End),
        b'P'..=b'S' => function(last - b'P', 4, 1),
        // A number pad in its other mode.
        b'p'..=b'y' => Some(Stroke::Char(char::from(last - b'p' + b'0'))),
        _ => None,
    }
}

fn function(at: u8, count: u8, first: u8) -> Option<Stroke> {
    (at < count).then(|| Stroke::Command(Key::Function(first + at)))
}

fn paste(mut pasted: Vec<u8>, byte: u8, strokes: &mut Vec<Stroke>) -> At {
    if pasted.len() == PASTE_BYTES_MAX + PASTE_ENDS.len() {
        // Its end is still looked for.
        pasted.copy_within(PASTE_BYTES_MAX + 1.., PASTE_BYTES_MAX);
        pasted.pop();
    }
    pasted.push(byte);
    if pasted.ends_with(PASTE_ENDS) {
        pasted.truncate(pasted.len() - PASTE_ENDS.len());
        strokes.push(pasted_text(&pasted));
        return At::Ground;
    }
    At::Paste(pasted)
}

fn pasted_text(pasted: &[u8]) -> Stroke {
    let pasted = &pasted[..pasted.len().min(PASTE_BYTES_MAX)];
    Stroke::Paste(String::from_utf8_lossy(pasted).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strokes(bytes: &[u8]) -> Vec<Stroke> {
        let mut keys = Keys::default();
        let mut strokes = keys.push(bytes);
        strokes.extend(keys.idle());
        assert!(!keys.is_waiting());
        // Byte by byte is the same.
        let mut keys = Keys::default();
        let mut single: Vec<_> = bytes.iter().flat_map(|byte| keys.push(&[*byte])).collect();
        single.extend(keys.idle());
        assert_eq!(single, strokes);
        strokes
    }

    fn f(number: u8) -> Stroke {
        Stroke::Command(Key::Function(number))
    }

    #[test]
    fn all_ends_of_all_readers_end_a_line() {
        assert_eq!(strokes(b"\r\n\t\x1bOM"), vec![Stroke::End; 4]);
    }

    #[test]
    fn function_keys_of_terminals_and_of_the_bare_console() {
        assert_eq!(strokes(b"\x1bOP\x1b[11~\x1b[[A\x1b[1;2P"), vec![f(1); 4]);
        assert_eq!(strokes(b"\x1b[15~\x1b[[E"), vec![f(5); 2]);
        assert_eq!(strokes(b"\x1b[17~\x1b[21~\x1b[24~"), [f(6), f(10), f(12)]);
        let (up, down) = (Stroke::Command(Key::Up), Stroke::Command(Key::Down));
        assert_eq!(strokes(b"\x1b[A\x1bOB"), [up, down]);
    }

    #[test]
    fn letters_of_any_script_are_letters() {
        let typed: Vec<_> = "aÁễ漢😀".chars().map(Stroke::Char).collect();
        assert_eq!(strokes("aÁễ漢😀".as_bytes()), typed);
        let bad = Stroke::Char(char::REPLACEMENT_CHARACTER);
        assert_eq!(strokes(b"\xc3a\xff"), [bad.clone(), Stroke::Char('a'), bad]);
        assert_eq!(strokes(b"\x1d\x1e1"), [Stroke::Char('1')]);
    }

    #[test]
    fn escape_alone_is_a_key_and_half_a_sequence_is_none() {
        let escape = Stroke::Command(Key::Escape);
        assert_eq!(strokes(b"\x1b"), std::slice::from_ref(&escape));
        assert_eq!(strokes(b"\x1b\x1b"), [escape.clone(), escape.clone()]);
        assert_eq!(strokes(b"\x1bx"), [escape, Stroke::Char('x')]);
        assert_eq!(strokes(b"\x1b[1;"), []);
        assert_eq!(strokes(b"\x1b[\r"), [Stroke::End]);
        let long = [b"\x1b[".as_slice(), &[b'1'; 17], b"7"].concat();
        assert_eq!(strokes(&long), [Stroke::Char('7')]);
    }

    #[test]
    fn a_paste_is_one_and_one_without_an_end_ends_by_itself() {
        let pasted = |text: &str| Stroke::Paste(text.to_owned());
        assert_eq!(
            strokes(b"\x1b[200~36\r\x1b[A17\x1b[201~\r"),
            [pasted("36\r\x1b[A17"), Stroke::End]
        );
        // A barcode that begins a paste does not take the next guests' codes with it.
        assert_eq!(strokes(b"\x1b[200~36"), [pasted("36")]);
        let long = [b"\x1b[200~".as_slice(), &vec![b'7'; 1_000_000], PASTE_ENDS].concat();
        assert_eq!(strokes(&long), [pasted(&"7".repeat(PASTE_BYTES_MAX))]);
    }
}
