//! The file that is carried: its header, and a whole one as published. // corpus 88

use serde_json::{Value, json};
use shared::ids::{DeviceId, EventId};
use shared::sync::carried::{CARRIED_BYTES_MAX, HEADER_BYTES_MAX, LENGTH_LEN, MAGIC};
use shared::sync::frame::{FRAME_BYTES_MAX, Frame, Message};
use shared::sync::{Carried, StrictError};
use shared::time::Timestamp;

use crate::golden::file::{bytes, golden, list, outcome, text};

fn header() -> Carried {
    Carried::V1 {
        event: EventId::new(Timestamp::from_secs(1_790_000_000), [0x3f; 10]),
        device: DeviceId::new(Timestamp::from_secs(1_790_000_001), [0x42; 10]),
        written: Timestamp::from_secs(1_790_000_002),
    }
}

fn whole() -> Vec<u8> {
    let frame = Frame::V1(vec![Message::Held([1, 2, 3, 4])]).to_wire();
    let mut file = MAGIC.to_vec();
    for block in [header().to_wire(), frame] {
        file.extend(u32::try_from(block.len()).expect("small").to_be_bytes());
        file.extend(block);
    }
    file.extend([0; LENGTH_LEN]);
    let sum = *blake3::hash(&file).as_bytes();
    file.extend(sum);
    file
}

#[test]
fn headers_and_a_whole_file_are_as_published() {
    // V5
    let wire = header().to_wire();
    let cases: Vec<Value> = [
        ("a header", wire.clone(), Ok(())),
        ("truncated", wire[..9].to_vec(), Err(StrictError::Malformed)),
        (
            "left over",
            [&wire[..], &[0]].concat(),
            Err(StrictError::Trailing),
        ),
        (
            "another version",
            [&[1], &wire[1..]].concat(),
            Err(StrictError::Malformed),
        ),
        ("nothing", Vec::new(), Err(StrictError::Malformed)),
    ]
    .iter()
    .map(|(name, wire, expected): &(&str, Vec<u8>, Result<(), StrictError>)| {
        json!({ "name": name, "wire": hex::encode(wire), "outcome": outcome(expected) })
    })
    .collect();
    let fresh = json!({
        "about": "The file that is carried between devices: headers, and a whole file that holds \
            one frame.",
        "file": hex::encode(whole()),
        "headers": cases,
    });
    let read = golden("sync/carried.json", &fresh);
    for case in list(&read["headers"]) {
        let outcome_now = outcome(&Carried::from_wire(&bytes(&case["wire"])));
        assert_eq!(outcome_now, text(&case["outcome"]), "{}", case["name"]);
    }
    assert_eq!(
        bytes(&read["file"]).len(),
        16 + 4 + wire.len() + 4 + 7 + 4 + 32
    );
}

#[test]
fn the_bounds_leave_room_for_what_is_honest() {
    // V5
    assert!(header().to_wire().len() <= HEADER_BYTES_MAX);
    assert!(CARRIED_BYTES_MAX > 100 * FRAME_BYTES_MAX as u64);
    assert_eq!(MAGIC.len(), 16);
}
