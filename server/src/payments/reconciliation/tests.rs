//! What differs is explained, to the last unit; and a report over HTTP.

use proptest::prelude::*;
use serde_json::{Value, json};
use shared::api::organizations::OrganizationRole;
use shared::api::payments::{DisputeStatus, Elsewhere, PaymentStatus, Provider, RefundStatus};
use shared::api::reconciliation::FindingKind;
use shared::ids::{EventId, OrderId, PaymentId, RefundId, UserId};
use shared::money::{Currency, Money};

use super::compare::{TheirDispute, TheirRefund, Theirs, compare, unanswered};
use super::csv::quoted;
use crate::orders::fixture::{Shop, text};
use crate::payments::demo::{Link, LinkStatus};
use crate::payments::ledger::Refund;
use crate::payments::model::Payment;
use crate::platform::db::DbError;
use crate::testing::NOW;

const STATUSES: [PaymentStatus; 5] = [
    PaymentStatus::Pending,
    PaymentStatus::Paid,
    PaymentStatus::Cancelled,
    PaymentStatus::RefundDue,
    PaymentStatus::Refunded,
];
const DISPUTES: [DisputeStatus; 4] = [
    DisputeStatus::Inquiry,
    DisputeStatus::Open,
    DisputeStatus::Won,
    DisputeStatus::Lost,
];

fn money(amount: i64) -> Money {
    Money::new(amount, Currency::VND)
}

fn payment(provider: Provider, status: PaymentStatus, received: i64, rows: &[Refund]) -> Payment {
    Payment {
        id: PaymentId::from_bytes([1; 16]),
        order_id: OrderId::from_bytes([2; 16]),
        event_id: EventId::from_bytes([3; 16]),
        user_id: UserId::from_bytes([4; 16]),
        provider,
        status,
        amount: money(1_000),
        received: (received > 0).then(|| money(received)),
        owed: rows.iter().map(|row| row.amount.amount).sum(),
        checkout_url: None,
        created_at: NOW,
        paid_at: None,
        closed_at: None,
        note: String::new(),
        account: None,
        dispute: None,
    }
}

fn row(number: u8, provider: Provider, status: RefundStatus, amount: i64) -> Refund {
    Refund {
        id: RefundId::from_bytes([number; 16]),
        payment_id: PaymentId::from_bytes([1; 16]),
        order_id: OrderId::from_bytes([2; 16]),
        event_id: EventId::from_bytes([3; 16]),
        provider,
        status,
        amount: money(amount),
        why: String::new(),
        created_at: NOW,
        closed_at: None,
        proof: None,
        closed_by: None,
        sent: false,
        spent_keys: 0,
        gateway_id: None,
        failure: None,
        elsewhere: None,
        contested: false,
    }
}

/// Rows of every kind; which of the gateway's names they carry, if any.
fn rows() -> impl Strategy<Value = Vec<Refund>> {
    let one = (
        any::<bool>(),
        1_i64..500,
        prop::option::of(0_u8..3),
        any::<bool>(),
        prop::option::of(any::<bool>()),
        any::<bool>(),
    );
    prop::collection::vec(one, 0..4).prop_map(|rows| {
        let rows = rows.into_iter().zip(10_u8..);
        let made = rows.map(
            |((back, amount, name, by_hand, elsewhere, stripe), number)| {
                let status = if back {
                    RefundStatus::Back
                } else {
                    RefundStatus::Due
                };
                let provider = if stripe {
                    Provider::Stripe
                } else {
                    Provider::Payos
                };
                let mut row = row(number, provider, status, amount);
                row.gateway_id = name.map(|name| format!("re_{name}"));
                row.proof = by_hand.then(|| "FT1".to_owned());
                row.elsewhere = elsewhere.map(|lost| {
                    if lost {
                        Elsewhere::Dispute
                    } else {
                        Elsewhere::Dashboard
                    }
                });
                row
            },
        );
        made.collect()
    })
}

fn theirs() -> impl Strategy<Value = Theirs> {
    let refunds = prop::collection::vec((1_i64..500, prop::option::of(10_u8..14)), 0..4);
    let disputes = prop::collection::vec((1_i64..500, 0_usize..4), 0..2);
    (0_i64..2_000, refunds, disputes).prop_map(|(charged, refunds, disputes)| Theirs {
        id: Some("ch_1".to_owned()),
        charged,
        refunds: (0..)
            .zip(refunds)
            .map(|(name, (amount, ours))| TheirRefund {
                id: format!("re_{name}"),
                amount,
                ours: ours.map(|number| RefundId::from_bytes([number; 16])),
            })
            .collect(),
        disputes: (0..)
            .zip(disputes)
            .map(|(name, (amount, status)): (u8, _)| TheirDispute {
                id: format!("du_{name}"),
                amount,
                status: DISPUTES[status],
            })
            .collect(),
    })
}

proptest! {
    #[test]
    fn the_difference_is_the_sum_of_the_findings(
        rows in rows(), theirs in theirs(), status in 0_usize..5, received in 0_i64..2_000,
    ) {
        // P8: whatever both sides say
        let payment = payment(Provider::Stripe, STATUSES[status], received, &rows);
        let (sums, findings) = compare(&payment, &rows, &theirs);
        let explained: i64 = findings.iter().map(|finding| finding.amount).sum();
        let in_their_hands = sums.charged - sums.returned;
        let in_ours = sums.received - sums.back_through_gateway;
        // Two refunds may claim one row, and one row two refunds: then a sum is told twice on purpose,
        // and only then.
        let doubled = theirs.refunds.iter().filter(|refund| {
            rows.iter().filter(|row| claims(row, refund)).count() > 1
        }).count();
        let claimed = rows.iter().filter(|row| {
            theirs.refunds.iter().filter(|refund| claims(row, refund)).count() > 1
        }).count();
        if doubled == 0 && claimed == 0 {
            prop_assert_eq!(in_their_hands - in_ours, explained);
        }
        prop_assert_eq!(sums.received, sums.sold + sums.waiting + sums.due + sums.back);
        let (silent, findings) = unanswered(&payment, &rows);
        prop_assert_eq!(silent.charged - silent.returned, silent.received - silent.back_through_gateway);
        prop_assert_eq!(findings.len(), 1);
    }
}

fn claims(row: &Refund, refund: &TheirRefund) -> bool {
    row.gateway_id.as_ref() == Some(&refund.id) || refund.ours == Some(row.id)
}

#[test]
fn each_disagreement_has_its_name() {
    // P8
    let kinds = |payment: &Payment, rows: &[Refund], theirs: &Theirs| -> Vec<FindingKind> {
        let (_, findings) = compare(payment, rows, theirs);
        findings.iter().map(|finding| finding.kind).collect()
    };
    let charged = |charged: i64| Theirs {
        charged,
        ..Theirs::default()
    };
    let paid = payment(Provider::Payos, PaymentStatus::Paid, 1_000, &[]);
    let nothing = |status| payment(Provider::Payos, status, 0, &[]);
    assert_eq!(kinds(&paid, &[], &charged(1_000)), []);
    assert_eq!(
        kinds(&paid, &[], &charged(0)),
        [FindingKind::PaidHereNotThere]
    );
    assert_eq!(
        kinds(&paid, &[], &charged(900)),
        [FindingKind::AmountDiffers]
    );
    let pending = nothing(PaymentStatus::Pending);
    assert_eq!(
        kinds(&pending, &[], &charged(1_000)),
        [FindingKind::PaidThereNotHere]
    );
    let late = nothing(PaymentStatus::Cancelled);
    assert_eq!(
        kinds(&late, &[], &charged(1_000)),
        [FindingKind::LateMoneyKept]
    );
    // Transferred by hand: the gateway knows nothing of it, and that is as it should be.
    let mut by_hand = row(9, Provider::Payos, RefundStatus::Back, 1_000);
    by_hand.proof = Some("FT1".to_owned());
    let rows = [by_hand];
    let back = payment(Provider::Payos, PaymentStatus::Refunded, 1_000, &rows);
    assert_eq!(kinds(&back, &rows, &charged(1_000)), []);
}

#[test]
fn a_table_starts_no_formula() {
    // P8
    for (text, written) in [
        ("=1+1", "\"'=1+1\""),
        ("@x", "\"'@x\""),
        ("a \"b\", c", "\"a \"\"b\"\", c\""),
    ] {
        let mut out = String::new();
        quoted(&mut out, text);
        assert_eq!(out, written);
    }
}

/// Starts a report at that address and lets the jobs write it.
async fn report(shop: &Shop, of: &str, token: &str) -> Value {
    let period = json!({ "from": "2026-09-01T00:00:00Z", "to": "2026-10-01T00:00:00Z" });
    let path = format!("/api/v1{of}/reconciliations");
    let started = shop.t.post(&path, token, period.clone()).await.expect(202);
    assert_eq!(started["status"], "RUNNING");
    shop.t
        .post(&path, token, period)
        .await
        .expect_error(409, "report_running");
    for _ in 0..20 {
        shop.run_jobs().await;
    }
    let path = format!("/api/v1/reconciliations/{}", text(&started["id"]));
    let view = shop.t.get(&path, token).await.expect(200);
    assert_eq!(view["status"], "DONE", "{view}");
    view
}

#[tokio::test]
async fn a_report_tells_of_one_event_and_heals_nothing_by_itself() {
    // P8 P7: a sale, a refund, and money at the gateway that nobody heard of
    let shop = Shop::open(10).await;
    shop.buy(2).await;
    let refunded = text(&shop.buy(1).await["id"]);
    let path = format!("/api/v1/orders/{refunded}/refund");
    shop.t
        .post(&path, &shop.organizer, json!({}))
        .await
        .expect(200);
    shop.run_jobs().await;
    let (order, unheard, _) = super::super::tests::paid_unheard(&shop, 1).await;
    let of = format!("/events/{}", shop.event);
    let view = report(&shop, &of, &shop.organizer).await;
    assert_eq!(
        (&view["compared"], &view["findings"]),
        (&json!(3), &json!(1))
    );
    let sums = &view["totals"][0]["sums"];
    assert_eq!(
        (
            &sums["received"],
            &sums["sold"],
            &sums["back"],
            &sums["charged"]
        ),
        (
            &json!(750_000),
            &json!(500_000),
            &json!(250_000),
            &json!(1_000_000)
        )
    );
    assert_eq!(view["totals"][0]["differsBy"], 250_000);
    let id = text(&view["id"]);
    let lines = format!("/api/v1/reconciliations/{id}/lines?onlyFindings=true");
    let lines = shop.t.get(&lines, &shop.organizer).await.expect(200);
    let line = &lines["items"][0];
    assert_eq!(
        (&line["paymentId"], &line["findings"][0]["kind"]),
        (&json!(unheard), &json!("PAID_THERE_NOT_HERE"))
    );
    assert_eq!(
        shop.order_now(&order).await["status"],
        "PENDING",
        "it only tells"
    );
    let csv = shop
        .t
        .get(
            &format!("/api/v1/reconciliations/{id}/csv"),
            &shop.organizer,
        )
        .await;
    csv.expect(200);
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    let csv = String::from_utf8(csv.bytes).expect("text");
    assert_eq!(csv.lines().count(), 4);

    // What it says to do is done.
    let look = format!("/api/v1/payments/{unheard}/look");
    shop.t
        .post(&look, &shop.buyer, json!({}))
        .await
        .expect_error(404, "not_found");
    let looked = shop
        .t
        .post(&look, &shop.organizer, json!({}))
        .await
        .expect(200);
    assert_eq!(looked["status"], "PAID");
    assert_eq!(shop.order_now(&order).await["status"], "PAID");
    assert_eq!(report(&shop, &of, &shop.organizer).await["findings"], 0);
}

#[tokio::test]
async fn money_that_vanished_at_the_gateway_is_found() {
    // P8 P7
    let shop = Shop::open(3).await;
    let order = shop.buy(1).await;
    let payment = text(&order["paymentId"]);
    let lost: Result<_, DbError> = shop
        .t
        .app
        .db
        .write(move |tx| {
            let mut link = tx.get::<Link>(&payment)?.expect("the link");
            link.status = LinkStatus::Expired;
            link.paid_at = None;
            tx.replace(&mut link)
        })
        .await;
    lost.expect("stored");
    let view = report(&shop, &format!("/events/{}", shop.event), &shop.organizer).await;
    assert_eq!(
        (&view["findings"], &view["totals"][0]["differsBy"]),
        (&json!(1), &json!(-250_000))
    );
}

#[tokio::test]
async fn reports_are_for_those_who_look_after_the_money() {
    // P8 A6 A9: by role, for an organization's report and all that is in it
    let shop = Shop::open(3).await;
    let t = &shop.t;
    let owner = t.stored_user(shared::api::accounts::Role::Attendee).await;
    let founded = t
        .post("/api/v1/organizations", &owner, json!({ "name": "Opera" }))
        .await
        .expect(201);
    let of = format!("/organizations/{}", text(&founded["id"]));
    let view = report(&shop, &of, &owner).await;
    let id = text(&view["id"]);
    assert_eq!(view["compared"], 0);
    let paths = [
        format!("/api/v1{of}/reconciliations"),
        format!("/api/v1/reconciliations/{id}"),
        format!("/api/v1/reconciliations/{id}/lines"),
        format!("/api/v1/reconciliations/{id}/csv"),
    ];
    let organization = text(&founded["id"]);
    for role in OrganizationRole::ALL {
        let token = crate::organizations::joined(t, &organization, role).await;
        for path in &paths {
            let may = role.may(shared::api::organizations::Right::Money);
            let status = t.get(path, &token).await.status.as_u16();
            assert_eq!(status, if may { 200 } else { 404 }, "{role:?} {path}");
        }
    }
    for path in &paths {
        t.get(path, &shop.organizer)
            .await
            .expect_error(404, "not_found");
    }
    let backwards = json!({ "from": "2026-10-01T00:00:00Z", "to": "2026-09-01T00:00:00Z" });
    t.post(&paths[0], &owner, backwards)
        .await
        .expect_error(400, "validation");
    let too_long = json!({ "from": "2024-10-01T00:00:00Z", "to": "2026-09-01T00:00:00Z" });
    t.post(&paths[0], &owner, too_long)
        .await
        .expect_error(400, "validation");
}
