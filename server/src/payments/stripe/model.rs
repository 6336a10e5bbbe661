//! Our record of a Checkout session. Pure.

use serde::{Deserialize, Serialize};
use shared::ids::{MerchantId, PaymentId};
use shared::money::Money;

use super::wire::{PaymentStatus, SeenSession, SessionStatus};
use crate::payments::failure::Failure;
use crate::payments::looks::Looks;
use crate::payments::{Held, Standing};
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

/// One attempt at Stripe. Stored before it hears of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub payment: PaymentId,
    /// Where it was opened: it stays there, whatever becomes of the keys.
    #[serde(default)]
    pub account: Option<MerchantId>,
    pub amount: Money,
    /// The request as it is sent: a key that comes again with other words is refused.
    pub form: String,
    /// Keys that were used up by answers which will never change.
    pub spent_keys: u32,
    /// Stripe's names, once they were told.
    pub session_id: Option<String>,
    pub payment_intent: Option<String>,
    pub checkout_url: Option<String>,
    #[serde(flatten)]
    pub looks: Looks,
}

impl Session {
    /// The idempotency key of its create.
    pub fn key(&self) -> String {
        format!("payment:{}:{}", self.payment, self.spent_keys)
    }

    /// Refuses an answer that is about another attempt.
    pub fn check(&self, seen: &SeenSession) -> Result<(), Failure> {
        let same_session = self.session_id.as_ref().is_none_or(|id| *id == seen.id);
        let reference = seen.client_reference_id.as_deref();
        let is_ours = reference == Some(self.payment.to_string().as_str());
        if same_session && is_ours && seen.money() == Some(self.amount) {
            Ok(())
        } else {
            Err(Failure::unclear("it is about another session"))
        }
    }
}

impl SeenSession {
    /// What the answer means for the payment; nothing while a bank is at work.
    pub(super) fn held(&self) -> Option<Held> {
        let asked = self.money()?;
        let nothing = Money::new(0, asked.currency);
        let (total, standing) = match (self.status, self.payment_status) {
            (_, PaymentStatus::Paid) => (asked, Standing::Paid),
            (SessionStatus::Open, _) => (nothing, Standing::Open),
            (SessionStatus::Expired, _) => (nothing, Standing::Over),
            (SessionStatus::Complete, PaymentStatus::Unpaid | PaymentStatus::NoPaymentRequired) => {
                return None;
            }
        };
        Some(Held { total, standing })
    }

    pub(super) fn is_open(&self) -> bool {
        self.status == SessionStatus::Open
    }
}

impl Entity for Session {
    const COLLECTION: Collection = Collection {
        name: "stripe_sessions",
        fields: &[
            Field::int("ask_at").nullable(),
            Field::text("payment_intent").nullable(),
        ],
        indexes: &[
            Index::on("by_ask", &["ask_at"]),
            Index::on("by_intent", &["payment_intent"]),
        ],
    };
    fn id(&self) -> String {
        self.payment.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![
            self.looks.ask_at.into(),
            self.payment_intent.as_deref().into(),
        ]
    }
}
