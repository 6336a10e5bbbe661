//! Sync with a device: takes what it has and the server lacks, answers the other way round.
//!
//! Invariants: idempotent and resumable (the answer's vector says what is durable, any prefix may
//! be sent again); one bad log or segment is refused with a reason and holds up no other; the
//! device's clock decides nothing here, its offset is only noted.

mod answer;
mod apply;
mod authenticate;
mod count;
mod exchange;
mod fork;
mod plan;
mod project;
mod take;

pub(super) use apply::apply;
pub(super) use authenticate::authenticate;
use exchange::check_status;
pub(super) use exchange::sync;
pub(super) use fork::{entry_at, head_before};
pub(super) use plan::{Known, Plan, Run};
pub(super) use project::take_up;
