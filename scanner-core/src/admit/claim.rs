//! Strict tickets: claim before green (gossip.md 6, ADR 0024).
//!
//! Invariant: a ticket of a strict class is admitted only when this very entry was granted; whatever
//! goes wrong on the way is a refusal that a supervisor may overrule.

use shared::admission::{Direction, Outcome, Ungranted, Verdict, hold};
use shared::sync::claim::ClaimSlot;
use shared::trust::ClassPolicy;

use super::ScanOptions;
use super::scanner::Scanner;
use crate::sync::{Claimed, Wanted, claim, peers_shown};

const NO_GOSSIP: &str = "This device talks with no other gate, which tickets of this class need. \
     On a kiosk, `kiosk gossip` must run.";
const NOBODY: &str = "This device hears no other device, which tickets of this class need.";

impl Scanner {
    /// Asks the homes of a strict ticket that would be admitted now; others are left as they are.
    /// Gives what staff should know, when it is this device that keeps the guest waiting.
    pub(super) fn claim_first(
        &self,
        verdict: &mut Verdict,
        options: ScanOptions,
    ) -> Option<&'static str> {
        if verdict.verdict != Outcome::Admit || options.direction != Direction::In {
            return None;
        }
        let class = self.strict_class(verdict)?;
        let wanted = self.next_slot(verdict).map(|slot| Wanted {
            slot,
            zones: class.zones,
        });
        let mut note = None;
        let why = match wanted.map(|wanted| claim(self.cache.dir(), wanted)) {
            Some(Claimed::Granted) => return None,
            Some(Claimed::Taken) => Ungranted::Taken,
            Some(Claimed::Closed) => {
                note = Some(NO_GOSSIP);
                Ungranted::Unreached
            }
            Some(Claimed::Unreached) if self.hears_nobody() => {
                note = Some(NOBODY);
                Ungranted::Unreached
            }
            // Granted to this device, which knows of no admission: the power went in between, or
            // the answer came too late. Nobody can say whether somebody entered.
            Some(Claimed::Spent | Claimed::Unreached) | None => Ungranted::Unreached,
        };
        hold(verdict, self.language(), why);
        note
    }

    /// As of this moment: the guest waits anyway.
    fn hears_nobody(&self) -> bool {
        let shown = peers_shown(self.cache.dir(), self.edge.clock.now());
        shown.is_some_and(|of| of.peers.is_empty())
    }

    /// The class of the ticket that the verdict is about, if it needs a grant.
    fn strict_class(&self, verdict: &Verdict) -> Option<&ClassPolicy> {
        let (_, class) = self.meant(verdict)?;
        let classes = &self.book.snapshot.as_ref()?.policy.classes;
        classes.get(usize::from(class)).filter(|class| class.strict)
    }

    /// Each entry has a slot of its own: the next is free once this device has heard of the one
    /// before, also when that was taken back. `None` when there are no more.
    fn next_slot(&self, verdict: &Verdict) -> Option<ClaimSlot> {
        let (serial, generation) = (verdict.serial?, verdict.generation?);
        let state = self.book.state.ticket(serial).unwrap_or_default();
        let entries = state.uses().iter().filter(|of| of.is_admission());
        Some(ClaimSlot {
            serial,
            generation,
            slot: u8::try_from(entries.count()).ok()?,
        })
    }
}
