//! What the books and a gateway say of one payment, and where they differ. Pure.
//!
//! Each finding's amount is what the gateway has more in its hands than the books say. They are made so
//! that their sum is the whole difference: what is explained twice, or not at all, shows in the totals.

use shared::api::payments::{DisputeStatus, Elsewhere, PaymentStatus, RefundStatus};
use shared::api::reconciliation::{Finding, FindingKind, Sums};
use shared::ids::RefundId;

use crate::payments::gateway;
use crate::payments::ledger::Refund;
use crate::payments::model::Payment;

/// What a gateway says of one payment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Theirs {
    /// Its name of the charge or link.
    pub(super) id: Option<String>,
    pub(super) charged: i64,
    /// Those that are done.
    pub(super) refunds: Vec<TheirRefund>,
    pub(super) disputes: Vec<TheirDispute>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TheirRefund {
    pub(super) id: String,
    pub(super) amount: i64,
    /// The row that asked for it.
    pub(super) ours: Option<RefundId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TheirDispute {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) status: DisputeStatus,
}

impl Theirs {
    fn lost(&self) -> impl Iterator<Item = &TheirDispute> {
        let lost = |dispute: &&TheirDispute| dispute.status == DisputeStatus::Lost;
        self.disputes.iter().filter(lost)
    }

    fn returned(&self) -> i64 {
        let refunds: i64 = self.refunds.iter().map(|refund| refund.amount).sum();
        let lost: i64 = self.lost().map(|dispute| dispute.amount).sum();
        refunds.saturating_add(lost)
    }
}

/// The books alone.
pub(super) fn sums(payment: &Payment, rows: &[Refund]) -> Sums {
    let of = |pick: &dyn Fn(&Refund) -> bool| -> i64 {
        let picked = rows.iter().filter(|row| pick(row));
        picked.map(|row| row.amount.amount).sum()
    };
    let kept = payment.kept();
    let is_sold = payment.status == PaymentStatus::Paid;
    Sums {
        received: payment.received.map_or(0, |money| money.amount),
        sold: if is_sold { kept } else { 0 },
        waiting: if is_sold { 0 } else { kept },
        due: of(&|row| row.status == RefundStatus::Due),
        back: of(&|row| row.status == RefundStatus::Back),
        back_through_gateway: of(&is_through_gateway),
        charged: 0,
        returned: 0,
    }
}

/// Whether the gateway itself must know of it.
fn is_through_gateway(row: &Refund) -> bool {
    let by_hand = row.proof.is_some() || !gateway::gives_back(row.provider);
    row.status == RefundStatus::Back && !by_hand
}

/// Both.
pub(super) fn compare(payment: &Payment, rows: &[Refund], theirs: &Theirs) -> (Sums, Vec<Finding>) {
    let mut sums = sums(payment, rows);
    sums.charged = theirs.charged;
    sums.returned = theirs.returned();
    let mut findings = Vec::new();
    findings.extend(charge(payment, sums, theirs));
    refunds(rows, theirs, &mut findings);
    disputes(payment, rows, theirs, &mut findings);
    (sums, findings)
}

/// Nobody can say: the books stand for both sides, and the finding says so.
pub(super) fn unanswered(payment: &Payment, rows: &[Refund]) -> (Sums, Vec<Finding>) {
    let mut sums = sums(payment, rows);
    sums.charged = sums.received;
    sums.returned = sums.back_through_gateway;
    (sums, vec![finding(FindingKind::NotAnswered, 0, None)])
}

fn charge(payment: &Payment, sums: Sums, theirs: &Theirs) -> Option<Finding> {
    let more = sums.charged.saturating_sub(sums.received);
    let is_over = payment.status == PaymentStatus::Cancelled;
    let kind = match (more, sums.received, sums.charged) {
        (0, _, _) => return None,
        (1.., 0, _) if is_over => FindingKind::LateMoneyKept,
        (1.., 0, _) => FindingKind::PaidThereNotHere,
        (_, _, 0) => FindingKind::PaidHereNotThere,
        _ => FindingKind::AmountDiffers,
    };
    Some(finding(kind, more, theirs.id.as_ref()))
}

fn refunds(rows: &[Refund], theirs: &Theirs, findings: &mut Vec<Finding>) {
    let is_same = |row: &Refund, refund: &TheirRefund| {
        row.gateway_id.as_ref() == Some(&refund.id) || refund.ours == Some(row.id)
    };
    let is_refund =
        |row: &&Refund| is_through_gateway(row) && row.elsewhere != Some(Elsewhere::Dispute);
    let booked: Vec<&Refund> = rows.iter().filter(is_refund).collect();
    for refund in &theirs.refunds {
        let ours = booked.iter().filter(|row| is_same(row, refund));
        let ours: i64 = ours.map(|row| row.amount.amount).sum();
        let less = ours.saturating_sub(refund.amount);
        if less != 0 {
            let kind = FindingKind::RefundThereNotHere;
            findings.push(finding(kind, less, Some(&refund.id)));
        }
    }
    for row in booked {
        let is_there = theirs.refunds.iter().any(|refund| is_same(row, refund));
        if !is_there {
            let kind = FindingKind::RefundHereNotThere;
            findings.push(finding(kind, row.amount.amount, row.gateway_id.as_ref()));
        }
    }
}

fn disputes(payment: &Payment, rows: &[Refund], theirs: &Theirs, findings: &mut Vec<Finding>) {
    let taken: Vec<&Refund> = rows
        .iter()
        .filter(|row| is_through_gateway(row) && row.elsewhere == Some(Elsewhere::Dispute))
        .collect();
    let is_same = |row: &Refund, id: &String| row.gateway_id.as_ref() == Some(id);
    for dispute in &theirs.disputes {
        let ours = taken.iter().filter(|row| is_same(row, &dispute.id));
        let ours: i64 = ours.map(|row| row.amount.amount).sum();
        let less = match dispute.status {
            DisputeStatus::Lost => ours.saturating_sub(dispute.amount),
            // What the books say of it is below.
            DisputeStatus::Inquiry | DisputeStatus::Open | DisputeStatus::Won => 0,
        };
        if less != 0 || payment.dispute.is_none() {
            let kind = FindingKind::DisputeNotBooked;
            findings.push(finding(kind, less, Some(&dispute.id)));
        }
    }
    for row in taken {
        let is_lost = theirs.lost().any(|dispute| is_same(row, &dispute.id));
        if !is_lost {
            let kind = FindingKind::RefundHereNotThere;
            findings.push(finding(kind, row.amount.amount, row.gateway_id.as_ref()));
        }
    }
}

pub(super) fn finding(kind: FindingKind, amount: i64, id: Option<&String>) -> Finding {
    Finding {
        kind,
        amount,
        gateway_id: id.cloned(),
        what_to_do: what_to_do(kind).to_owned(),
    }
}

/// For people who look after the money.
const fn what_to_do(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::PaidThereNotHere => {
            "The payer has paid and the books do not know. Ask the gateway again with POST /payments/{id}/look: the order gets its tickets, or the money is owed back."
        }
        FindingKind::LateMoneyKept => {
            "The money came after the attempt was over. Ask the gateway again with POST /payments/{id}/look: it buys what is left, or is owed back."
        }
        FindingKind::PaidHereNotThere => {
            "The books have money that the gateway never saw. Do not give it back before you know why; compare the account's statement and ask the gateway."
        }
        FindingKind::AmountDiffers => {
            "The gateway has another sum than the books. Ask it again with POST /payments/{id}/look; if they still differ, compare the account's statement."
        }
        FindingKind::RefundThereNotHere => {
            "Money was given back at the gateway and the ledger does not know. Ask it again with POST /payments/{id}/look, and transfer nothing for it by hand."
        }
        FindingKind::RefundHereNotThere => {
            "The ledger says that the money is back, and the gateway did not give it back. Ask it again with POST /payments/{id}/look; then give it back."
        }
        FindingKind::DisputeNotBooked => {
            "The payer's bank disputes the payment and the books do not know. Ask the gateway again with POST /payments/{id}/look, and answer the bank in the gateway's dashboard."
        }
        FindingKind::UnknownPayment => {
            "The gateway has a charge with this server's mark for a payment that is not here. Look whether a backup was restored; give the money back in the gateway's dashboard if nobody got a ticket."
        }
        FindingKind::TransferWithoutOrder => {
            "Somebody transferred money to a link that this server does not have. Find it in the gateway's dashboard and transfer it back."
        }
        FindingKind::NotAnswered => {
            "The gateway did not say how this payment stands. Look whether its keys are still good, and start another report."
        }
    }
}

/// Field by field.
pub(super) const fn add(a: Sums, b: Sums) -> Sums {
    Sums {
        received: a.received.saturating_add(b.received),
        sold: a.sold.saturating_add(b.sold),
        waiting: a.waiting.saturating_add(b.waiting),
        due: a.due.saturating_add(b.due),
        back: a.back.saturating_add(b.back),
        back_through_gateway: a
            .back_through_gateway
            .saturating_add(b.back_through_gateway),
        charged: a.charged.saturating_add(b.charged),
        returned: a.returned.saturating_add(b.returned),
    }
}
