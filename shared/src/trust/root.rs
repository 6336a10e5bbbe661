//! The root: which keys may sign what for one event. Devices pin its hash at enrolment.

use serde::{Deserialize, Serialize};

use super::authority::Authority;
use super::statement::{Expected, Opened, Signed, Statement, StatementKind, TrustError};
use crate::ids::EventId;
use crate::time::Timestamp;

/// BLAKE3 of the first root statement, 16 bytes: what the enrolment link carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootPin(pub [u8; 16]);

impl RootPin {
    pub fn of(signed: &Signed) -> Self {
        let mut pin = [0; 16];
        pin.copy_from_slice(&signed.hash()[..16]);
        Self(pin)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    pub root: Authority,
    pub keyring: Authority,
    pub roster: Authority,
    pub snapshot: Authority,
}

impl Root {
    /// The first root that a device meets: it signs itself and must match the pin.
    pub fn open_pinned(
        signed: &Signed,
        event: EventId,
        pin: RootPin,
        now: Timestamp,
    ) -> Result<Opened<Self>, TrustError> {
        signed.check_size()?;
        // The pin vouches for the bytes, so they may be read for the keys that must have signed.
        if RootPin::of(signed) != pin {
            return Err(TrustError::RootPin);
        }
        let hash = signed.hash();
        let Statement { header, body } = signed.statement::<Self>()?;
        body.root.verify(signed)?;
        let expected = Expected {
            kind: StatementKind::Root,
            event,
            now,
            seen: None,
        };
        expected.check(&header, hash)?;
        body.check()?;
        Ok(Opened { header, body, hash })
    }

    /// Version N+1 needs a threshold of N's keys and of its own; N+2 without N+1 is refused.
    /// Offering the current root again is fine.
    pub fn succeed(
        current: &Opened<Self>,
        next: &Signed,
        now: Timestamp,
    ) -> Result<Opened<Self>, TrustError> {
        next.check_size()?;
        current.body.root.verify(next)?;
        let hash = next.hash();
        let expected = Expected {
            kind: StatementKind::Root,
            event: current.header.event,
            now,
            seen: Some((current.header.version, current.hash)),
        };
        let header = next.header()?;
        expected.check(&header, hash)?;
        if header.version > current.header.version.saturating_add(1) {
            return Err(TrustError::Skipped {
                expected: current.header.version.saturating_add(1),
                offered: header.version,
            });
        }
        let Statement { header, body } = next.statement::<Self>()?;
        body.root.verify(next)?;
        body.check()?;
        Ok(Opened { header, body, hash })
    }

    /// Every authority is usable, and no online key (roster, snapshot) may sign root or keyring.
    pub fn check(&self) -> Result<(), TrustError> {
        for authority in [&self.root, &self.keyring, &self.roster, &self.snapshot] {
            authority.load()?;
        }
        let is_offline = |key| self.root.keys.contains(key) || self.keyring.keys.contains(key);
        let mut online = self.roster.keys.iter().chain(&self.snapshot.keys);
        if online.any(is_offline) {
            return Err(TrustError::Key("an online key signs root or keyring"));
        }
        Ok(())
    }
}
