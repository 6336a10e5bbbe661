//! A ticket's entries as one check-in list counts them.
//!
//! Invariants: pure; nothing is written for an automatic check-out, so every device that knows the
//! same entries finds the same people inside at the same moment.

use std::borrow::Cow;

use jiff::civil;

use crate::log::{EntryKind, TicketState, Use};
use crate::time::Timestamp;
use crate::trust::{EntryLimit, GatePolicy, ListPolicy, Policy};

use super::facts::zone;

#[derive(Clone, Debug)]
pub(super) struct Usage<'a> {
    state: Option<Cow<'a, TicketState>>,
    policy: &'a Policy,
    gate: Option<&'a GatePolicy>,
    list: Option<&'a ListPolicy>,
    now: Timestamp,
}

/// What a ticket's entries come to on the list of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub entered: bool,
    pub inside: bool,
}

/// As the gate counts it that asks.
pub fn standing(
    state: &TicketState,
    policy: &Policy,
    gate: Option<u16>,
    now: Timestamp,
) -> Standing {
    let usage = Usage::of(Some(state), policy, gate, now);
    Standing {
        entered: usage.state().is_some_and(|state| state.admissions() > 0),
        inside: usage.is_inside(),
    }
}

impl<'a> Usage<'a> {
    /// Without a gate there is no list: every use counts.
    pub(super) fn of(
        state: Option<&'a TicketState>,
        policy: &'a Policy,
        gate: Option<u16>,
        now: Timestamp,
    ) -> Self {
        let gate = gate.and_then(|gate| policy.gates.get(usize::from(gate)));
        let state = match (state, gate) {
            (Some(state), Some(gate)) if !policy.lists.is_empty() => Some(Cow::Owned(
                state.filtered(|use_| counts_on(use_, policy, gate.list)),
            )),
            (state, _) => state.map(Cow::Borrowed),
        };
        let list = gate
            .and_then(|gate| gate.list)
            .and_then(|list| policy.lists.get(usize::from(list)));
        Self {
            state,
            policy,
            gate,
            list,
            now,
        }
    }

    pub(super) fn list(&self) -> Option<&'a ListPolicy> {
        self.list
    }

    pub(super) fn state(&self) -> Option<&TicketState> {
        self.state.as_deref()
    }

    pub(super) fn entries(&self) -> EntryLimit {
        self.list.map_or(EntryLimit::Once, |list| list.entries)
    }

    /// Step 9: once, or again after an exit where that is allowed; in all or on each day.
    pub(super) fn is_used(&self, re_entry: bool) -> bool {
        let Some(state) = self.state() else {
            return false;
        };
        match (self.entries(), re_entry) {
            (EntryLimit::Unlimited, _) => false,
            (EntryLimit::Once, false) => state.admissions() > 0,
            (EntryLimit::Once, true) => self.is_inside(),
            (EntryLimit::OncePerDay, false) => {
                state.standing_admissions().any(|use_| self.is_today(use_))
            }
            // Who stayed over midnight without a scan still has today's entry.
            (EntryLimit::OncePerDay, true) => self.open().any(|use_| self.is_today(use_)),
        }
    }

    /// A quarantined admission that would stand in the way if it counted. One that a supervisor has
    /// answered since, by letting the ticket in, does so no longer.
    pub(super) fn suspect<'s>(&self, suspects: &'s [Use]) -> Option<&'s Use> {
        let answered = |suspect: &Use| {
            let standing = self.state().into_iter();
            let mut standing = standing.flat_map(TicketState::standing_admissions);
            standing.any(|use_| use_.kind == EntryKind::Forced && use_ > suspect)
        };
        suspects.iter().find(|suspect| {
            let stands = match self.entries() {
                EntryLimit::Unlimited => false,
                EntryLimit::Once => true,
                EntryLimit::OncePerDay => self.is_today(suspect),
            };
            stands && self.is_here(suspect) && !answered(suspect)
        })
    }

    /// Of the list that is asked for.
    fn is_here(&self, use_: &Use) -> bool {
        match self.gate {
            Some(gate) if !self.policy.lists.is_empty() => counts_on(use_, self.policy, gate.list),
            Some(_) | None => true,
        }
    }

    pub(super) fn is_inside(&self) -> bool {
        self.open().next().is_some()
    }

    /// The admission that stands in the way: the first, or the latest where people come and go.
    pub(super) fn earlier(&self, re_entry: bool) -> Option<&Use> {
        let state = self.state()?;
        if re_entry || self.entries() != EntryLimit::Once {
            state.last_admission()
        } else {
            state.first_admission()
        }
    }

    /// Admissions that no exit closed, and no check-out of the house either.
    fn open(&self) -> impl Iterator<Item = &Use> {
        let gone = self.checked_out();
        let open = self.state().into_iter().flat_map(TicketState::open);
        open.filter(move |use_| gone.is_none_or(|gone| use_.hlc.at() >= gone))
    }

    /// The last time that everybody inside counted as gone.
    fn checked_out(&self) -> Option<Timestamp> {
        let secs = i64::from(self.list?.check_out_secs?);
        let time = civil::Time::midnight()
            .checked_add(jiff::SignedDuration::from_secs(secs))
            .ok()?;
        let zone = zone(&self.policy.timezone);
        let today = self.now.to_jiff().to_zoned(zone.clone()).date();
        let on = |date: civil::Date| {
            let at = date.to_datetime(time).to_zoned(zone.clone()).ok()?;
            Some(Timestamp::from_millis(at.timestamp().as_millisecond()))
        };
        let at = on(today).filter(|at| *at <= self.now);
        at.or_else(|| on(today.yesterday().ok()?))
    }

    fn is_today(&self, use_: &Use) -> bool {
        let zone = zone(&self.policy.timezone);
        let day = |at: Timestamp| at.to_jiff().to_zoned(zone.clone()).date();
        day(use_.hlc.at()) == day(self.now)
    }
}

/// A gate that these rules do not know may be of any list, so its entries count on all.
pub(super) fn counts_on(use_: &Use, policy: &Policy, list: Option<u8>) -> bool {
    let gate = policy.gates.get(usize::from(use_.gate));
    use_.kind == EntryKind::Undo || gate.is_none_or(|gate| gate.list == list)
}
