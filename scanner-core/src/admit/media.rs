//! Wristbands and cards: read like a code, and known from the snapshot.

use shared::admission::{Answer, Verdict, decide_medium};
use shared::ticket::{MediumId, ScanProof, medium_proof, medium_text};
use shared::time::Timestamp;

use super::scanner::Scanner;
use super::{Reading, ScanOptions};

impl Scanner {
    /// The verdict about a medium that the snapshot knows, and the proof that it was seen. `None`
    /// for what is no such thing.
    pub(super) fn judge_medium(
        &self,
        reading: &Reading,
        options: ScanOptions,
        given: &[Answer],
        now: Timestamp,
    ) -> Option<(Verdict, ScanProof)> {
        let text = medium_text(&reading.text)?;
        let event = self.identity.event;
        let proof = medium_proof(event, &text);
        let carried = self.book.carried(MediumId::of(event, proof));
        if carried.is_empty() {
            return None;
        }
        let verdict = self.unready(now).or_else(|| {
            let snapshot = self.book.snapshot.as_ref()?;
            let gate = self.context(options, snapshot.created, now);
            Some(decide_medium(&carried, given, &snapshot.policy, &gate, now))
        })?;
        Some((verdict, proof))
    }
}
