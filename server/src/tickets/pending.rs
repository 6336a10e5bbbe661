//! Tickets that were claimed before they were paid for.

use shared::ids::TicketId;
use shared::time::Timestamp;

use super::{ClaimedTicket, Error};
use crate::gate;
use crate::orders::model::Later;
use crate::platform::db::{Query, Tx};

/// On what terms a claimed ticket is not paid for yet; `None`: it is. The gates hear of it.
pub fn set_pending(
    tx: &mut Tx<'_>,
    ticket: TicketId,
    pending: Option<Later>,
    now: Timestamp,
) -> Result<(), Error> {
    let query = Query::on("by_ticket").eq(ticket).limit(1);
    let Some(mut ticket) = tx.list::<ClaimedTicket>(&query)?.pop() else {
        return Ok(());
    };
    if ticket.pending != pending {
        ticket.pending = pending;
        tx.replace(&mut ticket)?;
        gate::mark_changed(tx, ticket.event_id, ticket.serial, now)?;
    }
    Ok(())
}
