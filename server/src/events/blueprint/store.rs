//! Reading an event's blueprint, and building an event from one.

use super::Blueprint;
use crate::events::check_in::{CheckIn, check_in_in};
use crate::events::find::{classes_in, gates_in};
use crate::events::model::Event;
use crate::inventory::model::Pool;
use crate::platform::db::{DbError, LIMIT_MAX, Query, Tx, Versioned};
use crate::tickets::transfer::EventTransferRules;

/// The event as it is in this commit.
pub fn blueprint_in(tx: &mut Tx<'_>, event: &Event) -> Result<Blueprint, DbError> {
    let pools = Query::on("by_event").eq(event.id).limit(LIMIT_MAX);
    let pools = tx.list::<Pool>(&pools)?;
    let transfers = tx.get::<EventTransferRules>(&event.id.to_string())?;
    Ok(Blueprint {
        event: event.clone(),
        classes: classes_in(tx, event.id)?,
        gates: gates_in(tx, event.id)?,
        check_in: check_in_in(tx, event.id)?,
        pools: pools.into_iter().map(Versioned::into_inner).collect(),
        transfers: transfers.map(|rules| rules.value.rules),
    })
}

/// Makes the event and all of its parts. All ids are new.
pub fn build_in(tx: &mut Tx<'_>, of: &Blueprint) -> Result<(), DbError> {
    tx.insert(&of.event)?;
    tx.insert_all(&of.classes)?;
    tx.insert_all(&of.gates)?;
    tx.insert_all(&of.pools)?;
    tx.insert(&CheckIn {
        event_id: of.event.id,
        settings: of.check_in.clone(),
    })?;
    if let Some(rules) = of.transfers {
        let event = of.event.id;
        tx.insert(&EventTransferRules { event, rules })?;
    }
    Ok(())
}
