//! Documents as a table for the bookkeeper: one line each, in the order of their numbers, written as it
//! is read. What credit notes take back is negative, so that columns can be added up.

use axum::body::{Body, Bytes};
use futures::stream::try_unfold;
use shared::api::invoices::InvoiceKind;
use shared::ids::EventId;
use shared::money::Currency;
use shared::time::Timestamp;

use super::error::Error;
use super::identity::required;
use super::model::{Invoice, Kind, SellerId};
use super::paper::day;
use crate::app::{App, AppState};
use crate::events::owned_event;
use crate::platform::csv;
use crate::platform::db::{DbError, Query};
use crate::platform::http::Caller;

/// Documents that are read at once: memory stays small however many there are.
const PAGE: u32 = 200;
const HEADINGS: [&str; 18] = [
    "number",
    "kind",
    "date",
    "to invoice",
    "reason",
    "order",
    "event",
    "event title",
    "buyer",
    "person",
    "address",
    "country",
    "tax number",
    "currency",
    "tax rate %",
    "net",
    "tax",
    "total",
];

/// Documents that were issued from then on, and before that.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

impl Span {
    fn on(self, query: Query) -> Query {
        let query = match self.from {
            Some(from) => query.at_least(from),
            None => query,
        };
        match self.until {
            Some(until) => query.less_than(until),
            None => query,
        }
    }
}

pub(super) async fn of_event(
    app: &AppState,
    caller: &Caller,
    event: EventId,
    span: Span,
) -> Result<Body, Error> {
    owned_event(&app.db, caller, event).await?;
    Ok(export(app, span.on(Query::on("by_event").eq(event))))
}

pub(super) async fn of_seller(
    app: &AppState,
    caller: &Caller,
    seller: SellerId,
    span: Span,
) -> Result<Body, Error> {
    required(app, caller, seller).await?;
    let query = Query::on("by_seller").eq(seller.key());
    Ok(export(app, span.on(query)))
}

/// Where the export is: what comes next.
enum At {
    Start,
    Page(Option<String>),
    End,
}

fn export(app: &AppState, query: Query) -> Body {
    let query = query.limit(PAGE);
    let app = AppState::clone(app);
    let lines = try_unfold((app, query, At::Start), |(app, query, at)| async move {
        let (text, next) = match at {
            At::Start => (csv::start(&HEADINGS), At::Page(None)),
            At::Page(cursor) => page(&app, query.clone().after(cursor.as_deref())).await?,
            At::End => return Ok(None),
        };
        Ok::<_, DbError>(Some((Bytes::from(text), (app, query, next))))
    });
    Body::from_stream(lines)
}

async fn page(app: &App, query: Query) -> Result<(String, At), DbError> {
    let found = app.db.page::<Invoice>(&query).await?;
    let mut text = String::new();
    for invoice in &found.items {
        line(invoice, &mut text);
    }
    let next = found.next.map_or(At::End, |next| At::Page(Some(next)));
    Ok((text, next))
}

fn line(invoice: &Invoice, text: &mut String) {
    let (kind, sign) = match invoice.kind() {
        InvoiceKind::Invoice => ("INVOICE", 1),
        InvoiceKind::CreditNote => ("CREDIT_NOTE", -1),
    };
    let (of, reason) = match &invoice.kind {
        Kind::Invoice => (String::new(), String::new()),
        Kind::CreditNote { number, reason, .. } => (number.clone(), reason.clone()),
    };
    let buyer = invoice.to.view();
    let cells = [
        invoice.number.clone(),
        kind.to_owned(),
        day(invoice.issued_at, &invoice.from.timezone),
        of,
        reason,
        invoice.order_id.to_string(),
        invoice.event_id.to_string(),
        invoice.event.title.clone(),
        buyer.name,
        buyer.person.unwrap_or_default(),
        buyer.address.join(", "),
        buyer.country,
        buyer.tax_number,
        invoice.total.currency.to_string(),
    ];
    let sums = invoice.sums();
    let figure = |amount: i64| plain(sign * i128::from(amount), invoice.total.currency);
    let rate = invoice.tax_share.map_or_else(String::new, percent);
    let figures = [
        rate,
        figure(sums.net),
        figure(sums.tax),
        figure(invoice.total.amount),
    ];
    csv::line_with_figures(&cells, &figures, text);
}

/// `800` is `8`, `725` is `7.25`.
pub(super) fn percent(share: u32) -> String {
    let text = format!("{}.{:02}", share / 100, share % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// With a point and nothing else, as machines read amounts.
fn plain(amount: i128, currency: Currency) -> String {
    let exponent = currency.exponent();
    let sign = if amount < 0 { "-" } else { "" };
    let minor = amount.unsigned_abs();
    if exponent == 0 {
        return format!("{sign}{minor}");
    }
    let unit = 10_u128.pow(exponent);
    let width = exponent as usize;
    format!("{sign}{}.{:0width$}", minor / unit, minor % unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_rates_are_figures() {
        // P8
        for (amount, currency, text) in [
            (-500_000, Currency::VND, "-500000"),
            (1_205, Currency::EUR, "12.05"),
            (-5, Currency::USD, "-0.05"),
        ] {
            assert_eq!(plain(amount, currency), text);
        }
        let rates = [0, 5, 725, 800, 1_000, 10_000].map(percent);
        assert_eq!(rates, ["0", "0.05", "7.25", "8", "10", "100"]);
    }
}
