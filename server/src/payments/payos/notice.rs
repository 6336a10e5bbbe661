//! A webhook of PayOS, read: "a transfer arrived". It says neither that the link is paid nor which
//! state it is in, so it is only a reason to ask.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::signature::verify_data;
use crate::config::Secret;

/// Longer references are not the gateway's.
const REFERENCE_CHARS_MAX: usize = 100;

/// What a delivery tells, after its signature held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub order_code: i64,
    /// Of this one transfer, in dong.
    pub amount: i64,
    pub link_id: String,
    /// The bank's own; with the link's id it names the transfer.
    pub reference: String,
    /// The transfer itself succeeded.
    pub arrived: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("the delivery is not signed by its gateway")]
    Unsigned,
    /// Signed, and not what the gateway sends.
    #[error("the delivery cannot be read")]
    Unreadable,
}

/// Only `data` is signed; the rest of the envelope is anybody's.
#[derive(Deserialize)]
struct Envelope {
    data: Map<String, Value>,
    signature: String,
}

impl Notice {
    pub(super) fn read(key: &Secret, body: &[u8]) -> Result<Self, Refused> {
        let Envelope { data, signature } =
            serde_json::from_slice(body).map_err(|_| Refused::Unsigned)?;
        verify_data(key, &data, &signature).map_err(|_| Refused::Unsigned)?;
        Self::of(&data).ok_or(Refused::Unreadable)
    }

    fn of(data: &Map<String, Value>) -> Option<Self> {
        let text = |field: &str| data.get(field)?.as_str();
        let reference = text("reference")?;
        let link_id = text("paymentLinkId")?;
        let is_bounded = |text: &str| text.chars().count() <= REFERENCE_CHARS_MAX;
        // Spelled as integers: a valid signature also covers "450000" and 4.5e5.
        Some(Self {
            order_code: data.get("orderCode")?.as_i64()?,
            amount: data.get("amount")?.as_i64()?,
            link_id: Some(link_id).filter(|id| is_bounded(id))?.to_owned(),
            reference: Some(reference).filter(|id| is_bounded(id))?.to_owned(),
            arrived: text("code") == Some("00") && text("currency") == Some("VND"),
        })
    }
}
