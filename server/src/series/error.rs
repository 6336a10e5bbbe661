//! What can go wrong with a series, and its HTTP answer.

use crate::error::ApiError;
use crate::events;
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;
use crate::platform::http::attempt::KeyReused;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Also for those who may not know that it exists.
    #[error("there is no such series")]
    NotFound,
    #[error("the event is of a series already")]
    InSeries,
    #[error("the dates together would be too large")]
    TooLarge { max: usize },
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
            Error::NotFound => Self::not_found("series"),
            Error::InSeries => Self::conflict("in_series", "The event is of a series already."),
            Error::TooLarge { max } => Self::conflict(
                "limit_reached",
                format!("Add fewer dates at once: all their parts together are at most {max}."),
            ),
            Error::Invalid(Invalid(fields)) => Self::fields(fields),
            Error::Event(error) => error.into(),
            Error::KeyReused(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
