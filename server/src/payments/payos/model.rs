//! Our record of a payment link at PayOS. Pure.

use serde::{Deserialize, Serialize};
use shared::ids::{MerchantId, PaymentId};
use shared::money::{Currency, Money};
use shared::time::Timestamp;

use super::wire::{LinkStatus, Seen};
use crate::payments::failure::Failure;
use crate::payments::looks::Looks;
use crate::payments::model::Payment;
use crate::payments::{Held, Standing};
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

/// One attempt at the gateway. Stored before the gateway hears of it, so that whatever it says later
/// finds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Names the attempt at the gateway. Drawn, never reused.
    pub order_code: i64,
    pub payment: PaymentId,
    /// Where it was opened: it stays there, whatever becomes of the keys.
    #[serde(default)]
    pub account: Option<MerchantId>,
    /// In dong.
    pub amount: i64,
    /// The gateway's name for it, once it was told.
    pub link_id: Option<String>,
    pub checkout_url: Option<String>,
    #[serde(flatten)]
    pub looks: Looks,
}

impl Link {
    pub fn new(payment: &Payment, code: i64, expires_at: Timestamp) -> Self {
        Self {
            order_code: code,
            payment: payment.id,
            account: payment.account,
            amount: payment.amount.amount,
            link_id: None,
            checkout_url: None,
            looks: Looks::until(expires_at),
        }
    }

    /// Refuses an answer that is about another attempt. A valid signature alone does not say so.
    pub fn check(&self, seen: &Seen) -> Result<(), Failure> {
        let same_link = self.link_id.as_ref().is_none_or(|id| *id == seen.link_id);
        if seen.order_code == self.order_code && seen.amount == self.amount && same_link {
            Ok(())
        } else {
            Err(Failure::unclear("it is about another link"))
        }
    }
}

/// A transfer to a link that is not here, by a notice that its channel signed. The gateway tells of it
/// once, so it is kept: it is somebody's money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stray {
    pub account: Option<MerchantId>,
    pub order_code: i64,
    pub link_id: String,
    pub reference: String,
    pub amount: i64,
    pub told_at: Timestamp,
}

impl Stray {
    /// What a channel's strays are listed by.
    pub fn scope(account: Option<MerchantId>) -> String {
        account.map_or_else(|| "server".to_owned(), |account| account.to_string())
    }
}

impl Entity for Stray {
    const COLLECTION: Collection = Collection {
        name: "payos_strays",
        fields: &[Field::text("account"), Field::int("told_at")],
        indexes: &[Index::on("by_account", &["account", "told_at"])],
    };
    fn id(&self) -> String {
        let hash = format!("{}/{}", self.link_id, self.reference);
        let hash = blake3::derive_key("gatehouse payos stray", hash.as_bytes());
        let account = Self::scope(self.account);
        format!("{account}:{}", data_encoding::HEXLOWER.encode(&hash[..16]))
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![Self::scope(self.account).into(), self.told_at.into()]
    }
}

impl Seen {
    /// What the answer means for the payment; nothing while the bank is at work.
    pub fn held(&self) -> Option<Held> {
        let standing = match self.status {
            LinkStatus::Processing => return None,
            LinkStatus::Paid => Standing::Paid,
            LinkStatus::Pending | LinkStatus::Underpaid => Standing::Open,
            LinkStatus::Cancelled | LinkStatus::Expired | LinkStatus::Failed => Standing::Over,
        };
        Some(Held {
            total: Money::new(self.paid, Currency::VND),
            standing,
        })
    }
}

impl Entity for Link {
    const COLLECTION: Collection = Collection {
        name: "payos_links",
        fields: &[Field::text("payment_id"), Field::int("ask_at").nullable()],
        indexes: &[
            Index::unique("by_payment", &["payment_id"]),
            Index::on("by_ask", &["ask_at"]),
        ],
    };
    fn id(&self) -> String {
        self.order_code.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.payment.into(), self.looks.ask_at.into()]
    }
}
