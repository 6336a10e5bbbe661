//! Vouchers, discount and access codes (I10).

use serde::{Deserialize, Serialize};

use crate::ids::{ClassId, EventId};
use crate::time::Timestamp;

/// What a code takes off each ticket's price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "kind", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Discount {
    #[default]
    None,
    Percent {
        percent: u8,
    },
    /// Minor units, at most the price.
    Amount {
        amount: i64,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateVoucher {
    /// Letters and digits, 4 to 32; absent: one that nobody can guess is drawn. Upper and lower
    /// case are the same.
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub discount: Discount,
    /// For these classes only; empty: for all.
    #[serde(default)]
    pub class_ids: Vec<ClassId>,
    /// Opens classes that need a code.
    #[serde(default)]
    pub unlocks: bool,
    /// Orders it may be used for; absent: as many as come.
    #[serde(default)]
    pub max_uses: Option<u32>,
    #[serde(default)]
    pub valid_from: Option<Timestamp>,
    #[serde(default)]
    pub valid_until: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VoucherView {
    pub id: String,
    pub event_id: EventId,
    pub code: String,
    pub discount: Discount,
    pub class_ids: Vec<ClassId>,
    pub unlocks: bool,
    pub max_uses: Option<u32>,
    /// Orders that used it or hold it now: exact.
    pub uses: u32,
    pub valid_from: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
    pub active: bool,
    pub created_at: Timestamp,
}
