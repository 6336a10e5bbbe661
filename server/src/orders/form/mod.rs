//! What is said as tickets are bought: who comes, and answers to the organizer's questions (O3).
//!
//! Invariants
//! - There is one kind of question (`events::check_in`) with the moments it is asked at, and one place
//!   that judges answers (`tickets::Asked`): what the order takes, the gate does not refuse.
//! - An answer keeps the wording in which it was asked.
//! - A ticket that is claimed takes along what was said for it; from then on that is the ticket's.
//! - An order for which anything was ever asked or answered has a form, so that listing the forms of
//!   an event lists all answers.

mod change;
mod csv;
mod fill;
pub mod http;
mod model;
mod view;

pub use fill::ensure_form;
pub use model::{OrderForm, TicketForm};

pub(super) use fill::{Due, fill, follow};
