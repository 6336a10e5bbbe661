//! What can go wrong with an event, and its HTTP answer.

use axum::http::StatusCode;
use shared::api::events::EventStatus;

use super::model::Action;
use crate::error::ApiError;
use crate::organizations;
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;
use crate::platform::http::attempt::KeyReused;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Also for those who may not know that it exists.
    #[error("there is no such event")]
    NotFound,
    #[error("there is no such ticket class in the event")]
    NoClass,
    #[error("only an administrator may do this")]
    Forbidden,
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("{action:?} is not possible when {from:?}")]
    Illegal { from: EventStatus, action: Action },
    /// `missing` names what publishing needs.
    #[error("the event is not ready")]
    NotReady { missing: Invalid },
    #[error("the event has changed")]
    RevisionMismatch { current: u64 },
    #[error("there is no such version")]
    NoVersion,
    #[error("there is no such gate in the event")]
    NoGate,
    #[error("there is no such check-in list")]
    NoList,
    #[error("people have tickets for what would change")]
    WouldBreakTickets {
        tickets: u64,
        fields: Vec<&'static str>,
    },
    /// What hangs on it, and how much of it.
    #[error("it is in use")]
    InUse(Vec<(&'static str, String)>),
    #[error("it is archived")]
    Archived,
    #[error("it is not archived")]
    NotArchived,
    #[error("somebody else archived it")]
    ArchivedByOther,
    #[error("the stock exceeds the capacity")]
    CapacityExceeded { capacity: u32, stock: u32 },
    #[error("too many {what}")]
    TooMany { what: &'static str, max: usize },
    #[error(transparent)]
    Organization(#[from] organizations::Error),
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("event"),
            Error::Organization(error) => error.into(),
            Error::NoClass => Self::not_found("ticket class"),
            Error::Forbidden => Self::forbidden("Only an administrator may do this."),
            Error::Invalid(Invalid(fields)) => Self::fields(fields),
            Error::Illegal { from, action } => Self::conflict(
                "illegal_transition",
                format!(
                    "This is not possible while the event is {}.",
                    in_words(from)
                ),
            )
            .detail("status", in_words(from))
            .detail("action", format!("{action:?}").to_lowercase()),
            Error::NotReady {
                missing: Invalid(missing),
            } => missing.into_iter().fold(
                Self::conflict("not_ready", "The event lacks what publishing needs."),
                |error, (name, why)| error.detail(name, why),
            ),
            Error::RevisionMismatch { current } => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "revision_mismatch",
                "The event has changed since you read it.",
            )
            .detail("revision", current),
            Error::NoVersion => Self::not_found("version"),
            Error::NoGate => Self::not_found("gate"),
            Error::NoList => Self::not_found("check-in list"),
            Error::WouldBreakTickets { tickets, fields } => Self::conflict(
                "would_break_tickets",
                "People have tickets for another date or place. Change it by an edit: they are told.",
            )
            .detail("tickets", tickets)
            .detail("fields", fields.join(", ")),
            Error::InUse(what) => what.into_iter().fold(
                Self::conflict("in_use", "Something still hangs on it."),
                |error, (name, how_much)| error.detail(name, how_much),
            ),
            Error::Archived => Self::conflict("archived", "It is archived. Bring it back first."),
            Error::NotArchived => Self::conflict("not_archived", "It is not archived."),
            Error::ArchivedByOther => Self::forbidden(
                "Only who archived it, or an administrator, may bring it back.",
            ),
            Error::CapacityExceeded { capacity, stock } => Self::conflict(
                "capacity_exceeded",
                "The event cannot have more tickets than its capacity.",
            )
            .detail("capacity", capacity)
            .detail("stock", stock),
            Error::TooMany { what, max } => Self::conflict(
                "limit_reached",
                format!("An event has at most {max} {what}."),
            ),
            Error::KeyReused(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}

fn in_words(status: EventStatus) -> &'static str {
    match status {
        EventStatus::Draft => "a draft",
        EventStatus::PendingApproval => "waiting for approval",
        EventStatus::Published => "published",
        EventStatus::Cancelled => "cancelled",
    }
}
