//! A version as it is stored. Pure.

use serde::{Deserialize, Serialize};
use shared::api::versions::VersionView;
use shared::ids::{EventId, UserId};
use shared::time::Timestamp;

use crate::events::blueprint::Blueprint;
use crate::events::model::Event;
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

/// Versions of one event.
pub(super) const VERSIONS_MAX: u32 = 50;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    pub event: EventId,
    /// The event's revision.
    pub revision: u64,
    pub at: Timestamp,
    pub by: UserId,
    pub blueprint: Blueprint,
}

impl Version {
    pub(super) fn key(event: EventId, revision: u64) -> String {
        format!("{event}/{revision}")
    }

    pub(super) fn view(&self, of: &Event) -> VersionView {
        VersionView {
            version: self.revision,
            at: self.at,
            by: self.by,
            approved: of.approval.is_some_and(|of| of.version == self.revision),
            current: of.revision == self.revision,
        }
    }
}

impl Entity for Version {
    const COLLECTION: Collection = Collection {
        name: "event_versions",
        fields: &[Field::text("event_id"), Field::int("revision")],
        indexes: &[Index::unique("by_event", &["event_id", "revision"])],
    };
    fn id(&self) -> String {
        Self::key(self.event, self.revision)
    }
    fn index(&self) -> Vec<IndexValue> {
        let revision = i64::try_from(self.revision).unwrap_or(i64::MAX);
        vec![self.event.into(), revision.into()]
    }
}
