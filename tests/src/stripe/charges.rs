//! Charges, and what happens to them over a shop's head: refunds made in the dashboard, disputes.

use serde_json::{Value, json};

use super::desk::{Desk, Form, MISSING, No, Refund, RefundStatus, Session, SessionStatus};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeStatus {
    /// A bank only asks.
    Inquiry,
    Open,
    Won,
    Lost,
}

impl DisputeStatus {
    const fn key(self) -> &'static str {
        match self {
            Self::Inquiry => "warning_needs_response",
            Self::Open => "needs_response",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Dispute {
    pub id: String,
    pub intent: String,
    pub amount: i64,
    pub status: DisputeStatus,
    currency: String,
}

impl Dispute {
    fn view(&self) -> Value {
        json!({
            "id": self.id, "object": "dispute", "amount": self.amount, "currency": self.currency,
            "charge": self.intent.replace("pi_", "ch_"), "payment_intent": self.intent,
            "status": self.status.key(), "reason": "fraudulent", "metadata": {},
        })
    }
}

/// The most that one page holds, so that tests see more than one.
const PAGE: usize = 3;

impl Desk {
    fn paid(&self, intent: &str) -> Option<&Session> {
        let mut sessions = self.sessions.iter();
        sessions.find(|of| of.intent.as_deref() == Some(intent))
    }

    /// Given back, or on its way.
    pub(super) fn back(&self, intent: &str) -> i64 {
        let live = self.refunds.iter();
        let live = live.filter(|of| of.intent == intent && of.status != RefundStatus::Failed);
        live.map(|refund| refund.amount).sum()
    }

    /// Nothing more is given back of it.
    pub(super) fn is_disputed(&self, intent: &str) -> bool {
        let of = |dispute: &&Dispute| {
            let is_held = matches!(dispute.status, DisputeStatus::Open | DisputeStatus::Lost);
            dispute.intent == intent && is_held
        };
        self.disputes.iter().any(|dispute| of(&dispute))
    }

    pub(super) fn charge_of(&self, intent: &str) -> Value {
        let session = self.paid(intent).expect("a charge");
        let disputes = self.disputes.iter();
        json!({
            "id": intent.replace("pi_", "ch_"), "object": "charge", "paid": true, "status": "succeeded",
            "amount": session.amount, "amount_captured": session.amount,
            "amount_refunded": self.back(intent), "currency": session.currency,
            "refunded": self.back(intent) >= session.amount, "payment_intent": intent,
            "disputed": disputes.filter(|of| of.intent == intent).count() > 0,
            "metadata": session.metadata, "created": session.paid_at,
        })
    }

    /// Latest first, with what other shops of the account charged.
    pub(super) fn charges(&self, query: &Form) -> Value {
        let number = |key: &str| query.get(key).and_then(|text| text.parse::<i64>().ok());
        let from = number("created[gte]").unwrap_or(i64::MIN);
        let to = number("created[lt]").unwrap_or(i64::MAX);
        let intents = self.sessions.iter().filter_map(|of| of.intent.as_deref());
        let mut all: Vec<Value> = intents.map(|intent| self.charge_of(intent)).collect();
        all.extend(self.others.iter().cloned());
        all.retain(|of| {
            of["created"]
                .as_i64()
                .is_some_and(|at| (from..to).contains(&at))
        });
        all.reverse();
        if let Some(behind) = query.get("starting_after") {
            let at = all.iter().position(|of| of["id"] == *behind);
            all.drain(..at.map_or(all.len(), |at| at + 1));
        }
        let has_more = all.len() > PAGE;
        all.truncate(PAGE);
        json!({"object": "list", "has_more": has_more, "data": all})
    }

    pub(super) fn look_intent(&self, intent: &str) -> Result<Value, No> {
        let session = self.paid(intent).ok_or(MISSING)?;
        Ok(json!({
            "id": intent, "object": "payment_intent", "amount": session.amount,
            "status": "succeeded", "metadata": session.metadata,
        }))
    }

    pub(super) fn disputes_of(&self, intent: &str) -> Value {
        let of = self.disputes.iter().rev().filter(|of| of.intent == intent);
        let data: Vec<Value> = of.map(Dispute::view).collect();
        json!({"object": "list", "has_more": false, "data": data})
    }

    /// Somebody presses the button in the dashboard; `false` where nothing is left to give back.
    pub(super) fn refund_by_hand(&mut self, session: &str, amount: i64) -> bool {
        let paid = self.sessions.iter().find(|of| of.id == session);
        let Some(intent) = paid.and_then(|of| of.intent.clone()) else {
            return false;
        };
        let (charged, currency) = match self.paid(&intent) {
            Some(of) => (of.amount, of.currency.clone()),
            None => return false,
        };
        if self.is_disputed(&intent) || amount <= 0 || self.back(&intent) + amount > charged {
            return false;
        }
        let refund = Refund {
            reference: String::new(),
            currency,
            intent,
            amount,
            status: if self.refunds_wait {
                RefundStatus::Pending
            } else {
                RefundStatus::Succeeded
            },
            id: self.draw("re_"),
        };
        self.make_refund(refund);
        true
    }

    /// What was charged and did not go back.
    fn left(&self, intent: &str) -> i64 {
        let charged = self.paid(intent).map_or(0, |of| of.amount);
        charged - self.back(intent)
    }

    /// The payer's bank wants back what is left of the charge; `None` where nothing is.
    pub(super) fn dispute(&mut self, session: &str, status: DisputeStatus) -> Option<String> {
        let paid = self.sessions.iter().find(|of| of.id == session)?;
        let intent = paid.intent.clone()?;
        let amount = paid.amount - self.back(&intent);
        let currency = paid.currency.clone();
        if amount <= 0 || self.disputes.iter().any(|of| of.intent == intent) {
            return None;
        }
        let dispute = Dispute {
            id: self.draw("du_"),
            intent,
            amount,
            status,
            currency,
        };
        let (id, view) = (dispute.id.clone(), dispute.view());
        self.disputes.push(dispute);
        self.tell("charge.dispute.created", &view);
        Some(id)
    }

    /// The bank goes on, or decides. It decides once, but for what is lost and then won in arbitration.
    /// An inquiry that becomes a dispute is about what is left: it may have been answered by a refund.
    pub(super) fn judge(&mut self, dispute: &str, status: DisputeStatus) {
        let Some(at) = self.disputes.iter().position(|of| of.id == dispute) else {
            return;
        };
        let left = self.left(&self.disputes[at].intent);
        let found = &mut self.disputes[at];
        let mut status = status;
        if found.status == DisputeStatus::Inquiry && status != DisputeStatus::Inquiry {
            if left <= 0 {
                status = DisputeStatus::Won;
            } else {
                found.amount = found.amount.min(left);
            }
        }
        let was_lost = found.status == DisputeStatus::Lost;
        match (found.status, status) {
            (DisputeStatus::Won, _) => return,
            (DisputeStatus::Lost, status) if status != DisputeStatus::Won => return,
            _ => found.status = status,
        }
        let view = found.view();
        let kind = match status {
            DisputeStatus::Inquiry | DisputeStatus::Open => "charge.dispute.updated",
            DisputeStatus::Won if was_lost => "charge.dispute.funds_reinstated",
            DisputeStatus::Won | DisputeStatus::Lost => "charge.dispute.closed",
        };
        self.tell(kind, &view);
    }

    /// The account's owner sells something else, or a shop that was restored from an old backup has
    /// forgotten a payment.
    pub(super) fn charge_elsewhere(&mut self, amount: i64, metadata: &Value) -> String {
        let intent = self.draw("pi_");
        let id = intent.replace("pi_", "ch_");
        self.others.push(json!({
            "id": id, "object": "charge", "paid": true, "status": "succeeded", "amount": amount,
            "amount_captured": amount, "amount_refunded": 0, "currency": "vnd", "refunded": false,
            "payment_intent": intent, "disputed": false, "metadata": metadata, "created": super::now(),
        }));
        id
    }

    /// The charge of a session is gone, as if it had never been.
    pub(super) fn forget_charge(&mut self, session: &str) {
        if let Some(of) = self.sessions.iter_mut().find(|of| of.id == session) {
            of.intent = None;
            of.status = SessionStatus::Expired;
        }
    }

    /// It was another sum.
    pub(super) fn recharge(&mut self, session: &str, amount: i64) {
        if let Some(of) = self.sessions.iter_mut().find(|of| of.id == session) {
            of.amount = amount;
        }
    }

    /// A refund is gone, as if it had never been.
    pub(super) fn forget_refund(&mut self, refund: &str) {
        self.refunds.retain(|of| of.id != refund);
    }

    /// From now on nobody hears of what happens, as if every notice were lost.
    pub(super) fn hush(&mut self) {
        self.is_hushed = true;
        for event in &mut self.events {
            event.is_taken = true;
        }
    }
}
