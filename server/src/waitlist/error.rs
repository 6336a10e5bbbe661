//! What can go wrong on a waitlist, and its HTTP answer.

use crate::error::ApiError;
use crate::events;
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;
use crate::platform::http::attempt::KeyReused;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such place on a waitlist")]
    NotFound,
    #[error("the class has no waitlist")]
    NoWaitlist,
    /// Nobody waits and there is stock.
    #[error("there are tickets")]
    Available,
    #[error("the person waits already")]
    AlreadyWaiting,
    #[error("the person does not wait any more")]
    NotWaiting,
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
            Error::NotFound => Self::not_found("place on a waitlist"),
            Error::NoWaitlist => Self::conflict("no_waitlist", "There is no waitlist to join now."),
            Error::Available => Self::conflict("available", "There are tickets: buy them."),
            Error::AlreadyWaiting => {
                Self::conflict("already_waiting", "You wait for these tickets already.")
            }
            Error::NotWaiting => Self::conflict(
                "illegal_transition",
                "You do not wait any more. An offer ends by cancelling its order.",
            ),
            Error::Invalid(Invalid(fields)) => Self::fields(fields),
            Error::Event(error) => error.into(),
            Error::KeyReused(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
