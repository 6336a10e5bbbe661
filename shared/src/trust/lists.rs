//! Check-in lists: which classes enter, under which rules, with a count of entries of its own.
//!
//! A gate belongs to one list, or to the event's own, which admits every class once. Lists are not
//! append-only: entries name gates, so a list counts what its gates of today have let in.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::snapshot::{Policy, within};
use super::statement::TrustError;
use crate::limits::NAME_CHARS_MAX;

pub const LISTS_MAX: usize = 64;
pub const RULES_MAX: usize = 64;
pub const RULE_BYTES_MAX: usize = 16 * 1024;
const DAY_SECS: u32 = 86_400;

/// How often one ticket enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryLimit {
    Once,
    /// Once on each day of the event's time zone: passes for several days.
    OncePerDay,
    /// As often as it is shown, also while somebody is inside on it.
    Unlimited,
}

/// Bit set of a list's switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListFlags(pub u8);

impl ListFlags {
    /// Tickets that are not paid for are let in once somebody has taken the money.
    pub const INCLUDE_PENDING: Self = Self(1);
    /// Whoever has left may come again, whatever the ticket says.
    pub const RE_ENTRY: Self = Self(1 << 1);
    /// Staff look at everybody's ID.
    pub const ID_CHECK: Self = Self(1 << 2);
    /// A ticket that is not on the list stands for what was added to it and is.
    pub const ADD_ON_MATCH: Self = Self(1 << 3);
    const KNOWN: u8 = 0b1111;

    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPolicy {
    pub name: String,
    /// Indexes of the classes that enter, ascending; `None` is all, an empty list is none.
    pub classes: Option<Vec<u8>>,
    pub entries: EntryLimit,
    pub flags: ListFlags,
    /// Seconds after midnight on the event's clock: whoever is inside then counts as gone.
    pub check_out_secs: Option<u32>,
    /// JSON-logic documents by name; all must be true, besides the event's.
    pub rules: Vec<(String, String)>,
}

impl ListPolicy {
    pub fn admits(&self, class: u8) -> bool {
        let classes = self.classes.as_ref();
        classes.is_none_or(|classes| classes.contains(&class))
    }
    pub fn has(&self, flag: ListFlags) -> bool {
        self.flags.contains(flag)
    }
}

/// The lists' part of [`Policy::check`].
pub(super) fn check(policy: &Policy) -> Result<(), TrustError> {
    within(policy.lists.len(), LISTS_MAX, "too many lists")?;
    for list in &policy.lists {
        within(list.name.chars().count(), NAME_CHARS_MAX, "name too long")?;
        check_classes(list.classes.as_deref(), policy)?;
        if list.flags.0 & !ListFlags::KNOWN != 0 {
            return Err(TrustError::Malformed("unknown list flags"));
        }
        if list.check_out_secs.is_some_and(|secs| secs >= DAY_SECS) {
            return Err(TrustError::Malformed("not a time of day"));
        }
        check_rules(&list.rules)?;
    }
    let names: BTreeSet<_> = policy.lists.iter().map(|list| &list.name).collect();
    if names.len() != policy.lists.len() {
        return Err(TrustError::Malformed("a list is listed twice"));
    }
    let known = |list: u8| usize::from(list) < policy.lists.len();
    let mut named = policy.gates.iter().filter_map(|gate| gate.list);
    if !named.all(known) {
        return Err(TrustError::Malformed("a gate of an unknown list"));
    }
    Ok(())
}

pub(super) fn check_classes(classes: Option<&[u8]>, policy: &Policy) -> Result<(), TrustError> {
    let classes = classes.unwrap_or_default();
    if !classes.windows(2).all(|pair| pair[0] < pair[1]) {
        return Err(TrustError::Malformed("classes out of order"));
    }
    let known = |class: &u8| usize::from(*class) < policy.classes.len();
    if !classes.iter().all(known) {
        return Err(TrustError::Malformed("an unknown class is listed"));
    }
    Ok(())
}

/// Whether each can be compiled is not asked here: a device that does not know an operator yet
/// refuses by that rule and says so, rather than to stand without any news.
pub(super) fn check_rules(rules: &[(String, String)]) -> Result<(), TrustError> {
    within(rules.len(), RULES_MAX, "too many rules")?;
    let names: BTreeSet<_> = rules.iter().map(|(name, _)| name).collect();
    if names.len() != rules.len() {
        return Err(TrustError::Malformed("a rule is listed twice"));
    }
    for (name, document) in rules {
        within(name.chars().count(), NAME_CHARS_MAX, "name too long")?;
        within(document.len(), RULE_BYTES_MAX, "rule too long")?;
        serde_json::from_str::<serde_json::Value>(document)
            .map_err(|_| TrustError::Malformed("a rule is not JSON"))?;
    }
    Ok(())
}
