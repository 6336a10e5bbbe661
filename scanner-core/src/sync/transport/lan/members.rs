//! Who may open a link: the signed roster, as the handshake asks for it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use shared::ids::DeviceId;
use shared::time::Timestamp;
use shared::trust::Roster;

use crate::clock::Clock;

/// Why a key gets no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stranger {
    #[error("its key is in no roster of this event")]
    Unknown,
    #[error("its device was evicted")]
    Evicted,
    #[error("its time in the roster is over")]
    Expired,
    #[error("it is this device itself")]
    Myself,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    device: DeviceId,
    not_after: Timestamp,
    evicted: bool,
}

#[derive(Default)]
struct Listed {
    by_key: BTreeMap<[u8; 32], Member>,
    /// Added to the own clock: what time it is by the others.
    offset_ms: i64,
}

/// Shared by the handshakes and whoever learns of a newer roster.
#[derive(Clone)]
pub(crate) struct Members {
    myself: [u8; 32],
    clock: Arc<dyn Clock>,
    listed: Arc<RwLock<Listed>>,
}

impl Members {
    /// Nobody is a member until a roster is adopted.
    pub(crate) fn new(myself: [u8; 32], clock: Arc<dyn Clock>) -> Self {
        Self {
            myself,
            clock,
            listed: Arc::default(),
        }
    }

    pub(crate) fn myself(&self) -> [u8; 32] {
        self.myself
    }

    pub(crate) fn adopt(&self, roster: &Roster, offset_ms: i64) {
        let by_key = roster.devices.iter().map(|of| {
            let member = Member {
                device: of.device,
                not_after: of.not_after,
                evicted: of.is_evicted(),
            };
            (of.public_key, member)
        });
        let listed = Listed {
            by_key: by_key.collect(),
            offset_ms,
        };
        *self.listed.write().unwrap_or_else(PoisonError::into_inner) = listed;
    }

    /// The device that may speak with this key, now.
    pub(crate) fn find(&self, key: &[u8; 32]) -> Result<DeviceId, Stranger> {
        if *key == self.myself {
            return Err(Stranger::Myself);
        }
        let listed = self.listed.read().unwrap_or_else(PoisonError::into_inner);
        let member = listed.by_key.get(key).ok_or(Stranger::Unknown)?;
        let now = self.clock.now().as_millis();
        if member.evicted {
            Err(Stranger::Evicted)
        } else if now.saturating_add(listed.offset_ms) > member.not_after.as_millis() {
            Err(Stranger::Expired)
        } else {
            Ok(member.device)
        }
    }
}

impl std::fmt::Debug for Members {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Members")
    }
}
