//! State as a fold over the set of entries: pure, total, insensitive to arrival order.
//!
//! The order (clock, log id, seq) decides labels, never whether something happened: two people who
//! came in on one ticket are both inside, and one of them is called a duplicate.
//!
//! Invariants: inserting twice changes nothing; any permutation and batching of the same entries
//! gives the same state and the same digest. Two bodies at one (log, seq), which an honest device
//! never makes and the chain refuses, are both kept, so that even then nothing depends on arrival.

use std::collections::VecDeque;

use super::chain::LogId;
use super::entry::{Entry, EntryKind, Hlc, Target};
use crate::ids::DeviceId;

/// One use of a ticket, as entries tell it. Fields are in the common order, which is what the
/// derived `Ord` compares by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    pub hlc: Hlc,
    pub log: LogId,
    pub seq: u32,
    pub kind: EntryKind,
    pub device: DeviceId,
    pub gate: u16,
    pub generation: u8,
    pub target: Option<Target>,
}

impl Use {
    /// What `entry` says about its ticket; `None` for kinds that tell of no use.
    pub fn of(log: LogId, device: DeviceId, entry: &Entry) -> Option<Self> {
        match entry.kind {
            EntryKind::Admit | EntryKind::Exit | EntryKind::Undo | EntryKind::Forced => {
                Some(Self {
                    hlc: entry.hlc,
                    log,
                    seq: entry.seq,
                    kind: entry.kind,
                    device,
                    gate: entry.gate,
                    generation: entry.generation,
                    target: entry.target,
                })
            }
            EntryKind::Refused | EntryKind::Clock | EntryKind::Roster | EntryKind::Checkpoint => {
                None
            }
        }
    }
    /// Somebody came in by it.
    pub fn is_admission(&self) -> bool {
        matches!(self.kind, EntryKind::Admit | EntryKind::Forced)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UseLabel {
    /// An admission when nobody was in on the ticket: the first, or one after an exit.
    Primary,
    /// An admission when somebody already was.
    Duplicate,
    /// An exit or an undo.
    None,
}

/// All uses of one ticket in the common order: (HLC, log id, seq).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketState {
    uses: Vec<Use>,
}

impl TicketState {
    pub fn uses(&self) -> &[Use] {
        &self.uses
    }

    /// From uses in any order, each once.
    pub(super) fn from_unordered(mut uses: Vec<Use>) -> Self {
        uses.sort_unstable();
        Self { uses }
    }

    /// Idempotent; keeps the order.
    pub fn insert(&mut self, use_: Use) {
        if let Err(at) = self.uses.binary_search(&use_) {
            // Most tickets have one use: room for four would be waste a million times.
            if self.uses.is_empty() {
                self.uses.reserve_exact(1);
            }
            self.uses.insert(at, use_);
        }
    }

    /// The label of each use, also of undone ones, which have none.
    pub(super) fn labels(&self) -> Vec<UseLabel> {
        Fold::of(&self.uses).labels(&self.uses)
    }

    /// Each use with its label; undone uses are left out.
    pub fn labelled(&self) -> Vec<(Use, UseLabel)> {
        let fold = Fold::of(&self.uses);
        let all = self.uses.iter().copied().zip(fold.labels(&self.uses));
        all.zip(&fold.standing)
            .filter_map(|(labelled, standing)| standing.then_some(labelled))
            .collect()
    }

    /// An admission stands that no exit has closed.
    pub fn is_inside(&self) -> bool {
        self.open_admission().is_some()
    }

    /// How many admissions stand, whatever came out again.
    pub fn admissions(&self) -> usize {
        self.standing_admissions().count()
    }

    /// The first admission that stands.
    pub fn first_admission(&self) -> Option<&Use> {
        self.standing_admissions().next()
    }

    /// The latest admission that stands.
    pub fn last_admission(&self) -> Option<&Use> {
        self.standing_admissions().last()
    }

    /// The admissions that stand, in the common order.
    pub fn standing_admissions(&self) -> impl Iterator<Item = &Use> {
        let fold = Fold::of(&self.uses);
        self.uses
            .iter()
            .zip(fold.standing)
            .filter_map(|(use_, standing)| (standing && use_.is_admission()).then_some(use_))
    }

    /// The admission that an exit at this moment closes: the earliest that is open.
    pub fn open_admission(&self) -> Option<&Use> {
        self.open().next()
    }

    /// The admissions that stand and that no exit has closed, in the common order.
    pub fn open(&self) -> impl Iterator<Item = &Use> {
        let fold = Fold::of(&self.uses);
        let open: Vec<usize> = fold
            .admissions(&self.uses)
            .filter(|at| fold.closed_by[*at].is_none())
            .collect();
        open.into_iter().map(|at| &self.uses[at])
    }

    /// The uses that are wanted, as if there were no others.
    #[must_use]
    pub fn filtered(&self, wanted: impl Fn(&Use) -> bool) -> Self {
        Self {
            uses: self
                .uses
                .iter()
                .copied()
                .filter(|use_| wanted(use_))
                .collect(),
        }
    }

    /// Newest generation that any entry saw; 0 when there is none. It kills older tokens wherever it
    /// is heard of. An undo takes back a use, not the evidence that the newer ticket exists.
    pub fn newest_generation(&self) -> u8 {
        let seen = self.uses.iter().filter(|use_| use_.kind != EntryKind::Undo);
        seen.map(|use_| use_.generation).max().unwrap_or(0)
    }

    /// Somebody came in while somebody was in already.
    pub fn is_conflict(&self) -> bool {
        self.labelled()
            .iter()
            .any(|(_, label)| *label == UseLabel::Duplicate)
    }
}

/// What undos and exits do to the uses of one ticket. Indices are places in the common order.
struct Fold {
    /// Not undone.
    standing: Vec<bool>,
    /// The exit that closes this admission.
    closed_by: Vec<Option<usize>>,
}

impl Fold {
    fn of(uses: &[Use]) -> Self {
        let mut fold = Self {
            standing: vec![true; uses.len()],
            closed_by: vec![None; uses.len()],
        };
        // Nearly every ticket is used once, and nothing can follow from that.
        if uses.len() > 1 {
            let names = Names::of(uses);
            fold.undo(uses, &names);
            fold.close(uses, &names);
        }
        fold
    }

    /// An undo takes back what it names, wherever both stand in the order. An undo of an undo does
    /// nothing: what was taken back never revives.
    fn undo(&mut self, uses: &[Use], names: &Names) {
        for undo in uses.iter().filter(|use_| use_.kind == EntryKind::Undo) {
            for at in undo.target.iter().flat_map(|target| names.find(*target)) {
                if uses[at].kind != EntryKind::Undo {
                    self.standing[at] = false;
                }
            }
        }
    }

    /// First the exits that name a known admission, wherever the clocks put them. Then, in order,
    /// each other exit closes the earliest admission before it that is still open; if there is
    /// none it is an orphan and closes nothing.
    fn close(&mut self, uses: &[Use], names: &Names) {
        let mut unnamed = vec![false; uses.len()];
        for (exit, use_) in uses.iter().enumerate() {
            if use_.kind != EntryKind::Exit || !self.standing[exit] {
                continue;
            }
            unnamed[exit] = true;
            for at in use_.target.iter().flat_map(|target| names.find(*target)) {
                if uses[at].is_admission() {
                    unnamed[exit] = false;
                    self.closed_by[at].get_or_insert(exit);
                }
            }
        }
        let mut open = VecDeque::new();
        for (at, use_) in uses.iter().enumerate() {
            if use_.is_admission() && self.standing[at] && self.closed_by[at].is_none() {
                open.push_back(at);
            } else if unnamed[at]
                && let Some(admission) = open.pop_front()
            {
                self.closed_by[admission] = Some(at);
            }
        }
    }

    fn admissions(&self, uses: &[Use]) -> impl Iterator<Item = usize> {
        (0..uses.len()).filter(|at| self.standing[*at] && uses[*at].is_admission())
    }

    fn labels(&self, uses: &[Use]) -> Vec<UseLabel> {
        let mut labels = vec![UseLabel::None; uses.len()];
        let mut closes = vec![0_usize; uses.len()];
        let mut open = 0_usize;
        for at in 0..uses.len() {
            if self.standing[at] && uses[at].is_admission() {
                labels[at] = match open {
                    0 => UseLabel::Primary,
                    _ => UseLabel::Duplicate,
                };
                match self.closed_by[at] {
                    // A slow clock put the exit before the admission: it is closed at once.
                    Some(exit) if exit < at => {}
                    Some(exit) => {
                        closes[exit] += 1;
                        open += 1;
                    }
                    None => open += 1,
                }
            }
            open -= closes[at];
        }
        labels
    }
}

/// Finds uses by (log, seq).
struct Names(Vec<(Target, usize)>);

impl Names {
    fn of(uses: &[Use]) -> Self {
        let name = |(at, use_): (usize, &Use)| {
            let Use { log, seq, .. } = *use_;
            (Target { log, seq }, at)
        };
        let mut names: Vec<_> = uses.iter().enumerate().map(name).collect();
        names.sort_unstable();
        Self(names)
    }
    fn find(&self, target: Target) -> impl Iterator<Item = usize> {
        let from = self.0.partition_point(|(name, _)| *name < target);
        self.0[from..]
            .iter()
            .take_while(move |(name, _)| *name == target)
            .map(|(_, at)| *at)
    }
}
