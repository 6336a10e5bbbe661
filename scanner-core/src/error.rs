//! Small outside, rich inside: callers act on [`Kind`], people read the message.

use std::fmt;
use std::path::PathBuf;

use shared::log::ChainError;
use shared::trust::TrustError;

use crate::cache::{Archived, Cut};
use crate::sync::TransportError;

/// What a caller can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The data directory holds no enrolled device.
    NotEnrolled,
    /// The data directory already belongs to a device.
    AlreadyEnrolled,
    /// Stored data is damaged, lost or cannot be written.
    Unreadable,
    /// Another process scans or syncs with this data directory.
    InUse,
    /// No server or peer answered.
    Unreachable,
    /// A peer answered and said no.
    Refused,
    /// What a peer sent does not hold up: signature, version, pin or form.
    Untrusted,
    /// A supervisor's word was asked for and not given: a wrong PIN, or too many.
    Denied,
    /// It cannot be done yet, and the message says what is missing.
    NotYet,
    /// What the caller passed makes no sense: a link, a gate, an image.
    Input,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotEnrolled => "not_enrolled",
            Self::AlreadyEnrolled => "already_enrolled",
            Self::Unreadable => "data_unreadable",
            Self::InUse => "in_use",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Untrusted => "untrusted",
            Self::Denied => "denied",
            Self::NotYet => "not_yet",
            Self::Input => "input",
        }
    }
}

/// Any failure of this crate. `Display` is a sentence for staff.
#[derive(Debug)]
pub struct Error(Box<Cause>);

impl Error {
    pub fn kind(&self) -> Kind {
        self.0.kind()
    }
    /// Space is what is missing, not the data.
    pub fn is_disk_full(&self) -> bool {
        self.0.is_disk_full()
    }
    /// The peer's stable code when it refused, for example `device_evicted`.
    pub fn refusal_code(&self) -> Option<&str> {
        match &*self.0 {
            Cause::Transport(TransportError::Refused { code, .. }) => Some(code),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0)
    }
}
impl<E: Into<Cause>> From<E> for Error {
    fn from(cause: E) -> Self {
        Self(Box::new(cause.into()))
    }
}

/// The rich internal error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error("this device is not enrolled for an event")]
    NotEnrolled,
    #[error("{0}; this device can be enrolled anew")]
    Archived(Box<Archived>),
    #[error("the data directory already belongs to {device} at {event}")]
    AlreadyEnrolled { device: String, event: String },
    #[error("{0} already works with this data directory")]
    InUse(&'static str),
    #[error("the data is unreadable: {0}")]
    Damaged(String),
    #[error("the data is unreadable: {table} holds a row that makes no sense ({row}: {what})")]
    Inconsistent {
        table: &'static str,
        row: String,
        what: &'static str,
    },
    #[error("{trouble}: {0}", trouble = sqlite_trouble(.0))]
    Sqlite(#[from] rusqlite::Error),
    #[error("the data is unreadable: its schema cannot be brought up to date: {0}")]
    Migration(#[from] rusqlite_migration::Error),
    #[error("{what} {path}: {source}", path = .path.display())]
    File {
        what: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the data is unreadable: {0}")]
    Cut(Cut),
    #[error("the system gave no randomness: {0}")]
    Entropy(std::io::Error),
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("not trusted: {0}")]
    Trust(#[from] TrustError),
    #[error("not trusted: {0}")]
    Untrusted(String),
    #[error("the log cannot go on: {0}")]
    Chain(#[from] ChainError),
    #[error("{0}")]
    Denied(String),
    #[error("{0}")]
    NotYet(String),
    #[error("{0}")]
    Input(String),
}

impl Cause {
    fn kind(&self) -> Kind {
        match self {
            Self::NotEnrolled | Self::Archived(_) => Kind::NotEnrolled,
            Self::AlreadyEnrolled { .. } => Kind::AlreadyEnrolled,
            Self::InUse(_) => Kind::InUse,
            Self::Damaged(_)
            | Self::Inconsistent { .. }
            | Self::Sqlite(_)
            | Self::Migration(_)
            | Self::File { .. }
            | Self::Cut(_)
            | Self::Entropy(_)
            | Self::Chain(_) => Kind::Unreadable,
            Self::Transport(TransportError::Unreachable(_)) => Kind::Unreachable,
            Self::Transport(TransportError::Refused { .. }) => Kind::Refused,
            Self::Transport(TransportError::Garbled(_)) | Self::Trust(_) | Self::Untrusted(_) => {
                Kind::Untrusted
            }
            Self::Denied(_) => Kind::Denied,
            Self::NotYet(_) => Kind::NotYet,
            Self::Input(_) => Kind::Input,
        }
    }

    fn is_disk_full(&self) -> bool {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            Self::File { source, .. } => source.kind() == std::io::ErrorKind::StorageFull,
            _ => false,
        }
    }

    /// A file that the caller named.
    pub(crate) fn input(
        what: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |error| Self::Input(format!("{what} {path}: {error}"))
    }

    pub(crate) fn file(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
}

fn sqlite_trouble(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => "the disk is full",
        _ => "the data is unreadable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_not_told_as_unreadable_data() {
        let full = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
        let error = Error::from(rusqlite::Error::SqliteFailure(full, None));
        assert!(error.is_disk_full());
        assert!(error.to_string().starts_with("the disk is full"), "{error}");
        let corrupt = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        let error = Error::from(rusqlite::Error::SqliteFailure(corrupt, None));
        assert!(!error.is_disk_full());
        assert!(error.to_string().starts_with("the data is unreadable"));
        let write = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert!(Error::from(Cause::file("cannot write", "x")(write)).is_disk_full());
    }
}
