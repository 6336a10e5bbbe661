//! A file that somebody named: written beside it, then put in the place of the old one, so that a
//! cut leaves either.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::cache::files;
use crate::error::Cause;

/// A slip of the fingers must not cost somebody's file: only an empty one, or one that `may_go` says may
/// be replaced, is. `told`: why another is not.
pub(crate) fn spare_other_files(
    path: &Path,
    told: &str,
    may_go: impl FnOnce(File) -> bool,
) -> Result<(), Cause> {
    let meta = match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Cause::input("cannot write", path)(error)),
        Ok(meta) => meta,
    };
    let goes = meta.is_file() && (meta.len() == 0 || File::open(path).is_ok_and(may_go));
    if goes {
        Ok(())
    } else {
        let told = format!("{} is {told}: choose another name", path.display());
        Err(Cause::Input(told))
    }
}

/// The file that is being written.
pub(crate) struct Beside {
    path: PathBuf,
    /// Its name until then.
    part: PathBuf,
    file: BufWriter<File>,
}

impl Beside {
    pub(crate) fn open(path: &Path) -> Result<Self, Cause> {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        // It holds what the device's own database holds: for its owner's eyes.
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let file = options
            .write(true)
            .create(true)
            .truncate(true)
            .open(&part)
            .map_err(Cause::input("cannot write", &part))?;
        Ok(Self {
            path: path.to_owned(),
            part,
            file: BufWriter::new(file),
        })
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), Cause> {
        self.file
            .write_all(bytes)
            .map_err(Cause::input("cannot write", &self.part))
    }

    /// All of it is on the disk, under the name that it has until it takes its place.
    pub(crate) fn settle(&mut self) -> Result<&Path, Cause> {
        let settled = self
            .file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all());
        settled.map_err(Cause::input("cannot write", &self.path))?;
        Ok(&self.part)
    }

    pub(crate) fn take_place(mut self) -> Result<(), Cause> {
        let path = self.path.clone();
        let placed = self.settle().map(Path::to_owned).and_then(|part| {
            std::fs::rename(part, &path).map_err(Cause::input("cannot write", &path))
        });
        if placed.is_err() {
            self.discard();
            return placed;
        }
        files::sync_dir(&path)
    }

    /// What was there before stays.
    pub(crate) fn discard(self) {
        let Self { part, file, .. } = self;
        // What is still buffered is not wanted.
        let (file, _) = file.into_parts();
        drop(file);
        if let Err(error) = std::fs::remove_file(&part) {
            tracing::warn!(%error, "an unfinished file is left behind");
        }
    }
}
