//! The live view of an event's gates (V10): counts, rates, devices and alerts as a stream.
//!
//! Invariants
//! - What is shown comes from the store: any process of several shows the same, and a new one knows
//!   all of it.
//! - The commit that changes what is shown moves the event's mark ([`touch`]), so whoever compares
//!   the mark misses nothing.
//! - Readers share one look at the store per event; each has a bounded queue, and who does not read
//!   it is let go.

mod alerts;
mod hub;
mod note;
mod stream;
mod tally;
mod view;

pub(super) use alerts::{Named, alerts, of_incident};
pub(super) use hub::Hubs;
pub(super) use note::{alarm, note_conflict, touch};
pub(super) use stream::{open, snapshot};
pub use tally::Tally;
pub(super) use tally::{Changes, Counts, Place};
pub(super) use view::{Facts, facts};
