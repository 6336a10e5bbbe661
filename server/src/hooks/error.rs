//! What can go wrong with a hook, and its HTTP answer.

use crate::error::ApiError;
use crate::events;
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;
use crate::platform::vault::VaultError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Also for those who did not make it.
    #[error("there is no such hook")]
    NotFound,
    #[error("there is no such message")]
    NoMessage,
    #[error("there are {max} hooks already")]
    TooMany { max: u64 },
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Event(#[from] events::Error),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("webhook"),
            Error::NoMessage => Self::not_found("message"),
            Error::TooMany { max } => Self::conflict(
                "limit_reached",
                format!("There can be at most {max} webhooks."),
            ),
            Error::Invalid(Invalid(fields)) => Self::fields(fields),
            Error::Event(error) => error.into(),
            Error::Vault(error) => Self::internal(error),
            Error::Db(error) => error.into(),
        }
    }
}
