//! A log entry's body: what is read re-encodes to the same bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::log::{Entry, Genesis};

fuzz_target!(|data: &[u8]| {
    if let Ok(entry) = Entry::decode(data) {
        assert_eq!(entry.encode().expect("what was read can be written"), data);
    }
    if let Ok(genesis) = Genesis::from_wire(data) {
        assert_eq!(genesis.to_wire(), data);
    }
});
