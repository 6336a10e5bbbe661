//! What can go wrong with accounts, and its HTTP answer.

use crate::error::ApiError;
use crate::platform::db::DbError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Field and reason, at least one.
    #[error("some of the input is not valid")]
    Invalid(Vec<(&'static str, String)>),
    #[error("a name or e-mail address is taken")]
    Taken(Vec<&'static str>),
    /// One error for every way in which a login can fail.
    #[error("the login failed")]
    BadCredentials,
    /// Unknown, spent, expired or of an ended session: the same to the outside.
    #[error("the refresh token does not work")]
    BadRefreshToken,
    #[error("there is no such user")]
    NoSuchUser,
    #[error("too many logins at once")]
    Busy,
    #[error("password hashing failed: {0}")]
    Hashing(String),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(fields) => {
                Self::fields(fields.into_iter().map(|(name, why)| (name.to_owned(), why)))
            }
            Error::Taken(fields) => fields.into_iter().fold(
                Self::conflict("taken", "Somebody has this name or e-mail address already."),
                |error, field| error.detail(field, "is taken"),
            ),
            Error::BadCredentials => {
                Self::unauthorized("bad_credentials", "The name or the password is wrong.")
            }
            Error::BadRefreshToken => {
                Self::unauthorized("bad_refresh_token", "This login has ended. Log in again.")
            }
            Error::NoSuchUser => Self::not_found("user"),
            Error::Busy => Self::unavailable("busy", "Too many people log in at once. Try again."),
            error @ Error::Hashing(_) => Self::internal(error),
            Error::Db(error) => error.into(),
        }
    }
}
