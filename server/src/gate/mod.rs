//! The gate's back office: event keys and signed statements, snapshots, devices, sync, redemptions.
//!
//! Invariants
//! - The server admits nobody: it signs what gates may know and learns what they did.
//! - A ticket change and its mark share a commit; a published snapshot was read after its marks.
//! - An entry is stored at most once and counts only if its device's key made it before any cut.
//! - What the entries mean is a fold over the set, so it does not depend on the order of arrival.
//!
//! Other slices may call [`mark_changed`], [`keys::for_event`] and [`publish::refresh`].

mod adopt;
mod alert;
mod answers;
mod audit;
mod challenge;
mod changed;
mod checkpoint;
mod codes;
mod confirm;
mod conflicts;
mod encoding;
mod enrol;
mod error;
mod evict;
mod fetch;
mod fleet;
pub mod http;
mod incident;
mod invite;
mod issuing;
pub mod jobs;
pub mod keys;
mod live;
pub mod model;
mod office;
mod policy;
pub mod publish;
mod redemption;
mod redemptions;
mod roster;
pub mod rotate;
mod runtime;
mod scan_keys;
mod segments;
mod shown;
mod staff;
mod statements;
mod supervisors;
mod sync;
#[cfg(test)]
pub(crate) mod tests;
mod told;
mod tries;
mod validate;
mod watch;

pub use alert::{Alert, Watch};
pub use changed::{GateChange, mark_changed};
pub use codes::TicketCode;
pub use error::Error;
pub use incident::{Incident, IncidentKind};
pub use live::Tally;
pub use redemption::{Redemption, Suspect};
pub(crate) use redemptions::of_serial as redemptions_of;
pub use runtime::GateRuntime;
pub use segments::RowChange;
pub use staff::{GateStaff, leave_staff};
pub use supervisors::SupervisorList;
pub use tries::CodeTries;
pub use validate::{state_of, suspects_of};

use shared::ids::EventId;

use crate::events::model::Event;
use crate::platform::db::{Db, Versioned};

/// The event, whoever asks.
async fn event(db: &Db, id: EventId) -> Result<Versioned<Event>, Error> {
    let found = db.get::<Event>(&id.to_string()).await?;
    found.ok_or(Error::NotFound("event"))
}
