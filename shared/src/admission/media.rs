//! A wristband or card at a gate: which of its tickets it stands for now (S78-S83, S120, S121).
//!
//! Invariants: pure and total; a medium that is lost or over lets nobody in; of several tickets that
//! are good now the gate cannot know which is meant, and takes none, because one band is one person.

use crate::log::{TicketState, Use};
use crate::ticket::{Payload, layout::window_time};
use crate::time::Timestamp;
use crate::trust::{MediumLink, Policy, TicketRow};

use super::answers::Answer;
use super::decide::{Facts, GateContext, decide, refuse};
use super::present::Presented;
use super::verdict::{Reason, Verdict};

/// A ticket that a medium stands for.
#[derive(Clone, Debug)]
pub struct Carried {
    pub link: MediumLink,
    /// What the ticket's own code would say.
    pub payload: Payload,
    pub row: TicketRow,
    pub state: Option<TicketState>,
    pub suspects: Vec<Use>,
    pub seat: Option<String>,
    pub holder: Option<String>,
}

impl Carried {
    fn is_live(&self, now: Timestamp) -> bool {
        self.link.active && self.link.until.is_none_or(|until| now <= until)
    }

    /// How far its window is from now, in milliseconds; 0 inside.
    fn distance(&self, policy: &Policy, now: Timestamp) -> i64 {
        let early = i64::from(policy.early_tolerance_secs);
        let late = i64::from(policy.late_tolerance_secs);
        let from = window_time(policy.epoch, self.payload.not_before).plus_secs(-early);
        let until = window_time(policy.epoch, self.payload.not_after).plus_secs(late);
        from.millis_since(now).max(now.millis_since(until)).max(0)
    }
}

/// As `decide`, for a medium and all that it stands for.
pub fn decide_medium(
    carried: &[Carried],
    answers: &[Answer],
    policy: &Policy,
    gate: &GateContext,
    now: Timestamp,
) -> Verdict {
    let refused = |reason| refuse(reason, &[], policy, gate, now);
    let corrected = gate.corrected(now);
    if carried.is_empty() {
        return refused(Reason::NotATicket);
    }
    let live: Vec<&Carried> = carried.iter().filter(|of| of.is_live(corrected)).collect();
    if live.is_empty() {
        let lost = carried.iter().any(|of| !of.link.active);
        return refused(if lost {
            Reason::Blocked
        } else {
            Reason::Expired
        });
    }
    let listed = |of: &&&Carried| super::decide::is_listed(policy, gate.gate, of.payload.class);
    let listed = narrowed(live, listed);
    // Those that are good now, or else the next or the last that was: its verdict says when.
    let distances = listed.iter().map(|of| of.distance(policy, corrected));
    let nearest = distances.min().unwrap_or(0);
    let meant = narrowed(listed, |of| of.distance(policy, corrected) == nearest);
    let [one] = meant[..] else {
        let mut classes: Vec<u8> = meant.iter().map(|of| of.payload.class).collect();
        classes.sort_unstable();
        classes.dedup();
        return refuse(Reason::WrongClass, &classes, policy, gate, now);
    };
    let presented = Presented::Found {
        payload: one.payload,
    };
    let facts = Facts {
        row: Some(&one.row),
        state: one.state.as_ref(),
        suspects: &one.suspects,
        seat: one.seat.as_deref(),
        holder: one.holder.as_deref(),
        answers,
        ..Facts::default()
    };
    decide(&presented, &facts, policy, gate, now)
}

/// Those that are wanted, or all when none is: then the verdict says what is wrong with it.
fn narrowed<'a>(all: Vec<&'a Carried>, wanted: impl Fn(&&&'a Carried) -> bool) -> Vec<&'a Carried> {
    let some: Vec<&Carried> = all.iter().filter(&wanted).copied().collect();
    if some.is_empty() { all } else { some }
}
