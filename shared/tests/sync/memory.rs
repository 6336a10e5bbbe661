//! What a stranger's length prefixes can make us allocate. // corpus 88 89

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use shared::log::LogId;
use shared::sync::message::SNAPSHOT_SEGMENTS_MAX;
use shared::sync::{SegmentsResponse, SignedRequest, StrictError, SyncRequest, SyncResponse};
use shared::ticket::{Token, digits};
use shared::time::Timestamp;
use shared::trust::{Segment, SegmentKind, SegmentRef, Signed};

/// Counts this thread's bytes: tests run side by side.
struct Counting;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator is the one way to see allocations")]
// SAFETY: every call goes to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.set(LIVE.get().wrapping_add(layout.size()));
        PEAK.set(PEAK.get().max(LIVE.get()));
        // SAFETY: the caller keeps `GlobalAlloc::alloc`'s contract.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get().wrapping_sub(layout.size()));
        // SAFETY: the caller keeps `GlobalAlloc::dealloc`'s contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most that this thread held at once during `work`, beyond what it held before.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.replace(0);
    PEAK.set(0);
    let result = work();
    let peak = PEAK.get();
    LIVE.set(before);
    (result, peak)
}

const LENGTH_2_32: &[u8] = &[0x80, 0x80, 0x80, 0x80, 0x10];
/// The largest length that fits 64 bits.
const LENGTH_2_64: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

// corpus 88: vec length 2^32 at each place where a list may stand.
#[test]
fn a_length_prefix_alone_allocates_nothing() {
    let mut tried = 0;
    for wire in [a_request(), a_response()] {
        for place in 1..wire.len() {
            for length in [LENGTH_2_32, LENGTH_2_64] {
                let bomb = [&wire[..place], length, &wire[place..]].concat();
                let (read, peak) = peak(|| {
                    (
                        SyncRequest::from_wire(&bomb).is_ok(),
                        SyncResponse::from_wire(&bomb).is_ok(),
                        SignedRequest::from_wire(&bomb).is_ok(),
                        Signed::from_wire(&bomb).is_ok(),
                    )
                });
                assert!(peak < 64 * 1024, "{peak} bytes at {place}: {read:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 100);
}

fn a_request() -> Vec<u8> {
    crate::messages::request().to_wire()
}

fn a_response() -> Vec<u8> {
    crate::messages::response().to_wire()
}

// One byte on the wire is an empty `Vec` of 24 bytes: a body of 8 MiB must not become 200 MB.
#[test]
fn a_list_of_nothings_is_cut_off() {
    let head = SyncRequest::V1 {
        now: Timestamp::from_millis(0),
        held: [0; 4],
        report: None,
        vector: Vec::new(),
        geneses: Vec::new(),
        segments: Vec::new(),
    };
    let mut bytes = head.to_wire();
    let nothings = 8 * 1024 * 1024 - 64;
    assert_eq!(bytes.pop(), Some(0), "the number of segments");
    bytes.push(1);
    bytes.extend(LogId([1; 16]).0);
    bytes.push(0);
    bytes.extend(postcard::to_stdvec(&nothings).expect("postcard"));
    bytes.resize(bytes.len() + nothings, 0);
    assert!(bytes.len() < 8 * 1024 * 1024);
    let (read, peak) = peak(|| SyncRequest::from_wire(&bytes));
    assert_eq!(read, Err(StrictError::Malformed));
    assert!(peak < 64 * 1024, "{peak} bytes");
}

// corpus 89: nothing is compressed, so a segment cannot grow; its lists are cut off all the same.
#[test]
fn a_segment_does_not_grow_when_read() {
    let labels = 400 * 1024;
    let mut wire = vec![0, 1];
    wire.extend(postcard::to_stdvec(&labels).expect("postcard"));
    wire.resize(wire.len() + labels, 0);
    let reference = SegmentRef {
        kind: SegmentKind::Seats,
        index: 0,
        hash: *blake3::hash(&wire).as_bytes(),
        bytes: u32::try_from(wire.len()).expect("a u32"),
    };
    let (read, peak) = peak(|| Segment::open(&reference, &wire));
    assert!(read.is_err());
    assert!(peak < 64 * 1024, "{peak} bytes");
}

// Parser exhaustion: a token's text and bytes are as long as their type says, or looked at no further.
#[test]
fn whatever_is_shown_as_a_ticket_allocates_little() {
    let mut texts = vec!["7".repeat(10_000_000), "\u{660}".repeat(5_000_000)];
    texts.extend((0..900).map(|length| "36".repeat(length)));
    for text in texts {
        let (read, peak) = peak(|| {
            (
                digits::decode(&text).is_ok(),
                Token::from_digits(&text).is_ok(),
            )
        });
        assert!(
            peak < 64 * 1024,
            "{peak} bytes for {} digits: {read:?}",
            text.len()
        );
    }
    for length in (0..300).chain([65_536, 10_000_000]) {
        for first in 0x80..0x90 {
            let mut bytes = vec![0x55; length];
            bytes.iter_mut().take(1).for_each(|byte| *byte = first);
            let (read, peak) = peak(|| Token::from_bytes(&bytes).is_ok());
            assert!(peak < 1024, "{peak} bytes for {length}: {read}");
        }
    }
}

// An honest answer, as large as they come: a copy of what came, and one to compare.
#[test]
fn memory_follows_the_input() {
    let segment = ([1; 32], vec![7; 16 * 1024]);
    let answer = SegmentsResponse::V1 {
        segments: vec![segment; SNAPSHOT_SEGMENTS_MAX],
    };
    let wire = answer.to_wire();
    let (read, peak) = peak(|| SegmentsResponse::from_wire(&wire));
    assert_eq!(read, Ok(answer));
    assert!(peak < 4 * wire.len(), "{peak} for {} bytes", wire.len());
}
