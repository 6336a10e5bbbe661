//! What can go wrong at the gate's back office, and the one mapping to HTTP.

use axum::http::StatusCode;
use shared::admission::overrule::AnnulError;
use shared::ids::DeviceId;
use shared::sync::StrictError;
use shared::ticket::FrameError;
use shared::trust::TrustError;
use shared::trust::roster::ADOPTED_MAX;

use super::issuing::SlotError;
use crate::error::ApiError;
use crate::platform::db::DbError;
use crate::platform::fields::Invalid;
use crate::platform::http::attempt::KeyReused;
use crate::platform::vault::VaultError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Events(#[from] crate::events::Error),
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    #[error("the field {0} {1}")]
    Field(&'static str, &'static str),
    /// Bytes that are no request, or not in canonical form.
    #[error("the request is not readable: {0}")]
    Malformed(#[from] StrictError),
    #[error("the device is not known here, or its signature does not hold")]
    UnknownDevice,
    /// With the signed roster that says so, in base64: a device believes that and no bare word.
    #[error("the device was evicted")]
    Evicted(Option<String>),
    #[error("the device waits for its confirmation")]
    AwaitingConfirmation,
    #[error("the device does not wait for a confirmation")]
    NothingToConfirm,
    #[error("the six digits are others")]
    OtherDigits,
    #[error("too many readers of live views")]
    TooManyReaders,
    #[error("the challenge is stale or not ours")]
    StaleChallenge,
    #[error("the proof does not fit key, code and challenge")]
    BadProof,
    #[error("the enrolment code is unknown")]
    CodeUnknown,
    #[error("the enrolment code has expired")]
    CodeExpired,
    #[error("the enrolment code was used before")]
    CodeUsed,
    #[error("the device key is enrolled already")]
    KeyInUse,
    #[error("the event has too many devices")]
    TooManyDevices,
    #[error("too many entries of the device were taken up")]
    TooManyAdopted,
    #[error("no code of this ticket was ever made")]
    NotActivated,
    #[error(transparent)]
    Annul(#[from] AnnulError),
    #[error("the device is enrolled; evict it first")]
    AlreadyEnrolled,
    /// Others kept winning the race for the next version.
    #[error("the gate statements are changing too fast")]
    Contended,
    #[error("the event is not over")]
    EventNotOver,
    /// With their names.
    #[error("devices are missing")]
    DevicesMissing(Vec<(DeviceId, String)>),
    #[error("a trust statement failed")]
    Trust(#[from] TrustError),
    #[error("a ticket does not fit its format")]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Slot(#[from] SlotError),
    #[error(transparent)]
    Ticket(#[from] Box<crate::tickets::Error>),
    #[error("a key cannot be unwrapped")]
    Vault(#[from] VaultError),
    #[error("the QR code cannot be drawn")]
    Qr(#[from] crate::tickets::QrError),
    #[error("stored state is inconsistent: {0}")]
    Inconsistent(&'static str),
}

impl Error {
    /// Another writer got there first; reading again and retrying is right.
    pub fn is_race(&self) -> bool {
        matches!(
            self,
            Self::Db(DbError::Duplicate { .. } | DbError::Conflict { .. })
        )
    }
}

impl From<Error> for ApiError {
    #[expect(clippy::too_many_lines, reason = "a table, one error after the other")]
    fn from(error: Error) -> Self {
        // One sentence for codes that are unknown and codes that are late: a guesser learns nothing.
        const NO_CODE: &str = "This enrolment code is not valid. Ask the organizer for a new one.";
        /// Somebody leaves a live view sooner or later.
        const READERS_WAIT_SECS: u64 = 30;
        match error {
            Error::Db(error) => error.into(),
            Error::Events(error) => error.into(),
            Error::Invalid(error) => crate::events::Error::from(error).into(),
            Error::KeyReused(error) => error.into(),
            Error::NotFound(what) => Self::not_found(what),
            Error::Ticket(error) => (*error).into(),
            Error::Field(name, why) => Self::field(name, why),
            Error::Malformed(_) => Self::bad_request("malformed", "The request could not be read."),
            Error::UnknownDevice => Self::unauthorized(
                "unknown_device",
                "This device is not enrolled for this event.",
            ),
            Error::Evicted(roster) => {
                let error = Self::new(
                    StatusCode::FORBIDDEN,
                    "device_evicted",
                    "This device was removed from the event.",
                );
                match roster {
                    Some(roster) => error.detail("roster", roster),
                    None => error,
                }
            }
            Error::AwaitingConfirmation => Self::new(
                StatusCode::FORBIDDEN,
                "device_pending",
                "The organizer has to confirm this device first: compare the six digits.",
            ),
            Error::NothingToConfirm => Self::conflict(
                "nothing_to_confirm",
                "This device does not wait for a confirmation.",
            ),
            Error::OtherDigits => Self::conflict(
                "digits_differ",
                "These are not the digits of this enrolment. If the device shows them, somebody \
                 else has used its code: remove the device and invite it again.",
            ),
            Error::TooManyReaders => Self::too_many(READERS_WAIT_SECS),
            Error::StaleChallenge => Self::bad_request(
                "challenge_stale",
                "The enrolment took too long. Start it again.",
            ),
            Error::BadProof => {
                Self::bad_request("bad_proof", "The device could not prove its key.")
            }
            Error::CodeUnknown => Self::new(StatusCode::NOT_FOUND, "code_unknown", NO_CODE),
            Error::CodeExpired => Self::new(StatusCode::GONE, "code_expired", NO_CODE),
            Error::CodeUsed => Self::conflict(
                "code_used",
                "This enrolment code was used before. If that was not you, tell the organizer.",
            ),
            Error::KeyInUse => Self::conflict("key_in_use", "This device is enrolled already."),
            Error::TooManyDevices => Self::conflict(
                "limit_reached",
                format!(
                    "An event has at most {} devices.",
                    super::roster::DEVICES_MAX
                ),
            ),
            Error::TooManyAdopted => Self::conflict(
                "limit_reached",
                format!("Of one device at most {ADOPTED_MAX} entries can be taken up."),
            ),
            Error::AlreadyEnrolled => Self::conflict(
                "already_enrolled",
                "This device is enrolled. Remove it before you invite it again.",
            ),
            Error::NotActivated => Self::conflict(
                "not_activated",
                "This ticket was never opened on a phone, so no gate knows it yet.",
            ),
            Error::Annul(AnnulError::Unknown) => Self::conflict(
                "not_used",
                "This ticket was not used, or that was taken back.",
            ),
            Error::Annul(AnnulError::Done) => {
                Self::conflict("annulled", "This was taken back already.")
            }
            Error::Annul(AnnulError::Undo) => {
                Self::conflict("not_annullable", "What was taken back stays so.")
            }
            Error::Slot(SlotError::Unknown) => Self::not_found("key"),
            Error::Slot(SlotError::NotActive) => Self::conflict(
                "not_active",
                "This key signs nothing, so there is nothing to retire.",
            ),
            Error::Slot(SlotError::UsedUp) => {
                Self::conflict("limit_reached", "An event has at most 256 keys.")
            }
            Error::EventNotOver => Self::conflict(
                "event_not_over",
                "The event is not over: its gates' books are signed off after its end.",
            ),
            Error::DevicesMissing(devices) => {
                let error = Self::conflict(
                    "devices_missing",
                    "Some devices may still have entries: they were not heard of since the end of \
                     the event, or said so. Let them sync, or sign off without them by name.",
                );
                let named = devices.into_iter();
                named.fold(error, |error, (id, name)| {
                    error.detail(id.to_string(), name)
                })
            }
            Error::Contended => Self::unavailable("busy", "Please try again in a moment."),
            error @ (Error::Trust(_)
            | Error::Frame(_)
            | Error::Vault(_)
            | Error::Qr(_)
            | Error::Inconsistent(_)) => Self::internal(error),
        }
    }
}
