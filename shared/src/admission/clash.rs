//! Admissions of one ticket of which a list would have let in fewer, had every gate known of all.
//!
//! The fold's own labels know no rules: to them each admission while another is open is a duplicate,
//! so that replicas with equal logs say the same whatever list they have. To people the second day
//! of a pass for several days is no conflict, nor is the buffet after the door.
//!
//! Invariant: pure; where an event has no lists, it says what the labels say.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::log::{EntryKind, TicketState, Use, UseLabel};
use crate::trust::{EntryLimit, ListPolicy, Policy};

use super::facts::zone;
use super::usage::counts_on;

/// The admissions that stand in each other's way, in the common order, with their labels; empty
/// where there is no conflict.
pub fn clashes(state: &TicketState, policy: &Policy) -> Vec<(Use, UseLabel)> {
    // Nearly every ticket is used once.
    if state.admissions() < 2 {
        return Vec::new();
    }
    if policy.lists.is_empty() {
        return together(state);
    }
    let mut all: Vec<(Use, UseLabel)> = Vec::new();
    let lists = policy.lists.iter().enumerate();
    let lists = lists.filter_map(|(index, list)| Some((u8::try_from(index).ok()?, list)));
    let lists = lists.map(|(index, list)| (Some(index), Some(list)));
    for (index, list) in lists.chain([(None, None)]) {
        let here = state.filtered(|use_| counts_on(use_, policy, index));
        for found in on_list(&here, list, policy) {
            // A gate that the rules do not know counts on each list.
            match all.iter_mut().find(|(use_, _)| *use_ == found.0) {
                Some((_, label)) if found.1 == UseLabel::Duplicate => *label = found.1,
                Some(_) => {}
                None => all.push(found),
            }
        }
    }
    all.sort_unstable_by_key(|(use_, _)| *use_);
    all
}

fn on_list(here: &TicketState, list: Option<&ListPolicy>, policy: &Policy) -> Vec<(Use, UseLabel)> {
    let entries = list.map_or(EntryLimit::Once, |list| list.entries);
    let check_out = list.and_then(|list| list.check_out_secs);
    let begins = match (entries, check_out) {
        (EntryLimit::Unlimited, _) => return Vec::new(),
        (EntryLimit::Once, None) => return together(here),
        (EntryLimit::Once, Some(secs)) => secs,
        (EntryLimit::OncePerDay, _) => 0,
    };
    let zone = zone(&policy.timezone);
    let day = |use_: &Use| day(use_, &zone, begins);
    let admissions = here.standing_admissions();
    let days: BTreeSet<Date> = admissions.map(&day).collect();
    let of_day = |of: Date| here.filtered(|use_| use_.kind == EntryKind::Undo || day(use_) == of);
    let days = days.into_iter().map(of_day);
    days.flat_map(|state| together(&state)).collect()
}

/// Days begin so many seconds after midnight.
fn day(use_: &Use, zone: &TimeZone, begins: u32) -> Date {
    let at = use_.hlc.at().plus_secs(-i64::from(begins));
    at.to_jiff().to_zoned(zone.clone()).date()
}

/// All that came in, where one did while another was inside.
fn together(state: &TicketState) -> Vec<(Use, UseLabel)> {
    let labelled = state.labelled();
    let is_conflict = |(_, label): &(Use, UseLabel)| *label == UseLabel::Duplicate;
    if !labelled.iter().any(is_conflict) {
        return Vec::new();
    }
    let came_in = |(_, label): &(Use, UseLabel)| *label != UseLabel::None;
    labelled.into_iter().filter(came_in).collect()
}
