//! Why a ticket is not passed on.

use shared::api::transfers::TransferStatus;

use crate::error::ApiError;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Also for those whom it does not concern.
    #[error("there is no such transfer")]
    Unknown,
    #[error("the account's address is not confirmed")]
    AddressUnconfirmed,
    #[error("the transfer is {0:?}")]
    Settled(TransferStatus),
    #[error("the organizer forbids transfers")]
    Forbidden,
    #[error("the ticket was passed on {max} times")]
    TooOften { max: u8 },
    #[error("the ticket is offered to somebody already")]
    AlreadyOffered,
    #[error("the ticket is offered to its holder")]
    ToOneself,
    /// Used, blocked, unpaid, void or over.
    #[error("the ticket cannot be passed on")]
    NotTransferable,
    #[error("the ticket belongs with others")]
    HasAddOns,
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (code, message) = match refusal {
            Refusal::Unknown => return Self::not_found("transfer"),
            Refusal::Settled(status) => return settled(status),
            Refusal::TooOften { max } => {
                let text = "This ticket was passed on as often as the organizer allows.";
                return Self::conflict("transfer_limit", text).detail("max", max);
            }
            Refusal::AddressUnconfirmed => (
                "email_unverified",
                "Confirm your e-mail address first: open the link in the mail that we sent you.",
            ),
            Refusal::Forbidden => (
                "transfers_forbidden",
                "The organizer of this event does not allow tickets to be passed on.",
            ),
            Refusal::AlreadyOffered => (
                "already_offered",
                "This ticket is offered to somebody already. Withdraw that offer first.",
            ),
            Refusal::ToOneself => ("to_oneself", "This ticket is yours already."),
            Refusal::NotTransferable => (
                "not_transferable",
                "This ticket cannot be passed on any more.",
            ),
            Refusal::HasAddOns => (
                "has_add_ons",
                "This ticket belongs together with another. Ask the organizer.",
            ),
        };
        Self::conflict(code, message)
    }
}

fn settled(status: TransferStatus) -> ApiError {
    let text = match status {
        TransferStatus::Offered => "This offer is open.",
        TransferStatus::Accepted => "This offer was accepted already.",
        TransferStatus::Declined => "This offer was declined.",
        TransferStatus::Withdrawn => "This offer was withdrawn.",
        TransferStatus::Expired => "This offer has expired.",
    };
    let status = format!("{status:?}").to_uppercase();
    ApiError::conflict("transfer_settled", text).detail("status", status)
}
