//! Phone numbers and the texts that go to them (N2).

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GivePhone {
    /// With its country: `+84 90 123 45 67`.
    pub number: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmPhone {
    /// The six digits.
    pub code: String,
}

/// Which texts come, besides the mails. Absent means yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TextPreferences {
    #[serde(default = "yes")]
    pub event_changes: bool,
    #[serde(default = "yes")]
    pub reminders: bool,
}

impl Default for TextPreferences {
    fn default() -> Self {
        Self {
            event_changes: true,
            reminders: true,
        }
    }
}

const fn yes() -> bool {
    true
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhoneView {
    pub number: String,
    /// Whether its code was typed; before that no text goes there but the code.
    pub confirmed: bool,
    pub wants: TextPreferences,
}
