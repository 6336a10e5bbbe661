//! The audit bundle of an event and its check: every signature and chain, from the pinned root.
//!
//! Invariants: the verifier trusts nothing that its root did not sign, the exporter least of all;
//! it reads a bundle line by line and never stops at a fault, because the next one may matter more;
//! pure, like all of `shared`.

mod bundle;
mod logs;
mod report;
mod signed_off;
mod verify;
mod weigh;

pub use bundle::{FORMAT, LINE_BYTES_MAX, Line, RedemptionRow, from_base64, to_base64};
pub use report::{Finding, FindingKind, Report, SignedOff, Totals};
pub use verify::Auditor;
