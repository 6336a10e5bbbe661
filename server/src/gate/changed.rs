//! Marks a serial whose snapshot row is out of date, in the commit that changed the ticket.

use serde::{Deserialize, Serialize};
use shared::ids::EventId;
use shared::time::Timestamp;

use crate::platform::db::{Collection, DbError, Entity, Field, Index, IndexValue, Tx};

/// A serial to publish. Marking it again raises its revision, so that a publisher that read the
/// ticket before the second change does not take the mark away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateChange {
    pub event: EventId,
    pub serial: u32,
}

impl GateChange {
    pub fn key(event: EventId, serial: u32) -> String {
        format!("{event}:{serial}")
    }
}
impl Entity for GateChange {
    const COLLECTION: Collection = Collection {
        name: "gate_changes",
        fields: &[Field::text("event_id"), Field::int("serial")],
        indexes: &[Index::on("by_event", &["event_id", "serial"])],
    };
    fn id(&self) -> String {
        Self::key(self.event, self.serial)
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.event.into(), i64::from(self.serial).into()]
    }
}

/// The gates must hear of this ticket: call it in the commit that claims, refunds, revokes or
/// otherwise changes what a gate would say. Also enqueues the publishing job of the event.
pub fn mark_changed(
    tx: &mut Tx<'_>,
    event: EventId,
    serial: u32,
    now: Timestamp,
) -> Result<(), DbError> {
    match tx.get::<GateChange>(&GateChange::key(event, serial))? {
        Some(mut marked) => tx.replace(&mut marked)?,
        None => {
            tx.insert(&GateChange { event, serial })?;
        }
    }
    super::jobs::enqueue_publish(tx, event, serial, now)
}
