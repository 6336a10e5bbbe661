//! What an exchange leaves behind, how ever it ended: when the server was heard, and what it says of
//! this device.
//!
//! Invariant: nobody's bare word closes a gate unless he has proven to be the server. What closes it
//! everywhere is the signed roster.

use data_encoding::BASE64;
use shared::sync::StatementSet;
use shared::trust::Signed;

use super::engine::{SyncReport, Syncer};
use super::{TransportError, proto};
use crate::cache::SyncFacts;
use crate::error::Cause;

/// The server's word for a device that may no longer speak.
const EVICTED: &str = "device_evicted";
/// For one whose six digits the organizer has not compared yet.
const UNCONFIRMED: &str = "device_pending";

impl Syncer {
    /// The signed roster may come with the word that this device was removed. It proves that; the
    /// word alone does not.
    pub(super) fn learn_cut(&mut self, cause: &Cause) -> Result<(), Cause> {
        let Cause::Transport(TransportError::Refused { code, details, .. }) = cause else {
            return Ok(());
        };
        let roster = details.get("roster").filter(|_| code == EVICTED);
        let wire = roster.and_then(|text| BASE64.decode(text.as_bytes()).ok());
        let Some(roster) = wire.and_then(|wire| Signed::from_wire(&wire).ok()) else {
            return Ok(());
        };
        let offered = StatementSet {
            roster: Some(roster),
            ..StatementSet::default()
        };
        let plan = proto::adoption(&self.held()?, offered, self.edge.clock.now());
        if let Some(error) = &plan.distrust {
            tracing::warn!(%error, "a roster that came with a refusal is not the organizer's");
        }
        self.cache.apply(&plan)?;
        Ok(())
    }

    pub(super) fn remember(
        &mut self,
        report: &SyncReport,
        outcome: &Result<(), Cause>,
        is_authentic: bool,
    ) -> Result<(), Cause> {
        let now = self.edge.clock.now();
        let mut facts = SyncFacts {
            last_attempt: Some(now),
            ..self.cache.sync_facts()?
        };
        if report.clock_offset_ms.is_some() {
            facts.clock_offset_ms = report.clock_offset_ms;
            facts.clock_measured_at = Some(now);
        }
        match outcome {
            Ok(()) => {
                facts.last_success = Some(now);
                facts.last_error = None;
                facts.evicted = false;
                facts.called_evicted = false;
                facts.unconfirmed = false;
            }
            Err(cause) => {
                facts.last_error = Some(cause.to_string());
                if let Cause::Transport(TransportError::Refused { code, .. }) = cause {
                    facts.called_evicted |= code == EVICTED;
                    facts.evicted |= code == EVICTED && is_authentic;
                    facts.unconfirmed = code == UNCONFIRMED;
                }
            }
        }
        self.cache.store_sync_facts(&facts)
    }
}
