//! How an event checks tickets in: rules, check-in lists, questions (V4).

use serde::{Deserialize, Serialize};

use super::pre_check_in::PreCheckInWindow;
use crate::ids::{ClassId, GateId};
use crate::time::Timestamp;

/// How often one ticket enters on a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Entries {
    #[default]
    Once,
    /// Once on each day of the event's time zone.
    OncePerDay,
    /// As often as it is shown.
    Unlimited,
}

/// A rule that must hold for an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckInRule {
    /// Guests read it when the rule refuses them.
    pub name: String,
    /// JSON logic over the documented variables:
    /// `{"isAfter": [{"var": "now"}, {"buildTime": ["customtime", "17:00"]}, null]}`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub logic: serde_json::Value,
}

/// Which classes enter at some gates, under which rules, with a count of entries of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of a list, each set by itself"
)]
pub struct CheckInList {
    pub name: String,
    /// A gate is of one list at most; the others are of the event's own, where every class enters
    /// once.
    #[serde(default)]
    pub gate_ids: Vec<GateId>,
    /// Absent means every class, an empty list none.
    #[serde(default)]
    pub class_ids: Option<Vec<ClassId>>,
    #[serde(default)]
    pub entries: Entries,
    /// Whoever has left may come again.
    #[serde(default)]
    pub re_entry: bool,
    /// Tickets that are not paid for enter once somebody at the gate has taken the money.
    #[serde(default)]
    pub include_pending: bool,
    /// Staff look at everybody's ID.
    #[serde(default)]
    pub id_check: bool,
    /// A ticket that is not on the list stands for what was added to it and is: one code for the
    /// door and for the buffet.
    #[serde(default)]
    pub match_add_ons: bool,
    /// Time of day, `04:00` on the event's clock: whoever is inside then counts as gone.
    #[serde(default)]
    pub check_out_at: Option<String>,
    /// Besides the event's.
    #[serde(default)]
    pub rules: Vec<CheckInRule>,
}

/// What an answer looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AnswerKind {
    #[default]
    Text,
    /// A required one must be answered with yes.
    YesNo,
    Number,
    /// One of the options.
    Choice,
    /// Any of the options.
    Choices,
    Date,
    Time,
    DateTime,
    Email,
}

/// One choice of a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnswerOption {
    /// What answers are kept as; absent means its number, from 1.
    #[serde(default)]
    pub id: Option<String>,
    pub text: String,
}

/// One kind of question, with the moments it is asked at: as tickets are bought, on the ticket's page,
/// at the gate where somebody is there to ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of a question, each set by itself"
)]
pub struct CheckInQuestion {
    /// Letters, digits, `-` and `_`: what answers name it by. Absent means one made from the text.
    #[serde(default)]
    pub id: Option<String>,
    pub text: String,
    /// Absent means every class.
    #[serde(default)]
    pub class_ids: Option<Vec<ClassId>>,
    #[serde(default)]
    pub kind: AnswerKind,
    /// Asked and left empty is not enough.
    #[serde(default = "yes")]
    pub required: bool,
    /// Only of choices.
    #[serde(default)]
    pub options: Vec<AnswerOption>,
    /// Whoever has not answered before is asked at the gate.
    #[serde(default = "yes")]
    pub at_gate: bool,
    /// Asked as tickets are bought: a required one must be answered in `POST /orders`.
    #[serde(default)]
    pub at_checkout: bool,
    /// Asked once for a whole order and not for each ticket; never at a gate.
    #[serde(default)]
    pub per_order: bool,
}

const fn yes() -> bool {
    true
}

/// For staff, with each ticket of a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClassNote {
    pub class_id: ClassId,
    pub text: String,
}

/// Replaced as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckInSettings {
    /// When doors open, for rules that say `date_admission`; absent means the event's start.
    #[serde(default)]
    pub doors_date: Option<Timestamp>,
    /// For all gates.
    #[serde(default)]
    pub rules: Vec<CheckInRule>,
    #[serde(default)]
    pub lists: Vec<CheckInList>,
    #[serde(default)]
    pub questions: Vec<CheckInQuestion>,
    #[serde(default)]
    pub class_notes: Vec<ClassNote>,
    /// Classes whose tickets enter only once the kiosks that keep them have granted it: a copy is
    /// stopped at the gate, and where too few kiosks can be reached a supervisor decides. The other
    /// classes enter at once, and a copy is found afterwards.
    #[serde(default)]
    pub strict_class_ids: Vec<ClassId>,
    /// When guests may check in ahead on their tickets' pages (V7); absent means not at all.
    #[serde(default)]
    pub pre_check_in: Option<PreCheckInWindow>,
    /// Until when buyers and holders change answers and names; absent means for as long as the order
    /// or ticket is theirs. The organizer may always.
    #[serde(default)]
    pub answers_until: Option<Timestamp>,
    /// Tickets that were named in the order are claimed in those names as soon as it is paid.
    #[serde(default)]
    pub claim_at_checkout: bool,
    /// What gates and tickets' pages explain a verdict in: `en`, `vi`, or one of these with a region,
    /// as `vi-VN`; absent means English.
    #[serde(default)]
    pub language: Option<String>,
    /// Which alerts of the gates are mailed to the organizer.
    #[serde(default)]
    pub alert_mails: AlertMails,
}

/// Which alerts of an event's gates come by mail. Webhooks hear all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AlertMails {
    /// What somebody may have to do something about at once: one ticket twice, forged codes, devices
    /// that are silent, tampered with or not ours any more.
    #[default]
    Serious,
    /// Also a rush, guesses, wrong clocks and devices that wait to be confirmed.
    All,
    Off,
}

/// What a buyer is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventQuestions {
    pub questions: Vec<CheckInQuestion>,
    pub answers_until: Option<Timestamp>,
    pub claim_at_checkout: bool,
}
