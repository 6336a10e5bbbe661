//! Devices, enrolment, redemptions (V6, V9). Snapshot and sync bodies are postcard: see `sync`.

use serde::{Deserialize, Serialize};

use crate::ids::{ClaimedTicketId, DeviceId, EventId, GateId, TicketId};
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
    pub role: DeviceRole,
    pub status: DeviceStatus,
    pub enrolled_at: Option<Timestamp>,
    pub last_seen_at: Option<Timestamp>,
    /// Entries received from its logs.
    pub entries: u64,
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
    /// Signed root statement, postcard, base64.
    pub root: String,
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
    pub admissions: Vec<RedemptionView>,
}

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
