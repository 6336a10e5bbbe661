//! What can go wrong with stock, and its HTTP answer.

use shared::ids::ClassId;
use shared::time::Timestamp;

use super::model::IllegalStep;
use crate::error::ApiError;
use crate::events;
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;
use crate::platform::http::attempt::KeyReused;

/// Why a claim got nothing.
#[derive(Debug, thiserror::Error)]
pub enum StockError {
    /// Both counts stop at what was asked for. `held` stock may return.
    #[error("only {available} left, {held} held")]
    Short {
        class: ClassId,
        available: u32,
        held: u32,
        /// When the first of the holds ends.
        may_return: Option<Timestamp>,
        /// Whether the class ever had any stock.
        issued: bool,
    },
    #[error("seats cannot be had")]
    Seats {
        /// Not seats of this event.
        unknown: Vec<String>,
        /// Held by others: they may return.
        held: Vec<String>,
        /// When the last of these holds ends.
        may_return: Option<Timestamp>,
        /// Gone.
        sold: Vec<String>,
    },
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<StockError> for ApiError {
    fn from(error: StockError) -> Self {
        match error {
            StockError::Short {
                class,
                available,
                held,
                may_return,
                issued,
            } => returning(short(available, held, issued), may_return)
                .detail("classId", class)
                .detail("available", available),
            StockError::Seats { unknown, .. } if !unknown.is_empty() => {
                let unknown = unknown.join(", ");
                Self::field("seats", format!("not seats of this event: {unknown}"))
                    .detail("unknown", unknown)
            }
            StockError::Seats {
                held,
                sold,
                may_return,
                ..
            } if sold.is_empty() => {
                returning(all_held(), may_return).detail("seats", held.join(", "))
            }
            StockError::Seats { held, sold, .. } => {
                Self::conflict("sold_out", "Some of these seats are sold.")
                    .detail("sold", sold.join(", "))
                    .detail("held", held.join(", "))
            }
            StockError::Db(error) => error.into(),
        }
    }
}

/// `available` is exact here: it is less than what was asked for. The code says whether waiting may
/// help, the sentence what can be had now.
fn short(available: u32, held: u32, issued: bool) -> ApiError {
    if available > 0 {
        let code = if held > 0 { "all_held" } else { "sold_out" };
        let are = if available == 1 { "is" } else { "are" };
        ApiError::conflict(code, format!("Only {available} {are} free now."))
    } else if held > 0 {
        all_held()
    } else if !issued {
        ApiError::conflict("not_on_sale", "Not on sale yet.")
    } else {
        ApiError::conflict("sold_out", "Sold out.")
    }
}

/// Says from when on it is worth another try.
fn returning(error: ApiError, at: Option<Timestamp>) -> ApiError {
    match at {
        Some(at) => error.detail("mayReturnAt", at),
        None => error,
    }
}

fn all_held() -> ApiError {
    ApiError::conflict(
        "all_held",
        "Others are just buying the last tickets. Some may return within minutes.",
    )
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such ticket")]
    NotFound,
    #[error("there is no such ticket class in the event")]
    NoClass,
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// `created` tickets of the batch are in stock.
    #[error("a seat exists already")]
    SeatExists { created: u32 },
    #[error("the event's seating plan has changed")]
    SeatingChanged,
    #[error("the batch is not known")]
    NoBatch,
    #[error(transparent)]
    Illegal(#[from] IllegalStep),
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
            Error::NotFound => Self::not_found("ticket"),
            Error::NoClass => Self::field("classId", "not a ticket class of this event"),
            Error::Invalid(Invalid(fields)) => Self::fields(fields),
            Error::SeatExists { created } => Self::conflict(
                "seat_exists",
                "A seat of this batch is in stock already; a seat is sold once.",
            )
            .detail("created", created),
            Error::SeatingChanged => Self::conflict(
                "seating_changed",
                "The event's seating plan has just changed. Try again.",
            ),
            Error::NoBatch => Self::inconsistent("a batch without its row"),
            Error::Illegal(error) => Self::conflict(
                "illegal_transition",
                "This is not possible in the ticket's present state.",
            )
            .detail("status", super::model::status_key(error.from)),
            Error::Event(error) => error.into(),
            Error::KeyReused(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
