//! Entries of a device that signs what it likes: a segment is taken whole or not at all, and the
//! state does not depend on the order in which its entries arrive.

#![no_main]

use ed25519_dalek::Signer as _;
use fuzz::{genesis, key};
use libfuzzer_sys::fuzz_target;
use shared::log::{Entry, EventState, LogSegment};

fuzz_target!(|data: &[u8]| {
    let genesis = genesis();
    let (log, device) = (genesis.log_id(), genesis.device);
    let mut head = genesis.head();
    let mut bodies = Vec::new();
    let mut rest = data;
    let mut last = Vec::new();
    while let Some((flag, bytes)) = rest.split_first() {
        let length = if flag & 1 == 0 {
            Entry::LEN
        } else {
            Entry::LEN_WITH_TARGET
        };
        let Some((body, after)) = bytes.split_at_checked(length) else {
            break;
        };
        rest = after;
        let mut body = body.to_vec();
        body[0] = 1;
        // Mostly consecutive, so that segments get deep; now and then what the input says.
        if flag & 2 == 0 {
            body[2..6].copy_from_slice(&head.next_seq.to_be_bytes());
        }
        last = [b"TKT1.entry\0".as_slice(), &log.0, &head.hash, &body].concat();
        if let Ok(entry) = Entry::decode(&body)
            && let Ok(moved) = head.append(log, &entry)
        {
            head = moved;
        }
        bodies.push(body);
    }
    let segment = LogSegment {
        log,
        first_seq: genesis.head().next_seq,
        bodies,
        signature: key().sign(&last).to_bytes().to_vec(),
    };
    let Ok((entries, after)) = segment.verify(&key().verifying_key(), &genesis.head()) else {
        return;
    };
    assert_eq!(
        after.next_seq as usize,
        entries.len() + genesis.head().next_seq as usize
    );
    let (mut forward, mut backward) = (EventState::default(), EventState::default());
    for entry in &entries {
        forward.apply(log, device, entry);
        forward.apply(log, device, entry);
    }
    for entry in entries.iter().rev() {
        backward.apply(log, device, entry);
    }
    assert_eq!(forward.digest(), backward.digest());
    for (_, ticket) in forward.tickets() {
        let labelled = ticket.labelled();
        assert!(ticket.open().count() <= ticket.admissions());
        assert!(labelled.len() <= ticket.uses().len());
    }
});
