//! A report, its lines and where it stands. Pure.

use serde::{Deserialize, Serialize};
use shared::api::payments::{PaymentStatus, Provider};
use shared::api::reconciliation::{
    Finding, ReconciledPayment, ReconciliationStatus, ReconciliationView, Sums, Totals,
};
use shared::ids::{
    EventId, MerchantId, OrderId, OrganizationId, PaymentId, ReconciliationId, UserId,
};
use shared::money::{Currency, Money};
use shared::time::Timestamp;

use super::compare::add;
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

/// Whose money is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "id")]
pub enum Scope {
    Event(EventId),
    Organization(OrganizationId),
    /// All that goes through the server's own accounts.
    Server,
}

impl Scope {
    pub(super) fn key(self) -> String {
        match self {
            Self::Event(event) => format!("event/{event}"),
            Self::Organization(organization) => format!("organization/{organization}"),
            Self::Server => "server".to_owned(),
        }
    }

    /// Whether what an account has and nobody here knows is told of: only to who owns the account.
    pub(super) const fn owns(self, account: Option<MerchantId>) -> bool {
        match self {
            Self::Event(_) => false,
            Self::Organization(_) => account.is_some(),
            Self::Server => account.is_none(),
        }
    }
}

/// Where a report stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Phase {
    /// Reads the gateway's own list, account by account.
    Listing {
        account: usize,
        behind: Option<String>,
    },
    /// Through the payments that are here, event by event.
    Walking {
        event: Option<EventId>,
        events: Events,
        behind: Option<String>,
    },
    /// Through what was listed and not met on the way.
    Strays {
        behind: Option<String>,
    },
    Done,
    TooMuch,
}

/// The events that are still to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Events {
    Behind(Option<String>),
    None,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub id: ReconciliationId,
    pub scope: Scope,
    pub from: Timestamp,
    pub to: Timestamp,
    pub by: UserId,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub phase: Phase,
    /// Fruitless tries of the step that is next.
    pub tries: u32,
    /// Stripe accounts whose lists are read.
    pub stripe: Vec<Option<MerchantId>>,
    /// Of them, those that did not answer.
    pub unlisted: Vec<Option<MerchantId>>,
    /// PayOS channels whose stray transfers are told.
    pub payos: Vec<Option<MerchantId>>,
    pub lines: u64,
    pub compared: u64,
    pub findings: u64,
    pub other_business: u64,
    pub totals: Vec<Totals>,
}

impl Report {
    pub(super) const fn is_running(&self) -> bool {
        match self.phase {
            Phase::Listing { .. } | Phase::Walking { .. } | Phase::Strays { .. } => true,
            Phase::Done | Phase::TooMuch => false,
        }
    }

    /// Whether a payment that was started then is compared.
    pub(super) fn covers(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// Where the walk through our payments begins.
    pub(super) const fn first_walk(&self) -> Phase {
        let (event, events) = match self.scope {
            Scope::Event(event) => (Some(event), Events::None),
            Scope::Organization(_) => (None, Events::Behind(None)),
            Scope::Server => (None, Events::None),
        };
        Phase::Walking {
            event,
            events,
            behind: None,
        }
    }

    /// Counts a line that is compared.
    pub(super) fn count(&mut self, line: &Line) {
        let found = u64::try_from(line.findings.len()).unwrap_or(u64::MAX);
        self.compared += u64::from(line.payment.is_some());
        self.findings += found;
        let same = |totals: &&mut Totals| {
            totals.provider == line.provider && totals.currency == line.currency
        };
        if self.totals.iter_mut().find(same).is_none() {
            self.totals.push(Totals {
                provider: line.provider,
                currency: line.currency,
                payments: 0,
                findings: 0,
                differs_by: 0,
                sums: Sums::default(),
            });
        }
        if let Some(totals) = self.totals.iter_mut().find(same) {
            totals.payments += u64::from(line.payment.is_some());
            totals.findings += found;
            totals.sums = add(totals.sums, line.sums);
            let amounts = line.findings.iter().map(|finding| finding.amount);
            totals.differs_by = amounts.fold(totals.differs_by, i64::saturating_add);
        }
    }

    pub(super) fn view(&self) -> ReconciliationView {
        let (event_id, organization_id) = match self.scope {
            Scope::Event(event) => (Some(event), None),
            Scope::Organization(organization) => (None, Some(organization)),
            Scope::Server => (None, None),
        };
        ReconciliationView {
            id: self.id,
            event_id,
            organization_id,
            from: self.from,
            to: self.to,
            status: match self.phase {
                Phase::Listing { .. } | Phase::Walking { .. } | Phase::Strays { .. } => {
                    ReconciliationStatus::Running
                }
                Phase::Done => ReconciliationStatus::Done,
                Phase::TooMuch => ReconciliationStatus::TooMuch,
            },
            compared: self.compared,
            findings: self.findings,
            other_business: self.other_business,
            totals: self.totals.clone(),
            started_at: self.started_at,
            finished_at: self.finished_at,
        }
    }
}

impl Entity for Report {
    const COLLECTION: Collection = Collection {
        name: "reconciliations",
        fields: &[Field::text("scope"), Field::text("running").nullable()],
        indexes: &[
            Index::on("by_scope", &["scope"]),
            Index::unique("by_running", &["running"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        let scope = self.scope.key();
        let running = self.is_running().then(|| scope.clone());
        vec![scope.into(), running.into()]
    }
}

/// A charge of the gateway's own list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    pub id: String,
    pub intent: Option<String>,
    pub amount: i64,
    pub refunded: i64,
    pub disputed: bool,
}

/// One payment; or what a gateway has that is none here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub report: ReconciliationId,
    /// What names it in its report: the payment, the charge, the transfer.
    pub key: String,
    pub provider: Provider,
    pub account: Option<MerchantId>,
    pub currency: Currency,
    /// As the gateway lists them.
    pub charges: Vec<Charge>,
    /// Both sides were looked at.
    pub compared: bool,
    pub payment: Option<PaymentId>,
    pub order: Option<OrderId>,
    pub event: Option<EventId>,
    pub status: Option<PaymentStatus>,
    pub price: Option<Money>,
    pub sums: Sums,
    pub findings: Vec<Finding>,
}

impl Line {
    pub(super) fn new(
        report: ReconciliationId,
        key: String,
        (provider, account): (Provider, Option<MerchantId>),
        currency: Currency,
    ) -> Self {
        Self {
            report,
            key,
            provider,
            account,
            currency,
            charges: Vec::new(),
            compared: false,
            payment: None,
            order: None,
            event: None,
            status: None,
            price: None,
            sums: Sums::default(),
            findings: Vec::new(),
        }
    }

    pub(super) fn name(report: ReconciliationId, key: &str) -> String {
        format!("{report}:{key}")
    }

    pub(super) fn view(&self) -> ReconciledPayment {
        ReconciledPayment {
            payment_id: self.payment,
            order_id: self.order,
            event_id: self.event,
            provider: self.provider,
            account: self.account,
            status: self.status,
            price: self.price,
            currency: self.currency,
            sums: self.sums,
            findings: self.findings.clone(),
        }
    }
}

impl Entity for Line {
    const COLLECTION: Collection = Collection {
        name: "reconciliation_lines",
        fields: &[Field::text("report"), Field::int("findings").nullable()],
        indexes: &[
            Index::on("by_report", &["report"]),
            Index::on("by_finding", &["report", "findings"]),
        ],
    };
    fn id(&self) -> String {
        Self::name(self.report, &self.key)
    }
    fn index(&self) -> Vec<IndexValue> {
        let findings = i64::try_from(self.findings.len()).unwrap_or(i64::MAX);
        let findings = Some(findings).filter(|findings| *findings > 0);
        vec![self.report.into(), findings.into()]
    }
}
