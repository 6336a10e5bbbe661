//! Disputes: a payer's bank takes the money back, or tries to (P5).
//!
//! Invariants
//! - A gate hears nothing of a dispute. The organizer may void the order's tickets; nobody else does.
//! - While a bank withholds the money nothing of it is given back: it would be paid twice. What is owed
//!   waits, and goes when the bank has decided for the shop.
//! - A dispute that is lost is a row of the ledger that is back. A loss may be won later, in arbitration;
//!   a win is final.
//! - What was told before, or out of order, changes nothing: the gateway is asked how it stands.

mod find;
mod model;
mod note;
mod regain;
mod revoke;

pub use find::list;
pub use model::Dispute;
pub use note::{Told, note};
pub use revoke::revoke;
