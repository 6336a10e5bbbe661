//! A 32-byte key in a file of the data directory, wrapped; and how private files are made.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::wrapped::{Vault, VaultError, Wrapped};

#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("cannot use the key file {path}")]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Vault {
    /// The key in `<dir>/<name>`, wrapped for `context`; made on first use.
    pub fn key_file(
        &self,
        dir: &Path,
        name: &str,
        context: &str,
    ) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
        let path = dir.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let wrapped = Wrapped::from_text(text.trim().to_owned());
                let bytes = self.unwrap(context, &wrapped)?;
                let key =
                    <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| VaultError::Malformed {
                        context: context.to_owned(),
                    })?;
                Ok(Zeroizing::new(key))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let key = self.draw_key();
                let wrapped = self.wrap(context, &*key)?;
                create_private(&path, wrapped.as_text().as_bytes())
                    .map_err(|source| KeyFileError::Io { path, source })?;
                Ok(key)
            }
            Err(source) => Err(KeyFileError::Io { path, source }),
        }
    }
}

/// Whole, durable and readable by its owner only, before it has its name; never overwrites.
pub(super) fn create_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    // tempfile makes its files 0600.
    let mut file = tempfile::Builder::new().prefix(".key").tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    std::fs::File::open(dir)?.sync_all()
}
