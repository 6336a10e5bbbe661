//! A subscription and its messages; pure.

use serde::{Deserialize, Serialize};
use shared::api::hooks::{HookKind, HookMessageStatus, HookMessageView, HookTry, HookView};
use shared::api::organizations::Right;
use shared::ids::{EventId, HookId, HookMessageId, UserId};
use shared::time::Timestamp;

use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};
use crate::platform::vault::Wrapped;

/// Waits between tries, in seconds; then it has failed.
const WAITS_SECS: [i64; 9] = [5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 50_400];
/// Tries that are kept; replays make more.
const TRIES_KEPT: usize = 30;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hook {
    pub id: HookId,
    pub owner: UserId,
    pub event: Option<EventId>,
    pub url: String,
    pub kinds: Vec<HookKind>,
    pub secret: Wrapped,
    pub created_at: Timestamp,
}

impl Hook {
    pub fn view(&self) -> HookView {
        HookView {
            id: self.id,
            url: self.url.clone(),
            kinds: self.kinds.clone(),
            event_id: self.event,
            created_at: self.created_at,
        }
    }

    pub fn hears(&self, kind: HookKind) -> bool {
        self.kinds.contains(&kind)
    }
}

/// Asked of whoever makes a hook, and again before each message: rights end.
pub(super) const NEEDS: Right = Right::Events;

/// What a hook listens to: one event, or all of an organizer.
pub(super) fn scope(event: Option<EventId>, owner: UserId) -> String {
    event.map_or_else(|| format!("user/{owner}"), |event| format!("event/{event}"))
}

impl Entity for Hook {
    const COLLECTION: Collection = Collection {
        name: "hooks",
        fields: &[Field::text("scope"), Field::text("owner")],
        indexes: &[
            Index::on("by_scope", &["scope"]),
            Index::on("by_owner", &["owner"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![scope(self.event, self.owner).into(), self.owner.into()]
    }
}

/// One thing told to one hook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HookMessage {
    pub id: HookMessageId,
    pub hook: HookId,
    pub kind: HookKind,
    /// As it is sent, byte for byte.
    pub body: String,
    pub created_at: Timestamp,
    pub status: HookMessageStatus,
    /// Tries since it was first sent, or replayed last.
    pub round: u32,
    pub next_at: Option<Timestamp>,
    pub tries: Vec<HookTry>,
}

impl HookMessage {
    /// Notes a try. Gives when to try again.
    pub fn tried(&mut self, outcome: HookTry) -> Option<Timestamp> {
        let now = outcome.at;
        let is_taken = outcome
            .status
            .is_some_and(|code| (200..300).contains(&code));
        self.tries.push(outcome);
        let excess = self.tries.len().saturating_sub(TRIES_KEPT);
        self.tries.drain(..excess);
        let wait = WAITS_SECS.get(self.round as usize).copied();
        self.round = self.round.saturating_add(1);
        self.next_at = None;
        match wait {
            _ if is_taken => self.status = HookMessageStatus::Delivered,
            None => self.status = HookMessageStatus::Failed,
            Some(secs) => {
                self.status = HookMessageStatus::Waiting;
                self.next_at = Some(now.plus_secs(secs));
            }
        }
        self.next_at
    }

    /// Sends it again from the start, whatever became of it.
    pub fn replay(&mut self, now: Timestamp) {
        self.status = HookMessageStatus::Waiting;
        self.round = 0;
        self.next_at = Some(now);
    }

    pub fn view(&self) -> HookMessageView {
        HookMessageView {
            id: self.id,
            kind: self.kind,
            status: self.status,
            created_at: self.created_at,
            next_at: self.next_at,
            tries: self.tries.clone(),
        }
    }
}

impl Entity for HookMessage {
    const COLLECTION: Collection = Collection {
        name: "hook_messages",
        fields: &[Field::text("hook"), Field::int("created_at")],
        indexes: &[Index::on("by_hook", &["hook", "created_at"])],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.hook.into(), self.created_at.into()]
    }
}
