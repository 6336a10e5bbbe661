//! Our record of a payment link at PayOS. Pure.

use serde::{Deserialize, Serialize};
use shared::ids::PaymentId;
use shared::money::{Currency, Money};
use shared::time::Timestamp;

use super::wire::{LinkStatus, Seen};
use crate::payments::failure::Failure;
use crate::payments::looks::Looks;
use crate::payments::{Held, Standing};
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

/// One attempt at the gateway. Stored before the gateway hears of it, so that whatever it says later
/// finds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Names the attempt at the gateway. Drawn, never reused.
    pub order_code: i64,
    pub payment: PaymentId,
    /// In dong.
    pub amount: i64,
    /// The gateway's name for it, once it was told.
    pub link_id: Option<String>,
    pub checkout_url: Option<String>,
    #[serde(flatten)]
    pub looks: Looks,
}

impl Link {
    pub fn new(payment: PaymentId, code: i64, amount: Money, expires_at: Timestamp) -> Self {
        Self {
            order_code: code,
            payment,
            amount: amount.amount,
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
