//! What one commit of an act changed.

use data_encoding::HEXLOWER;
use serde_json::json;
use shared::journal::{CHANGES_MAX, Change};

use super::act::Draft;
use super::{Actor, Entry, StoredSeal, subject};
use crate::platform::db::{DbError, Entity};
use crate::platform::idempotency::Remembered;
use crate::platform::jobs::Job;
use crate::platform::moments::Moment;

/// The machinery's own rows say nothing about what was done.
const NOT_WATCHED: [&str; 5] = [
    Entry::COLLECTION.name,
    StoredSeal::COLLECTION.name,
    Job::COLLECTION.name,
    Remembered::COLLECTION.name,
    Moment::COLLECTION.name,
];

/// Watches a commit of an act.
pub(in crate::platform) struct Witness {
    draft: Draft,
    changes: Vec<Change>,
    unlisted: u32,
    has_written: bool,
    /// What the use case recorded itself.
    entries: Vec<Entry>,
}

impl Witness {
    pub(in crate::platform) const fn new(draft: Draft) -> Self {
        Self {
            draft,
            changes: Vec::new(),
            unlisted: 0,
            has_written: false,
            entries: Vec::new(),
        }
    }

    pub(in crate::platform) fn watches<E: Entity>() -> bool {
        !NOT_WATCHED.contains(&E::COLLECTION.name)
    }

    /// Whether one more change would be named.
    pub(in crate::platform) const fn has_room(&self) -> bool {
        self.changes.len() < CHANGES_MAX
    }

    /// A row became another, came or went.
    pub(in crate::platform) fn saw<E: Entity>(
        &mut self,
        before: Option<&E>,
        after: Option<&E>,
    ) -> Result<(), DbError> {
        let Some(row) = after.or(before) else {
            return Ok(());
        };
        self.has_written = true;
        if !self.has_room() {
            self.unlisted = self.unlisted.saturating_add(1);
            return Ok(());
        }
        let change = Change {
            of: format!("{}/{}", E::COLLECTION.name, self.plain(&row.id())),
            before: before.map(|row| self.digest(row)).transpose()?,
            after: after.map(|row| self.digest(row)).transpose()?,
        };
        self.changes.push(change);
        Ok(())
    }

    /// A store writes by itself: that it did is all there is to know.
    pub(in crate::platform) const fn saw_backend(&mut self) {
        self.has_written = true;
    }

    pub(in crate::platform) fn keep(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    pub(in crate::platform) fn about(&mut self, kind: &str, id: &dyn std::fmt::Display) {
        self.draft.scope = Some(subject(kind, id));
    }

    /// The entries to write; none when nothing was changed.
    pub(in crate::platform) fn entries(self) -> Vec<Entry> {
        let Draft {
            id,
            at,
            actor,
            via,
            scope,
            key: _,
        } = self.draft;
        let mut entries = self.entries;
        if entries.is_empty() {
            if !self.has_written {
                return entries;
            }
            let subject = match (&scope, &actor) {
                (Some(scope), _) => scope.clone(),
                (None, Actor::User(user)) => subject("user", user),
                (None, other) => other.to_string(),
            };
            entries.push(Entry::new(id, at, actor, via.clone(), subject, json!({})));
        }
        for entry in &mut entries {
            entry.via = Some(via.clone());
            entry.scope = entry.scope.take().or_else(|| scope.clone());
        }
        if let Some(first) = entries.first_mut() {
            first.changes = self.changes;
            first.unlisted = self.unlisted;
        }
        entries
    }

    /// Half a keyed hash of the row as it is stored.
    fn digest<E: Entity>(&self, row: &E) -> Result<String, DbError> {
        let hash = blake3::keyed_hash(&self.draft.key, &serde_json::to_vec(row)?);
        Ok(HEXLOWER.encode(&hash.as_bytes()[..16]))
    }

    /// Ids are numbers; a key that somebody chose (a code, a name) is told by its digest.
    fn plain(&self, id: &str) -> String {
        let is_number = |c: char| c.is_ascii_hexdigit() && !c.is_ascii_uppercase();
        if id.chars().all(|c| is_number(c) || "-/:".contains(c)) {
            return id.to_owned();
        }
        let hash = blake3::keyed_hash(&self.draft.key, id.as_bytes());
        format!("#{}", HEXLOWER.encode(&hash.as_bytes()[..8]))
    }
}
