//! What a device says about itself with each sync: for the organizer's list of devices.
//!
//! Invariant: it is the device's own word. People look at it; nothing is decided by it.

use serde::{Deserialize, Serialize};

use super::strict::{StrictError, bounded};
use crate::limits::APP_VERSION_BYTES_MAX;
use crate::log::LogId;
use crate::time::Timestamp;

/// Own logs that lost entries: a device that loses more has no disk worth the name.
pub const CUT_LOGS_MAX: usize = 16;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceReport {
    pub app_version: String,
    /// The snapshot that it decides by: version and when it was signed.
    pub snapshot: Option<(u64, Timestamp)>,
    /// Own entries that the receiver has not confirmed, those of this request included.
    pub pending: u32,
    /// `None` on mains, or where the system does not tell.
    pub battery_percent: Option<u8>,
    /// Typed codes that were no ticket's, in the last hour.
    pub wrong_codes: u32,
    /// Wrong supervisor PINs, in the last hour.
    pub wrong_pins: u32,
    #[serde(deserialize_with = "bounded::<CUT_LOGS_MAX, _, _>")]
    pub cut_logs: Vec<LogId>,
}

impl DeviceReport {
    /// Bounds that senders and readers keep.
    pub fn check(&self) -> Result<(), StrictError> {
        if self.app_version.len() > APP_VERSION_BYTES_MAX {
            return Err(StrictError::Bounds("the version of the app"));
        }
        if self.battery_percent.is_some_and(|percent| percent > 100) {
            return Err(StrictError::Bounds("the battery"));
        }
        if self.cut_logs.len() > CUT_LOGS_MAX {
            return Err(StrictError::Bounds("cut logs"));
        }
        Ok(())
    }
}
