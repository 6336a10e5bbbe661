//! Every collection of the server, in one list: what MongoDB is set up from, and what the
//! conformance suite checks the SQLite migrations against.
//!
//! A slice adds a line here for each entity it stores.

use super::{Collection, Entity, Meta};
use crate::accounts::model::{RefreshToken, Session, User};
use crate::gate::GateChange;
use crate::platform::idempotency::Remembered;
use crate::platform::jobs::Job;
use crate::platform::journal;

pub const ALL: &[Collection] = &[
    Meta::COLLECTION,
    Job::COLLECTION,
    Remembered::COLLECTION,
    journal::Entry::COLLECTION,
    User::COLLECTION,
    Session::COLLECTION,
    RefreshToken::COLLECTION,
    GateChange::COLLECTION,
];
