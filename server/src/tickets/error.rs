//! What can go wrong with a claimed ticket, and its HTTP answer.

use shared::api::tickets::TicketStatus;
use shared::ticket::{FrameError, SignError};
use shared::time::Timestamp;

use super::qr::QrError;
use super::{pre_check_in, transfer};
use crate::error::ApiError;
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;
use crate::platform::http::attempt::KeyReused;
use crate::platform::paper::Unprintable;
use crate::{events, gate, inventory};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Also for those who may not know that it exists.
    #[error("there is no such ticket")]
    NotFound,
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    #[error("a ticket that is {0:?} cannot be claimed")]
    NotClaimable(TicketStatus),
    #[error("the ticket was claimed for somebody else")]
    AlreadyClaimed,
    #[error("answers were taken until {until}")]
    AnswersClosed { until: Timestamp },
    #[error("the ticket cannot be revoked any more")]
    NotRevocable(TicketStatus),
    #[error("the ticket is on a chip")]
    OnChip,
    #[error("the code of a ticket that turns cannot be on a chip")]
    Turns,
    #[error("the ticket cannot be issued again")]
    NotReissuable,
    #[error("the ticket was issued again too often")]
    GenerationsUsedUp,
    /// The code of a rotating ticket is made on its page, nowhere else.
    #[error("the code of this ticket turns")]
    Rotating,
    #[error("activation is not open yet")]
    NotYet,
    #[error("the ticket cannot come in any more")]
    NotActivatable,
    /// For a generation that is not the next.
    #[error("the ticket was activated elsewhere meanwhile")]
    Outdated,
    #[error("the ticket was activated too often")]
    ActivatedTooOften,
    #[error("the ticket was activated {secs} s too soon")]
    TooSoon { secs: u64 },
    #[error(transparent)]
    PreCheckIn(#[from] pre_check_in::Refusal),
    #[error(transparent)]
    Transfer(#[from] transfer::Refusal),
    /// Others kept changing the ticket.
    #[error("the ticket is changing too fast")]
    Contended,
    #[error("the ticket cannot be signed")]
    Sign(#[from] SignError),
    #[error(transparent)]
    Qr(#[from] QrError),
    #[error(transparent)]
    Paper(#[from] Unprintable),
    #[error(transparent)]
    Gate(#[from] gate::Error),
    #[error(transparent)]
    Events(#[from] events::Error),
    #[error(transparent)]
    Inventory(#[from] inventory::Error),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("stored state is inconsistent: {0}")]
    Inconsistent(&'static str),
}

impl From<FrameError> for Error {
    fn from(error: FrameError) -> Self {
        Self::Sign(error.into())
    }
}

impl Error {
    /// Another writer got there first; reading again and retrying is right.
    pub(super) fn is_race(&self) -> bool {
        matches!(
            self,
            Self::Db(DbError::Duplicate { .. } | DbError::Conflict { .. })
        )
    }
}

/// Of a ticket or an order.
pub fn answers_closed(until: Timestamp) -> ApiError {
    ApiError::conflict(
        "answers_closed",
        format!("Answers were taken until {until}. Ask the organizer."),
    )
    .detail("until", until)
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("ticket"),
            Error::Invalid(Invalid(fields)) => Self::fields(fields),
            Error::KeyReused(error) => error.into(),
            Error::NotClaimable(status) => Self::conflict(
                "not_claimable",
                match status {
                    TicketStatus::Available | TicketStatus::Held => "This ticket is not paid yet.",
                    TicketStatus::Paid | TicketStatus::Claimed | TicketStatus::Validated => {
                        "This ticket is claimed already."
                    }
                    TicketStatus::Cancelled => "This ticket was cancelled.",
                    TicketStatus::Expired => "This ticket has expired.",
                },
            ),
            Error::AlreadyClaimed => Self::conflict(
                "already_claimed",
                "This ticket was claimed for another attendee.",
            ),
            Error::AnswersClosed { until } => answers_closed(until),
            Error::NotRevocable(_) => {
                Self::conflict("not_revocable", "This ticket cannot be revoked any more.")
            }
            Error::OnChip => Self::conflict(
                "on_chip",
                "This ticket is on a wristband or card. Ask the organizer for a code to show.",
            ),
            Error::Turns => Self::conflict(
                "rotating",
                "The code of this ticket changes, so it cannot be put on a chip.",
            ),
            Error::NotReissuable => {
                Self::conflict("not_reissuable", "This ticket cannot be used any more.")
            }
            Error::GenerationsUsedUp => Self::conflict(
                "reissued_too_often",
                "This ticket was issued again too often. Please ask the organizer.",
            ),
            Error::Rotating => Self::conflict(
                "rotating",
                "The code of this ticket changes. Open its page on the phone that you bring.",
            ),
            Error::NotYet => Self::conflict(
                "not_open",
                "This ticket cannot be activated yet. Try again shortly before the event.",
            ),
            Error::NotActivatable => {
                Self::conflict("not_activatable", "This ticket cannot be used any more.")
            }
            Error::Outdated => Self::conflict(
                "activated_elsewhere",
                "This ticket was activated on another device meanwhile. Load the page again.",
            ),
            Error::ActivatedTooOften => Self::conflict(
                "activated_too_often",
                "This ticket was activated too often. Please ask the organizer.",
            ),
            Error::TooSoon { secs } => Self::too_many(secs),
            Error::PreCheckIn(refusal) => refusal.into(),
            Error::Transfer(refusal) => refusal.into(),
            Error::Contended => Self::unavailable("busy", "Please try again in a moment."),
            Error::Gate(error) => error.into(),
            Error::Events(error) => error.into(),
            Error::Inventory(error) => error.into(),
            Error::Db(error) => error.into(),
            error @ (Error::Sign(_) | Error::Qr(_) | Error::Paper(_) | Error::Inconsistent(_)) => {
                Self::internal(error)
            }
        }
    }
}
