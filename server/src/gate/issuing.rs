//! The issuing keys of an event as a table of slots: which signs, which stands by, which was stolen.
//!
//! Invariants: exactly one key is active, and one stands by while kids last; a kid is never used
//! again; a key that signs no more names the highest serial that it can have signed.

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;
use shared::trust::KeyStatus;

use crate::platform::vault::Wrapped;

/// What the keyring tells of one key, and its seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Slot {
    pub kid: u8,
    pub status: KeyStatus,
    /// No ticket of a higher serial is of this key; `None` while it may still sign.
    pub serial_last: Option<u32>,
    pub changed_at: Timestamp,
    /// `None` for the first two, whose seeds were drawn with the event's other keys.
    pub(super) seed: Option<Wrapped>,
}

/// Why a key cannot be what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    #[error("there is no such key")]
    Unknown,
    /// Only the active key is retired; one that stands by has signed nothing.
    #[error("the key does not sign")]
    NotActive,
    #[error("all 256 kids of the event are used up")]
    UsedUp,
}

/// Kid 0 signs, kid 1 stands by.
pub(super) fn first(created_at: Timestamp) -> Vec<Slot> {
    [(0, KeyStatus::Active), (1, KeyStatus::Standby)]
        .into_iter()
        .map(|(kid, status)| Slot {
            kid,
            status,
            serial_last: None,
            changed_at: created_at,
            seed: None,
        })
        .collect()
}

pub(super) fn active<'a>(mut slots: impl Iterator<Item = &'a Slot>) -> Option<u8> {
    slots
        .find(|slot| slot.status == KeyStatus::Active)
        .map(|slot| slot.kid)
}

/// Takes a key out of use; the one that stands by takes over if it was the one that signs. False
/// when that has been done before. `serial_last`: the highest serial in stock.
pub(super) fn take_out(
    slots: &mut [Slot],
    kid: u8,
    to: KeyStatus,
    serial_last: u32,
    now: Timestamp,
) -> Result<bool, SlotError> {
    let slot = slots.iter_mut().find(|slot| slot.kid == kid);
    let slot = slot.ok_or(SlotError::Unknown)?;
    let was = slot.status;
    match (was, to) {
        (KeyStatus::Compromised, _) | (KeyStatus::Retired, KeyStatus::Retired) => return Ok(false),
        (KeyStatus::Standby, KeyStatus::Retired) => return Err(SlotError::NotActive),
        _ => {}
    }
    slot.status = to;
    slot.changed_at = now;
    // A retired key may have bounded itself before.
    slot.serial_last = slot.serial_last.or(Some(serial_last));
    if was == KeyStatus::Active {
        let mut others = slots.iter_mut();
        let next = others.find(|slot| slot.status == KeyStatus::Standby);
        let next = next.ok_or(SlotError::UsedUp)?;
        next.status = KeyStatus::Active;
        next.changed_at = now;
    }
    Ok(true)
}

/// The kid of the key to draw so that one stands by; `None` when one does.
pub(super) fn missing_standby(slots: &[Slot]) -> Result<Option<u8>, SlotError> {
    if slots.iter().any(|slot| slot.status == KeyStatus::Standby) {
        return Ok(None);
    }
    u8::try_from(slots.len())
        .map(Some)
        .map_err(|_| SlotError::UsedUp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOW;

    fn statuses(slots: &[Slot]) -> Vec<KeyStatus> {
        slots.iter().map(|slot| slot.status).collect()
    }

    fn stand_by(slots: &mut Vec<Slot>) {
        if let Some(kid) = missing_standby(slots).expect("kids last") {
            slots.push(Slot {
                kid,
                status: KeyStatus::Standby,
                ..slots[0].clone()
            });
        }
    }

    #[test]
    fn one_key_signs_and_one_stands_by_whatever_is_taken_out() {
        // T4
        use KeyStatus::{Active, Compromised, Retired, Standby};
        let mut slots = first(NOW);
        assert_eq!(take_out(&mut slots, 0, Retired, 99, NOW), Ok(true));
        stand_by(&mut slots);
        assert_eq!(statuses(&slots), [Retired, Active, Standby]);
        assert_eq!(slots[0].serial_last, Some(99));
        assert_eq!(take_out(&mut slots, 0, Retired, 500, NOW), Ok(false));
        // Found out later that it was stolen: its bound stays that of its last day.
        assert_eq!(take_out(&mut slots, 0, Compromised, 500, NOW), Ok(true));
        assert_eq!(slots[0].serial_last, Some(99));
        assert_eq!(take_out(&mut slots, 2, Compromised, 500, NOW), Ok(true));
        stand_by(&mut slots);
        assert_eq!(
            statuses(&slots),
            [Compromised, Active, Compromised, Standby]
        );
        assert_eq!(take_out(&mut slots, 1, Compromised, 500, NOW), Ok(true));
        assert_eq!(active(slots.iter()), Some(3));
        // Nothing revives a stolen key, and what never signed is not retired.
        stand_by(&mut slots);
        assert_eq!(take_out(&mut slots, 1, Retired, 500, NOW), Ok(false));
        assert_eq!(
            take_out(&mut slots, 4, Retired, 500, NOW),
            Err(SlotError::NotActive)
        );
        assert_eq!(
            take_out(&mut slots, 9, Retired, 500, NOW),
            Err(SlotError::Unknown)
        );
    }

    #[test]
    fn kids_come_to_an_end() {
        let mut slots = first(NOW);
        for kid in 0..=254 {
            assert_eq!(
                take_out(&mut slots, kid, KeyStatus::Retired, 0, NOW),
                Ok(true)
            );
            if kid < 254 {
                stand_by(&mut slots);
            }
        }
        assert_eq!(slots.len(), 256);
        assert_eq!(missing_standby(&slots), Err(SlotError::UsedUp));
        assert_eq!(
            take_out(&mut slots, 255, KeyStatus::Retired, 0, NOW),
            Err(SlotError::UsedUp)
        );
    }
}
