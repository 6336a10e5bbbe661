//! What can go wrong when an event is called off, and its HTTP answer.

use crate::error::ApiError;
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;
use crate::{events, orders};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the event is not cancelled")]
    None,
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Event(#[from] events::Error),
    #[error(transparent)]
    Order(#[from] orders::Error),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::None => Self::not_found("cancellation"),
            Error::Invalid(Invalid(fields)) => Self::fields(fields),
            Error::Event(error) => error.into(),
            Error::Order(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
