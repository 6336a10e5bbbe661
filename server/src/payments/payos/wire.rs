//! What goes to PayOS and comes back, and which answers may be believed. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::signature::verify_data;
use crate::config::Secret;
use crate::payments::failure::Failure;

/// A request for a payment link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateLink {
    pub order_code: i64,
    pub amount: i64,
    /// ASCII, at most nine characters: banks keep no more when the account is not linked.
    pub description: String,
    pub cancel_url: String,
    pub return_url: String,
    /// Unix seconds.
    pub expired_at: i64,
    pub signature: String,
}

/// A link as the gateway tells of it, in an answer whose signature held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub order_code: i64,
    pub link_id: String,
    pub amount: i64,
    /// All that arrived.
    pub paid: i64,
    pub status: LinkStatus,
    /// Only the answer to a create has it.
    pub checkout_url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LinkStatus {
    Pending,
    Processing,
    Underpaid,
    Paid,
    Cancelled,
    Expired,
    Failed,
}

impl LinkStatus {
    /// Payers are still asked for money.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::Underpaid => true,
            Self::Processing | Self::Paid | Self::Cancelled | Self::Expired | Self::Failed => false,
        }
    }
}

/// The code was used before.
pub(super) fn is_taken(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { code, .. } if code == "231")
}

/// There is no such link.
pub fn is_unknown(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { code, .. } if code == "101")
}

/// The `data` of an answer, if the gateway says yes and has signed it.
pub(super) fn read(key: &Secret, body: &[u8]) -> Result<Map<String, Value>, Failure> {
    #[derive(Deserialize)]
    struct Envelope {
        code: String,
        #[serde(default)]
        desc: Option<String>,
        #[serde(default)]
        data: Option<Map<String, Value>>,
        #[serde(default)]
        signature: Option<String>,
    }
    let Envelope {
        code,
        desc,
        data,
        signature,
    } = serde_json::from_slice(body)
        .map_err(|_| Failure::unclear("it is no answer of this gateway"))?;
    if code != "00" {
        let text = desc.unwrap_or_default();
        // Words of another machine: bounded before they reach a log.
        let text = text.chars().take(200).collect();
        return Err(Failure::Refused { code, text });
    }
    let data = data.ok_or_else(|| Failure::unclear("it says yes and holds nothing"))?;
    // The official client takes an answer without one for signed. We do not.
    let signature = signature.ok_or_else(|| Failure::unclear("it is not signed"))?;
    verify_data(key, &data, &signature)
        .map_err(|_| Failure::unclear("its signature does not hold"))?;
    Ok(data)
}

/// The link in the answer to a create.
pub(super) fn created(data: &Map<String, Value>) -> Option<Seen> {
    Some(Seen {
        order_code: integer(data, "orderCode")?,
        link_id: text(data, "paymentLinkId")?,
        amount: integer(data, "amount")?,
        paid: 0,
        status: status(data)?,
        checkout_url: Some(text(data, "checkoutUrl")?),
    })
}

/// The link in the answer to a look or a cancel.
pub(super) fn looked_at(data: &Map<String, Value>) -> Option<Seen> {
    Some(Seen {
        order_code: integer(data, "orderCode")?,
        link_id: text(data, "id")?,
        amount: integer(data, "amount")?,
        paid: integer(data, "amountPaid").filter(|paid| *paid >= 0)?,
        status: status(data)?,
        checkout_url: None,
    })
}

fn integer(data: &Map<String, Value>, field: &str) -> Option<i64> {
    data.get(field)?.as_i64()
}

fn text(data: &Map<String, Value>, field: &str) -> Option<String> {
    let text = data.get(field)?.as_str()?;
    (!text.is_empty() && text.len() <= 500).then(|| text.to_owned())
}

fn status(data: &Map<String, Value>) -> Option<LinkStatus> {
    LinkStatus::deserialize(data.get("status")?).ok()
}
