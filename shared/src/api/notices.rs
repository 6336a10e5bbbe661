//! Mails to people: what there is, what one looks like, what became of it (N2).

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What a mail is about, as far as people may choose not to get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Topic {
    /// Changes of an event that one has a ticket for. A cancellation is always told.
    EventChanges,
    /// An event is near.
    Reminders,
    /// Tickets that became free, and the like.
    Offers,
    /// What happens at the gates of an event that one runs.
    GateAlerts,
}

impl Topic {
    pub const ALL: [Self; 4] = [
        Self::EventChanges,
        Self::Reminders,
        Self::Offers,
        Self::GateAlerts,
    ];
}

/// Which mails an address gets. What an order or the safety of an account needs always comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of a reader, each set by itself"
)]
pub struct Preferences {
    pub event_changes: bool,
    pub reminders: bool,
    pub offers: bool,
    /// Left out it is `true`.
    #[serde(default = "yes")]
    pub gate_alerts: bool,
}

const fn yes() -> bool {
    true
}

/// One kind of mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TemplateView {
    pub name: String,
    /// None: it always comes.
    pub topic: Option<Topic>,
    pub subject: String,
}

/// A mail as it would be sent, with invented people and links that open nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MailPreview {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Something to tell everybody who has a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Announce {
    /// Plain text; its lines stay lines.
    pub words: String,
}

/// What everybody who has a ticket was told, by the organizer or by us.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnnouncementView {
    pub id: String,
    pub subject: String,
    pub text: String,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum NoticeStatus {
    /// No mail server is configured: the mail is kept here to be read.
    Kept,
    /// On its way, perhaps after failed tries.
    Waiting,
    Sent,
    /// The mail server will not have it, or could not be reached for two days.
    Refused,
    /// Its reader has unsubscribed from such mails.
    Unwanted,
}

/// A mail of the outbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeView {
    pub id: String,
    pub recipient: String,
    pub template: String,
    pub subject: String,
    /// Links that open an account are left out where a mail server is configured.
    pub text: String,
    pub status: NoticeStatus,
    /// Tries that failed so far.
    pub tries: u32,
    /// Why it was refused.
    pub why: Option<String>,
    pub created_at: Timestamp,
}
