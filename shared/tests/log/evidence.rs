//! Which entries count: a scan, a typed code, a supervisor's word. // T6 V11

use shared::ids::EventId;
use shared::log::{DecisionFlags, Entry, EntryKind, KnownTicket};
use shared::ticket::ProofStanding::{Contradicted, Proven, Unknown};
use shared::ticket::{ProofStanding, ScanProof, TypedCode};

use crate::fixture::{admit, exit, target, undo};

const NOTHING: ScanProof = ScanProof([0; 8]);

fn event() -> EventId {
    EventId::from_bytes([0xEE; 16])
}

fn code() -> ScanProof {
    TypedCode::from_secret(123_456_789_012).proof(event())
}

fn known() -> KnownTicket {
    let scan = admit(0, 0);
    KnownTicket {
        generation: scan.generation,
        commitment: scan.proof.commitment(event(), scan.serial, scan.generation),
        index: Some(code().code_index(event())),
    }
}

fn typed() -> Entry {
    Entry {
        proof: code(),
        flags: DecisionFlags::TYPED,
        ..admit(0, 0)
    }
}

fn by_word(kind: EntryKind) -> Entry {
    Entry {
        kind,
        proof: NOTHING,
        flags: DecisionFlags::default().by_supervisor(15),
        target: None,
        ..admit(0, 0)
    }
}

fn standing(entry: &Entry, known: Option<KnownTicket>) -> ProofStanding {
    entry.standing(event(), true, known)
}

#[test]
fn a_typed_code_proves_itself_whoever_wrote_it() {
    // T6, corpus 100: a device that never saw the code cannot burn the ticket with it.
    assert_eq!(standing(&typed(), Some(known())), Proven);
    assert_eq!(typed().standing(event(), false, Some(known())), Proven);
    let guessed = Entry {
        proof: ScanProof([9; 8]),
        ..typed()
    };
    assert_eq!(standing(&guessed, Some(known())), Contradicted);
    // The proof of the one is no proof of the other.
    let scan = Entry {
        proof: admit(0, 0).proof,
        ..typed()
    };
    assert_eq!(standing(&scan, Some(known())), Contradicted);
    let plain = Entry {
        flags: DecisionFlags::default(),
        ..typed()
    };
    assert_eq!(standing(&plain, Some(known())), Contradicted);
    let waits = KnownTicket {
        index: None,
        ..known()
    };
    assert_eq!(standing(&typed(), Some(waits)), Unknown);
    assert_eq!(standing(&typed(), None), Unknown);
    let newer = Entry {
        generation: 2,
        ..typed()
    };
    assert_eq!(
        standing(&newer, Some(known())),
        Unknown,
        "dies with the generation"
    );
}

#[test]
fn a_word_counts_with_a_name_from_where_somebody_stands() {
    // V11
    let undo = Entry {
        flags: DecisionFlags::default().by_supervisor(1),
        ..undo(1, 1, target(0x77, 0))
    };
    for entry in [by_word(EntryKind::Forced), by_word(EntryKind::Exit), undo] {
        assert_eq!(standing(&entry, Some(known())), Proven, "{entry:?}");
        let nobody = Entry {
            flags: DecisionFlags::default(),
            ..entry
        };
        assert_eq!(standing(&nobody, Some(known())), Contradicted);
        assert_eq!(entry.standing(event(), false, Some(known())), Contradicted);
    }
}

#[test]
fn a_word_kills_no_older_ticket() {
    // V11: an invented generation 254 would turn every guest away.
    let invented = Entry {
        generation: 254,
        ..by_word(EntryKind::Forced)
    };
    assert_eq!(standing(&invented, Some(known())), Unknown);
    assert_eq!(standing(&invented, None), Unknown);
}

#[test]
fn a_forced_entry_with_a_proof_is_judged_by_it() {
    // V11
    let scanned = Entry {
        kind: EntryKind::Forced,
        ..admit(0, 0)
    };
    assert_eq!(standing(&scanned, Some(known())), Proven);
    let wrong = Entry {
        proof: ScanProof([9; 8]),
        flags: DecisionFlags::default().by_supervisor(2),
        ..scanned
    };
    assert_eq!(standing(&wrong, Some(known())), Contradicted);
    let nothing = Entry {
        proof: NOTHING,
        ..admit(0, 0)
    };
    assert_eq!(
        standing(&nothing, Some(known())),
        Contradicted,
        "an admission is never a word"
    );
    assert_eq!(standing(&exit(1, 1, None), Some(known())), Proven);
}

#[test]
fn flags_carry_a_supervisor_of_four_bits() {
    // V11
    let flags = DecisionFlags::TYPED.with(DecisionFlags::HEARD_PEER);
    assert_eq!(flags.supervisor(), None);
    for number in 1..=15 {
        let marked = flags.by_supervisor(number);
        assert_eq!(marked.supervisor(), Some(number));
        assert!(marked.contains(flags));
        let entry = Entry {
            flags: marked,
            ..admit(0, 0)
        };
        let bytes = entry.encode().expect("encodes");
        assert_eq!(Entry::decode(&bytes), Ok(entry));
    }
    assert_eq!(
        flags.by_supervisor(9).by_supervisor(2).supervisor(),
        Some(2)
    );
    assert_eq!(flags.by_supervisor(0).supervisor(), None);
}
