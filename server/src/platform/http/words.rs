//! What the parsers say about a value, in words for people who write against the API.
//!
//! Invariants: nothing here names a Rust type, and nothing repeats the value: it may be a password.

const ID: &str = "must be an id, like 01900000-0000-7000-8000-000000000000";
const TIME: &str = "must be a time, like 2026-09-21T14:13:20Z, and before 9999-12-30";

/// Of one value: "must be text".
pub(super) fn plain(why: &str) -> String {
    let expected = why.rsplit_once("expected ").map(|(_, rest)| rest);
    if why.starts_with("missing field") {
        "is missing".to_owned()
    } else if why.starts_with("unknown field") {
        "is not known here".to_owned()
    } else if why.starts_with("duplicate field") {
        "is there more than once".to_owned()
    } else if why.contains("UUID") {
        ID.to_owned()
    } else if why.starts_with("unknown variant") {
        match quoted(expected.unwrap_or_default()).as_slice() {
            [] => "is not one of the values that are known here".to_owned(),
            [only] => format!("must be {only}"),
            several => format!("must be one of {}", several.join(", ")),
        }
    } else if why.starts_with("invalid ") && expected.is_some() {
        format!("must be {}", noun(expected.unwrap_or_default()))
    } else {
        sentence(why).to_owned()
    }
}

/// The words between back quotes.
pub(super) fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn noun(expected: &str) -> String {
    let whole = |min: i64, max: u64| format!("a whole number from {min} to {max}");
    match expected {
        "u8" => whole(0, u8::MAX.into()),
        "u16" => whole(0, u16::MAX.into()),
        "u32" => whole(0, u32::MAX.into()),
        "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        _ if expected.contains("string") || expected == "str" => "text".to_owned(),
        _ if expected.starts_with("struct ") || expected == "a map" || expected == "an object" => {
            "an object".to_owned()
        }
        _ => "of the kind that the API description names".to_owned(),
    }
}

/// Sentences of `FromStr`, of the standard library's and of ours.
fn sentence(why: &str) -> &str {
    match why {
        "not an RFC 3339 time" => TIME,
        "a currency is three upper-case letters" => {
            "must be a currency: three capital letters, like VND"
        }
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "must be a whole number"
        }
        "number too large to fit in target type" => "is too large a number",
        "number too small to fit in target type" => "is too small a number",
        "provided string was not `true` or `false`" => "must be true or false",
        _ if why.starts_with("invalid ") => "is not valid",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsers_are_put_into_plain_words() {
        // N1
        for (why, words) in [
            ("missing field `username`", "is missing"),
            (
                "unknown field `x`, expected `a` or `b`",
                "is not known here",
            ),
            (
                "invalid type: string \"hunter2\", expected u32",
                "must be a whole number from 0 to 4294967295",
            ),
            ("invalid type: null, expected a string", "must be text"),
            (
                "invalid type: sequence, expected struct Buyer",
                "must be an object",
            ),
            (
                "unknown variant `X`, expected one of `PAID`, `HELD`",
                "must be one of PAID, HELD",
            ),
            ("unknown variant `X`, expected `DEMO`", "must be DEMO"),
            ("UUID parsing failed: invalid character: found `z` at 0", ID),
            ("not an RFC 3339 time", TIME),
            ("invalid digit found in string", "must be a whole number"),
            ("is used twice", "is used twice"),
        ] {
            assert_eq!(plain(why), words, "{why}");
        }
    }
}
