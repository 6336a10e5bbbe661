//! Corpus 10 to 18, 20 and 21: what the input layer takes off, maps, and leaves alone.

use super::*;

const DIGITS: &str = "3603302212598075700289171742670848292789468112855335381149001390451914669339964517095542449701255565855687339902201845760351576657023529381218288361165485837208556464575032150083421043746209554515621120";

fn only(text: &str) -> Option<String> {
    let found = candidates(text, None);
    assert!(found.len() <= 1, "{found:?}");
    found.first().map(ToString::to_string)
}

fn typed_on(row: [char; 10]) -> String {
    DIGITS
        .bytes()
        .map(|digit| row[usize::from(digit - b'0')])
        .collect()
}

fn shifted_to(zero: u32) -> String {
    DIGITS
        .bytes()
        .map(|digit| char::from_u32(zero + u32::from(digit - b'0')).expect("a digit"))
        .collect()
}

#[test]
fn what_readers_add_is_taken_off() {
    // S3, corpus 11, 12, 13
    for text in [
        DIGITS.to_owned(),
        format!("{DIGITS}\r\n"),
        format!("{DIGITS}\t"),
        format!("]Q1{DIGITS}"),
        format!("\\000026{DIGITS}"),
        format!("]Q2\\000026{DIGITS}\r"),
        format!("\\000026]Q1{DIGITS}\n"),
    ] {
        assert_eq!(only(&text).as_deref(), Some(DIGITS), "{text:?}");
    }
}

#[test]
fn white_space_and_a_byte_order_mark_among_digits_are_taken_off() {
    // S3, corpus 10: the codec refuses them, this layer undoes them
    let grouped: Vec<String> = DIGITS
        .as_bytes()
        .chunks(4)
        .map(|four| String::from_utf8_lossy(four).into_owned())
        .collect();
    for text in [
        grouped.join(" "),
        grouped.join("  \u{a0}"),
        format!("{} {}", &DIGITS[..100], &DIGITS[100..]),
        format!("   {DIGITS}  \r\n"),
        format!("\u{feff}{DIGITS}"),
        format!("\u{feff}]Q1 {DIGITS} \u{feff}"),
    ] {
        assert_eq!(only(&text).as_deref(), Some(DIGITS), "{text:?}");
    }
}

#[test]
fn nothing_else_is_taken_off() {
    // corpus 1, 10, 11 (NUL), 18
    for text in [
        String::new(),
        "\r\n".to_owned(),
        " \u{feff} ".to_owned(),
        format!("{DIGITS}\0"),
        format!("\u{2212}{DIGITS}"),
        format!("\u{200f}{DIGITS}"),
        format!("{} x{}", &DIGITS[..100], &DIGITS[100..]),
        format!("{DIGITS}\u{200d}"),
        format!("]Q1]Q1]Q1{DIGITS}"),
        format!("\\00002{}", DIGITS.replace('3', "x")),
    ] {
        assert_eq!(only(&text), None, "{text:?}");
    }
}

#[test]
fn decimal_digits_of_any_one_script_are_mapped() {
    // corpus 14, 15
    for zero in [0x660, 0x6F0, 0x966, 0xE50, 0xFF10, 0x1D7CE] {
        assert_eq!(only(&shifted_to(zero)).as_deref(), Some(DIGITS), "{zero:x}");
    }
    let mixed = format!(
        "{}{}",
        shifted_to(0x660).chars().take(100).collect::<String>(),
        &DIGITS[100..]
    );
    assert_eq!(only(&mixed), None);
    // A superscript is numeric but no decimal digit.
    assert_eq!(only(&DIGITS.replace('2', "\u{b2}")), None);
}

#[test]
fn shifted_digit_rows_are_undone() {
    // corpus 16, 17
    let azerty = typed_on(['à', '&', 'é', '"', '\'', '(', '-', 'è', '_', 'ç']);
    assert_eq!(only(&azerty).as_deref(), Some(DIGITS));
    let czech = typed_on(['é', '+', 'ě', 'š', 'č', 'ř', 'ž', 'ý', 'á', 'í']);
    assert_eq!(only(&format!("{czech}\r")).as_deref(), Some(DIGITS));
    let hungarian = typed_on(['ö', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    assert_eq!(only(&hungarian).as_deref(), Some(DIGITS));
}

#[test]
fn an_ambiguous_row_gives_every_reading_and_the_physical_keys_come_first() {
    // French and Belgian rows differ in two keys only.
    let found = candidates("&é\"", Some("123"));
    assert_eq!(found, ["123"]);
    let found = candidates(")!", Some("77"));
    assert_eq!(found[0], "77");
    assert!(found.len() > 1, "{found:?}");
}

#[test]
fn glued_and_cut_tickets_stay_one_text() {
    // corpus 20, 21: the codec refuses the length
    let glued = format!("{DIGITS}{DIGITS}");
    assert_eq!(only(&glued).as_deref(), Some(glued.as_str()));
    let cut = format!("{}{DIGITS}", &DIGITS[..87]);
    assert_eq!(only(&cut).as_deref(), Some(cut.as_str()));
}

#[test]
fn ten_megabytes_cost_nothing() {
    // corpus 19
    assert_eq!(only(&"7".repeat(10_000_000)), None);
}
