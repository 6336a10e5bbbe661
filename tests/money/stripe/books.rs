//! The server's books against what Stripe charged and gave back.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::poll;
use tests::stripe::{DisputeStatus, RefundStatus};

use super::shop::{Shop, WITHIN};
use crate::books::{Rows, rows, sold, whole};

const TABLES: [&str; 3] = ["payments", "orders", "refunds"];

/// What it comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) charged: i64,
    /// The price of what is sold.
    pub(crate) sold: i64,
    /// Owed, or given back.
    pub(crate) owed: i64,
    /// Given back by Stripe.
    pub(crate) back: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Books {
    pub(crate) payments: Rows,
    orders: Rows,
    pub(crate) refunds: Rows,
}

impl Books {
    pub(crate) fn of(shop: &Shop) -> Self {
        let [payments, orders, refunds] = rows(&shop.server, shop.database_url.as_deref(), TABLES);
        Self {
            payments,
            orders,
            refunds,
        }
    }

    pub(crate) fn totals(&self, shop: &Shop) -> Totals {
        let lost = shop.stripe.disputes();
        let lost = lost.iter().filter(|of| of.status == DisputeStatus::Lost);
        let lost: i64 = lost.map(|of| of.amount).sum();
        let sessions = shop.stripe.sessions();
        let refunds = shop.stripe.refunds();
        let back = refunds
            .iter()
            .filter(|of| of.status == RefundStatus::Succeeded);
        Totals {
            charged: sessions
                .iter()
                .filter(|of| of.is_paid())
                .map(|of| of.amount)
                .sum(),
            sold: self.orders.values().map(sold).sum(),
            owed: self
                .refunds
                .values()
                .map(|sum| whole(&sum["amount"]["amount"]))
                .sum(),
            back: back.map(|refund| refund.amount).sum::<i64>() + lost,
        }
    }

    fn ledger_of(&self, payment: &str) -> i64 {
        let rows = self.refunds.values();
        let rows = rows.filter(|sum| sum["payment_id"] == payment);
        rows.map(|sum| whole(&sum["amount"]["amount"])).sum()
    }

    /// What is wrong; nothing when all of it adds up. Per charge: charged = price of tickets + what
    /// the ledger has; per sum that is back: Stripe gave it back once.
    pub(crate) fn wrong(&self, shop: &Shop) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut seen = BTreeSet::new();
        for session in shop.stripe.sessions().iter().filter(|of| of.is_paid()) {
            let id = &session.reference;
            if !seen.insert(id.clone()) {
                wrong.push(format!("payment {id} was charged twice"));
            }
            let Some(payment) = self.payments.get(id) else {
                wrong.push(format!("nobody knows payment {id}"));
                continue;
            };
            let is_paid = payment["status"] == "PAID";
            let order = &self.orders[payment["order_id"].as_str().unwrap_or_default()];
            let stands = order["status"] == "PAID" || order["status"] == "PARTIALLY_REFUNDED";
            let has_tickets = stands && order["payment_id"] == *id;
            let ledger = self.ledger_of(id);
            let received = whole(&payment["received"]["amount"]);
            let spent = if is_paid { sold(order) } else { 0 };
            if received != session.amount || received != spent + ledger || is_paid != has_tickets {
                wrong.push(format!(
                    "payment {id}: charged {}, received {received}, {}, ledger {ledger}, order {}",
                    session.amount, payment["status"], order["status"]
                ));
            }
        }
        wrong.extend(self.wrong_refunds(shop));
        let totals = self.totals(shop);
        if totals.charged != totals.sold + totals.owed {
            wrong.push(format!("in all: {totals:?}"));
        }
        wrong
    }

    fn wrong_refunds(&self, shop: &Shop) -> Vec<String> {
        let mut wrong = Vec::new();
        let made = shop.stripe.refunds();
        for refund in &made {
            let is_elsewhere = refund.reference.is_empty();
            if !is_elsewhere && !self.refunds.contains_key(&refund.reference) {
                wrong.push(format!("nobody asked for refund {}", refund.id));
            }
            if is_elsewhere && refund.status == RefundStatus::Succeeded {
                wrong.extend(self.not_taken_in(&refund.id, refund.amount));
            }
        }
        let disputes = shop.stripe.disputes();
        for dispute in disputes
            .iter()
            .filter(|of| of.status == DisputeStatus::Lost)
        {
            wrong.extend(self.not_taken_in(&dispute.id, dispute.amount));
        }
        let elsewhere = |sum: &Value| !sum["elsewhere"].is_null();
        for (id, sum) in self.refunds.iter().filter(|(_, sum)| !elsewhere(sum)) {
            let ours = made.iter().filter(|of| of.reference == *id);
            let live: Vec<_> = ours
                .filter(|of| of.status != RefundStatus::Failed)
                .collect();
            let by_hand = sum["proof"].is_string();
            let is_back = sum["status"] == "BACK" && !by_hand;
            let amounts: i64 = live.iter().map(|refund| refund.amount).sum();
            let wanted = if is_back {
                whole(&sum["amount"]["amount"])
            } else {
                0
            };
            if live.len() > 1 || amounts != wanted {
                wrong.push(format!("sum {id} is {}: {live:?}", sum["status"]));
            }
        }
        wrong
    }

    /// What went back without the server must be in the ledger, to the last unit.
    fn not_taken_in(&self, id: &str, amount: i64) -> Option<String> {
        let rows = self.refunds.values();
        let rows = rows.filter(|sum| sum["gateway_id"] == id && sum["status"] == "BACK");
        let booked: i64 = rows.map(|sum| whole(&sum["amount"]["amount"])).sum();
        (booked != amount).then(|| format!("{id} gave back {amount}, the ledger has {booked}"))
    }
}

/// Waits until the books are right, as payers do who come back to their pages.
pub(crate) fn balance(shop: &Shop) -> Totals {
    let mut last = Vec::new();
    let balanced = poll::within(WITHIN, || {
        let books = Books::of(shop);
        for payment in books.payments.keys() {
            shop.come_back(payment);
        }
        last = books.wrong(shop);
        last.is_empty().then(|| books.totals(shop))
    });
    balanced.unwrap_or_else(|| {
        let books = Books::of(shop);
        panic!(
            "the books do not balance: {last:#?}\nledger {:#?}\nrefunds {:#?}\ndisputes {:#?}\n{}",
            books.refunds,
            shop.stripe.refunds(),
            shop.stripe.disputes(),
            shop.server.log()
        )
    })
}
