//! How tickets are sold: windows, limits, releases, prices, fees and taxes (I4-I7, I10, O4).

use serde::{Deserialize, Serialize};

use crate::ids::ClassId;
use crate::money::Money;
use crate::time::Timestamp;

/// How a class is sold. What is absent limits nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Terms {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale_from: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale_until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_per_order: Option<u32>,
    /// Over all orders of one person for the event that hold or bought tickets of the class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_person: Option<u32>,
    /// Only with a code that unlocks it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub code_needed: bool,
    /// Stock comes on sale in parts, in this order; empty: all at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub releases: Vec<Release>,
    /// People may queue for what is sold out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waitlist: Option<Waitlist>,
    #[serde(default)]
    pub pricing: Pricing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Waitlist {
    /// How long an offer is held: 1 minute to 7 days.
    pub offer_minutes: u32,
}

/// A part of the stock. With both conditions it waits for both, with none for the parts before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Release {
    pub quantity: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// So much of the parts before it is sold, held stock aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_sold_percent: Option<u8>,
}

/// What a ticket costs when it is held; the class' own price is where it starts from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "SCREAMING_SNAKE_CASE",
    tag = "strategy",
    deny_unknown_fields
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Pricing {
    /// The class' price.
    #[default]
    Fixed,
    /// The price of the first tier that has not ended, then the class' price.
    Tiers { tiers: Vec<PriceTier> },
    /// The class' price times the percentage of the last step that is reached, kept between floor
    /// and ceiling.
    Demand {
        steps: Vec<PriceStep>,
        floor: Money,
        ceiling: Money,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceTier {
    pub until: Timestamp,
    pub price: Money,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceStep {
    /// So much of the class' stock is sold, held stock aside.
    pub sold_percent: u8,
    /// Of the class' price.
    pub percent: u32,
}

/// What an event adds to prices. Shares are in hundredths of a percent: 800 is 8 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Charges {
    #[serde(default)]
    pub tax_share: u32,
    /// Prices and fees contain the tax; otherwise it is added.
    #[serde(default)]
    pub tax_included: bool,
    /// Per ticket that is not free, in minor units.
    #[serde(default)]
    pub fee_minor: i64,
    /// Of a ticket's price, on top of it.
    #[serde(default)]
    pub fee_share: u32,
}

/// Absent fields stay as they are; `terms` are replaced as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateTicketClass {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_order: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PriceCause {
    /// Somebody changed the class.
    Edit,
    /// Its pricing came to another price; seen when a buyer held tickets.
    Pricing,
}

/// One line of a class' price trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceMoveView {
    pub at: Timestamp,
    pub cause: PriceCause,
    pub from: Money,
    pub to: Money,
    /// Tickets that were sold then, of so many; only where the price goes by them.
    pub sold: u32,
    pub total: u32,
}

/// A number of tickets that classes share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatePool {
    pub name: String,
    pub limit: u32,
    pub class_ids: Vec<ClassId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdatePool {
    /// Less than what is sold already sells no more.
    pub limit: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PoolView {
    pub id: String,
    pub name: String,
    pub limit: u32,
    pub class_ids: Vec<ClassId>,
    /// Exact, from the tickets themselves.
    pub sold: u32,
    pub held: u32,
}
