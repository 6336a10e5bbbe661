//! What is kept of the peers: where they answered, and a picture of how it goes with them.

use std::path::Path;

use super::open::Cache;
use super::{facts, files};
use crate::error::Cause;

const ADDRESSES: &str = "addresses";
/// Kept; a venue has fewer hubs.
pub(crate) const ADDRESSES_MAX: usize = 64;
const PICTURE: &str = "peers.json";
/// Twenty peers and as many alerts need a tenth.
const PICTURE_BYTES_MAX: usize = 256 * 1024;
const DOOR: &str = "claims.door";
const DOOR_BYTES_MAX: usize = 1024;

impl Cache {
    /// Where members answered on an earlier day.
    pub(crate) fn addresses(&self) -> Result<Vec<String>, Cause> {
        Ok(facts::read(&self.conn, ADDRESSES)?.unwrap_or_default())
    }

    pub(crate) fn remember_addresses(&mut self, addresses: &[String]) -> Result<(), Cause> {
        let kept = &addresses[..addresses.len().min(ADDRESSES_MAX)];
        self.write(|tx| facts::write(tx, ADDRESSES, kept))
    }
}

/// Replaces the picture. Whole or not at all for readers, lost with the power.
pub(crate) fn show(dir: &Path, picture: &[u8]) -> std::io::Result<()> {
    replace(&dir.join(PICTURE), picture)
}

/// Says where claims are taken, to whoever may read this device's data.
pub(crate) fn open_door(dir: &Path, door: &[u8]) -> std::io::Result<()> {
    replace(&dir.join(DOOR), door)
}

/// Where claims are taken, or were by a gossip that has ended.
pub(crate) fn door(dir: &Path) -> Option<Vec<u8>> {
    let bytes = std::fs::read(dir.join(DOOR)).ok()?;
    (bytes.len() <= DOOR_BYTES_MAX).then_some(bytes)
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let beside = path.with_extension("new");
    let mut file = files::private()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&beside)?;
    file.write_all(bytes)?;
    drop(file);
    std::fs::rename(&beside, path)
}

/// The last picture; `None` when there is none that could be one.
pub(crate) fn shown(dir: &Path) -> Option<Vec<u8>> {
    // Unreadable is as good as absent: it is made anew within a second.
    let bytes = std::fs::read(dir.join(PICTURE)).ok()?;
    (bytes.len() <= PICTURE_BYTES_MAX).then_some(bytes)
}
