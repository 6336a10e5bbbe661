//! Strict reading. // corpus 88

use serde::{Deserialize, Serialize};
use shared::sync::strict::{StrictError, from_wire, to_wire};

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Message {
    V1 {
        count: u32,
        sure: bool,
        text: String,
        list: Vec<u64>,
    },
}

#[test]
fn corpus_88_every_alias_of_a_value_is_refused() {
    let value = Message::V1 {
        count: 3,
        sure: true,
        text: "hé".to_owned(),
        list: vec![1, 300],
    };
    let wire = to_wire(&value);
    assert_eq!(wire, b"\x00\x03\x01\x03h\xc3\xa9\x02\x01\xac\x02");
    assert_eq!(from_wire(&wire, 64), Ok(value));
    let cases: &[(&str, &[u8], StrictError)] = &[
        ("empty", b"", StrictError::Malformed),
        (
            "other version",
            b"\x01\x03\x01\x00\x00",
            StrictError::Malformed,
        ),
        (
            "trailing",
            b"\x00\x03\x01\x00\x00\x00",
            StrictError::Trailing,
        ),
        (
            "over-long varint",
            b"\x00\x83\x00\x01\x00\x00",
            StrictError::NotCanonical,
        ),
        (
            "over-long variant",
            b"\x80\x00\x03\x01\x00\x00",
            StrictError::NotCanonical,
        ),
        (
            "over-long length",
            b"\x00\x03\x01\x80\x00\x00",
            StrictError::NotCanonical,
        ),
        ("bool 2", b"\x00\x03\x02\x00\x00", StrictError::Malformed),
        (
            "bad UTF-8",
            b"\x00\x03\x01\x01\xff\x00",
            StrictError::Malformed,
        ),
        ("cut", b"\x00\x03\x01\x05h", StrictError::Malformed),
        (
            "vec length 2^32",
            b"\x00\x03\x01\x00\x80\x80\x80\x80\x10",
            StrictError::Malformed,
        ),
        (
            "string length 2^63",
            b"\x00\x03\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
            StrictError::Malformed,
        ),
    ];
    for (name, bytes, error) in cases {
        assert_eq!(from_wire::<Message>(bytes, 64), Err(*error), "{name}");
    }
}

#[test]
fn size_is_judged_before_content() {
    assert_eq!(
        from_wire::<Message>(&[0xff; 65], 64),
        Err(StrictError::TooLarge(64))
    );
}
