//! Proofs of a fork, and branches that vouch for themselves.

use ed25519_dalek::SigningKey;
use shared::log::{Branch, ChainError, ForkProof, LogHead, LogSegment};

use crate::fixture::{Device, admit};

/// A log of five entries, and another end of it from seq 2 on.
fn forked() -> (Device, LogHead, [LogSegment; 2]) {
    let mut device = Device::new(0x42);
    device.append(admit(0, 1_000));
    device.append(admit(0, 1_001));
    let foot = device.head;
    let sides = [2_000, 3_000].map(|millis| {
        device.head = foot;
        let entries: Vec<_> = (0..3)
            .map(|step| device.append(admit(0, millis + step)))
            .collect();
        let signature = entries[2].signature.clone();
        let bodies = entries.into_iter().map(|entry| entry.body).collect();
        LogSegment::new(device.log, bodies, signature).expect("a good segment")
    });
    (device, foot, sides)
}

fn proof() -> ForkProof {
    let (device, foot, [one, other]) = forked();
    ForkProof::new(device.genesis, foot.hash, one, other)
}

#[test]
fn a_proof_convinces_whoever_has_the_genesis() {
    let proof = proof();
    assert_eq!(proof.verify(), Ok(()));
    assert_eq!(proof.at().next_seq, 2);
    for branch in proof.branches() {
        assert_eq!(branch.foot(), proof.at());
    }
}

#[test]
fn the_order_in_which_the_sides_were_found_does_not_show() {
    let (device, foot, [one, other]) = forked();
    let swapped = ForkProof::new(device.genesis, foot.hash, other, one);
    assert_eq!(swapped, proof());
}

type Change = fn(&mut ForkProof);

#[test]
fn what_is_no_fork_is_no_proof() {
    let good = proof();
    let stranger = SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes();
    let changes: [(&str, Change, ChainError); 6] = [
        (
            "the same side twice",
            |proof| proof.right = proof.left.clone(),
            ChainError::Malformed("a proof without a difference"),
        ),
        (
            "sides in the wrong order",
            |proof| std::mem::swap(&mut proof.left, &mut proof.right),
            ChainError::Malformed("a proof without a difference"),
        ),
        (
            "another log's side",
            |proof| proof.left.log.0[0] ^= 1,
            ChainError::Malformed("a proof about another log"),
        ),
        (
            "sides of two places",
            |proof| proof.right.first_seq += 1,
            ChainError::Malformed("a proof about two places"),
        ),
        (
            "on another hash",
            |proof| proof.previous[0] ^= 1,
            ChainError::Signature,
        ),
        (
            "a side that was not signed",
            |proof| proof.right.signature[0] ^= 1,
            ChainError::Signature,
        ),
    ];
    for (name, change, error) in changes {
        let mut changed = good.clone();
        change(&mut changed);
        assert_eq!(changed.verify(), Err(error), "{name}");
    }
    let mut framed = good;
    framed.genesis.device_key = stranger;
    assert!(framed.verify().is_err(), "another device's key");
}

#[test]
fn a_branch_stands_on_the_hash_that_it_names() {
    let (device, foot, [side, _]) = forked();
    let key = device.key.verifying_key();
    let branch = Branch {
        previous: foot.hash,
        segment: side,
    };
    let (entries, after) = branch.verify(&key).expect("signed by the log's key");
    assert_eq!((entries.len(), after.next_seq), (3, 5));
    let elsewhere = Branch {
        previous: [7; 32],
        ..branch
    };
    assert_eq!(elsewhere.verify(&key), Err(ChainError::Signature));
}
