//! What other devices say: believed, waiting for somebody who can judge it, or spoken against.
//!
//! Invariants: nothing counts before the list, the ticket itself or a supervisor's role bears it
//! out; what does not count is kept and judged again by each list that follows, so gates with equal
//! logs and equal lists agree, whichever of them came first (ADR 0004).

use std::collections::BTreeMap;

use shared::ids::DeviceId;
use shared::log::{DecisionFlags, Entry, KnownTicket, LogId, Use};
use shared::ticket::proof::proof_standing;
use shared::ticket::{MediumId, ProofStanding, ScanProof};

use super::book::Book;

/// Kept in memory of what was spoken against, about 8 MB. A device that writes more of it costs a
/// fold of all logs at each new list.
const CONTRADICTED_MAX: usize = if cfg!(test) { 4 } else { 65_536 };

#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) log: LogId,
    pub(super) device: DeviceId,
    pub(super) entry: Entry,
    /// Told of, and not to be counted.
    pub(super) suspect: bool,
}

/// What does not count yet.
#[derive(Debug, Default)]
pub(super) struct Hearsay {
    /// Nothing here can judge it yet; by serial and generation.
    waiting: BTreeMap<(u32, u8), Vec<Waiting>>,
    /// The list or the ticket in hand speaks against it.
    contradicted: Vec<Waiting>,
    /// More of the same, only counted.
    beyond: u64,
}

impl Hearsay {
    fn wait(&mut self, of: Waiting) {
        let place = (of.entry.serial, of.entry.generation);
        self.waiting.entry(place).or_default().push(of);
    }

    fn contradict(&mut self, of: Waiting) {
        if self.contradicted.len() < CONTRADICTED_MAX {
            self.contradicted.push(of);
        } else {
            self.beyond += 1;
        }
    }

    fn is_overfull(&self) -> bool {
        self.beyond > 0
    }
}

impl Book {
    /// Another device's word counts when the ticket bears it out, or when a supervisor stands
    /// behind it: ADR 0004 and 0010.
    pub(super) fn fold_other(&mut self, waiting: Waiting) {
        let Waiting { device, entry, .. } = waiting;
        match self.standing(device, &entry) {
            ProofStanding::Proven => self.believe(&waiting),
            ProofStanding::Contradicted => self.hearsay.contradict(waiting),
            ProofStanding::Unknown => self.hearsay.wait(waiting),
        }
    }

    /// Another list may know more, also of what the last one spoke against: the entry may have come
    /// before the list that its gate went by.
    pub(super) fn judge_anew(&mut self, by_another_list: bool) {
        if by_another_list && self.hearsay.is_overfull() {
            // Some of it is on disk only: all logs are folded anew from there.
            self.forget_uses();
            return;
        }
        let Hearsay {
            waiting,
            contradicted,
            beyond,
        } = std::mem::take(&mut self.hearsay);
        self.hearsay.beyond = beyond;
        for of in waiting.into_values().flatten().chain(contradicted) {
            self.fold_other(of);
        }
    }

    fn believe(&mut self, waiting: &Waiting) {
        let Waiting {
            log, device, entry, ..
        } = waiting;
        if !waiting.suspect {
            self.state.apply(*log, *device, entry);
        } else if let Some(use_) = Use::of(*log, *device, entry) {
            self.suspects.insert(entry.serial, use_);
        }
    }

    /// A ticket may have been let in by a medium, or by the ticket that it was added to: then the
    /// proof is of that one. Whether it is, is open once that ticket was replaced.
    fn standing(&self, device: DeviceId, entry: &Entry) -> ProofStanding {
        let own = self.own_standing(device, entry);
        let extra = self.extras.get(entry.serial);
        let (Some(extra), Some(event), true) = (extra, self.event, entry.is_proof()) else {
            return own;
        };
        let medium = MediumId::of(event, entry.proof);
        if own == ProofStanding::Proven || extra.media.iter().any(|link| link.id == medium) {
            return ProofStanding::Proven;
        }
        let Some((main, row)) = extra.added_to.and_then(|to| Some((to, self.row(to)?))) else {
            return own;
        };
        let standing = if entry.flags.contains(DecisionFlags::TYPED) {
            match self.code_row(main).and_then(|row| row.index) {
                Some(index) if entry.proof.code_index(event) == index => ProofStanding::Proven,
                Some(_) => ProofStanding::Contradicted,
                None => ProofStanding::Unknown,
            }
        } else {
            let known = Some((row.generation, row.commitment));
            proof_standing(entry.proof, event, main, row.generation, known)
        };
        match standing {
            ProofStanding::Contradicted if row.generation > 1 => ProofStanding::Unknown,
            standing => standing,
        }
    }

    fn own_standing(&self, device: DeviceId, entry: &Entry) -> ProofStanding {
        let Some(event) = self.event else {
            return ProofStanding::Unknown;
        };
        let attended = self.roster.by_device(device).is_some_and(|of| of.attended);
        let known = self.row(entry.serial).map(|row| KnownTicket {
            generation: row.generation,
            commitment: row.commitment,
            index: self.code_row(entry.serial).and_then(|row| row.index),
        });
        entry.standing(event, attended, known)
    }

    /// The ticket itself is here: entries that were waiting for it count if they saw the same one.
    pub(crate) fn settle(
        &mut self,
        serial: u32,
        generation: u8,
        proof: impl FnOnce() -> ScanProof,
    ) {
        if let Some(waiting) = self.hearsay.waiting.remove(&(serial, generation)) {
            let proof = proof();
            for of in waiting {
                let entry = of.entry;
                if entry.flags.contains(DecisionFlags::TYPED) {
                    // The ticket in hand does not tell its typed code.
                    self.hearsay.wait(of);
                } else if entry.proof == proof || (!entry.is_proof() && entry.is_word()) {
                    // A word that waited for a ticket of this generation has found it.
                    self.believe(&of);
                } else {
                    // Unless it was a medium or an add-on, which the next list tells.
                    self.hearsay.contradict(of);
                }
            }
        }
    }

    /// Entries that nothing here can judge yet.
    pub(crate) fn waiting(&self) -> usize {
        self.hearsay.waiting.values().map(Vec::len).sum()
    }

    /// Entries that claim a scan which this list does not bear out.
    pub(crate) fn contradicted(&self) -> u64 {
        self.hearsay.contradicted.len() as u64 + self.hearsay.beyond
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::EventId;
    use shared::time::Timestamp;
    use shared::trust::{TicketRow, TicketRowStatus};

    use super::*;
    use crate::cache::{Writer, a_cache};

    const SERIAL: u32 = 5;
    /// Of the entries that the writer makes.
    const SEEN: ScanProof = ScanProof([9; 8]);

    /// A list whose only ticket was seen with this proof.
    fn list(book: &mut Book, event: EventId, proof: ScanProof) {
        book.event = Some(event);
        let row = TicketRow {
            status: TicketRowStatus::Active,
            generation: 1,
            class: 0,
            flags: 0,
            seat: 0,
            commitment: proof.commitment(event, SERIAL, 1),
        };
        book.rows = vec![0; SERIAL as usize * TicketRow::LEN];
        book.rows.extend(row.encode());
    }

    #[test]
    fn what_one_list_speaks_against_is_judged_by_the_next_also_beyond_the_bound() {
        // V6, ADR 0004
        let event = EventId::new(Timestamp::UNIX_EPOCH, [1; 10]);
        for count in [1, 4, 6] {
            let (mut cache, _dir) = a_cache();
            let writer = Writer::new();
            let entries = writer.write(writer.genesis.head(), count, SERIAL);
            cache.merge(&writer.extension(entries)).expect("merged");
            let mut book = Book::default();
            list(&mut book, event, ScanProof([8; 8]));
            book.load_logs(&cache).expect("loads");
            assert_eq!(book.contradicted(), u64::from(count));
            assert!(book.hearsay.contradicted.len() <= CONTRADICTED_MAX);
            assert!(book.state.ticket(SERIAL).is_none());
            // Another statement, the same list: nothing changes.
            book.judge_anew(false);
            assert_eq!(book.contradicted(), u64::from(count));

            list(&mut book, event, SEEN);
            book.judge_anew(true);
            book.load_logs(&cache).expect("loads");
            assert_eq!(book.contradicted(), 0);
            let state = book.state.ticket(SERIAL).expect("used");
            assert_eq!(state.admissions(), count as usize);
        }
    }
}
