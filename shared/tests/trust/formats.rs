//! The hex dumps in `docs/formats.md` are the golden vectors, byte for byte: what people implement
//! from cannot fall behind the code.

use std::path::PathBuf;

use serde_json::Value;

fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).expect("checked in")
}

/// The bytes of a line "offset  bytes    what they are"; the offset must be the one we are at.
fn dumped(line: &str, at: usize) -> Vec<u8> {
    let (offset, rest) = line.trim_start().split_once("  ").expect("an offset");
    assert_eq!(offset.parse(), Ok(at), "{line}");
    let bytes = rest.split("    ").next().unwrap_or(rest);
    hex::decode(bytes.replace(' ', "")).expect("hex")
}

/// `file name-of-case` or `file field`.
fn vector(name: &str) -> Vec<u8> {
    let (file, case) = name.split_once(' ').expect("a file and a case");
    let stored: Value = serde_json::from_str(&read(&format!("vectors/{file}"))).expect("json");
    let wire = stored["cases"]
        .as_array()
        .and_then(|cases| cases.iter().find(|found| found["name"] == case))
        .map_or(&stored[case], |found| &found["wire"]);
    hex::decode(wire.as_str().expect("a vector of this name")).expect("hex")
}

#[test]
fn dumps_are_the_golden_vectors() {
    let document = read("../docs/formats.md");
    let mut dumps = 0;
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("```dump ") else {
            continue;
        };
        let mut bytes = Vec::new();
        for line in lines.by_ref().take_while(|line| *line != "```") {
            bytes.extend(dumped(line, bytes.len()));
        }
        assert_eq!(hex::encode(bytes), hex::encode(vector(name)), "{name}");
        dumps += 1;
    }
    assert_eq!(dumps, 22, "a dump has gone, or lost its mark");
}
