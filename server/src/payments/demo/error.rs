//! What can go wrong at the demo gateway, and its HTTP answer.

use super::model::LinkStatus;
use crate::error::ApiError;
use crate::platform::db::DbError;
use crate::platform::vault::VaultError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Also everywhere in production.
    #[error("there is no such payment link")]
    NotFound,
    #[error("the link is {0:?}")]
    Closed(LinkStatus),
    #[error("the webhook was not acknowledged: {0}")]
    NotAcknowledged(String),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("payment link"),
            Error::Closed(status) => {
                let message = match status {
                    LinkStatus::Paid => "This payment is already paid.",
                    LinkStatus::Open
                    | LinkStatus::Declined
                    | LinkStatus::Expired
                    | LinkStatus::Closed
                    | LinkStatus::Refunded => status.in_words(),
                };
                Self::conflict("link_closed", message).detail("status", status.key())
            }
            error @ (Error::NotAcknowledged(_) | Error::Vault(_)) => Self::internal(error),
            Error::Db(error) => error.into(),
        }
    }
}
