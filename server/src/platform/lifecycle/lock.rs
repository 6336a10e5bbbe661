//! One process per data directory.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

const FILE_NAME: &str = "lock";

/// Held for as long as the process uses the data directory; the system frees it with the process,
/// also after `kill -9`.
#[derive(Debug)]
pub struct DataDirLock(#[expect(dead_code, reason = "held, not read")] File);

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("another server process uses the data directory {0}; stop it first, or give --data")]
    Taken(PathBuf),
    #[error("cannot use the data directory {path}")]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

impl DataDirLock {
    /// Makes the directory if it is missing.
    pub fn take(dir: &Path) -> Result<Self, LockError> {
        let io = |source| LockError::Io {
            path: dir.to_owned(),
            source,
        };
        create_private_dir(dir).map_err(io)?;
        let file = File::create(dir.join(FILE_NAME)).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken(dir.to_owned())),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}

/// A directory that only its owner may enter: it holds keys and people's data. One that exists
/// stays as it is.
pub fn create_private_dir(dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_has_one_user() {
        // N7
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("new/data");
        let first = DataDirLock::take(&path).expect("free");
        assert!(matches!(DataDirLock::take(&path), Err(LockError::Taken(_))));
        drop(first);
        DataDirLock::take(&path).expect("free again");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).expect("made").permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
    }
}
