//! What the gate slice keeps in memory, per process. All of it can be made again from the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use shared::ids::EventId;

use super::keys::KeyCache;
use super::live::Hubs;
use super::validate::PolicyCache;

#[derive(Default)]
pub struct GateRuntime {
    pub(super) keys: KeyCache,
    pub(super) policies: PolicyCache,
    pub(super) publishing: Turns,
    pub(super) live: Hubs,
}

/// One lock per event, gone when nobody holds it.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<EventId, Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    pub(super) fn of(&self, event: EventId) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = all.get(&event).and_then(Weak::upgrade) {
            return turn;
        }
        all.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        all.insert(event, Arc::downgrade(&turn));
        turn
    }
}
