//! One process scans, one syncs, one talks with peers. The operating system releases a lock when its process ends.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::{archived, files};
use crate::error::Cause;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockKind {
    /// Appends to the own log.
    Append,
    /// Exchanges with the server.
    Sync,
    /// Talks with peers.
    Peers,
}

#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Drop for Lock {
    /// Closing is not enough: a process that is just being started from this one holds a copy of
    /// the file for a moment.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "a lock is kept until this process ends");
        }
    }
}

impl Lock {
    /// Nobody works with what was archived, a program that was started before then neither.
    pub(crate) fn take(dir: &Path, kind: LockKind) -> Result<Self, Cause> {
        let lock = Self::take_of_archive(dir, kind)?;
        match archived::read(dir)? {
            Some(note) => Err(Cause::Archived(Box::new(note))),
            None => Ok(lock),
        }
    }

    /// For archiving itself.
    pub(super) fn take_of_archive(dir: &Path, kind: LockKind) -> Result<Self, Cause> {
        let (name, who) = match kind {
            LockKind::Append => ("append.lock", "another scanner"),
            LockKind::Sync => ("sync.lock", "another sync"),
            LockKind::Peers => ("peers.lock", "another program that talks with peers"),
        };
        let path = dir.join(name);
        let file = files::private()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(Cause::file("cannot lock", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(Cause::InUse(who)),
            Err(TryLockError::Error(error)) => Err(Cause::file("cannot lock", &path)(error)),
        }
    }
}
