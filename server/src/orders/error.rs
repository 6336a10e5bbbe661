//! What can go wrong with an order, and its HTTP answer.

use shared::money::MoneyError;

use super::model::IllegalMove;
use crate::error::ApiError;
use crate::inventory::{self, StockError};
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;
use crate::platform::http::attempt::KeyReused;
use crate::platform::paper::Unprintable;
use crate::{events, payments, tickets};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Also for those who may not know that it exists.
    #[error("there is no such order")]
    NotFound,
    #[error("only the organizer may do this")]
    Forbidden,
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("the event is not on sale")]
    NotOnSale,
    #[error("more than {max} of {class}")]
    TooMany { class: String, max: u32 },
    #[error(transparent)]
    Stock(#[from] StockError),
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    #[error(transparent)]
    Event(#[from] events::Error),
    #[error(transparent)]
    Inventory(#[from] inventory::Error),
    #[error(transparent)]
    Payment(#[from] Box<payments::Error>),
    #[error(transparent)]
    Ticket(#[from] Box<tickets::Error>),
    #[error(transparent)]
    Paper(#[from] Unprintable),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<tickets::Error> for Error {
    fn from(error: tickets::Error) -> Self {
        Self::Ticket(Box::new(error))
    }
}

impl From<payments::Error> for Error {
    fn from(error: payments::Error) -> Self {
        Self::Payment(Box::new(error))
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("order"),
            Error::Forbidden => Self::forbidden("Only the organizer may do this."),
            Error::Invalid(Invalid(fields)) => Self::fields(fields),
            Error::NotOnSale => Self::conflict("not_on_sale", "The event is not on sale."),
            Error::TooMany { class, max } => Self::conflict(
                "max_per_order",
                format!("An order may have at most {max} tickets of {class}."),
            )
            .detail("max", max),
            Error::Stock(error) => error.into(),
            Error::Illegal(error) => Self::conflict(
                "illegal_transition",
                "This is not possible in the order's present state.",
            )
            .detail("status", format!("{:?}", error.from).to_uppercase())
            .detail("action", format!("{:?}", error.step).to_lowercase()),
            Error::Money(error) => Self::field("items", error.to_string()),
            Error::KeyReused(error) => error.into(),
            Error::Event(error) => error.into(),
            Error::Inventory(error) => error.into(),
            Error::Payment(error) => (*error).into(),
            Error::Ticket(error) => (*error).into(),
            Error::Paper(error) => Self::internal(error),
            Error::Db(error) => error.into(),
        }
    }
}
