//! What a privileged request is while it runs: who, by which route, about what.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use shared::ids::JournalId;
use shared::time::Timestamp;
use zeroize::Zeroizing;

use super::{Actor, subject};
use crate::platform::clock::Clock;
use crate::platform::entropy::Entropy;

tokio::task_local! {
    static ACT: Arc<Act>;
}

/// A request that must not change anything without a trace.
pub struct Act {
    via: String,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// Keys the digests of rows: without it they cannot be guessed from.
    key: Zeroizing<[u8; 32]>,
    actor: OnceLock<Actor>,
    scope: Mutex<Option<String>>,
}

impl Act {
    /// `via` is the route's method and template, never the path itself.
    pub fn new(
        via: String,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        key: Zeroizing<[u8; 32]>,
    ) -> Self {
        Self {
            via,
            clock,
            entropy,
            key,
            actor: OnceLock::new(),
            scope: Mutex::new(None),
        }
    }
}

impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Act")
            .field("via", &self.via)
            .finish_non_exhaustive()
    }
}

/// Runs a request as an act.
pub async fn acting<F: Future>(act: Act, work: F) -> F::Output {
    ACT.scope(Arc::new(act), work).await
}

/// Says who acts, once that is known.
pub fn acted_by(actor: Actor) {
    // Nobody acts twice in one request, and outside of an act there is nobody to tell.
    ACT.try_with(|act| act.actor.set(actor).ok()).ok();
}

/// Says which event or organization the act is about.
pub fn acts_on(kind: &str, id: impl fmt::Display) {
    let set = |act: &Arc<Act>| {
        let mut scope = act.scope.lock().unwrap_or_else(PoisonError::into_inner);
        *scope = Some(subject(kind, id));
    };
    ACT.try_with(set).ok();
}

/// What one commit of an act needs: drawn before it, because a commit may run twice.
#[derive(Clone)]
pub(in crate::platform) struct Draft {
    pub(super) id: JournalId,
    pub(super) at: Timestamp,
    pub(super) actor: Actor,
    pub(super) via: String,
    pub(super) scope: Option<String>,
    pub(super) key: Zeroizing<[u8; 32]>,
}

/// The act that is going on, if one is.
pub(in crate::platform) fn current() -> Option<Draft> {
    let draft = |act: &Arc<Act>| {
        let at = act.clock.now();
        let scope = act.scope.lock().unwrap_or_else(PoisonError::into_inner);
        Draft {
            id: JournalId::new(at, act.entropy.id10()),
            at,
            actor: act.actor.get().cloned().unwrap_or(Actor::System),
            via: act.via.clone(),
            scope: scope.clone(),
            key: act.key.clone(),
        }
    };
    ACT.try_with(draft).ok()
}
