//! What can go wrong with a phone number, and its HTTP answer.

use crate::error::ApiError;
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the account has no phone number")]
    NoPhone,
    #[error("this server sends no texts")]
    NoProvider,
    /// Also too late, or tried too often: nothing tells which.
    #[error("that is not the code")]
    WrongCode,
    #[error("too many codes were sent")]
    TooMany { retry_secs: u64 },
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::NoPhone => Self::not_found("phone number"),
            Error::NoProvider => Self::conflict("no_texts", "This server sends no texts."),
            Error::WrongCode => Self::unprocessable(
                "wrong_code",
                "This is not the code, or it is too old. Ask for another.",
            ),
            Error::TooMany { retry_secs } => Self::too_many(retry_secs),
            Error::Invalid(Invalid(fields)) => Self::fields(fields),
            Error::Db(error) => error.into(),
        }
    }
}
