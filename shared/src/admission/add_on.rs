//! Add-ons: a list for them, opened by the ticket that they were added to (S26-S28, S132).
//!
//! A guest shows one code at the door and at the buffet. On a list that matches add-ons, a ticket
//! that the list does not admit stands for what was added to it and is on the list.
//!
//! Invariants: the ticket in hand must be good, whatever it stands for; one passage is one add-on;
//! add-ons of one class are alike, so the first that is free is taken; of several classes the gate
//! cannot know which is meant, and takes none.

use crate::log::{TicketState, Use};
use crate::ticket::Payload;
use crate::trust::{ListFlags, TicketRow};

use super::decide::{Case, Direction};

/// A ticket that was added to the one that is shown.
#[derive(Clone, Debug)]
pub struct AddOn {
    /// What its own code would say.
    pub payload: Payload,
    pub row: TicketRow,
    pub state: Option<TicketState>,
    pub suspects: Vec<Use>,
}

/// What a ticket stands for at a gate.
pub(super) enum Meant<'a> {
    Itself,
    AddOn(&'a AddOn),
    /// Classes of what it could stand for.
    Several(Vec<u8>),
}

impl<'a> Case<'a> {
    pub(super) fn meant(&self) -> Meant<'a> {
        let Some(list) = self.usage.list() else {
            return Meant::Itself;
        };
        if !list.has(ListFlags::ADD_ON_MATCH) || list.admits(self.payload.class) {
            return Meant::Itself;
        }
        let all = self.facts.add_ons.iter();
        let listed: Vec<&AddOn> = all.filter(|of| list.admits(of.payload.class)).collect();
        let mut classes: Vec<u8> = listed.iter().map(|of| of.payload.class).collect();
        classes.sort_unstable();
        classes.dedup();
        if classes.len() > 1 {
            return Meant::Several(classes);
        }
        let free = listed.iter().find(|add_on| self.is_free(add_on));
        let chosen = free.or(listed.first()).copied();
        chosen.map_or(Meant::Itself, Meant::AddOn)
    }

    /// Whether this passage is still open to it.
    fn is_free(&self, add_on: &AddOn) -> bool {
        let usage = self.usage_of(add_on.state.as_ref());
        match self.gate.direction {
            Direction::In => !usage.is_used(self.re_enters_as(&add_on.payload)),
            Direction::Out => usage.is_inside(),
        }
    }
}
