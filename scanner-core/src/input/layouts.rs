//! Keyboard layouts that type something else on the digit row than the reader meant.
//!
//! A reader programmed for US keyboards presses the digit keys; the host's layout decides what
//! arrives. The rows come from xkb-data 2.35.1: every base layout whose unshifted digit row is
//! neither ASCII nor Unicode decimal digits, and the variants that are in use at tills.

/// A layout and what its keys 0 to 9 type, in that order.
type Row = (&'static str, [char; 10]);

#[rustfmt::skip]
const ROWS: [Row; 19] = [
    ("fr", ['à', '&', 'é', '"', '\'', '(', '-', 'è', '_', 'ç']),
    ("be", ['à', '&', 'é', '"', '\'', '(', '§', 'è', '!', 'ç']),
    ("cz", ['é', '+', 'ě', 'š', 'č', 'ř', 'ž', 'ý', 'á', 'í']),
    ("sk", ['é', '+', 'ľ', 'š', 'č', 'ť', 'ž', 'ý', 'á', 'í']),
    ("hu", ['ö', '1', '2', '3', '4', '5', '6', '7', '8', '9']),
    ("lt", ['\u{201c}', 'ą', 'č', 'ę', 'ė', 'į', 'š', 'ų', 'ū', '\u{201e}']),
    ("lt:std", [')', '!', '-', '/', ';', ':', ',', '.', '=', '(']),
    ("lt:ibm", [')', '!', '"', '/', ';', ':', ',', '.', '?', '(']),
    ("vn", ['đ', 'ă', 'â', 'ê', 'ô', '\u{300}', '\u{309}', '\u{303}', '\u{301}', '\u{323}']),
    ("th", ['\u{e08}', '\u{e45}', '/', '-', '\u{e20}', '\u{e16}', '\u{e38}', '\u{e36}', '\u{e04}', '\u{e15}']),
    ("la", ['\u{e82}', '\u{ea2}', '\u{e9f}', '\u{ec2}', '\u{e96}', '\u{eb8}', '\u{eb9}', '\u{e84}', '\u{e95}', '\u{e88}']),
    ("kz", ['\u{49b}', '"', '\u{4d9}', '\u{456}', '\u{4a3}', '\u{493}', ',', '.', '\u{4af}', '\u{4b1}']),
    ("am", ['\u{585}', '\u{586}', '\u{571}', '\u{58a}', ',', '\u{589}', '\u{55e}', '\u{2024}', '\u{55b}', ')']),
    ("gn", ['\u{7ee}', '\u{7f1}', '\u{7eb}', '\u{7f5}', '\u{7f4}', '(', '-', '\u{7ec}', '\u{7fa}', '\u{7ed}']),
    ("et", ['\u{137b}', '\u{1369}', '\u{136a}', '\u{136b}', '\u{136c}', '\u{136d}', '\u{136e}', '\u{136f}', '\u{1370}', '\u{1371}']),
    ("cd", ['\u{308}', '&', '\u{301}', '\u{300}', '(', '{', '}', ')', '\u{302}', '\u{30c}']),
    ("fr:bepo", ['*', '"', '«', '»', '(', ')', '@', '+', '-', '/']),
    ("us:dvp", [']', '&', '[', '{', '}', '(', '=', '*', ')', '+']),
    // A Shift key that is stuck, or Caps Lock on a reader that imitates it.
    ("us:shift", [')', '!', '@', '#', '$', '%', '^', '&', '*', '(']),
];

/// The digits that were meant, once for each layout that explains every character of `text`.
pub(super) fn invert(text: &str) -> impl Iterator<Item = String> + '_ {
    ROWS.iter().filter_map(move |(_, row)| {
        text.chars()
            .map(|c| {
                let key = row.iter().position(|typed| *typed == c)?;
                u32::try_from(key)
                    .ok()
                    .and_then(|key| char::from_digit(key, 10))
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_one_to_one() {
        for (name, row) in ROWS {
            let mut seen = row.to_vec();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 10, "{name}");
            let typed: String = row.iter().collect();
            assert!(
                invert(&typed).any(|digits| digits == "0123456789"),
                "{name}"
            );
        }
    }
}
