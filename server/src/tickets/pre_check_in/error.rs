//! Why a ticket is not checked in ahead now, and its HTTP answer.

use shared::api::pre_check_in::Barred;

use crate::error::ApiError;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody comes in by it, so nobody checks in ahead.
    #[error("the ticket is {0:?}")]
    Barred(Barred),
    #[error("the event has no check-in ahead")]
    NotOffered,
    #[error("the check-in ahead is not open yet")]
    Early,
    #[error("the check-in ahead is over")]
    Closed,
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (code, message) = match refusal {
            Refusal::Barred(why) => barred(why),
            Refusal::NotOffered => ("not_offered", "This event has no check-in ahead."),
            Refusal::Early => ("not_open", "The check-in ahead is not open yet."),
            Refusal::Closed => (
                "closed",
                "The check-in ahead is over. Come to the entrance with your ticket.",
            ),
        };
        Self::conflict(code, message)
    }
}

/// In the words of the gates.
const fn barred(why: Barred) -> (&'static str, &'static str) {
    match why {
        Barred::Revoked => ("revoked", "The organizer revoked this ticket."),
        Barred::Cancelled => ("cancelled", "This ticket was cancelled."),
        Barred::Expired => ("expired", "This ticket has expired."),
        Barred::Blocked => (
            "blocked",
            "This ticket is blocked. Please ask the organizer.",
        ),
        Barred::Unpaid => ("unpaid", "This ticket is not paid yet."),
        Barred::AlreadyUsed => ("already_used", "This ticket was used already."),
    }
}
