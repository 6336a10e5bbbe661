//! Alerts that reach people who are not looking (V10): each is told once, to webhooks and by mail.
//!
//! Invariants
//! - An incident's alert is a job of the commit that stores the incident. What else the live view warns of
//!   (silence, a rush, a wrong clock, guesses) is looked for every minute while the event is on.
//! - What is told is one row ([`Alert`]), written in the commit that enqueues its webhooks and its mail:
//!   whoever tells it again finds it.
//! - What stands is told again only after a look has found that it was over.
//! - An event's people get one mail in ten minutes at most, and each alert that is to be mailed is in one.
//! - The sentences are those of the live view: one function makes both.

mod look;
mod mail;
mod model;
mod tell;

pub use look::schedule;
pub use model::{Alert, Watch};
pub(super) use tell::{incident_over, tell_later};

use crate::app::AppState;
use crate::platform::jobs::Runner;

pub(super) fn register(runner: &mut Runner<AppState>) {
    tell::register(runner);
    look::register(runner);
    mail::register(runner);
}
