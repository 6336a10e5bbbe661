//! Sessions, refunds and events, as far as a ticket shop meets them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::charges::Dispute;
use super::now;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStatus {
    Open,
    Complete,
    Expired,
}

impl SessionStatus {
    const fn key(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Expired => "expired",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Session {
    pub id: String,
    pub reference: String,
    pub amount: i64,
    pub currency: String,
    pub status: SessionStatus,
    pub intent: Option<String>,
    pub expires_at: i64,
    pub(super) paid_at: i64,
    pub(super) metadata: Value,
}

impl Session {
    pub fn is_paid(&self) -> bool {
        self.status == SessionStatus::Complete
    }

    pub fn url(&self) -> String {
        format!("https://checkout.stripe.com/c/pay/{}", self.id)
    }

    fn view(&self) -> Value {
        json!({
            "id": self.id, "object": "checkout.session", "mode": "payment", "livemode": false,
            "status": self.status.key(),
            "payment_status": if self.is_paid() { "paid" } else { "unpaid" },
            "amount_total": self.amount, "currency": self.currency,
            "client_reference_id": self.reference, "payment_intent": self.intent,
            "metadata": self.metadata, "expires_at": self.expires_at,
            "url": (self.status == SessionStatus::Open).then(|| self.url()),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
}

impl RefundStatus {
    const fn key(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Refund {
    pub id: String,
    pub intent: String,
    pub amount: i64,
    pub status: RefundStatus,
    /// Our row of it; empty where somebody made it in the dashboard.
    pub reference: String,
    pub(super) currency: String,
}

impl Refund {
    fn view(&self) -> Value {
        let failed = self.status == RefundStatus::Failed;
        let ours = json!({"refund_id": self.reference});
        let metadata = if self.reference.is_empty() {
            json!({})
        } else {
            ours
        };
        json!({
            "id": self.id, "object": "refund", "amount": self.amount, "currency": self.currency,
            "payment_intent": self.intent, "charge": self.intent.replace("pi_", "ch_"),
            "status": self.status.key(), "metadata": metadata,
            "failure_reason": failed.then_some("expired_or_canceled_card"),
        })
    }
}

#[derive(Clone, Debug)]
pub struct Event {
    pub id: String,
    pub kind: String,
    pub body: Value,
    pub is_taken: bool,
}

/// A status and an error's type and code.
pub(super) type No = (u16, &'static str, Option<&'static str>);
pub(super) type Form = BTreeMap<String, String>;

/// The books of one account.
pub struct Desk {
    pub(super) name: String,
    pub(super) secret_key: String,
    pub(super) webhook_secret: String,
    pub(super) webhook_url: Option<String>,
    pub sessions: Vec<Session>,
    pub refunds: Vec<Refund>,
    pub disputes: Vec<Dispute>,
    /// Charges that no session of ours made.
    pub(super) others: Vec<Value>,
    pub events: Vec<Event>,
    pub refunds_wait: bool,
    /// Notices are lost, and not listed as missed.
    pub(super) is_hushed: bool,
    drawn: u64,
    /// What each idempotency key was answered, with the words it came with.
    pub(super) keys: BTreeMap<String, (String, u16, Value)>,
}

pub(super) const INVALID: No = (400, "invalid_request_error", None);
pub(super) const MISSING: No = (404, "invalid_request_error", Some("resource_missing"));

impl Desk {
    pub(super) fn new(name: &str, secret_key: &str, webhook_secret: &str, number: u64) -> Self {
        Self {
            name: name.to_owned(),
            secret_key: secret_key.to_owned(),
            webhook_secret: webhook_secret.to_owned(),
            webhook_url: None,
            sessions: Vec::new(),
            refunds: Vec::new(),
            disputes: Vec::new(),
            others: Vec::new(),
            events: Vec::new(),
            refunds_wait: false,
            is_hushed: false,
            // No two accounts draw the same name.
            drawn: number * 1_000_000,
            keys: BTreeMap::new(),
        }
    }

    pub(super) fn draw(&mut self, prefix: &str) -> String {
        self.drawn += 1;
        format!("{prefix}{:08x}", self.drawn * 2_654_435_761 % 0xffff_ffff)
    }

    pub(super) fn create(&mut self, form: &Form) -> Result<Value, No> {
        let text = |key: &str| form.get(key).filter(|text| !text.is_empty()).ok_or(INVALID);
        let number = |key: &str| text(key)?.parse::<i64>().map_err(|_| INVALID);
        let expires_at = number("expires_at")?;
        let minutes = (expires_at - now()) / 60;
        if text("mode")? != "payment" || !(29..=24 * 60).contains(&minutes) {
            return Err(INVALID);
        }
        let price = "line_items[0][price_data]";
        let amount = number(&format!("{price}[unit_amount]"))? * number("line_items[0][quantity]")?;
        text(&format!("{price}[product_data][name]"))?;
        text("success_url")?;
        let reference = text("client_reference_id")?.clone();
        if text("metadata[payment_id]")? != &reference
            || text("payment_intent_data[metadata][payment_id]")? != &reference
            || amount <= 0
        {
            return Err(INVALID);
        }
        let session = Session {
            metadata: json!({"payment_id": reference, "order_id": text("metadata[order_id]")?}),
            currency: text(&format!("{price}[currency]"))?.clone(),
            reference,
            amount,
            status: SessionStatus::Open,
            intent: None,
            expires_at,
            paid_at: 0,
            id: self.draw("cs_test_"),
        };
        let view = session.view();
        self.sessions.push(session);
        Ok(view)
    }

    pub(super) fn look(&self, id: &str) -> Result<Value, No> {
        let session = self.sessions.iter().find(|session| session.id == id);
        session.map(Session::view).ok_or(MISSING)
    }

    pub(super) fn expire(&mut self, id: &str) -> Result<Value, No> {
        let session = self.sessions.iter_mut().find(|session| session.id == id);
        let session = session.ok_or(MISSING)?;
        if session.status != SessionStatus::Open {
            return Err(INVALID);
        }
        session.status = SessionStatus::Expired;
        let view = session.view();
        self.tell("checkout.session.expired", &view);
        Ok(view)
    }

    pub(super) fn pay(&mut self, id: &str) -> bool {
        let intent = self.draw("pi_");
        let session = self.sessions.iter_mut().find(|session| session.id == id);
        let Some(session) = session.filter(|session| session.status == SessionStatus::Open) else {
            return false;
        };
        session.status = SessionStatus::Complete;
        session.intent = Some(intent.clone());
        session.paid_at = now();
        let view = session.view();
        let paid = json!({
            "id": intent, "object": "payment_intent", "amount": session.amount,
            "amount_received": session.amount, "currency": session.currency,
            "status": "succeeded", "metadata": session.metadata,
        });
        self.tell("payment_intent.succeeded", &paid);
        self.tell("checkout.session.completed", &view);
        true
    }

    pub(super) fn pass(&mut self, unix_secs: i64) {
        let over = |session: &&mut Session| {
            session.status == SessionStatus::Open && session.expires_at <= unix_secs
        };
        let mut views = Vec::new();
        for session in self.sessions.iter_mut().filter(over) {
            session.status = SessionStatus::Expired;
            views.push(session.view());
        }
        for view in views {
            self.tell("checkout.session.expired", &view);
        }
    }

    pub(super) fn refund(&mut self, form: &Form) -> Result<Value, No> {
        let text = |key: &str| form.get(key).ok_or(INVALID);
        let intent = text("payment_intent")?.clone();
        let amount: i64 = text("amount")?.parse().map_err(|_| INVALID)?;
        let charged = self
            .sessions
            .iter()
            .find(|of| of.intent.as_ref() == Some(&intent));
        let charged = charged.ok_or(MISSING)?;
        if self.is_disputed(&intent) {
            return Err((400, "invalid_request_error", Some("charge_disputed")));
        }
        let back = self.back(&intent);
        if back >= charged.amount {
            return Err((
                400,
                "invalid_request_error",
                Some("charge_already_refunded"),
            ));
        }
        if amount <= 0 || back + amount > charged.amount {
            return Err(INVALID);
        }
        let refund = Refund {
            reference: text("metadata[refund_id]")?.clone(),
            currency: charged.currency.clone(),
            intent,
            amount,
            status: if self.refunds_wait {
                RefundStatus::Pending
            } else {
                RefundStatus::Succeeded
            },
            id: self.draw("re_"),
        };
        Ok(self.make_refund(refund))
    }

    pub(super) fn make_refund(&mut self, refund: Refund) -> Value {
        let view = refund.view();
        let intent = refund.intent.clone();
        self.refunds.push(refund);
        self.tell("refund.created", &view);
        let charge = self.charge_of(&intent);
        self.tell("charge.refunded", &charge);
        view
    }

    pub(super) fn look_refund(&self, id: &str) -> Result<Value, No> {
        let refund = self.refunds.iter().find(|refund| refund.id == id);
        refund.map(Refund::view).ok_or(MISSING)
    }

    pub(super) fn refunds_of(&self, intent: &str) -> Value {
        let of = self.refunds.iter().rev().filter(|of| of.intent == intent);
        json!({"object": "list", "has_more": false, "data": of.map(Refund::view).collect::<Vec<_>>()})
    }

    pub(super) fn decide(&mut self, id: &str, status: RefundStatus) {
        let refund = self.refunds.iter_mut().find(|refund| refund.id == id);
        let Some(refund) = refund.filter(|refund| refund.status != status) else {
            return;
        };
        refund.status = status;
        let view = refund.view();
        let kind = match status {
            RefundStatus::Failed => "refund.failed",
            RefundStatus::Pending | RefundStatus::Succeeded => "refund.updated",
        };
        self.tell(kind, &view);
    }

    /// Events that no webhook took, latest first.
    pub(super) fn missed(&self, behind: Option<&str>) -> Value {
        const PAGE: usize = 3;
        let mut events: Vec<&Event> = self.events.iter().rev().collect();
        if let Some(behind) = behind {
            let at = events.iter().position(|event| event.id == behind);
            events.drain(..at.map_or(events.len(), |at| at + 1));
        }
        events.retain(|event| !event.is_taken);
        let page: Vec<_> = events.iter().take(PAGE).map(|event| &event.body).collect();
        json!({"object": "list", "has_more": events.len() > PAGE, "data": page})
    }

    pub(super) fn tell(&mut self, kind: &str, object: &Value) {
        let id = self.draw("evt_");
        self.events.push(Event {
            body: json!({
                "id": id, "object": "event", "api_version": "2026-10-28.endive", "created": now(),
                "livemode": false, "pending_webhooks": 1, "type": kind, "data": {"object": object},
            }),
            id,
            kind: kind.to_owned(),
            is_taken: self.is_hushed,
        });
    }
}
