//! What this device promised as a home of strict tickets.
//!
//! Invariant: a home that may have forgotten a grant abstains. Its memory is whole only while the
//! database lies where it was enrolled and was never put back, cut, or told so by others.

use rusqlite::{Connection, OptionalExtension as _};
use shared::sync::claim::{ClaimId, ClaimSlot};
use shared::sync::{from_wire, to_wire};

use super::facts;
use super::open::Cache;
use crate::error::Cause;
use crate::sync::gossip::Grant;

const PLACE: &str = "grants";
const CLAIM_BYTES_MAX: usize = 64;

impl Cache {
    pub(crate) fn grant(&self, slot: ClaimSlot) -> Result<Option<ClaimId>, Cause> {
        let wire: Option<Vec<u8>> = self
            .conn
            .prepare_cached(
                "SELECT claim FROM grants WHERE serial = ?1 AND generation = ?2 AND slot = ?3",
            )?
            .query_row((slot.serial, slot.generation, slot.slot), |row| row.get(0))
            .optional()?;
        wire.map(|wire| from_wire(&wire, CLAIM_BYTES_MAX))
            .transpose()
            .map_err(|_| Cause::Inconsistent {
                table: "grants",
                row: slot.serial.to_string(),
                what: "not the claim that was stored",
            })
    }

    pub(crate) fn grants_are_whole(&self, rolled_back: bool) -> Result<bool, Cause> {
        let promised: Option<String> = facts::read(&self.conn, PLACE)?;
        let closed = self.logs()?.iter().any(|row| row.own && row.closed);
        Ok(promised == Some(self.place()?)
            && !rolled_back
            && !closed
            && self.settled_cuts()?.is_empty())
    }
}

/// At enrolment, when there is nothing to forget yet.
pub(super) fn promise(tx: &Connection, place: &str) -> Result<(), Cause> {
    facts::write(tx, PLACE, place)
}

pub(super) fn store(tx: &Connection, grant: &Grant) -> Result<(), Cause> {
    let ClaimSlot {
        serial,
        generation,
        slot,
    } = grant.slot;
    match &grant.to {
        Some(claim) => tx.execute(
            "INSERT INTO grants (serial, generation, slot, claim) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET claim = excluded.claim",
            (serial, generation, slot, to_wire(claim)),
        )?,
        None => tx.execute(
            "DELETE FROM grants WHERE serial = ?1 AND generation = ?2 AND slot = ?3",
            (serial, generation, slot),
        )?,
    };
    Ok(())
}
