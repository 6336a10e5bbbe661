//! Events, ticket classes and gates: their fields, their rules and the one table of moves. Pure.

mod event;
mod parts;
mod terms;

pub use event::{
    Action, Archived, CAPACITY_MAX, ENTRY_LEAD_SECS, Event, VENUE_ID_CHARS_MAX, WINDOW_SECS_MAX,
    after, epoch_of,
};
pub use parts::{Gate, MAX_PER_ORDER_DEFAULT, PRICE_MINOR_MAX, TicketClass};
pub use terms::{Refusal, Sold, share_of};
