//! Pages for people: the attendee's ticket, the enrolment hint, events.
//!
//! Invariants: server-rendered and complete without script; nothing is loaded from elsewhere; no
//! inline script or style (the content policy forbids both); a ticket's page says nothing to
//! caches, referrers or search engines.

mod account_page;
mod ahead;
#[cfg(test)]
mod ahead_tests;
mod assets;
mod enrol_page;
mod event_page;
mod front_page;
mod guest_page;
mod guest_papers;
mod guest_payment;
#[cfg(test)]
mod guest_tests;
mod headers;
pub mod http;
mod layout;
mod live_page;
mod missing_page;
mod passkey_page;
mod payment_page;
mod state;
#[cfg(test)]
mod tests;
mod ticket_page;
pub(crate) mod times;
mod unsubscribe_page;

pub use missing_page::missing;
