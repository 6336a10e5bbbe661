//! What can go wrong with a venue or a plan, and its HTTP answer.

use axum::http::StatusCode;

use crate::error::ApiError;
use crate::events;
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;
use crate::platform::http::attempt::KeyReused;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Also for those who may not know that it exists.
    #[error("there is no such venue")]
    NotFound,
    #[error("there is no such seating plan")]
    NoSeating,
    #[error("the venue has changed")]
    RevisionMismatch { current: u64 },
    #[error("the plan has more seats than the venue")]
    TooManySeats { seats: u32, capacity: u32 },
    #[error("the event has seats in stock")]
    SeatsInStock,
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
            Error::NotFound => Self::not_found("venue"),
            Error::NoSeating => Self::not_found("seating plan"),
            Error::RevisionMismatch { current } => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "revision_mismatch",
                "The venue has changed since you read it.",
            )
            .detail("revision", current),
            Error::TooManySeats { seats, capacity } => Self::conflict(
                "capacity_exceeded",
                "A plan cannot have more seats than its venue has room for.",
            )
            .detail("seats", seats)
            .detail("capacity", capacity),
            Error::SeatsInStock => Self::conflict(
                "seats_in_stock",
                "The event has seats in stock: its seating plan stays.",
            ),
            Error::Invalid(Invalid(fields)) => Self::fields(fields),
            Error::Event(error) => error.into(),
            Error::KeyReused(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
