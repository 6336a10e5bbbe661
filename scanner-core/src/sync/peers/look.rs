//! What scanners and syncs have stored, here or in other processes.

use shared::sync::StatementSet;

use super::driver::Driver;
use crate::cache::LogRow;
use crate::error::{Cause, Error};
use crate::sync::gossip::{Input, Node, StoreError};
use crate::sync::transport::lan::Lan;

/// Own entries read at one look.
const LOOK_ENTRIES: u32 = 4096;

impl Driver {
    /// What scanners and syncs, here or in other processes, have stored since the last look.
    pub(super) fn look(&mut self, lan: &Lan) -> Result<(), StoreError> {
        if self.node.is_none() {
            return Ok(());
        }
        let version = self.store.cache.data_version().map_err(Error::from)?;
        if version != self.version {
            self.version = version;
            let statements = self.store.cache.statement_versions().map_err(Error::from)?;
            if statements != self.statements {
                self.statements = statements;
                self.adopt_roster().map_err(Error::from)?;
                self.feed(lan, Input::Statements(StatementSet::default()))?;
            }
            self.find_open()?;
            self.look_at_others(lan)?;
        }
        let Some(open) = self.open else {
            return Ok(());
        };
        let Some(place) = self.store.cache.place_of(open).map_err(Error::from)? else {
            return Ok(());
        };
        let end = self.ends.get(&open).copied().unwrap_or(0);
        let grown = self
            .store
            .cache
            .entries(place, end, LOOK_ENTRIES)
            .map_err(Error::from)?;
        if grown.is_empty() && self.ends.contains_key(&open) {
            return Ok(());
        }
        let grown = u32::try_from(grown.len()).unwrap_or(LOOK_ENTRIES);
        self.ends.insert(open, end + grown);
        self.changed = true;
        self.feed(
            lan,
            Input::Appended {
                log: open,
                urgent: false,
            },
        )
    }

    /// A sync with the server, or a file that was carried here, brought entries of others.
    fn look_at_others(&mut self, lan: &Lan) -> Result<(), StoreError> {
        let rows = self.store.cache.logs().map_err(Error::from)?;
        if rows
            .iter()
            .any(|row| row.frozen.is_some() && self.goes_past(row))
        {
            return Err("another program found that a log was written twice".into());
        }
        for row in rows {
            let known = self.ends.get(&row.log).copied().unwrap_or(0);
            if Some(row.log) != self.open && row.checked.next_seq > known {
                self.ends.insert(row.log, row.checked.next_seq);
                let log = row.log;
                self.feed(lan, Input::Appended { log, urgent: false })?;
            }
        }
        Ok(())
    }

    /// The node believes that a frozen log goes on, or that it ends elsewhere: it has to begin anew.
    fn goes_past(&self, row: &LogRow) -> bool {
        let views = self.node.as_ref().map(Node::logs).unwrap_or_default();
        let known = views.iter().find(|of| of.log == row.log);
        known.and_then(|of| of.frozen).map(|end| end.next_seq) != row.frozen
    }

    pub(super) fn find_open(&mut self) -> Result<(), StoreError> {
        let rows = self.store.cache.logs().map_err(Error::from)?;
        let open = rows.iter().find(|row| row.own && !row.closed);
        self.open = open.map(|row| row.log);
        Ok(())
    }

    pub(super) fn adopt_roster(&mut self) -> Result<(), Cause> {
        self.roster = self.store.roster()?;
        let offset = self.store.cache.sync_facts()?.clock_offset();
        self.members.adopt(&self.roster, offset.unwrap_or(0));
        self.changed = true;
        Ok(())
    }
}
