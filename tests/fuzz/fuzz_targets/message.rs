//! Messages of a sync, the digest and vectors in them: the first byte of an input picks the type.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::sync::{SegmentsRequest, SegmentsResponse, SignedRequest, SyncRequest, SyncResponse};

macro_rules! round_trip {
    ($type:ident, $bytes:expr) => {
        if let Ok(message) = $type::from_wire($bytes) {
            assert_eq!(message.to_wire(), $bytes, "one message, one wire form");
        }
    };
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else {
        return;
    };
    match kind % 5 {
        0 => round_trip!(SyncRequest, bytes),
        1 => round_trip!(SyncResponse, bytes),
        2 => round_trip!(SegmentsRequest, bytes),
        3 => round_trip!(SegmentsResponse, bytes),
        _ => round_trip!(SignedRequest, bytes),
    }
});
