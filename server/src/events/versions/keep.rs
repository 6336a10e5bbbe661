//! Keeping what an edit made.

use shared::ids::UserId;
use shared::time::Timestamp;

use super::model::{VERSIONS_MAX, Version};
use crate::events::blueprint::blueprint_in;
use crate::events::model::Event;
use crate::platform::db::{DbError, Query, Tx};

/// Keeps the event as it is stored now, in the commit of the edit that made it so.
pub fn keep(tx: &mut Tx<'_>, event: &Event, by: UserId, at: Timestamp) -> Result<(), DbError> {
    let key = Version::key(event.id, event.revision);
    if tx.get::<Version>(&key)?.is_some() {
        return Ok(());
    }
    let version = Version {
        event: event.id,
        revision: event.revision,
        at,
        by,
        blueprint: blueprint_in(tx, event)?,
    };
    tx.insert(&version)?;
    let all = Query::on("by_event").eq(event.id);
    if tx.count::<Version>(&all)? <= u64::from(VERSIONS_MAX) {
        return Ok(());
    }
    let approved = event.approval.map(|approval| approval.version);
    let oldest = tx.list::<Version>(&all.limit(2))?;
    match oldest.iter().find(|of| Some(of.revision) != approved) {
        Some(oldest) => tx.delete(oldest),
        None => Ok(()),
    }
}
