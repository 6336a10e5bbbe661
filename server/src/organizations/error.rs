//! What can go wrong with organizations, and its HTTP answer.

use crate::error::ApiError;
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Unknown, spent, too old or forged: the same to the outside.
    #[error("the link does not work")]
    BadLink,
    #[error("nobody has the address of the invitation yet")]
    NoAccount,
    #[error("an account that has not confirmed its address may be a stranger's")]
    Unconfirmed { username: String },
    #[error("an organization needs an owner")]
    LastOwner,
    #[error("there are too many {0}")]
    TooMany(&'static str),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(what) => Self::not_found(what),
            Error::Invalid(Invalid(fields)) => Self::fields(fields),
            Error::BadLink => Self::bad_request(
                "bad_link",
                "This link does not work any more. Ask for a new one.",
            ),
            Error::NoAccount => Self::conflict(
                "no_account",
                "Make an account with this e-mail address and confirm it first, then open the link again.",
            ),
            Error::Unconfirmed { username } => {
                Self::conflict("email_unverified", unconfirmed(&username))
            }
            Error::LastOwner => Self::conflict(
                "last_owner",
                "An organization needs an owner. Make somebody else one first.",
            ),
            Error::TooMany(what) => {
                Self::conflict("too_many", format!("There are too many {what} already."))
            }
            Error::Db(error) => error.into(),
        }
    }
}

/// What helps whoever reads the mailbox.
pub fn unconfirmed(username: &str) -> String {
    format!(
        "The account {username} has this address and has not confirmed it. Confirm the address or \
         set a new password first, by the mails that you can ask for; then open the link again."
    )
}
