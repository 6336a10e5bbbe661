//! What can go wrong with an order, and its HTTP answer.

use shared::money::{Money, MoneyError};
use shared::time::Timestamp;

use super::model::IllegalMove;
use crate::error::ApiError;
use crate::events::model::Refusal;
use crate::inventory::{self, StockError};
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;
use crate::platform::http::attempt::KeyReused;
use crate::platform::paper::Unprintable;
use crate::{events, payments, tickets, vouchers};

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
    #[error("the event sells to people with an account only")]
    NoGuests,
    #[error("answers were taken until {until}")]
    AnswersClosed { until: Timestamp },
    #[error("the order has no tickets")]
    NothingToAnswer,
    #[error("the address of the account is not confirmed")]
    Unconfirmed,
    /// The terms of the class do not allow it now.
    #[error("{class} cannot be bought like this now")]
    Refused { class: String, why: Refusal },
    /// Over all orders of the buyer.
    #[error("more than {max} of {class} for one person")]
    PerPerson { class: String, max: u32, has: u32 },
    /// It is not what the buyer was shown.
    #[error("the price has changed")]
    PriceChanged { total: Money },
    /// Others came before, and nobody buys past them.
    #[error("others wait for {class}")]
    Waiting { class: String },
    /// The class is only for those with a code that unlocks it.
    #[error("{class} needs a code")]
    CodeNeeded { class: String },
    #[error(transparent)]
    Voucher(#[from] Box<vouchers::Error>),
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

impl From<vouchers::Error> for Error {
    fn from(error: vouchers::Error) -> Self {
        Self::Voucher(Box::new(error))
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
            Error::NoGuests => Self::conflict(
                "no_guests",
                "This event sells to people with an account only. Log in first.",
            ),
            Error::AnswersClosed { until } => tickets::answers_closed(until),
            Error::NothingToAnswer => {
                Self::conflict("no_tickets", "This order has no tickets any more.")
            }
            Error::Unconfirmed => Self::conflict(
                "email_unverified",
                "Confirm your e-mail address first: orders of guests are known by it.",
            ),
            Error::Refused { class, why } => refused(&class, &why),
            Error::PerPerson { class, max, has } => Self::conflict(
                "max_per_person",
                format!("One person may have at most {max} tickets of {class}."),
            )
            .detail("max", max)
            .detail("has", has),
            Error::Waiting { class } => Self::conflict(
                "waiting",
                format!("Others wait for tickets of {class}. Join the waitlist."),
            ),
            Error::CodeNeeded { class } => Self::conflict(
                "code_needed",
                format!("{class} is only for those with a code."),
            ),
            Error::Voucher(error) => (*error).into(),
            Error::PriceChanged { total } => Self::conflict(
                "price_changed",
                format!("The price has changed: it is {total} now."),
            )
            .detail("total", total.amount),
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

/// Says what would do, and when.
fn refused(class: &str, why: &Refusal) -> ApiError {
    match why {
        Refusal::NotYet { opens_at } => ApiError::conflict(
            "not_on_sale",
            format!("The sale of {class} opens at {opens_at}."),
        )
        .detail("opensAt", opens_at),
        Refusal::Over { closed_at } => ApiError::conflict(
            "sale_over",
            format!("The sale of {class} ended at {closed_at}."),
        )
        .detail("closedAt", closed_at),
        Refusal::TooFew { min } => ApiError::conflict(
            "min_per_order",
            format!("An order needs at least {min} tickets of {class}."),
        )
        .detail("min", min),
        Refusal::TooMany { max } => ApiError::conflict(
            "max_per_order",
            format!("An order may have at most {max} tickets of {class}."),
        )
        .detail("max", max),
    }
}
