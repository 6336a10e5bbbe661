//! Reports of the books against the gateways, as people ask for them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tests::api::Api;
use tests::journey::{in_seconds, text};
use tests::mongo::ReplicaSet;
use tests::payos::{Call, Fault};
use tests::poll;

use crate::shop::{PRICE, Plan, Shop};

const WITHIN: Duration = Duration::from_mins(1);

/// A report that is done.
pub(crate) struct Report {
    pub(crate) view: Value,
    pub(crate) lines: Vec<Value>,
    pub(crate) csv: String,
}

impl Report {
    /// Of the last and the next hour, at that address.
    pub(crate) fn of(api: &Api, of: &str) -> Self {
        let body = json!({"from": in_seconds(-3600), "to": in_seconds(3600)});
        let started = api.post(&format!("{of}/reconciliations"), &body);
        assert_eq!(started.status, 202, "{}", started.text);
        let path = format!("/reconciliations/{}", text(&started.json, "id"));
        let view = poll::until("the report", WITHIN, || {
            let view = api.get(&path).ok();
            (view["status"] != "RUNNING").then_some(view)
        });
        assert_eq!(view["status"], "DONE", "{view}");
        let report = Self {
            lines: pages(api, &format!("{path}/lines?limit=2")),
            csv: api.get(&format!("{path}/csv")).text,
            view,
        };
        assert_eq!(report.wrong(), Vec::<String>::new());
        let wrong_only = pages(api, &format!("{path}/lines?onlyFindings=true&limit=2"));
        let wrong: Vec<&Value> = report
            .lines
            .iter()
            .filter(|line| has_findings(line))
            .collect();
        assert_eq!(wrong_only.len(), wrong.len());
        report
    }

    /// Each finding: its kind, by how much, and what it is about.
    pub(crate) fn findings(&self) -> Vec<(String, i64, String)> {
        let mut all = Vec::new();
        for line in &self.lines {
            for finding in line["findings"].as_array().into_iter().flatten() {
                let about = line["paymentId"].as_str().or(finding["gatewayId"].as_str());
                assert!(
                    finding["whatToDo"]
                        .as_str()
                        .is_some_and(|text| text.len() > 30)
                );
                all.push((
                    text(finding, "kind"),
                    finding["amount"].as_i64().expect("whole"),
                    about.unwrap_or_default().to_owned(),
                ));
            }
        }
        all.sort();
        all
    }

    /// One of its sums over all gateways.
    pub(crate) fn sum(&self, name: &str) -> i64 {
        let totals = self.view["totals"].as_array().expect("totals");
        totals
            .iter()
            .filter_map(|of| of["sums"][name].as_i64())
            .sum()
    }

    /// What does not add up in it: nothing, whatever it found.
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut added: BTreeMap<String, i64> = BTreeMap::new();
        for line in &self.lines {
            wrong.extend(
                unbalanced(&line["sums"], differs_by(line)).map(|why| format!("{line}: {why}")),
            );
            for (name, sum) in line["sums"].as_object().expect("sums") {
                *added.entry(name.clone()).or_default() += sum.as_i64().expect("whole");
            }
        }
        for totals in self.view["totals"].as_array().expect("totals") {
            let differs = totals["differsBy"].as_i64().expect("whole");
            wrong
                .extend(unbalanced(&totals["sums"], differs).map(|why| format!("{totals}: {why}")));
        }
        for (name, sum) in added {
            if self.sum(&name) != sum {
                wrong.push(format!(
                    "{name} is {sum} in the lines, {} in all",
                    self.sum(&name)
                ));
            }
        }
        wrong
    }
}

fn has_findings(line: &Value) -> bool {
    line["findings"]
        .as_array()
        .is_some_and(|all| !all.is_empty())
}

fn differs_by(line: &Value) -> i64 {
    let findings = line["findings"].as_array().into_iter().flatten();
    findings
        .filter_map(|finding| finding["amount"].as_i64())
        .sum()
}

fn unbalanced(sums: &Value, differs: i64) -> Option<String> {
    let of = |name: &str| sums[name].as_i64().expect("whole");
    let spent = of("sold") + of("waiting") + of("due") + of("back");
    let theirs = of("charged") - of("returned");
    let ours = of("received") - of("backThroughGateway");
    (of("received") != spent || theirs - ours != differs).then(|| "it does not add up".to_owned())
}

fn pages(api: &Api, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("{path}{cursor}")).ok();
        all.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[test]
fn a_report_of_transfers_finds_what_was_moved() {
    // P8 P1
    transfers(&Shop::open(Plan::default()));
}

#[test]
fn a_report_of_transfers_finds_what_was_moved_on_mongodb() {
    // P8 P1
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    transfers(&Shop::open(Plan {
        database_url: Some(&mongo.url_of("report")),
        ..Plan::default()
    }));
}

fn transfers(shop: &Shop) {
    let paid = |amount: i64| {
        let (order, payment, code) = shop.linked(1);
        shop.payos.transfer(code, amount, "x");
        assert_eq!(shop.payos.flush(), 1);
        shop.until_order(&order, "PAID");
        (order, payment, code)
    };
    paid(PRICE);
    paid(PRICE + 1_000);
    let (refunded, _, _) = paid(PRICE);
    let reason = json!({"reason": "rain"});
    shop.organizer
        .post(&format!("/orders/{refunded}/refund"), &reason)
        .ok();
    let (_, _, part) = shop.linked(1);
    shop.payos.transfer(part, 100, "a part");
    assert_eq!(shop.payos.flush(), 1);
    shop.linked(1);
    let of_all = |report: &Report| {
        let links = shop.payos.links();
        let charged: i64 = links.iter().map(tests::payos::Link::paid).sum();
        assert_eq!(report.sum("charged"), charged, "what the bank has");
        let names = ["received", "sold", "waiting", "due", "back"];
        names.map(|name| report.sum(name))
    };
    // The part's question is a job; it has been asked when the report says so.
    let quiet = poll::until("the part", WITHIN, || {
        let report = Report::of(&shop.organizer, &format!("/events/{}", shop.event.id));
        (report.sum("waiting") == 100).then_some(report)
    });
    assert_eq!(quiet.findings(), []);
    assert_eq!(quiet.view["compared"], 5);
    let all = 3 * PRICE + 1_000 + 100;
    assert_eq!(of_all(&quiet), [all, 2 * PRICE, 100, PRICE + 1_000, 0]);

    // Behind our back: a transfer is taken back, and the gateway is silent about one link.
    let (_, gone, code) = paid(PRICE);
    shop.payos.undo(code);
    let (_, less, code) = paid(PRICE);
    shop.payos.undo(code);
    shop.payos.transfer(code, PRICE - 7, "less");
    let found = Report::of(&shop.organizer, &format!("/events/{}", shop.event.id));
    let mut expected = [
        ("PAID_HERE_NOT_THERE".to_owned(), -PRICE, gone),
        ("AMOUNT_DIFFERS".to_owned(), -7, less),
    ];
    expected.sort();
    assert_eq!(found.findings(), expected);
    of_all(&found);
    let rows: Vec<&str> = found.csv.lines().collect();
    assert_eq!(rows.len(), 8, "a head and seven payments");
    assert!(
        rows[0].starts_with("payment,order,event,provider,account,status,currency,price,received")
    );
    assert_eq!(
        rows.iter()
            .filter(|row| row.contains("\"AMOUNT_DIFFERS\",-7,"))
            .count(),
        1
    );
}

#[test]
fn a_gateway_that_is_silent_is_a_finding() {
    // P8
    let shop = Shop::open(Plan::default());
    let (order, payment, code) = shop.linked(1);
    shop.payos.transfer(code, PRICE, "x");
    assert_eq!(shop.payos.flush(), 1);
    shop.until_order(&order, "PAID");
    // More than there are tries, and looks of the server's own meanwhile.
    for _ in 0..40 {
        shop.payos.fault(Call::Look, Fault::Broken);
    }
    let report = Report::of(&shop.organizer, &format!("/events/{}", shop.event.id));
    let silent = ("NOT_ANSWERED".to_owned(), 0, payment);
    assert_eq!(report.findings(), [silent]);
    assert_eq!(report.sum("sold"), PRICE);
}

#[test]
fn a_transfer_to_no_link_is_told_to_who_owns_the_channel() {
    // P8 P2: an administrator sees it, the organizer of an event does not
    let mut shop = Shop::open(Plan::default());
    let data = json!({
        "orderCode": 5_000_000_000_001_i64, "amount": 42_000, "description": "x", "accountNumber": "12345678",
        "reference": "FT0042", "transactionDateTime": "2026-11-27 03:00:00", "currency": "VND",
        "paymentLinkId": "0123456789abcdef0123456789abcdef", "code": "00", "desc": "success",
    });
    let body = shop.payos.envelope(&data);
    for _ in 0..2 {
        assert_eq!(shop.payos.send(body.clone()), 200);
    }
    assert_eq!(
        Report::of(&shop.organizer, &format!("/events/{}", shop.event.id)).findings(),
        []
    );
    shop.server.stop();
    shop.server.make_admin("root", tests::journey::PASSWORD);
    shop.server.resume();
    let admin = tests::journey::login(&shop.server.api(), "root");
    let report = Report::of(&admin, "");
    let stray = (
        "TRANSFER_WITHOUT_ORDER".to_owned(),
        42_000,
        "FT0042".to_owned(),
    );
    assert_eq!(report.findings(), [stray]);
    let period = json!({"from": in_seconds(-60), "to": in_seconds(60)});
    assert_eq!(shop.organizer.post("/reconciliations", &period).status, 403);
    let id = text(&report.view, "id");
    let stolen = shop.organizer.get(&format!("/reconciliations/{id}"));
    assert_eq!((stolen.status, stolen.code()), (404, "not_found"));
}
