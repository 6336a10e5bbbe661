//! What can go wrong with accounts, and its HTTP answer.

use crate::error::ApiError;
use crate::organizations;
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;
use crate::platform::vault::VaultError;

const CODE_WANTED: &str = "Send the code of your authenticator app, or a recovery code.";
const BAD_CODE: &str = "The code is wrong, too old, or was used already.";

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
    /// Unknown, spent, too old or forged: the same to the outside.
    #[error("the link does not work")]
    BadLink,
    /// Of somebody who is logged in.
    #[error("the password is wrong")]
    WrongPassword,
    /// A token can outlive its account by minutes.
    #[error("the account is gone")]
    Gone,
    #[error("an order may still be paid")]
    OrdersOpen,
    #[error(transparent)]
    Fields(Invalid),
    #[error("too many API keys")]
    TooManyKeys,
    #[error("the account has a second factor")]
    SecondFactorOn,
    #[error("a code of the second factor is wanted")]
    CodeWanted,
    /// At login.
    #[error("the code of the second factor does not work")]
    BadLoginCode,
    #[error("the code does not work")]
    BadCode,
    /// Of somebody who is logged in.
    #[error("a code of the second factor is wanted besides the password")]
    CodeMissing,
    /// One error for every way in which a login by passkey can fail.
    #[error("the passkey does not work")]
    BadPasskey,
    #[error("the new passkey does not work")]
    BadNewPasskey,
    #[error("the passkey is registered already")]
    PasskeyKnown,
    #[error("too many passkeys")]
    TooManyPasskeys,
    #[error("there is no such passkey")]
    NoSuchPasskey,
    #[error("passkeys need a server with a name, and TLS")]
    PasskeysNeedName,
    #[error("too many codes")]
    TooManyCodes(ApiError),
    #[error(transparent)]
    Organization(#[from] organizations::Error),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("{0}")]
    Inconsistent(&'static str),
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
            Error::BadLink => Self::bad_request(
                "bad_link",
                "This link does not work any more. Ask for a new one.",
            ),
            Error::WrongPassword => Self::unprocessable("wrong_password", "The password is wrong."),
            Error::Gone => super::tokens::TokenError::Invalid.into(),
            Error::OrdersOpen => Self::conflict(
                "orders_open",
                "One of your orders may still be paid. Cancel it or let it expire first.",
            ),
            Error::Fields(Invalid(fields)) => Self::fields(fields),
            Error::TooManyKeys => Self::conflict(
                "too_many_keys",
                "You have too many API keys. Revoke one first.",
            ),
            Error::SecondFactorOn => Self::conflict(
                "second_factor_on",
                "Your account has a second factor. Switch it off first.",
            ),
            Error::CodeWanted => Self::unauthorized("code_wanted", CODE_WANTED),
            Error::CodeMissing => Self::unprocessable("code_wanted", CODE_WANTED),
            Error::BadPasskey => Self::unauthorized(
                "bad_passkey",
                "This passkey does not work here, or it took too long. Try again, or log in with your password.",
            ),
            Error::BadNewPasskey => Self::unprocessable(
                "bad_passkey",
                "This passkey cannot be added, or it took too long. Try again.",
            ),
            Error::PasskeyKnown => {
                Self::conflict("passkey_known", "This passkey is registered already.")
            }
            Error::TooManyPasskeys => Self::conflict(
                "too_many_passkeys",
                "You have as many passkeys as there may be. Remove one first.",
            ),
            Error::NoSuchPasskey => Self::not_found("passkey"),
            Error::PasskeysNeedName => Self::conflict(
                "passkeys_need_a_name",
                "Passkeys need a server whose public address has a name and https (or is localhost). This one's has not: log in with your password.",
            ),
            Error::BadLoginCode => Self::unauthorized("bad_code", BAD_CODE),
            Error::BadCode => Self::unprocessable("bad_code", BAD_CODE),
            Error::TooManyCodes(error) => error,
            Error::Organization(error) => error.into(),
            Error::Vault(error) => Self::internal(error),
            Error::Inconsistent(what) => Self::inconsistent(what),
            Error::NoSuchUser => Self::not_found("user"),
            Error::Busy => Self::unavailable("busy", "Too many people log in at once. Try again."),
            error @ Error::Hashing(_) => Self::internal(error),
            Error::Db(error) => error.into(),
        }
    }
}
