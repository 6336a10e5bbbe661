//! A report as a table for a spreadsheet.

use std::fmt::Write as _;

use shared::api::reconciliation::{Finding, Sums};
use shared::ids::ReconciliationId;

use super::find::report;
use super::model::Line;
use crate::app::App;
use crate::payments::error::Error;
use crate::payments::model::{provider_key, state_key};
use crate::platform::db::Query;
use crate::platform::http::Caller;

const HEAD: &str = "payment,order,event,provider,account,status,currency,price,received,sold,waiting,due,back,\
    back_through_gateway,charged,returned,finding,differs_by,gateway_id,what_to_do\r\n";
const PAGE: u32 = 1_000;

/// One row a payment. A second finding has a row of its own, without sums: columns can be added up.
pub(super) async fn table(
    app: &App,
    caller: &Caller,
    id: ReconciliationId,
) -> Result<String, Error> {
    report(app, caller, id).await?;
    let mut out = HEAD.to_owned();
    let mut behind: Option<String> = None;
    loop {
        let query = Query::on("by_report").eq(id).limit(PAGE);
        let page = app.db.page::<Line>(&query.after(behind.as_deref())).await?;
        for line in &page.items {
            rows(&mut out, line);
        }
        behind = page.next;
        if behind.is_none() {
            return Ok(out);
        }
    }
}

fn rows(out: &mut String, line: &Line) {
    let mut findings = line.findings.iter();
    row(out, line, Some(line.sums), findings.next());
    for finding in findings {
        row(out, line, None, Some(finding));
    }
}

fn row(out: &mut String, line: &Line, sums: Option<Sums>, finding: Option<&Finding>) {
    let id = |id: Option<String>| id.unwrap_or_default();
    text(out, &id(line.payment.map(|id| id.to_string())));
    text(out, &id(line.order.map(|id| id.to_string())));
    text(out, &id(line.event.map(|id| id.to_string())));
    text(out, provider_key(line.provider));
    text(out, &id(line.account.map(|id| id.to_string())));
    text(out, line.status.map_or("", state_key));
    text(out, line.currency.as_str());
    number(out, sums.and(line.price).map(|price| price.amount));
    let fields: [fn(Sums) -> i64; 8] = [
        |of| of.received,
        |of| of.sold,
        |of| of.waiting,
        |of| of.due,
        |of| of.back,
        |of| of.back_through_gateway,
        |of| of.charged,
        |of| of.returned,
    ];
    for field in fields {
        number(out, sums.map(field));
    }
    let kind = finding.and_then(|finding| serde_json::to_value(finding.kind).ok());
    text(
        out,
        kind.as_ref()
            .and_then(|kind| kind.as_str())
            .unwrap_or_default(),
    );
    number(out, finding.map(|finding| finding.amount));
    let gateway_id = finding.and_then(|finding| finding.gateway_id.as_deref());
    text(out, gateway_id.unwrap_or_default());
    quoted(out, finding.map_or("", |finding| &finding.what_to_do));
    out.push_str("\r\n");
}

fn number(out: &mut String, number: Option<i64>) {
    if let Some(number) = number {
        // A String takes everything.
        let _written = write!(out, "{number}");
    }
    out.push(',');
}

fn text(out: &mut String, text: &str) {
    quoted(out, text);
    out.push(',');
}

/// In quotes, and so that no spreadsheet takes it for a formula.
pub(super) fn quoted(out: &mut String, text: &str) {
    out.push('"');
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        out.push('\'');
    }
    out.push_str(&text.replace('"', "\"\""));
    out.push('"');
}
