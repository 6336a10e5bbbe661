//! How far the own log was written, kept outside the database.
//!
//! Written after an answer was shown, without an fsync, so it may lag behind the log but is never
//! ahead of it. A log that ends before its mark was cut, or its database was put back from a copy.

use std::fs::File;
use std::path::Path;

use shared::log::LogId;

use super::files;
use crate::error::Cause;

const FILE: &str = "head.mark";
const CHECK_LEN: usize = 8;
const LEN: usize = 16 + 4 + CHECK_LEN;

pub(super) fn exists(dir: &Path) -> bool {
    dir.join(FILE).exists()
}

/// The open log's mark, ready to be moved.
#[derive(Debug)]
pub(crate) struct HeadMark {
    file: File,
    log: LogId,
    /// What the file says, as far as it was written by this handle.
    count: Option<u32>,
}

impl HeadMark {
    /// The marked log and the number of its entries; `None` when nothing readable is there.
    pub(crate) fn read(dir: &Path) -> Result<Option<(LogId, u32)>, Cause> {
        let Some(bytes) = files::read(&dir.join(FILE))? else {
            return Ok(None);
        };
        let Ok(bytes) = <[u8; LEN]>::try_from(bytes) else {
            return Ok(None);
        };
        let (content, check) = bytes.split_at(LEN - CHECK_LEN);
        if check != check_of(content) {
            return Ok(None);
        }
        let mut log = [0; 16];
        log.copy_from_slice(&content[..16]);
        let mut count = [0; 4];
        count.copy_from_slice(&content[16..]);
        Ok(Some((LogId(log), u32::from_be_bytes(count))))
    }

    /// Begins to mark `log`, which has `count` entries.
    pub(crate) fn open(dir: &Path, log: LogId, count: u32) -> Result<Self, Cause> {
        let path = dir.join(FILE);
        let file = files::private()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Cause::file("cannot open", &path))?;
        let mut mark = Self {
            file,
            log,
            count: None,
        };
        mark.set(count)
            .map_err(Cause::file("cannot write", &path))?;
        Ok(mark)
    }

    pub(crate) fn set(&mut self, count: u32) -> std::io::Result<()> {
        if self.count == Some(count) {
            return Ok(());
        }
        self.write(count)?;
        self.count = Some(count);
        Ok(())
    }

    fn write(&mut self, count: u32) -> std::io::Result<()> {
        let mut bytes = [0; LEN];
        bytes[..16].copy_from_slice(&self.log.0);
        bytes[16..20].copy_from_slice(&count.to_be_bytes());
        let check = check_of(&bytes[..20]);
        bytes[20..].copy_from_slice(&check);
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::write_all_at(&self.file, &bytes, 0);
        #[cfg(not(unix))]
        {
            use std::io::{Seek as _, SeekFrom, Write as _};
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(&bytes)
        }
    }
}

fn check_of(content: &[u8]) -> [u8; CHECK_LEN] {
    let mut check = [0; CHECK_LEN];
    check.copy_from_slice(&blake3::hash(content).as_bytes()[..CHECK_LEN]);
    check
}
