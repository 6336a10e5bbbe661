//! What can go wrong with invoices, and its HTTP answer.

use crate::error::ApiError;
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;
use crate::platform::paper::Unprintable;
use crate::{events, orders, organizations};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Also for those who may not know that it exists.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("the seller has no invoicing identity")]
    NoIdentity,
    #[error("the order is not paid")]
    NotPaid,
    /// It cost nothing, or all of it went back.
    #[error("nothing was sold")]
    NothingSold,
    #[error("the invoice is issued")]
    Issued,
    #[error("there is no invoice to correct")]
    NotIssued,
    #[error(transparent)]
    Order(#[from] Box<orders::Error>),
    #[error(transparent)]
    Event(#[from] events::Error),
    #[error(transparent)]
    Organization(#[from] organizations::Error),
    #[error(transparent)]
    Paper(#[from] Unprintable),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<orders::Error> for Error {
    fn from(error: orders::Error) -> Self {
        Self::Order(Box::new(error))
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(what) => Self::not_found(what),
            Error::Invalid(Invalid(fields)) => Self::fields(fields),
            Error::NoIdentity => Self::conflict(
                "no_invoicing_identity",
                "The seller writes no invoices here. There is a receipt.",
            ),
            Error::NotPaid => Self::conflict("not_paid", "The order is not paid."),
            Error::NothingSold => Self::conflict(
                "nothing_sold",
                "The order cost nothing, or all of its price went back.",
            ),
            Error::Issued => Self::conflict(
                "invoice_issued",
                "The invoice is issued and does not change any more. The organizer can correct it.",
            ),
            Error::NotIssued => Self::conflict(
                "no_invoice",
                "There is no invoice yet that could be corrected.",
            ),
            Error::Order(error) => (*error).into(),
            Error::Event(error) => error.into(),
            Error::Organization(error) => error.into(),
            Error::Paper(error) => Self::internal(error),
            Error::Db(error) => error.into(),
        }
    }
}
