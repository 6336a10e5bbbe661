//! Frames of the gossip, and what in them is judged by a key: the log that every target knows.

#![no_main]

use fuzz::{genesis, key};
use libfuzzer_sys::fuzz_target;
use shared::sync::{Frame, Message};

fuzz_target!(|data: &[u8]| {
    let Ok(frame) = Frame::from_wire(data) else {
        return;
    };
    assert_eq!(frame.to_wire(), data, "one frame, one wire form");
    let (genesis, key) = (genesis(), key().verifying_key());
    let start = genesis.head();
    let Frame::V1(messages) = frame;
    for message in messages {
        match message {
            Message::Segments(segments) => {
                for segment in segments {
                    if let Ok((entries, head)) = segment.verify(&key, &start) {
                        assert_eq!(entries.len(), head.next_seq as usize);
                    }
                }
            }
            Message::Branches(branches) => {
                for branch in branches {
                    let foot = branch.foot();
                    if let Ok((entries, head)) = branch.segment.verify(&key, &foot) {
                        assert_eq!(
                            foot.next_seq as usize + entries.len(),
                            head.next_seq as usize
                        );
                    }
                }
            }
            Message::Live(entries) => {
                for live in entries {
                    if let Ok((entry, head)) = live.entry.verify(&key, genesis.log_id(), &start) {
                        assert_eq!((entry.seq, head.next_seq), (0, 1));
                    }
                }
            }
            Message::Forks(proofs) => {
                for proof in proofs {
                    if proof.verify().is_ok() {
                        let [left, right] = proof.branches();
                        assert_ne!(left.segment.bodies, right.segment.bodies);
                        assert_eq!(left.foot(), right.foot());
                    }
                }
            }
            _ => {}
        }
    }
});
