//! What can go wrong with a payment, and its HTTP answer.

use axum::http::StatusCode;
use shared::api::orders::OrderStatus;

use super::demo;
use super::failure::Failure;
use super::merchants::Flight;
use super::model::IllegalMove;
use crate::error::ApiError;
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;
use crate::platform::http::attempt::KeyReused;
use crate::platform::vault::VaultError;
use crate::{events, orders, organizations};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Also for those who may not know that it exists.
    #[error("there is no such payment")]
    NotFound,
    #[error("the provider is not available")]
    ProviderUnavailable,
    #[error("the provider does not take this currency")]
    OtherCurrency,
    /// Also for those who may not know that it exists.
    #[error("there is no such refund")]
    NoRefund,
    #[error("the gateway gives the money back by itself")]
    NotByHand,
    #[error("the money is back already")]
    AlreadyBack,
    /// Also for those who may not know that it exists.
    #[error("there is no such dispute")]
    NoDispute,
    /// Also for those who may not know that it exists.
    #[error("there is no such report")]
    NoReport,
    #[error("another report is being written")]
    ReportRunning,
    #[error("the organization has no such account")]
    NoMerchant,
    #[error("the gateway does not take the keys")]
    KeysRefused,
    #[error("the organization has had too many accounts")]
    TooManyAccounts,
    #[error("the account's keys are still needed")]
    InFlight(Flight),
    #[error("the order is {status:?}")]
    NotPayable { status: OrderStatus },
    /// Another request started the same attempt in the same moment.
    #[error("the order is being paid already")]
    Raced,
    #[error("the delivery is not signed by its gateway")]
    BadSignature,
    #[error("the delivery cannot be read")]
    BadDelivery,
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
    #[error(transparent)]
    Order(#[from] orders::Error),
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Event(#[from] events::Error),
    #[error(transparent)]
    Gateway(#[from] Failure),
    #[error(transparent)]
    Demo(#[from] demo::Error),
    #[error(transparent)]
    Organization(#[from] organizations::Error),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("payment"),
            Error::ProviderUnavailable => Self::unprocessable(
                "provider_unavailable",
                "This server cannot take payments through that provider.",
            ),
            Error::OtherCurrency => Self::unprocessable(
                "provider_unavailable",
                "This provider does not take the order's currency.",
            ),
            Error::NoRefund => Self::not_found("refund"),
            Error::NotByHand => Self::conflict(
                "not_by_hand",
                "The gateway gives this money back by itself.",
            ),
            Error::AlreadyBack => Self::conflict("already_back", "This money is back already."),
            Error::NoDispute => Self::not_found("dispute"),
            Error::NoReport => Self::not_found("report"),
            Error::ReportRunning => Self::conflict(
                "report_running",
                "A report is being written already. Wait until it is done.",
            ),
            Error::NoMerchant => Self::not_found("payment account"),
            Error::KeysRefused => Self::unprocessable(
                "keys_refused",
                "The payment provider does not take these keys.",
            ),
            Error::TooManyAccounts => Self::conflict(
                "too_many",
                "There have been too many accounts already. Use one of them.",
            ),
            Error::InFlight(flight) => in_flight(flight),
            Error::NotPayable {
                status: OrderStatus::Expired,
            } => Self::conflict(
                "hold_expired",
                "The time to pay is over and the tickets are free again. Order once more.",
            ),
            Error::NotPayable {
                status: status @ OrderStatus::Paid,
            } => Self::conflict("not_payable", "This order is already paid.")
                .detail("status", format!("{status:?}").to_uppercase()),
            Error::NotPayable { status } => {
                Self::conflict("not_payable", "This order does not wait for a payment.")
                    .detail("status", format!("{status:?}").to_uppercase())
            }
            Error::Raced => Self::conflict("raced", "The order is being paid. Ask again."),
            Error::BadSignature => Self::new(
                StatusCode::UNAUTHORIZED,
                "bad_signature",
                "The delivery is not signed by its gateway.",
            ),
            Error::BadDelivery => Self::bad_request("validation", "The delivery cannot be read."),
            Error::Illegal(error) => Self::conflict(
                "illegal_transition",
                "This is not possible in the payment's present state.",
            )
            .detail("status", format!("{:?}", error.from).to_uppercase()),
            Error::Order(error) => error.into(),
            Error::Invalid(Invalid(fields)) => Self::fields(fields),
            Error::Event(error) => error.into(),
            Error::Gateway(error) => unreachable_gateway(&error),
            Error::Demo(error) => error.into(),
            Error::Organization(error) => error.into(),
            Error::Vault(error) => Self::internal(error),
            Error::KeyReused(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}

fn in_flight(flight: Flight) -> ApiError {
    ApiError::conflict(
        "money_in_flight",
        "Money is on its way through this account. Try again when it has arrived, or give it back.",
    )
    .detail("pending", flight.pending.to_string())
    .detail("refundsDue", flight.due.to_string())
    .detail("refundable", flight.refundable.to_string())
}

/// Nothing is lost: the attempt stands, and asking again goes on with it.
fn unreachable_gateway(failure: &Failure) -> ApiError {
    tracing::warn!(error = %failure, "a gateway did not do as it was asked");
    ApiError::new(
        StatusCode::BAD_GATEWAY,
        "gateway_unreachable",
        "The payment provider does not answer as it should. Try again in a moment.",
    )
}
