//! Small files that must be whole or absent.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use crate::error::Cause;

/// Writes beside, fsyncs, renames, fsyncs the directory: a crash leaves the old or the new file.
/// Readable by the owner only.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Cause> {
    let beside = path.with_extension("new");
    let mut file = private()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&beside)
        .map_err(Cause::file("cannot write", &beside))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(Cause::file("cannot write", &beside))?;
    std::fs::rename(&beside, path).map_err(Cause::file("cannot replace", path))?;
    sync_dir(path)
}

/// Creates an empty private file unless it exists.
pub(super) fn touch_private(path: &Path) -> Result<(), Cause> {
    private()
        .append(true)
        .create(true)
        .open(path)
        .map(drop)
        .map_err(Cause::file("cannot create", path))
}

pub(super) fn create_private_dir(dir: &Path) -> Result<(), Cause> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
        .create(dir)
        .map_err(Cause::file("cannot create", dir))
}

/// A file's contents; `None` when there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, Cause> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Cause::file("cannot read", path)(error)),
    }
}

pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// A rename is durable once its directory is.
pub(crate) fn sync_dir(path: &Path) -> Result<(), Cause> {
    let Some(dir) = path.parent() else {
        return Ok(());
    };
    // Windows opens no directories, and makes renames durable by itself.
    if cfg!(windows) {
        return Ok(());
    }
    let dir = if dir.as_os_str().is_empty() {
        Path::new(".")
    } else {
        dir
    };
    File::open(dir)
        .and_then(|file| file.sync_all())
        .map_err(Cause::file("cannot write", dir))
}
