//! What the screen always shows, as of a second ago.

use jiff::tz::TimeZone;
use scanner_core::{Status, UseCount};
use shared::time::Timestamp;

#[derive(Debug)]
pub(crate) struct News {
    pub(crate) status: Status,
    pub(crate) count: UseCount,
    /// For so many seconds neither the server nor another device was heard.
    pub(crate) alone_secs: u64,
    /// The gate that is decided for.
    pub(crate) gate: String,
    /// The event's.
    pub(crate) zone: TimeZone,
}

impl News {
    /// On the clock at the event's wall.
    pub(crate) fn clock(&self, at: Timestamp) -> String {
        let zoned = at.to_jiff().to_zoned(self.zone.clone());
        zoned.strftime("%H:%M:%S").to_string()
    }
}
