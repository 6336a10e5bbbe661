//! Our record of a payment link at PayOS. Pure.

use serde::{Deserialize, Serialize};
use shared::ids::PaymentId;
use shared::money::{Currency, Money};
use shared::time::Timestamp;

use super::wire::{LinkStatus, Seen};
use crate::payments::{Held, Standing};
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

/// First look at a link that nobody told us about; each look doubles the wait.
const FIRST_LOOK_SECS: i64 = 5;
const LOOK_SECS_MAX: i64 = 3600;
/// Between two looks for a payer who waits.
const REMINDED_SECS: i64 = 3;
/// After the link's end money may still come: a bank pushes it, or a webhook was lost.
const AFTERCARE_SECS: i64 = 24 * 3600;

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
    /// When payers are no longer asked.
    pub expires_at: Timestamp,
    /// When to look next; `None` when nobody has to look any more.
    pub ask_at: Option<Timestamp>,
    /// Looks that brought nothing new.
    pub looks: u32,
    pub looked_at: Option<Timestamp>,
    /// The gateway wants no more questions before.
    pub busy_until: Option<Timestamp>,
}

impl Link {
    pub fn new(payment: PaymentId, code: i64, amount: Money, expires_at: Timestamp) -> Self {
        Self {
            order_code: code,
            payment,
            amount: amount.amount,
            link_id: None,
            checkout_url: None,
            expires_at,
            ask_at: None,
            looks: 0,
            looked_at: None,
            busy_until: None,
        }
    }

    /// Whether an answer is about this attempt. A valid signature alone does not say so.
    pub fn is_meant_by(&self, seen: &Seen) -> bool {
        let same_link = self.link_id.as_ref().is_none_or(|id| *id == seen.link_id);
        seen.order_code == self.order_code && seen.amount == self.amount && same_link
    }

    /// Plans the next look. Once nobody is asked to pay it any more, the looks end with the
    /// aftercare.
    pub fn look_later(&mut self, now: Timestamp, is_over: bool) {
        let wait = FIRST_LOOK_SECS << self.looks.min(16);
        self.looks = self.looks.saturating_add(1);
        let next = now.plus_secs(wait.min(LOOK_SECS_MAX));
        let end = self.expires_at.plus_secs(AFTERCARE_SECS);
        self.ask_at = (!is_over || next < end).then_some(next);
    }

    /// The gateway wants to be left alone for a while.
    pub fn leave_alone(&mut self, until: Timestamp) {
        self.busy_until = Some(until);
        self.ask_at = self.ask_at.map(|at| at.max(until));
    }

    /// Plans a look because a payer came back. Reloading a page does not make us ask more often.
    pub fn remind(&mut self, now: Timestamp) -> bool {
        let just = self
            .looked_at
            .is_some_and(|at| now < at.plus_secs(REMINDED_SECS));
        let busy = self.busy_until.is_some_and(|until| now < until);
        if just || busy || self.ask_at.is_some_and(|at| at <= now) {
            return false;
        }
        self.ask_at = Some(now);
        true
    }

    /// Plans a look because something was told.
    pub fn look_at(&mut self, at: Timestamp) {
        self.looks = 0;
        self.ask_at = Some(at);
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
        vec![self.payment.into(), self.ask_at.into()]
    }
}
