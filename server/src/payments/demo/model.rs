//! The gateway's own state: links, and what it tells the shop. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::ids::{PaymentId, RefundId};
use shared::money::Money;
use shared::time::Timestamp;

use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};
use crate::platform::vault::Wrapped;

/// Something to pay. The shop's reference is its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    pub id: PaymentId,
    pub amount: Money,
    pub description: String,
    pub status: LinkStatus,
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    /// The shop acknowledged the payment.
    pub told: bool,
    /// What went back, by the shop's name of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refunds: BTreeMap<RefundId, i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkStatus {
    Open,
    Paid,
    /// The payer's bank said no.
    Declined,
    /// `Open` and past its end; stored once the shop has closed it.
    Expired,
    /// The shop closed it in time.
    Closed,
    Refunded,
}

impl LinkStatus {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Paid => "PAID",
            Self::Declined => "DECLINED",
            Self::Expired => "EXPIRED",
            Self::Closed => "CLOSED",
            Self::Refunded => "REFUNDED",
        }
    }

    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Open => "Waiting for your payment.",
            Self::Paid => "Paid. Thank you!",
            Self::Declined => "The payment was declined. Nothing was charged.",
            Self::Expired => "The time to pay is over. Nothing was charged.",
            Self::Closed => "The order was cancelled. Nothing was charged.",
            Self::Refunded => "The money went back to you.",
        }
    }
}

impl Link {
    /// What the stored status and the clock mean together.
    pub fn status_at(&self, now: Timestamp) -> LinkStatus {
        if self.status == LinkStatus::Open && now >= self.expires_at {
            LinkStatus::Expired
        } else {
            self.status
        }
    }
}

impl Entity for Link {
    const COLLECTION: Collection = Collection {
        name: "demo_links",
        fields: &[Field::int("untold_since").nullable()],
        indexes: &[Index::on("by_untold", &["untold_since"])],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.paid_at.filter(|_| !self.told).into()]
    }
}

/// Something to tell the shop: the exact bytes, kept so that every try sends the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Telling {
    pub id: String,
    pub link: PaymentId,
    pub body: String,
    pub acknowledged_at: Option<Timestamp>,
}

impl Entity for Telling {
    const COLLECTION: Collection = Collection {
        name: "demo_tellings",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// The webhook's body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Told {
    /// Of the delivery: the same in every try.
    pub id: String,
    #[serde(rename = "type")]
    pub kind: TellKind,
    /// The shop's own reference.
    pub reference: PaymentId,
    pub amount: Money,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TellKind {
    #[serde(rename = "payment.paid")]
    Paid,
    #[serde(rename = "payment.declined")]
    Declined,
}

/// The webhook secret, wrapped. There is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredSecret {
    pub secret: Wrapped,
}

impl StoredSecret {
    pub const ID: &str = "webhook";
}

impl Entity for StoredSecret {
    const COLLECTION: Collection = Collection {
        name: "demo_secrets",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        Self::ID.to_owned()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}
