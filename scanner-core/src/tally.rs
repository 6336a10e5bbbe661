//! What a gate's screen counts, and the clock on its wall.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::admission::{is_listed, standing};
use shared::log::UseCount;
use shared::trust::{ListFlags, TicketRow, TicketRowStatus};

use crate::admit::Scanner;
use crate::error::Error;

/// How many of the tickets of one check-in list have come, as far as this device knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListCounts {
    /// That of this device's gate; `None` for the event's own.
    pub list: Option<String>,
    #[serde(flatten)]
    pub all: Counts,
    /// Classes that have tickets on it, in the event's order.
    pub classes: Vec<ClassCounts>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassCounts {
    pub class: String,
    #[serde(flatten)]
    pub counts: Counts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// That may enter.
    pub tickets: u64,
    /// Of them: that were let in at least once.
    pub entered: u64,
    pub inside: u64,
}

impl Scanner {
    /// Admissions of this device that stand, and people inside by all that is known here. Looks at
    /// every use of the event: some milliseconds for a hundred thousand. For moments when nobody
    /// waits, and not for all of them.
    pub fn count(&self) -> UseCount {
        self.book().state.count(self.identity().device)
    }

    /// How many have come, overall and of each class, on the list of this device's gate. Looks at
    /// every ticket and every use: for whoever asks, not for a screen that asks all the time.
    pub fn count_list(&mut self) -> Result<ListCounts, Error> {
        self.refresh()?;
        let now = self.edge().clock.now();
        let (book, gate) = (self.book(), self.own_gate());
        let Some(policy) = book.snapshot.as_ref().map(|of| &of.policy) else {
            return Ok(ListCounts::default());
        };
        let list = gate
            .and_then(|gate| policy.gates.get(usize::from(gate)))
            .and_then(|gate| policy.lists.get(usize::from(gate.list?)));
        let takes_unpaid = list.is_some_and(|list| list.has(ListFlags::INCLUDE_PENDING));
        let mut by_class: BTreeMap<u8, Counts> = BTreeMap::new();
        for (serial, row) in book.rows() {
            if !may_enter(&row, takes_unpaid) || !is_listed(policy, gate, row.class) {
                continue;
            }
            let counts = by_class.entry(row.class).or_default();
            counts.tickets += 1;
            if let Some(state) = book.state.ticket(serial) {
                let standing = standing(&state, policy, gate, now);
                counts.entered += u64::from(standing.entered);
                counts.inside += u64::from(standing.inside);
            }
        }
        let mut all = Counts::default();
        for of in by_class.values() {
            all.tickets += of.tickets;
            all.entered += of.entered;
            all.inside += of.inside;
        }
        let classes = by_class.into_iter().filter_map(|(class, counts)| {
            let class = policy.classes.get(usize::from(class))?.name.clone();
            Some(ClassCounts { class, counts })
        });
        Ok(ListCounts {
            list: list.map(|list| list.name.clone()),
            all,
            classes: classes.collect(),
        })
    }

    /// Where the event is, by its IANA name; none before the first sync.
    pub fn timezone(&self) -> Option<&str> {
        let snapshot = self.book().snapshot.as_ref()?;
        Some(&snapshot.policy.timezone)
    }
}

/// With or without a word about the money.
fn may_enter(row: &TicketRow, takes_unpaid: bool) -> bool {
    let has = |flag: u8| row.flags & flag != 0;
    match row.status {
        TicketRowStatus::Active => true,
        TicketRowStatus::Unpaid => {
            !has(TicketRow::NEEDS_APPROVAL) && (takes_unpaid || has(TicketRow::VALID_IF_PENDING))
        }
        TicketRowStatus::Unclaimed
        | TicketRowStatus::Cancelled
        | TicketRowStatus::Revoked
        | TicketRowStatus::Blocked
        | TicketRowStatus::Expired => false,
    }
}
