//! Devices, enrolment, redemptions (V6, V9). Snapshot and sync bodies are postcard: see `sync`.

use serde::{Deserialize, Serialize};

use crate::admission::{Direction, Verdict};
use crate::ids::{ClaimedTicketId, DeviceId, EventId, GateId, TicketId, UserId};
use crate::log::ConflictCategory;
use crate::time::Timestamp;

/// What a device may do. Anything that is not listed for a role is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DeviceRole {
    /// Mains and wire, at an entrance; may become a hub.
    Kiosk,
    /// A phone in somebody's hand.
    Scanner,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateDevice {
    pub name: String,
    pub gate_id: GateId,
    pub role: DeviceRole,
    /// Somebody stands beside it: it takes typed codes, asks questions, and may record what a
    /// supervisor decides. A turnstile does none of that.
    #[serde(default = "yes")]
    pub attended: bool,
}

const fn yes() -> bool {
    true
}

/// Shown once. The code is single-use and ends after ten minutes.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceEnrolment {
    pub device_id: DeviceId,
    pub enrolment_code: String,
    pub enrolment_url: String,
    /// The URL as a QR code: an SVG document.
    pub qr: String,
    pub expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DeviceStatus {
    Invited,
    /// It proved its key and its code; somebody has to compare six digits before it may speak.
    Pending,
    Enrolled,
    Evicted,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceView {
    pub id: DeviceId,
    pub event_id: EventId,
    pub name: String,
    pub gate_id: GateId,
    /// The gate's name.
    pub gate: String,
    pub role: DeviceRole,
    pub attended: bool,
    pub status: DeviceStatus,
    pub enrolled_at: Option<Timestamp>,
    pub evicted_at: Option<Timestamp>,
    /// Six digits that the device shows too: they differ when somebody else enrolled with its code.
    pub transcript_code: Option<String>,
    /// Its last sync; noted every half minute.
    pub last_seen_at: Option<Timestamp>,
    /// Entries received from its logs.
    pub entries: u64,
    pub logs: Vec<DeviceLogView>,
    pub app_version: String,
    /// The ticket list that it decides by.
    pub snapshot: Option<DeviceSnapshotView>,
    /// Entries that had not reached the server at its last sync.
    pub pending: u32,
    /// `None` on mains, or where the system does not tell.
    pub battery_percent: Option<u8>,
    /// Server clock minus its clock.
    pub clock_offset_ms: i64,
    pub admitted: u64,
    /// Let in by a supervisor.
    pub forced: u64,
    /// Let in by a typed code.
    pub typed: u64,
    /// Typed codes that were no ticket's and wrong supervisor PINs of the last hour, by its own count.
    pub wrong_codes: u32,
    pub wrong_pins: u32,
}

/// How far one log of a device is known. A device begins another after a re-install or a restore.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceLogView {
    pub log: String,
    pub entries: u32,
    /// Hash of all of them, hex.
    pub head: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceSnapshotView {
    pub version: u64,
    pub created_at: Timestamp,
    pub age_secs: i64,
}

/// Lets a pending device in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmDevice {
    /// The six digits on the device's own screen.
    pub transcript_code: String,
}

/// Signs off where the logs of the event's devices end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignCheckpoint {
    /// Devices that are not waited for: lost, or never used.
    #[serde(default)]
    pub without: Vec<DeviceId>,
}

/// What was signed off last, and which devices stand in the way of signing now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckpointState {
    /// From then on it can be signed.
    pub ends_at: Timestamp,
    pub checkpoint: Option<CheckpointView>,
    pub missing: Vec<MissingDevice>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckpointView {
    pub version: u64,
    pub signed_at: Timestamp,
    pub logs: usize,
    /// In all of them.
    pub entries: u64,
    pub devices: Vec<SignedOffDevice>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedOffDevice {
    pub device_id: DeviceId,
    pub device: String,
    /// Entries of it that were signed off.
    pub entries: u64,
    /// Those that came later: the next checkpoint has them.
    pub since: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MissingDevice {
    pub device_id: DeviceId,
    pub device: String,
    pub reason: MissingReason,
    pub last_seen_at: Option<Timestamp>,
    /// Entries that it had for the server, by its last word.
    pub pending: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MissingReason {
    /// Nothing was heard of it since the event ended.
    NotHeard,
    /// It said that it has entries which are not here.
    EntriesPending,
}

/// Lets somebody watch the event's gates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddStaff {
    /// Username or e-mail address of an account.
    pub username: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StaffView {
    pub user_id: UserId,
    pub username: String,
    pub added_at: Timestamp,
}

/// First step of enrolment: prove that the hub is fresh.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolChallenge {
    /// 32 bytes, hex. Good for a minute.
    pub nonce: String,
}

/// Second step: prove the device's key over nonce, code and key
/// (`trust::enrolment_message` gives the signed bytes).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolRequest {
    pub code: String,
    /// The device's Ed25519 key, hex.
    pub public_key: String,
    pub nonce: String,
    /// Ed25519 signature, hex.
    pub proof: String,
    pub app_version: String,
}

/// All that a device needs to trust and find the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolResponse {
    pub device_id: DeviceId,
    pub device_name: String,
    pub event_id: EventId,
    pub event_title: String,
    pub gate_id: GateId,
    pub gate_name: String,
    pub role: DeviceRole,
    /// Six digits that both screens show; they differ when somebody sits in between.
    pub transcript_code: String,
    /// Somebody compares the digits first; until then the device is in no roster and may not sync.
    #[serde(default)]
    pub awaiting_confirmation: bool,
    /// Signed root statement, postcard, base64.
    pub root: String,
}

/// What a gate would say to a ticket, and what its staff would see and ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ValidationView {
    #[serde(flatten)]
    pub verdict: Verdict,
    /// About this ticket, then about its class.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Ids of the questions that are open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<String>,
}

/// Which way somebody goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Way {
    #[default]
    In,
    Out,
}

impl From<Way> for Direction {
    fn from(way: Way) -> Self {
        match way {
            Way::In => Self::In,
            Way::Out => Self::Out,
        }
    }
}

/// What a reader read, or somebody typed: a ticket's digits, its typed code, or a medium's id.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ValidateCode {
    pub code: String,
    /// The gate where it would be shown; without it no gate's rules apply.
    #[serde(default)]
    pub gate_id: Option<GateId>,
    #[serde(default)]
    pub direction: Way,
    /// Somebody stands there: without, no typed codes and no questions.
    #[serde(default = "yes")]
    pub attended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RedemptionKind {
    Admit,
    Exit,
    Forced,
    Undo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RedemptionLabel {
    /// The earliest by the common order.
    Primary,
    /// A later admission of a ticket that was already in.
    Duplicate,
    /// An exit or an undo: neither.
    None,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RedemptionView {
    /// Log id and sequence: the same on every replica.
    pub id: String,
    pub event_id: EventId,
    pub ticket_id: Option<TicketId>,
    pub claimed_ticket_id: Option<ClaimedTicketId>,
    pub serial: u32,
    pub generation: u8,
    pub kind: RedemptionKind,
    /// By its typed code: weaker evidence than a scan.
    pub typed: bool,
    /// A person did what the gate asked for, for example looked at an ID.
    pub confirmed: bool,
    /// The supervisor whose word it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervisor: Option<String>,
    pub label: RedemptionLabel,
    pub gate_id: Option<GateId>,
    pub gate: String,
    pub device_id: DeviceId,
    pub device: String,
    /// When the device recorded it.
    pub at: Timestamp,
    /// When the server learnt of it.
    pub received_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConflictView {
    pub serial: u32,
    pub ticket_id: Option<TicketId>,
    pub category: ConflictCategory,
    /// In the common order: the first is the one that counts.
    pub admissions: Vec<ConflictAdmissionView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Heard {
    Server,
    /// At least one other device.
    Peer,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConflictAdmissionView {
    #[serde(flatten)]
    pub redemption: RedemptionView,
    /// `at` by the server's clock, as far as the device's was known to be off.
    pub corrected_at: Timestamp,
    /// Whom the device could hear when it decided.
    pub heard: Vec<Heard>,
    pub clock_unsure: bool,
    /// Its device had been removed: it counts for nothing, but somebody may have come in by it.
    pub quarantined: bool,
}

/// Who may overrule the event's gates. Up to fourteen, by number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SupervisorView {
    /// 1 to 14; entries name the person by it.
    pub number: u8,
    pub name: String,
}

/// The PIN is kept as a hash and never shown again.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetSupervisor {
    pub name: String,
    /// Six to twelve digits; no two supervisors of an event share one.
    pub pin: String,
}

/// Lets a ticket in from the organizer's office.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ForceRequest {
    /// The gate where the guest stands; without it no gate's rules are told.
    #[serde(default)]
    pub gate_id: Option<GateId>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnnulRequest {
    /// The redemption to take back; without it the latest that stands.
    #[serde(default)]
    pub redemption_id: Option<String>,
}

super::accounts::redacted_debug!(SetSupervisor { name });
super::accounts::redacted_debug!(ValidateCode { gate_id, direction });
super::accounts::redacted_debug!(DeviceEnrolment {
    device_id,
    expires_at
});
super::accounts::redacted_debug!(EnrolRequest {
    public_key,
    app_version
});

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum IssuingKeyStatus {
    /// Signs new tickets.
    Active,
    /// The gates know it already; it signs when the active one goes.
    Standby,
    /// Signs no more; its tickets are good.
    Retired,
    /// Stolen: of its tickets those are good that the gates' list has.
    Compromised,
}

/// A key that signs tickets; its public half.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuingKeyView {
    pub kid: u8,
    pub status: IssuingKeyStatus,
    /// 32 bytes, hex.
    pub public_key: String,
    /// The gates take no other serials from it.
    pub serial_first: u32,
    pub serial_last: u32,
    pub changed_at: Timestamp,
}
