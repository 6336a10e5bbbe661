//! What can go wrong with a code, and its HTTP answer.

use crate::error::ApiError;
use crate::events;
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;
use crate::platform::http::attempt::KeyReused;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such voucher")]
    NotFound,
    /// Unknown, over, switched off, or of another event.
    #[error("the code is not good")]
    NotGood,
    #[error("the code is for none of the tickets")]
    NotForThese,
    /// `held` uses may return.
    #[error("the code is used up")]
    UsedUp { held: u32 },
    #[error("the event has this code already")]
    Taken,
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Event(#[from] events::Error),
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("voucher"),
            Error::NotGood => Self::conflict("bad_code", "This code is not valid here and now."),
            Error::NotForThese => {
                Self::conflict("code_not_for_these", "This code is not for these tickets.")
            }
            Error::UsedUp { held: 0 } => Self::conflict("code_used_up", "This code is used up."),
            Error::UsedUp { held } => Self::conflict(
                "code_all_held",
                "Others are just buying with this code. It may be free again within minutes.",
            )
            .detail("held", held),
            Error::Taken => Self::conflict("taken", "The event has a voucher with this code."),
            Error::Invalid(Invalid(fields)) => Self::fields(fields),
            Error::Event(error) => error.into(),
            Error::KeyReused(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
