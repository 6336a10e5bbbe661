//! An organization's own accounts at payment gateways (A9).
//!
//! Keys only go in. No answer of the server holds one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::api::payments::Provider;
use crate::ids::MerchantId;
use crate::time::Timestamp;

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StripeKeys {
    /// `sk_…` or `rk_…`.
    pub secret_key: String,
    /// `whsec_…`, of the endpoint with the organization's own address.
    pub webhook_secret: String,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PayosKeys {
    pub client_id: String,
    pub api_key: String,
    /// 64 hexadecimal digits.
    pub checksum_key: String,
}

impl fmt::Debug for StripeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StripeKeys([redacted])")
    }
}

impl fmt::Debug for PayosKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayosKeys([redacted])")
    }
}

/// An account as its owner may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MerchantView {
    pub id: MerchantId,
    pub provider: Provider,
    /// The gateway's own name of it.
    pub account: String,
    /// Of the key.
    pub last_four: String,
    /// Whether its money is real, where the gateway tells.
    pub live: Option<bool>,
    /// Takes new payments. One that was followed by another still deals with its own.
    pub current: bool,
    pub added_at: Timestamp,
    /// When the gateway last took the keys.
    pub verified_at: Timestamp,
    /// When the gateway last took our address, which it signs for.
    pub webhook_confirmed_at: Option<Timestamp>,
}

/// Where an organization's gateways send what they tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MerchantsView {
    pub stripe_webhook_url: String,
    pub payos_webhook_url: String,
    /// Whether the server's own accounts take money where the organization has none.
    pub server_account_lent: bool,
    pub accounts: Vec<MerchantView>,
}
