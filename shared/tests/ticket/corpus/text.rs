//! Items 1 to 29: text that is not one ticket's 202 digits.
//!
//! Items 10 to 18 are undone by scanner-core's input layer where they can be (CR and LF, `]Q1`, ECI,
//! other scripts' digits, digit rows of other keyboards); the decoder itself takes none of them.

use data_encoding::{BASE64, BASE64URL};
use ed25519_dalek::Signer as _;
use shared::ticket::digits::{self, DigitsError};
use shared::ticket::{FrameError, TicketError};

use super::Row;
use super::ed25519::plus_order;
use crate::fixture::{DIGITS, key, signed_with};

pub(super) fn rows() -> Vec<Row> {
    [lengths(), characters(), wedge(), other_formats()]
        .into_iter()
        .flatten()
        .collect()
}

/// Items 1 to 9: counts and values of digits.
fn lengths() -> Vec<Row> {
    let group = |value: u64| format!("{value:017}{}", &DIGITS[17..]);
    let tail = |value: u64| format!("{}{value:015}", &DIGITS[..187]);
    let mut rows = vec![
        Row::text(1, "empty", "", DigitsError::Empty),
        Row::text(3, "201 digits", &DIGITS[..201], DigitsError::Length),
        Row::text(
            3,
            "201 digits, first cut",
            &DIGITS[1..],
            DigitsError::Length,
        ),
        Row::text(4, "203 digits", format!("{DIGITS}0"), DigitsError::Length),
        Row::text(
            4,
            "203 digits, zero before",
            format!("0{DIGITS}"),
            DigitsError::Length,
        ),
        Row::text(5, "202 nines", "9".repeat(202), DigitsError::Overflow),
        Row::text(6, "first group 2^56", group(1 << 56), DigitsError::Overflow),
        Row::text(
            7,
            "first group 10^17-1",
            group(99_999_999_999_999_999),
            DigitsError::Overflow,
        ),
        Row::text(8, "tail 256^6", tail(1 << 48), DigitsError::Overflow),
        Row::text(
            8,
            "tail 10^15-1",
            tail(999_999_999_999_999),
            DigitsError::Overflow,
        ),
    ];
    for digit in '0'..='9' {
        rows.push(Row::text(2, "one digit", digit, DigitsError::Length));
    }
    for class in [1, 2, 4, 6, 7, 9, 11, 12, 14, 16] {
        for groups in [0, 1, 11] {
            let text = "0".repeat(17 * groups + class);
            rows.push(Row::text(
                9,
                &format!("{groups} groups and {class}"),
                text,
                DigitsError::Length,
            ));
        }
    }
    rows
}

/// Items 10 to 18: characters that are not 0-9, added or in place of digits.
fn characters() -> Vec<Row> {
    let mut texts = vec![
        (10, format!("{} {}", &DIGITS[..100], &DIGITS[100..])),
        (10, format!("{} {}", &DIGITS[..100], &DIGITS[101..])),
        (12, format!("]Q1{DIGITS}")),
        (13, format!("\\000026{DIGITS}")),
        (14, script('\u{660}', DIGITS)),
        (14, script('\u{6F0}', DIGITS)),
        (
            14,
            format!("{}{}", script('\u{660}', &DIGITS[..9]), &DIGITS[9..]),
        ),
        (15, script('\u{FF10}', DIGITS)),
        (16, keyboard_row("à&é\"'(-è_ç")),
        (17, keyboard_row("é+ěščřžýáí")),
    ];
    for end in ["\r", "\n", "\r\n", "\t", "\0"] {
        texts.push((11, format!("{DIGITS}{end}")));
    }
    for mark in ['\u{2212}', '\u{200F}', '\u{FEFF}', '\u{200D}'] {
        texts.push((18, format!("{mark}{DIGITS}")));
        texts.push((18, format!("{}{mark}{}", &DIGITS[..17], &DIGITS[17..])));
        texts.push((18, format!("{DIGITS}{mark}")));
    }
    texts
        .into_iter()
        .map(|(item, text)| Row::text(item, "not ASCII digits", text, DigitsError::NotADigit))
        .collect()
}

/// The same digits in another script whose zero is `zero`.
fn script(zero: char, digits: &str) -> String {
    let zero = u32::from(zero) - u32::from('0');
    digits
        .chars()
        .map(|digit| char::from_u32(zero + u32::from(digit)).expect("a digit of the script"))
        .collect()
}

/// What a keyboard whose keys 0 to 9 type `row` makes of the digits.
fn keyboard_row(row: &str) -> String {
    let row: Vec<char> = row.chars().collect();
    assert_eq!(row.len(), 10);
    DIGITS
        .bytes()
        .map(|digit| row[usize::from(digit - b'0')])
        .collect()
}

/// Items 19 to 21: floods and buffers that hold more than one scan.
fn wedge() -> Vec<Row> {
    let other = digits::encode(&signed_with(&[(6, 0x56)]));
    let cut = format!("{}{other}", &DIGITS[..100]);
    let spliced = format!("{}{}", &DIGITS[..85], &other[85..]);
    let inside_group = format!("{}{}", &DIGITS[..85], &DIGITS[86..]);
    vec![
        Row::text(
            19,
            "10 MB of digits",
            "3".repeat(10_000_000),
            DigitsError::TooLong,
        ),
        Row::text(
            19,
            "one byte over the bound",
            "3".repeat(4097),
            DigitsError::TooLong,
        ),
        Row::text(19, "4,096 digits", "3".repeat(4096), DigitsError::Length),
        Row::text(
            20,
            "two tickets",
            format!("{DIGITS}{other}"),
            DigitsError::Overflow,
        ),
        Row::text(
            20,
            "one ticket twice",
            DIGITS.repeat(2),
            DigitsError::Overflow,
        ),
        Row::text(21, "a cut one, then the next", cut, DigitsError::Overflow),
        Row::text_refused(
            21,
            "spliced to the right length",
            spliced,
            TicketError::Signature,
        ),
        Row::text(21, "one digit dropped", inside_group, DigitsError::Length),
    ]
}

/// A ticket of the `pretix_sig1` kind under our own key, and the spellings of it that its scanners
/// took for another ticket: none of them is one of ours, however well it is signed.
fn sig1_variants() -> Vec<String> {
    // Item 8, sub-event 0, a seed of 4 bytes: fields 1 and 4 of its protobuf.
    let payload = [&[0x08, 8, 0x22, 4][..], b"seed"].concat();
    let signature = key().sign(&payload).to_bytes();
    let print = |version: u8, payload: &[u8], signature: &[u8]| -> String {
        let lengths = [payload.len(), signature.len()].map(|len| {
            let len = u16::try_from(len).expect("short");
            len.to_be_bytes()
        });
        let bytes = [&[version][..], &lengths.concat(), payload, signature].concat();
        BASE64.encode(&bytes).chars().rev().collect()
    };
    let good = print(1, &payload, &signature);
    let (nonce, scalar) = signature.split_at(32);
    let scalar = plus_order(scalar.try_into().expect("32 bytes"));
    let malleated = [nonce, &scalar].concat();
    // An unknown field 1 of another wire type: what it says is the same.
    let extended = [&payload[..], &[0x01, 0x01, 0x0B]].concat();
    vec![
        good.clone(),
        format!("-{good}"),
        good.replace('=', ""),
        format!("{good}AAAA"),
        print(1, &payload, &[&signature[..], &[0]].concat()),
        print(1, &extended, &signature),
        print(1, &payload, &malleated),
    ]
}

/// Items 22 to 29: what other systems print.
fn other_formats() -> Vec<Row> {
    let token = signed_with(&[]);
    let url = BASE64URL.encode(&token);
    let letters = [
        (22, "::".to_owned()),
        (22, "GGW".to_owned()),
        (22, "6bf+70790t9wjwg.fky*4go0".to_owned()),
        (22, "QED8WEX".to_owned()),
        (23, format!("{}B", &url[..url.len() - 1])),
        (23, format!("{url}=")),
        (23, format!("{url}\n")),
        (25, "HC1:6BF+70790T9WJWG.FKY*4GO0.O1CV2".to_owned()),
        (
            26,
            "shc:/567629095243206034602924374044603122295953265460".to_owned(),
        ),
        (27, "mdoc:owBjMS4wAYIB2BhYS6QBAiABIVgg".to_owned()),
        (28, "https://tickets.example/t/48213".to_owned()),
        (29, "b64::123456::123456::1790000000".to_owned()),
    ];
    let sig1 = sig1_variants().into_iter().map(|text| (24, text));
    let mut rows: Vec<Row> = letters
        .into_iter()
        .chain(sig1)
        .map(|(item, text)| Row::text(item, "another format", text, DigitsError::NotADigit))
        .collect();
    let shc = "567629095243206034602924374044603122295953265460";
    rows.extend([
        // Digits only, so they reach the arithmetic or the frame.
        Row::text(
            26,
            "SMART health card without its prefix",
            shc,
            DigitsError::Length,
        ),
        Row::text(28, "EAN-13", "4006381333931", DigitsError::Overflow),
        Row::text_refused(
            28,
            "EAN-13 that decodes",
            "0012345678905",
            FrameError::Format.into(),
        ),
    ]);
    rows
}
