//! Admission: one pure function for server, kiosk and app.
//!
//! Invariants: total (every input has a verdict), the same everywhere, no I/O, no clock. The first
//! check that fails is the reason; `also` lists the others; an earlier use is always told.

mod add_on;
pub mod answers;
mod checks;
mod clash;
pub mod decide;
pub mod explain;
mod facts;
mod hold;
mod languages;
mod media;
pub mod overrule;
pub mod present;
pub mod rules;
pub mod tries;
mod turn;
mod typed;
mod usage;
pub mod verdict;

pub use add_on::AddOn;
pub use answers::{Answer, Demand};
pub use clash::clashes;
pub use decide::{Direction, Facts, GateContext, decide, is_listed};
pub use hold::{Ungranted, hold};
pub use media::{Carried, decide_medium};
pub use present::{IssuedList, Presented, present, present_chip, present_listed};
pub use turn::{GateClock, TOLERANCE_SECS, Turn, Untimely};
pub use typed::{Untyped, refuse_on_old_news};
pub use usage::{Standing, standing};
pub use verdict::{EarlierUse, Outcome, Reason, Verdict};
